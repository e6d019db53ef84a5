"""The tapping pad's metronome in a real browser: what it schedules, and what is tapped to it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.browser.conftest import APPS, settle
from tests.browser.test_components import LISTEN, count, hold, wait_for_shown

CLICKS = """
    window.clicks = [];
    window.OscillatorNode = class extends OscillatorNode {
        start(when) { window.clicks.push([when, this.frequency.value]); super.start(when); }
    };
"""


def metronome(page, tempo: int, metre: str) -> None:
    page.locator(".on").check()
    page.locator(".tempo").fill(str(tempo))
    page.locator(".metre").select_option(metre)
    page.locator(".pad").focus()


def said_metronome(page) -> tuple[float, float]:
    """Tempo and place of the first tap, in quarters."""
    text = page.get_by_text("Metronome: ").last.inner_text()
    qpm, place = re.search(r"qpm=([\d.]+), .*place=(-?[\d.]+)", text).groups()
    return float(qpm), float(place)


def test_the_metronome_counts_in_on_the_audio_clock(serve, new_page):
    page = new_page()
    page.add_init_script(CLICKS)
    page.goto(serve(APPS / "tapping.py"))
    settle(page)
    metronome(page, 200, "3/4")
    hold(page, "Space", 30)
    page.locator(".counting").wait_for(state="attached")
    assert count(page) == 0  # the press that starts it is no note
    page.wait_for_function("window.clicks.length > 8")
    times, pitches = zip(*page.evaluate("window.clicks.slice(0, 9)"), strict=True)
    assert np.diff(times) == pytest.approx(np.full(8, 0.3), abs=1e-9)
    assert [pitch == pitches[0] for pitch in pitches] == [True, False, False] * 3
    page.locator(".lamps i.lit").first.wait_for()
    page.locator(".clear").click()
    assert page.locator(".lamps i.lit").count() == 0
    clicks = page.evaluate("window.clicks.length")
    page.wait_for_timeout(500)
    assert page.evaluate("window.clicks.length") == clicks


def test_what_is_tapped_to_the_metronome_knows_its_place_in_the_bar(open_app):
    page = open_app("tapping")
    metronome(page, 120, "4/4")
    hold(page, "Space", 30)
    page.evaluate(
        """async () => {
            const all = [...document.querySelectorAll("*")];
            const pad = all.map((element) => element.shadowRoot?.querySelector(".pad")).find(Boolean);
            const root = pad.getRootNode();
            const space = { code: "Space", bubbles: true, composed: true };
            const key = (type) => pad.dispatchEvent(new KeyboardEvent(type, space));
            const lit = (i) => root.querySelectorAll(".lamps i")[i].classList.contains("lit");
            while (root.querySelector(".counting") || !lit(2)) await new Promise(requestAnimationFrame);
            key("keydown");
            await new Promise((done) => setTimeout(done, 100));
            key("keyup");
        }"""
    )
    page.locator(".done").click()
    wait_for_shown(page, 1)
    page.get_by_text("qpm=120").wait_for()
    qpm, place = said_metronome(page)
    assert qpm == 120
    assert place % 4 == pytest.approx(2.3, abs=0.3)


def test_a_note_tapped_again_keeps_time_with_the_metronome(open_app):
    page = open_app("tapping")
    metronome(page, 240, "2/4")
    hold(page, "Space", 30)
    page.evaluate(LISTEN)
    for _ in range(3):
        hold(page, "Space", 60, 200)
    page.keyboard.press("Backspace")
    page.wait_for_timeout(300)
    hold(page, "Space", 60)
    stamps = [stamp for kind, stamp in page.evaluate("window.heard") if kind == "keydown"]
    page.locator(".done").click()
    (taps,) = wait_for_shown(page, 1)
    *_, again = stamps
    late = (again - stamps[0]) / 1e3 - taps[2][0]  # by whole bars of half a second
    assert late / 0.5 == pytest.approx(round(late / 0.5), abs=0.01)
    assert taps[2][0] >= taps[1][1]
    assert abs(taps[2][0] - (stamps[2] - stamps[0]) / 1e3) <= 0.5


def test_the_tempo_is_tapped(open_app):
    page = open_app("tapping")
    page.evaluate(LISTEN)
    for _ in range(4):
        page.locator(".tap-tempo").click()
        page.wait_for_timeout(300)
    presses = [stamp for kind, stamp in page.evaluate("window.heard") if kind == "pointerdown"]
    tempo = 60_000 * 3 / (presses[-1] - presses[0])
    assert int(page.locator(".tempo").input_value()) == pytest.approx(tempo, abs=0.51)
    assert page.locator(".on").is_checked()
    page.locator(".tempo").fill("9999")
    page.locator(".pad").focus()
    assert page.locator(".tempo").input_value() == "240"


def test_keys_in_the_metronomes_fields_are_no_notes(open_app):
    page = open_app("tapping")
    page.locator(".on").focus()
    page.keyboard.press("Space")
    assert page.locator(".on").is_checked()
    page.locator(".tempo").focus()
    page.keyboard.type("f")
    page.keyboard.press("Space")
    assert count(page) == 0
    assert page.locator(".counting").count() == 0
