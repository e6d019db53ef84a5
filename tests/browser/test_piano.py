"""The Piano page in a real browser, on the trained models: seen on two staves, heard, gone on with, taken home."""

from __future__ import annotations

import io
from collections.abc import Callable

import pretty_midi
import pytest

from core.formats.midi import score_to_midi
from core.score import Note, Score
from tests.browser.conftest import settle
from tests.browser.visit import FIRST_PIECE_MS
from tests.conftest import MELODY

GIVEN = Score(tuple(Note(beat / 2, 0.5, 48 + 5 * beat % 30) for beat in range(24)))
SCORE = ".st-key-piano-score"


@pytest.fixture
def open_page(app_url: str, new_page: Callable) -> Callable:
    def opened(**options):
        page = new_page(**options)
        page.goto(f"{app_url}/piano")
        page.locator(f"{SCORE} g.notehead").first.wait_for(timeout=FIRST_PIECE_MS)
        settle(page)
        return page

    return opened


def staves_a_bar(page) -> set[int]:
    bars = page.locator(f"{SCORE} g.measure")
    return set(bars.evaluate_all("bars => bars.map((bar) => bar.querySelectorAll('g.staff').length)"))


def press(page, label: str) -> None:
    """Presses a button that makes music, and waits for the music."""
    before = page.locator(f"{SCORE} audio").get_attribute("src")
    page.get_by_test_id("stButton").get_by_role("button", name=label, exact=True).click()
    page.wait_for_function(
        "([score, src]) => ![...document.querySelectorAll(`${score} *`)].some("
        "(e) => e.shadowRoot?.querySelector('audio')?.getAttribute('src') === src)",
        arg=[SCORE, before],
    )
    settle(page)


def midi(page) -> pretty_midi.PrettyMIDI:
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name="MIDI", exact=True).click()
    return pretty_midi.PrettyMIDI(io.BytesIO(started.value.path().read_bytes()))


def upload(page, name: str, data: bytes) -> None:
    field = page.get_by_test_id("stMain").locator('input[type="file"]')
    field.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})
    page.get_by_text(name).first.wait_for()
    settle(page)


def test_a_piece_is_seen_heard_and_gone_on_with(open_page: Callable) -> None:
    page = open_page()
    assert staves_a_bar(page) == {2}
    loaded = "(audio) => audio.duration || new Promise((done) => audio.onloadedmetadata = () => done(audio.duration))"
    assert page.locator(f"{SCORE} audio").evaluate(loaded) > 10
    first = midi(page)
    notes = [note for instrument in first.instruments for note in instrument.notes]
    assert len({note.velocity for note in notes}) > 3
    page.get_by_text("Go on from a MIDI file", exact=True).click()
    upload(page, "mine.mid", score_to_midi(GIVEN))
    press(page, "Perform")
    page.get_by_text("On from mine.mid").first.wait_for()
    again = [note for instrument in midi(page).instruments for note in instrument.notes]
    assert [note.pitch for note in sorted(again, key=lambda note: note.start)[:16]] == [
        note.pitch for note in GIVEN.notes[:16]
    ]
    assert len(again) > len(GIVEN.notes)


def test_what_was_played_until_it_is_stopped_stays(open_page: Callable) -> None:
    page = open_page()
    page.get_by_role("slider", name="Seconds").press("End")
    settle(page)
    page.get_by_test_id("stButton").get_by_role("button", name="Perform", exact=True).click()
    page.wait_for_function("[...document.querySelectorAll('[role=progressbar]')].some((bar) => bar.ariaValueNow >= 3)")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text(", stopped").first.wait_for()
    settle(page)
    assert midi(page).instruments[0].notes


def test_a_melody_gets_two_hands_on_a_phone_too(open_page: Callable) -> None:
    page = open_page(viewport={"width": 375, "height": 750}, has_touch=True, is_mobile=True)
    page.get_by_text("Two hands", exact=True).click()
    settle(page)
    page.get_by_text("From a file", exact=True).click()
    settle(page)
    upload(page, "melody.mid", score_to_midi(MELODY))
    press(page, "Accompany")
    assert staves_a_bar(page) == {2}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    notes = [note for instrument in midi(page).instruments for note in instrument.notes]
    assert {note.pitch for note in MELODY.notes} <= {note.pitch for note in notes}
    assert len(notes) > 1.5 * len(MELODY.notes)
