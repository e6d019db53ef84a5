"""Clapping in a real browser: a microphone that hears known claps, and the time line under mouse, keys and fingers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.browser.conftest import APPS, TRAFFIC, settle
from tests.browser.microphone import ALLOW, REFUSE, launch_with_microphone
from tests.clap_wav import RATE, clap_samples, clap_wav, wav

TIMES = (0.5, 1.0, 1.5, 1.75, 2.0, 2.5, 3.5)
SECONDS = 4.5
LATE = np.array([7.0, 7.5, 8.0, 8.25, 8.5, 9.0, 9.75])  # on a loaded machine connection and count-in take long
PATIENCE_MS = 60_000


@pytest.fixture
def line(serve: Callable, new_page: Callable) -> Callable:
    """`line(recording, **options)` opens the page on a recording, of claps at `TIMES` unless it is given."""

    def open_line(recording: bytes | None = None, **options):
        page = new_page(**options)
        page.goto(serve(APPS / "claps.py"))
        settle(page)
        file = {"name": "claps.wav", "mimeType": "audio/wav", "buffer": recording or clap_wav(TIMES, SECONDS)}
        page.locator('input[type="file"]').set_input_files(file)
        page.locator(".clap").first.wait_for()
        settle(page)
        return page

    return open_line


@pytest.fixture
def hearing(serve: Callable, browser, tmp_path: Path) -> Iterator[Callable]:
    """`hearing(times, way)` opens the page with a microphone that hears claps at `times`."""
    browsers = []

    def open_page(times, way: str, permission: str = ALLOW):
        wav = tmp_path / "claps.wav"
        wav.write_bytes(clap_wav(times, times[-1] + 60))  # and then a minute of silence
        browsers.append(launch_with_microphone(browser.browser_type, wav, permission))
        page = browsers[-1].new_page()
        page.add_init_script(path=TRAFFIC)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(serve(APPS / "claps.py"))
        settle(page)
        page.get_by_role("radio", name=way, exact=True).click()
        settle(page)
        return page

    yield open_page
    for one in browsers:
        one.close()


def shown(page) -> list[float]:
    """When the claps on the line are."""
    return [float(sec) for sec in page.locator(".clap").evaluate_all("(all) => all.map((e) => e.ariaValueNow)")]


def use(page) -> list[list[float]]:
    """Onsets and durations of the rhythm after Use was pressed."""
    before = page.get_by_test_id("stCode").inner_text()
    page.locator("button.use").click()
    page.wait_for_function(
        """(before) => document.querySelector('[data-testid="stCode"]').innerText !== before""", arg=before
    )
    settle(page)
    return json.loads(page.get_by_test_id("stCode").inner_text())


def place(page, sec: float) -> tuple[float, float]:
    """Where on the screen the line shows a time."""
    box = page.locator(".track").bounding_box()
    return box["x"] + sec / SECONDS * box["width"], box["y"] + box["height"] * 0.6


def listen(page) -> None:
    """Press Listen until sound comes: on a loaded machine a connection may break off before, and the page says so."""
    frame = page.frame_locator("iframe").first
    sound, broke_off = page.locator(".clock", has_not_text="0.0 s"), page.get_by_text("press Listen again")
    button = frame.get_by_role("button", name="Listen")
    button.wait_for()
    for _ in range(3):
        if button.count():  # else sound may come after all
            button.click()
        sound.or_(broke_off).first.wait_for()
        if sound.count():
            return
        page.wait_for_timeout(1000)


def status(page) -> str:
    return page.locator(".clap-line .status").inner_text()


# The time line


def test_the_claps_of_an_uploaded_recording_become_the_rhythm(line):
    page = line()
    assert shown(page) == pytest.approx(TIMES, abs=0.006)
    assert page.locator("button.use").inner_text() == "Use these 7 claps"
    onsets, durations = use(page)
    assert onsets == pytest.approx(np.array(TIMES) - TIMES[0], abs=0.01)
    assert durations == pytest.approx([*np.diff(TIMES), 0.5], abs=0.01)


def test_a_clap_is_dragged_with_the_mouse_no_further_than_its_neighbours(line):
    page = line()
    page.mouse.move(*place(page, 1.0))
    page.mouse.down()
    page.mouse.move(*place(page, 1.1), steps=4)
    page.mouse.move(*place(page, 1.2), steps=4)
    page.mouse.up()
    assert shown(page)[1] == pytest.approx(1.2, abs=0.012)
    page.mouse.move(*place(page, 1.2))
    page.mouse.down()
    page.mouse.move(*place(page, 3.0), steps=4)
    page.mouse.up()
    assert shown(page)[1] == pytest.approx(shown(page)[2] - 0.02, abs=0.001)
    page.locator("button.undo").click()
    assert shown(page)[1] == pytest.approx(1.2, abs=0.012)  # a whole drag is one step
    page.locator("button.undo").click()
    assert shown(page) == pytest.approx(TIMES, abs=0.006)
    assert page.locator("button.undo").is_disabled()


def test_double_clicks_add_and_delete(line):
    page = line()
    page.mouse.dblclick(*place(page, 3.0))
    assert shown(page)[6] == pytest.approx(3.0, abs=0.012)
    page.mouse.dblclick(*place(page, 0.5))
    assert len(shown(page)) == 7
    assert shown(page)[0] == pytest.approx(1.0, abs=0.006)
    assert len(use(page)[0]) == 7


def test_keys_move_add_and_delete(line):
    page = line()
    page.locator(".clap").first.focus()
    first = shown(page)[0]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert shown(page)[0] == pytest.approx(first + 0.025, abs=0.0015)
    page.keyboard.press("ArrowLeft")
    assert shown(page)[0] == pytest.approx(first + 0.020, abs=0.0015)
    assert "Clap 1 at 0.5" in status(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    assert shown(page)[1] == pytest.approx(1.5, abs=0.006)
    page.keyboard.press("Enter")  # half-way to the next
    assert shown(page)[2] == pytest.approx(1.625, abs=0.006)
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    assert len(shown(page)) == 6
    page.keyboard.press("Control+z")
    assert len(shown(page)) == 7
    page.locator("button.reset").click()
    assert shown(page) == pytest.approx(TIMES, abs=0.006)


def test_the_tab_key_reaches_one_clap_and_a_screen_reader_hears_it(line):
    page = line()
    page.locator(".box").focus()
    page.keyboard.press("Tab")
    clap = page.get_by_role("slider", name="Clap 1 of 7")
    assert clap.evaluate("(e) => e.getRootNode().activeElement === e")
    assert clap.get_attribute("aria-valuetext") == f"{shown(page)[0]:.3f} s"
    assert page.locator('.clap[tabindex="0"]').count() == 1
    page.keyboard.press("Tab")
    assert page.locator(".play").evaluate("(e) => e.getRootNode().activeElement === e")


def test_fingers_drag_tap_and_tap_twice(line):
    page = line(viewport={"width": 360, "height": 900}, has_touch=True, is_mobile=True)
    page.locator(".track").scroll_into_view_if_needed()
    page.touchscreen.tap(*place(page, 3.0))
    assert shown(page)[6] == pytest.approx(3.0, abs=0.03)
    page.wait_for_timeout(500)
    for _ in range(2):
        page.touchscreen.tap(*place(page, 3.0))
    page.locator(".clap").nth(len(TIMES)).wait_for(state="detached")
    assert shown(page) == pytest.approx(TIMES, abs=0.006)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *secs: float) -> None:
        points = [dict(zip("xy", place(page, sec), strict=True)) for sec in secs]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", 3.5)
    for sec in (3.55, 3.65, 3.8):
        send("touchMove", sec)
    send("touchEnd")
    assert shown(page)[6] == pytest.approx(3.8, abs=0.03)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(use(page)[0]) == 7


def claps_and_a_hiss() -> bytes:
    """Claps at `TIMES` and then a noise that swells and fades, which only the most sensitive ear takes for one."""
    noise = np.random.default_rng(1)
    samples = clap_samples(TIMES, SECONDS) + noise.normal(0, 0.02, round(SECONDS * RATE)).astype(np.float32)
    hiss = noise.normal(size=RATE // 5) * np.hanning(RATE // 5)
    samples[-RATE // 2 :][: len(hiss)] += 0.5 * hiss / np.abs(hiss).max()
    return wav(samples)


def test_other_claps_found_leave_the_users_own_alone(line):
    page = line(claps_and_a_hiss())
    sensitivity = page.get_by_test_id("stSlider").get_by_role("slider")
    sensitivity.press("Home")
    settle(page)
    assert len(shown(page)) == len(TIMES)
    page.mouse.dblclick(*place(page, 3.0))
    page.locator(".clap").first.focus()
    page.keyboard.press("Delete")
    before = shown(page)
    sensitivity.press("End")
    page.locator(".clap-line .status", has_text="2 changes are kept").wait_for()
    settle(page)
    after = shown(page)
    assert len(after) > len(before)
    assert all(min(abs(np.array(after) - clap)) < 0.003 for clap in before)
    assert min(abs(np.array(after) - TIMES[0])) > 0.02  # what was deleted is still found, and stays away


def test_enter_adds_a_clap_where_it_plays(line):
    page = line()
    audio = page.locator(".clap-line audio")
    audio.evaluate("(a) => { a.currentTime = 2.8; }")
    page.locator(".play").click()
    page.wait_for_timeout(200)
    assert not audio.evaluate("(a) => a.paused")
    page.locator(".play").click()
    position = audio.evaluate("(a) => a.currentTime")
    assert position > 2.8
    page.locator(".seek").focus()
    page.wait_for_timeout(200)
    cursor, track = page.locator(".track > .cursor").bounding_box(), page.locator(".track").bounding_box()
    assert (cursor["x"] - track["x"]) / track["width"] * SECONDS == pytest.approx(position, abs=0.03)
    page.keyboard.press("Enter")
    assert min(abs(np.array(shown(page)) - position)) < 0.001


def test_the_line_can_be_zoomed_and_fits_again(line):
    page = line()
    width = page.locator(".track").bounding_box()["width"]
    assert page.locator("button.out").is_disabled()
    page.locator("button.in").click()
    assert page.locator(".track").bounding_box()["width"] == pytest.approx(1.6 * width, rel=0.02)
    page.locator("button.out").click()
    assert page.locator(".track").bounding_box()["width"] == pytest.approx(width, rel=0.01)


# The microphone


def test_claps_recorded_by_the_browser(hearing):
    page = hearing([1.5, 2.0, 2.5, 3.0, 4.0], "Clap")
    page.get_by_test_id("stAudioInput").get_by_role("button", name="Record").click()
    page.wait_for_timeout(7_000)
    page.get_by_test_id("stAudioInput").get_by_role("button", name="Stop recording").click()
    page.locator(".clap").first.wait_for()
    settle(page)
    assert np.diff(shown(page)) == pytest.approx([0.5, 0.5, 0.5, 1.0], abs=0.02)
    assert use(page)[1] == pytest.approx([0.5, 0.5, 0.5, 1.0, 0.5], abs=0.02)


def test_claps_appear_while_they_are_heard_and_become_the_rhythm(hearing):
    page = hearing(LATE.tolist(), "Clap live")
    listen(page)
    page.locator(".dot").nth(2).wait_for()
    assert page.locator(".dot").count() < len(LATE)  # the others are still to come
    assert page.get_by_role("meter", name="Level").count() == 1
    page.locator(".dot").nth(len(LATE) - 1).wait_for()
    live = page.locator(".dot").evaluate_all("(dots) => dots.map((dot) => Number(dot.dataset.sec))")
    assert np.diff(live) == pytest.approx(np.diff(LATE), abs=0.02)
    page.frame_locator("iframe").first.get_by_role("button", name="Done").click()
    page.locator(".clap").first.wait_for()
    settle(page)
    assert np.diff(shown(page)) == pytest.approx(np.diff(live), abs=0.01)
    onsets, _ = use(page)
    assert onsets == pytest.approx(LATE - LATE[0], abs=0.03)


@pytest.mark.parametrize("way", ["Clap", "Clap live"])
def test_a_refused_microphone_leaves_a_way_on(hearing, way: str):
    page = hearing([1.0], way, REFUSE)
    if way == "Clap":
        page.get_by_test_id("stAudioInput").get_by_role("button", name="Record").click()
        page.get_by_text("This app would like to use your microphone").wait_for()
        page.get_by_text("Choose a recording above, or tap the rhythm").wait_for()
        assert page.locator('input[type="file"]').count() == 1
    else:
        frame = page.frame_locator("iframe").first
        frame.get_by_role("button", name="Listen").click()
        page.get_by_role("alert").get_by_text("allow it in the browser's address bar").wait_for()
        page.get_by_text("Record your claps or upload a recording instead").first.wait_for()
        assert not frame.get_by_text("Permission denied").is_visible()
        frame.get_by_role("button", name="Listen").click()  # as often as one likes
        page.get_by_role("alert").get_by_text("allow it in the browser's address bar").wait_for()


def test_all_of_it_fits_a_phone_in_the_dark(line):
    page = line(viewport={"width": 360, "height": 780}, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    inside = page.locator(".clap-line").bounding_box()
    for button in page.locator(".clap-line button").all():
        box = button.bounding_box()
        assert inside["x"] <= box["x"]
        assert box["x"] + box["width"] <= inside["x"] + inside["width"] + 1
        assert button.evaluate("(b) => b.scrollWidth <= b.clientWidth + 1")  # the words are inside too
