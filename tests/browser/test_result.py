"""The piece on the page, as a visitor hears it, works on it and takes it home; with a mouse, keys, and on a phone."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import music21
import pretty_midi
import pytest
import soundfile

from core.composition import Composition
from core.formats.abc_notation import abc_to_score
from core.formats.pitch_names import pitch_name
from core.ui.downloads import file_name
from core.ui.playing import key_label, keys_like
from tests.browser.conftest import settle
from tests.browser.test_components import ROOT, playing
from tests.browser.visit import Visit


@pytest.fixture
def visit(app_url: str, new_page: Callable) -> Visit:
    return Visit(new_page(), app_url)


def spans(piece: Composition) -> list[tuple[float, float]]:
    """(onset, offset) of each note in seconds."""
    sec = 60 / piece.performed.qpm
    return [(note.onset * sec, note.offset * sec) for note in piece.performed.notes]


def test_the_sound_is_heard_and_the_score_follows_it(visit: Visit) -> None:
    page, times = visit.page, spans(visit.piece)
    peak, seconds = page.evaluate(
        f"async () => {{ const audio = {ROOT}.querySelector('audio');"
        """
            const data = await (await fetch(audio.src)).arrayBuffer();
            const sound = await new AudioContext().decodeAudioData(data);
            let peak = 0;
            for (const sample of sound.getChannelData(0)) peak = Math.max(peak, Math.abs(sample));
            return [peak, sound.duration];
        }"""
    )
    assert 0.05 < peak <= 1
    assert seconds > times[-1][1]

    page.get_by_role("button", name="Play", exact=True).click()
    samples = page.evaluate(
        f"async (until) => {{ const root = {ROOT};"
        """
            const audio = root.querySelector("audio");
            const samples = [];
            while (audio.currentTime < until) {
                await new Promise(requestAnimationFrame);
                samples.push([audio.currentTime, [...root.querySelectorAll("g.note.playing")].map((note) => note.id)]);
            }
            return samples;
        }""",
        times[3][1],
    )
    for position, ids in samples:
        near = {f"n{i}" for i, (onset, offset) in enumerate(times) if onset - 0.1 <= position <= offset + 0.1}
        assert len(ids) <= 1
        assert set(ids) <= near
    assert [f"n{i}" for i in range(4)] == list(dict.fromkeys(ids[0] for _, ids in samples if ids))[:4]
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Instrument").wait_for()
    source = page.evaluate(f"{ROOT}.querySelector('audio').src")
    with visit.new_piece():
        visit.choose("Instrument", "Flute")
    page.wait_for_function(f"source => {ROOT}.querySelector('audio').src !== source", arg=source)


def test_an_alternative_rewrites_one_note_and_can_be_undone(visit: Visit) -> None:
    page, before = visit.page, visit.piece
    visit.click_note(4)
    page.get_by_text("Note 5:").wait_for()
    settle(page)
    options = page.locator('[class*="st-key-alternative"]')
    labels = [text.split("\n") for text in options.all_inner_texts()]
    names = [label[0] for label in labels]
    assert len(labels) == 8
    assert all(label[-1].endswith("%") for label in labels)
    assert pitch_name(before.pitches[4], before.written.key) in names
    page.get_by_text("Why this note?").click()
    page.get_by_text("the model held").wait_for()
    other = next(i for i, name in enumerate(names) if name != pitch_name(before.pitches[4], before.written.key))
    pitch = int(str(options.nth(other).get_attribute("class")).split("st-key-alternative-")[1].split()[0])
    with visit.new_piece():
        options.nth(other).get_by_role("button").click()
    after = visit.piece
    assert after.pitches[4] == pitch != before.pitches[4]
    assert (*after.pitches[:4], *after.pitches[5:]) == (*before.pitches[:4], *before.pitches[5:])
    assert page.locator("#n4.selected").count() == 1, "the note stays in hand"
    with visit.new_piece():
        visit.button("Undo").click()
    assert visit.piece == before
    with visit.new_piece():
        visit.button("Redo").click()
    assert visit.piece == after


def test_a_passage_is_written_again_around_what_is_locked(visit: Visit) -> None:
    page = visit.page
    visit.click_note(7)
    with visit.new_piece():
        visit.button("Lock this note").click()
    page.locator("#n7.locked").wait_for()
    locked = visit.piece
    assert locked.locked == {7}
    visit.click_note(5)
    visit.click_note(9, modifiers=["Shift"])
    visit.button("Lock these 5 notes").wait_for()
    settle(page)  # the other button stands below, and moves as long as the page is drawn
    with visit.new_piece():
        visit.button("These bars again").click()
    again = visit.piece
    changed = [i for i, (old, new) in enumerate(zip(locked.pitches, again.pitches, strict=True)) if old != new]
    first, last = bars(locked, 5, 9)
    assert changed
    assert first <= min(changed)
    assert max(changed) <= last
    assert again.pitches[7] == locked.pitches[7]
    visit.click_note(20)
    visit.button("This bar again").wait_for()
    with visit.new_piece():
        visit.button("From here on").click()
    rest = visit.piece
    assert rest.pitches[:20] == again.pitches[:20]
    assert rest.pitches[20:] != again.pitches[20:]


def bars(piece: Composition, start: int, end: int) -> tuple[int, int]:
    """First and last note of the bars from note ``start``'s to note ``end``'s; the piece has no upbeat."""
    written = piece.beats.written
    bar = [int(note.onset // written.bar_length) for note in written.notes]
    inside = [i for i in range(len(bar)) if bar[start] <= bar[i] <= bar[end]]
    return inside[0], inside[-1]


def test_every_download_opens(visit: Visit, tmp_path: Path) -> None:
    page, piece = visit.page, visit.piece

    def download(label: str) -> bytes:
        with page.expect_download() as started:
            page.get_by_test_id("stDownloadButton").get_by_role("button", name=label, exact=True).click()
        assert started.value.suggested_filename.startswith(f"{file_name(piece.name)}.")
        return started.value.path().read_bytes()

    midi = pretty_midi.PrettyMIDI(io.BytesIO(download("MIDI")))
    notes = midi.instruments[0].notes
    assert [note.pitch for note in notes] == list(piece.pitches)
    assert [note.start for note in notes] == pytest.approx([onset for onset, _ in spans(piece)], abs=0.003)
    score = music21.converter.parseData(download("MusicXML"), format="musicxml")
    assert [note.pitch.midi for note in score.stripTies().flatten().notes] == list(piece.pitches)
    assert tuple(note.pitch for note in abc_to_score(download("ABC").decode()).notes) == piece.pitches
    assert ET.fromstring(download("SVG")).tag == "{http://www.w3.org/2000/svg}svg"
    for kind in ("WAV", "PDF"):
        visit.button(f"Make {kind}").click()
        page.get_by_test_id("stDownloadButton").get_by_role("button", name=kind, exact=True).wait_for()
        settle(page)
    sound, rate = soundfile.read(io.BytesIO(download("WAV")))
    assert len(sound) / rate > spans(piece)[-1][1]
    assert abs(sound).max() > 0.05
    assert download("PDF").startswith(b"%PDF")


def test_on_a_phone(app_url: str, new_page: Callable) -> None:
    page = new_page(viewport={"width": 375, "height": 750}, has_touch=True, is_mobile=True)
    visit = Visit(page, app_url)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    score = page.locator(".sheet svg").first.bounding_box()
    assert score is not None
    assert score["y"] < 450, "the score is in sight at once"
    touch = page.context.new_cdp_session(page)
    page.locator(".pad").scroll_into_view_if_needed()
    box = page.locator(".pad").bounding_box()
    assert box is not None
    assert box["width"] > 300
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "id": 1}
    for milliseconds in (100, 250, 100):
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
        page.wait_for_timeout(milliseconds)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(60)
    with visit.new_piece():
        page.locator(".done").tap()
    assert visit.note_ids() == ["n0", "n1", "n2"]
    visit.head(1).scroll_into_view_if_needed()
    head = visit.head(1).bounding_box()
    assert head is not None
    page.touchscreen.tap(head["x"] + 10, head["y"] + 12)  # a finger need not hit the head
    page.get_by_text("Note 2:").wait_for()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for part in (".pad", ".sheet svg", ".player"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375


def test_another_key_moves_every_note_and_can_be_undone(visit: Visit) -> None:
    before = visit.piece
    keys = keys_like(before.written.key)
    wanted = keys[(keys.index(before.written.key) + 3) % 12]
    with visit.new_piece():
        visit.choose("Key", key_label(wanted))
    after = visit.piece
    assert [new - old for old, new in zip(before.pitches, after.pitches, strict=True)] == [3] * len(before.pitches)
    assert after.written.key == wanted
    with visit.new_piece():
        visit.button("Undo").click()
    assert visit.piece == before


def test_by_keyboard_alone(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("heading", name="Compose").click()

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        pytest.fail(f"the Tab key does not reach {selector}")

    with visit.new_piece():
        tab_to(".st-key-compose button")
        page.keyboard.press("Enter")
    tab_to(".pad")
    for _ in range(4):
        page.keyboard.press("Space", delay=120)
    with visit.new_piece():
        page.keyboard.press("Enter")
    assert len(visit.piece.pitches) == 4
    tab_to("#n0")
    page.keyboard.press("ArrowRight")
    page.get_by_text("Note 2:").wait_for()
    settle(page)
    before = visit.piece
    tab_to('[class*="st-key-alternative"] button:not([kind="primary"])')
    with visit.new_piece():
        page.keyboard.press("Enter")
    assert [i for i in range(4) if visit.piece.pitches[i] != before.pitches[i]] == [1]
    page.locator(".play").first.focus()
    page.keyboard.press("Space")
    page.wait_for_function(f"!{ROOT}.querySelector('audio').paused")
    assert len(playing(page)) <= 1
