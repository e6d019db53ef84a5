"""The components in a real browser: real keys, mouse and touch, real audio."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from tests.browser.conftest import APPS, settle

sys.path.insert(0, str(APPS))

import tune

# The root of the component that has the audio: inside the page `document` does not see into a component.
ROOT = """[...document.querySelectorAll("*")].find((e) => e.shadowRoot?.querySelector("audio")).shadowRoot"""
LISTEN = """() => {
    window.heard = [];
    for (const type of ["keydown", "keyup", "pointerdown", "pointerup"])
        window.addEventListener(type, (event) => event.repeat || window.heard.push([type, event.timeStamp]), true);
}"""


@contextmanager
def rerun(page) -> Iterator[None]:
    """Wait until what is done inside has made the script run again, to its end."""
    runs = page.get_by_text(re.compile(r"^Run \d+$"))
    before = runs.inner_text()
    yield
    page.wait_for_function(
        """(before) => {
            const texts = [...document.querySelectorAll('[data-testid="stCaptionContainer"]')].map((e) => e.innerText);
            return texts.length && !texts.includes(before);
        }""",
        arg=before,
    )
    settle(page)


def shown(page):
    """What the script has been given, as it prints it."""
    settle(page)
    return json.loads(page.get_by_test_id("stCode").inner_text().replace("(", "[").replace(")", "]"))


def wait_for_shown(page, count: int):
    page.wait_for_function(
        """(count) => {
            const text = document.querySelector('[data-testid="stCode"]')?.innerText ?? "[]";
            return JSON.parse(text.replaceAll("(", "[").replaceAll(")", "]")).length === count;
        }""",
        arg=count,
    )
    return shown(page)


def heard_notes(page) -> list[tuple[float, float]]:
    """Presses and releases that an independent listener has seen, in seconds since the first press."""
    stamps = [stamp for _, stamp in page.evaluate("window.heard")]
    return [((down - stamps[0]) / 1e3, (up - stamps[0]) / 1e3) for down, up in zip(*[iter(stamps)] * 2, strict=True)]


def hold(page, key: str, milliseconds: int, rest: int = 60) -> None:
    page.keyboard.down(key)
    page.wait_for_timeout(milliseconds)
    page.keyboard.up(key)
    page.wait_for_timeout(rest)


def count(page) -> int:
    return int(page.locator(".count").inner_text())


def center(locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# The tapping pad


def test_keys_are_timed_as_the_browser_saw_them(open_app):
    page = open_app("tapping")
    page.locator(".pad").focus()
    page.evaluate(LISTEN)
    for key, milliseconds, rest in (("Space", 300, 50), ("f", 80, 200), ("j", 150, 50), ("Space", 60, 50)):
        hold(page, key, milliseconds, rest)
    heard = heard_notes(page)
    page.locator(".done").click()
    (taps,) = wait_for_shown(page, 1)
    assert taps[0][0] == 0
    assert np.array(taps) == pytest.approx(np.array(heard), abs=0.0005)
    assert taps[0][1] >= 0.299
    assert taps[2][0] - taps[1][1] >= 0.199


def test_a_rhythm_arrives_once(open_app):
    page = open_app("tapping")
    page.locator(".pad").focus()
    hold(page, "Space", 50)
    page.keyboard.press("Enter")  # Done, from the keyboard
    wait_for_shown(page, 1)
    with rerun(page):
        page.get_by_role("button", name="Run again").click()
    assert len(shown(page)) == 1
    page.locator(".pad").focus()
    hold(page, "Space", 50)
    assert count(page) == 1  # a new rhythm: nothing of the old one is left
    page.locator(".done").click()
    assert len(wait_for_shown(page, 2)[1]) == 1


def test_mouse_presses(open_app):
    page = open_app("tapping")
    page.mouse.move(*center(page.locator(".pad")))
    page.evaluate(LISTEN)
    for milliseconds in (200, 70):
        page.mouse.down()
        page.wait_for_timeout(milliseconds)
        page.mouse.up()
        page.wait_for_timeout(50)
    heard = heard_notes(page)
    page.locator(".done").click()
    (taps,) = wait_for_shown(page, 1)
    assert np.array(taps) == pytest.approx(np.array(heard), abs=0.0005)


def test_fingers_that_overlap_on_a_phone(open_app):
    page = open_app("tapping", viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    x, y = center(page.locator(".pad"))
    touch = page.context.new_cdp_session(page)
    first, second = {"x": x - 40, "y": y, "id": 1}, {"x": x + 40, "y": y, "id": 2}
    # a point that is missing from a move has been lifted
    steps = [("touchStart", [first]), ("touchStart", [first, second]), ("touchMove", [second]), ("touchEnd", [])]
    for kind, points in steps:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(120)
    page.locator(".done").tap()
    (taps,) = wait_for_shown(page, 1)
    assert len(taps) == 2
    assert taps[0][1] == taps[1][0]  # the second press released the first
    assert taps[1][1] - taps[1][0] > 0.2  # and held on after the first finger had left
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_second_key_releases_the_first_and_repeats_are_ignored(open_app):
    page = open_app("tapping")
    page.locator(".pad").focus()
    page.keyboard.down("f")
    page.keyboard.down("f")  # what a held key sends again and again
    page.wait_for_timeout(100)
    page.keyboard.down("j")
    page.keyboard.up("f")
    page.wait_for_timeout(100)
    assert page.locator(".bar.held").count() == 1
    page.keyboard.up("j")
    assert count(page) == 2
    page.locator(".done").click()
    (taps,) = wait_for_shown(page, 1)
    assert taps[0][1] == taps[1][0]


def test_the_click_that_wakes_the_keyboard_is_no_note(open_app):
    page = open_app("tapping")
    page.locator(".pad").click()
    hold(page, "Space", 50)
    hold(page, "Space", 50)
    assert count(page) == 2


def test_text_fields_buttons_and_scrolling_are_left_alone(open_app):
    page = open_app("tapping")
    top = "document.querySelector('[data-testid=\"stMain\"]').scrollTop"
    title = page.get_by_label("Title")
    title.fill("")
    page.keyboard.type("for joy ")
    assert title.input_value() == "for joy "
    page.locator(".pad").focus()
    page.keyboard.press("Space")
    assert count(page) == 1
    assert page.evaluate(top) == 0
    page.locator(".clear").focus()
    page.keyboard.press("Space")  # presses the button that has the focus
    assert count(page) == 0
    page.get_by_role("heading").first.click()
    page.keyboard.press("Space")
    page.wait_for_function(f"{top} > 0")
    assert count(page) == 0


def test_taps_outlive_reruns_and_moves(open_app):
    page = open_app("tapping")
    page.locator(".pad").focus()
    hold(page, "Space", 80)
    with rerun(page):
        page.get_by_role("button", name="Run again").click()
    with rerun(page):
        page.get_by_text("Something above").click()
    page.get_by_text("Three at most").click()  # other data for the component
    settle(page)
    assert count(page) == 1
    page.locator(".pad").focus()
    hold(page, "Space", 80)
    assert page.locator(".bar").count() == 2
    page.locator(".done").click()
    assert len(wait_for_shown(page, 1)[0]) == 2


def test_leaving_the_window_releases_a_held_note(open_app):
    page = open_app("tapping")
    page.locator(".pad").focus()
    page.keyboard.down("Space")
    page.wait_for_timeout(50)
    assert page.locator(".bar.held").count() == 1
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    assert page.locator(".bar.held").count() == 0
    page.keyboard.up("Space")
    assert count(page) == 1


def test_undo_puts_the_next_note_in_the_old_ones_place(open_app):
    page = open_app("tapping")
    page.locator(".pad").focus()
    page.evaluate(LISTEN)
    hold(page, "Space", 60)
    hold(page, "Space", 60)
    second_down = heard_notes(page)[1][0]
    page.keyboard.press("Backspace")
    assert count(page) == 1
    page.wait_for_timeout(300)
    hold(page, "Space", 60)
    page.locator(".done").click()
    (taps,) = wait_for_shown(page, 1)
    assert taps[1][0] == pytest.approx(second_down, abs=0.0005)
    page.locator(".clear").click()
    assert count(page) == 0
    assert page.locator(".done").is_disabled()


def test_the_pad_says_when_it_is_full(open_app):
    page = open_app("tapping")
    with rerun(page):
        page.get_by_text("Three at most").click()
    page.locator(".pad").focus()
    for _ in range(4):
        hold(page, "Space", 30)
    assert count(page) == 3
    assert "at most 3 notes" in page.locator(".status").inner_text()


def test_undo_after_done_leaves_the_rest_to_go_on_with(open_app):
    page = open_app("tapping")
    page.locator(".pad").focus()
    for _ in range(3):
        hold(page, "Space", 40)
    page.locator(".done").click()
    wait_for_shown(page, 1)
    page.locator(".undo").click()
    assert count(page) == 2
    hold(page, "Space", 40)
    page.locator(".done").click()
    assert [len(taps) for taps in wait_for_shown(page, 2)] == [3, 3]


def test_a_drawing_that_is_none_is_said_in_a_sentence(open_app):
    page = open_app("score")
    with rerun(page):
        page.get_by_text("Broken drawing").click()
    page.get_by_text("This drawing cannot be shown").wait_for()


# The score


def head(page, note: int):
    return page.locator(f"#n{note} .notehead")


def playing(page) -> list[str]:
    return page.eval_on_selector_all("g.note.playing", "notes => notes.map((note) => note.id)")


def click_note(page, note: int, **options) -> None:
    head(page, note).click(force=True, **options)  # a half note's middle is empty: the click hits the staff behind


def test_all_heads_of_a_tied_note_light_up_together(open_app):
    page = open_app("score")
    click_note(page, tune.TIED)
    page.locator(".play").click()
    page.wait_for_function(f"{ROOT}.querySelectorAll('g.note.playing').length === 2")
    assert playing(page) == [f"n{tune.TIED}", f"n{tune.TIED}t1"]


def test_a_click_selects_and_seeks_without_playing(open_app):
    page = open_app("score")
    click_note(page, 4)
    assert wait_for_shown(page, 1) == [[4, 5]]
    audio = page.locator("audio")
    assert audio.evaluate("a => a.currentTime") == pytest.approx(tune.times()[4][0], abs=0.001)
    assert audio.evaluate("a => a.paused")
    assert page.locator("#n4.selected").count() == 1
    assert page.locator(".band").count() == 1
    with rerun(page):
        page.get_by_role("button", name="Run again").click()
    assert shown(page) == [[4, 5]]  # the pick came once


def test_a_finger_need_not_hit_the_head(open_app):
    page = open_app("score", viewport={"width": 375, "height": 700}, has_touch=True)
    page.locator("g.system").nth(2).wait_for()
    assert page.locator("g.system").count() == 3  # the narrow engraving
    x, y = center(head(page, 6))
    page.touchscreen.tap(x + 12, y + 15)
    assert wait_for_shown(page, 1) == [[6, 7]]


def test_a_click_beside_all_notes_takes_the_selection_away(open_app):
    page = open_app("score")
    click_note(page, 4)
    wait_for_shown(page, 1)
    box = page.locator(".sheet").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 20, box["y"] + box["height"] - 20)
    assert wait_for_shown(page, 2)[1] == [0, 0]
    assert page.locator("g.note.selected").count() == 0


def test_passages_by_shift_click_drag_and_button(open_app):
    page = open_app("score")
    click_note(page, 5)
    wait_for_shown(page, 1)
    click_note(page, 9, modifiers=["Shift"])
    assert wait_for_shown(page, 2)[-1] == [5, 10]
    click_note(page, 3, modifiers=["Shift"])  # the other side of where it began
    assert wait_for_shown(page, 3)[-1] == [3, 6]
    page.mouse.move(*center(head(page, 1)))
    page.mouse.down()
    page.mouse.move(*center(head(page, 2)), steps=3)
    page.mouse.move(*center(head(page, 3)), steps=3)
    page.mouse.up()
    assert wait_for_shown(page, 4)[-1] == [1, 4]
    page.locator(".passage").click()
    click_note(page, 6)
    assert wait_for_shown(page, 5)[-1] == [1, 7]
    assert page.locator(".passage").get_attribute("aria-pressed") == "false"
    assert page.locator("g.note.selected").count() == 6
    page.keyboard.press("Escape")
    assert wait_for_shown(page, 6)[-1] == [0, 0]


def test_arrow_keys_move_and_extend(open_app):
    page = open_app("score")
    page.get_by_role("button", name="Note 3, C sharp 4, quarter, locked", exact=True).wait_for()
    page.get_by_role("button", name="Note 4", exact=True).wait_for()
    click_note(page, 2)
    wait_for_shown(page, 1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert wait_for_shown(page, 2)[-1] == [4, 5]  # where the keys rested, not every step
    page.keyboard.press("Shift+ArrowLeft")
    assert wait_for_shown(page, 3)[-1] == [3, 5]
    page.keyboard.press("End")
    last = len(tune.times()) - 1
    assert wait_for_shown(page, 4)[-1] == [last, last + 1]
    assert page.locator('g.note[tabindex="0"]').get_attribute("id") == f"n{last}"  # one stop for the Tab key


def test_the_page_may_select_and_lock(open_app):
    page = open_app("score")
    click_note(page, 1)
    wait_for_shown(page, 1)
    with rerun(page):
        page.get_by_role("button", name="Select the last note").click()
    last = len(tune.times()) - 1
    page.locator(f"#n{last}.selected").wait_for(state="attached")
    assert page.locator("g.note.selected").count() == 1
    assert page.locator(".lock").count() == 3  # on note 2, and on both heads of the tied one
    assert page.locator("#n2.locked .lock").is_visible()


def test_sound_goes_on_through_reruns(open_app):
    page = open_app("score")
    audio = page.locator("audio")
    page.locator(".play").click()
    page.wait_for_timeout(300)
    with rerun(page):
        page.get_by_role("button", name="Run again").click()
    with rerun(page):
        page.get_by_text("Something above").click()
    assert not audio.evaluate("a => a.paused")
    assert audio.evaluate("a => a.currentTime") > 0.3
    assert playing(page)


def test_other_sound_waits_at_the_selected_note(open_app):
    page = open_app("score")
    click_note(page, 4)
    wait_for_shown(page, 1)
    audio = page.locator("audio")
    source = audio.evaluate("a => a.src")
    page.locator(".play").click()
    page.wait_for_timeout(600)
    with rerun(page):
        page.get_by_text("An octave lower").click()
    assert audio.evaluate("a => a.src") != source
    assert audio.evaluate("a => a.paused")
    assert audio.evaluate("a => a.currentTime") == pytest.approx(tune.times()[4][0], abs=0.001)


def test_the_score_scrolls_with_the_sound_until_the_user_scrolls(open_app):
    page = open_app("score", viewport={"width": 375, "height": 420})
    main = page.get_by_test_id("stMain")
    main.evaluate("main => main.scrollTo(0, 0)")
    last = page.locator("#n18")
    page.locator("audio").evaluate("(audio, at) => { audio.currentTime = at; audio.play(); }", tune.times()[16][0])
    page.wait_for_function("document.querySelector('[data-testid=\"stMain\"]').scrollTop > 0")
    page.wait_for_timeout(600)
    box = last.bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= page.locator(".player").bounding_box()["y"] + 1


def test_a_drawing_cannot_run_anything(open_app):
    page = open_app("score")
    with rerun(page):
        page.get_by_text("Hostile drawing").click()
    page.locator("#n0 .notehead").click(force=True)
    wait_for_shown(page, 1)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".sheet script, .sheet image, .sheet [onclick]").count() == 0


# The candidates


def test_a_card_is_chosen_once_and_marked(open_app):
    page = open_app("candidates")
    page.locator(".choose").nth(2).click()
    assert wait_for_shown(page, 1) == [2]
    with rerun(page):
        page.get_by_role("button", name="Run again").click()
    assert shown(page) == [2]
    assert page.locator(".card.chosen .label").all_inner_texts() == ["Seed 14\n-32.4 nats"]
    assert page.locator('.choose[aria-pressed="true"]').count() == 1


def test_one_candidate_plays_at_a_time(open_app):
    page = open_app("candidates")
    audio = page.locator("audio")
    page.get_by_role("button", name="Play Seed 12").click()
    page.locator(".card.sounding").wait_for()
    page.get_by_role("button", name="Play Seed 13").click()
    page.wait_for_function(f"{ROOT}.querySelector('audio').currentTime > 0.1")
    assert page.locator(".sounding .label").all_inner_texts() == ["Seed 13\n-31.4 nats"]
    assert shown(page) == []  # to listen is not to choose
    with rerun(page):
        page.get_by_role("button", name="Run again").click()
    assert not audio.evaluate("a => a.paused")
    page.get_by_role("button", name="Stop Seed 13").click()
    assert audio.evaluate("a => a.paused")
    assert page.locator(".sounding").count() == 0
