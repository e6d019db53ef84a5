"""From a rhythm to a melody, as a visitor gets there: every way to give a rhythm, the settings, links and projects."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pretty_midi
import pytest
from music21 import note, stream
from music21.musicxml.m21ToXml import GeneralObjectExporter

from core.checkpoint import CHECKPOINTS, list_cards, read_card
from core.score import Note, Score
from tests.browser.conftest import settle
from tests.browser.test_components import LISTEN, center, heard_notes, hold
from tests.browser.visit import Visit

CSV = b"rest_sec,duration_sec\n0,0.25\n0.125,0.5\n0,1.0\n"


@pytest.fixture
def visit(app_url: str, new_page: Callable) -> Visit:
    return Visit(new_page(), app_url)


def choose_way(visit: Visit, name: str) -> None:
    visit.page.get_by_role("radio", name=name, exact=True).click()
    settle(visit.page)


def rhythm_on_desk(visit: Visit) -> str:
    return visit.page.get_by_text("On the desk:").inner_text()


def test_it_opens_on_a_finished_piece(visit: Visit) -> None:
    num_notes = len(visit.piece.pitches)
    assert num_notes > 10
    assert visit.note_ids() == [f"n{i}" for i in range(num_notes)]
    assert visit.page.get_by_role("button", name="Play", exact=True).is_enabled()
    assert visit.button("Compose").is_enabled()
    assert visit.page.get_by_test_id("stAlert").count() == 0


def test_a_rhythm_tapped_on_keys_and_then_with_the_mouse(visit: Visit) -> None:
    page = visit.page
    page.locator(".pad").focus()
    page.evaluate(LISTEN)
    for key, milliseconds, rest in (("Space", 300, 50), ("f", 120, 250), ("j", 200, 50), ("Space", 500, 50)):
        hold(page, key, milliseconds, rest)
    heard = np.array(heard_notes(page))
    with visit.new_piece():
        page.keyboard.press("Enter")  # Done
    rhythm = visit.piece.beats.performed
    assert visit.note_ids() == ["n0", "n1", "n2", "n3"]
    assert np.column_stack([rhythm.onset_sec, rhythm.offset_sec]) == pytest.approx(heard, abs=0.002)

    page.mouse.move(*center(page.locator(".pad")))
    for milliseconds in (100, 300):
        page.mouse.down()
        page.wait_for_timeout(milliseconds)
        page.mouse.up()
        page.wait_for_timeout(100)
    with visit.new_piece():
        page.locator(".done").click()
    short, long = visit.piece.beats.performed.duration_sec
    assert short < 0.25 < long
    assert visit.note_ids() == ["n0", "n1"]


def test_a_written_rhythm_with_first_notes(visit: Visit) -> None:
    choose_way(visit, "Write")
    values = visit.page.get_by_role("textbox", name="Note values")
    values.fill("q q h | q. e h")
    visit.page.get_by_label("First notes (optional)").fill("G4 A4 B4")
    with visit.new_piece():
        visit.button("Use this rhythm").click()
    assert "a written rhythm, 6 notes" in rhythm_on_desk(visit)
    piece = visit.piece
    assert [seen.duration for seen in piece.written.notes] == [1, 1, 2, 1.5, 0.5, 2]
    assert piece.pitches[:3] == (67, 69, 71)
    assert visit.note_ids() == [f"n{i}" for i in range(6)]
    values.fill("q what")
    visit.button("Use this rhythm").click()
    assert "what" in visit.sentence()
    assert visit.piece == piece


def midi_file(score: Score) -> bytes:
    """Written by pretty_midi, not by us."""
    midi = pretty_midi.PrettyMIDI(initial_tempo=score.qpm)
    track = pretty_midi.Instrument(0)
    sec = 60 / score.qpm
    for n in score.notes:
        track.notes.append(pretty_midi.Note(n.velocity, n.pitch, n.onset * sec, n.offset * sec))
    midi.instruments.append(track)
    file = io.BytesIO()
    midi.write(file)
    return file.getvalue()


def musicxml_file(score: Score) -> bytes:
    """Written by music21, not by us."""
    part = stream.Part([note.Note(n.pitch, quarterLength=n.duration) for n in score.notes])
    return GeneralObjectExporter(part).parse()


def test_rhythms_of_other_metres_follow_one_another(visit: Visit) -> None:
    choose_way(visit, "Upload")
    for num_notes in (2, 5):
        with visit.new_piece():
            visit.upload(f"{num_notes}.csv", b"rest_sec,duration_sec\n" + b"0,0.5\n" * num_notes)
        assert visit.page.get_by_text(f"the uploaded rhythm, {num_notes} notes").count() == 1
    assert len(visit.compose().pitches) == 5
    assert visit.page.get_by_test_id("stException").count() == 0
    visit.choose("Metre", "3/4")
    visit.page.wait_for_url("**metre=3%2F4*")
    settle(visit.page)
    with visit.new_piece():
        visit.upload("again.csv", b"rest_sec,duration_sec\n" + b"0,0.5\n" * 4)
    assert visit.page.get_by_role("combobox", name="Metre").input_value() == "As found"
    assert len(visit.compose().pitches) == 4


def test_uploaded_rhythms(visit: Visit) -> None:
    tune = Score((Note(0, 1, 67), Note(1, 0.5, 69), Note(1.5, 0.5, 71), Note(2, 2, 67)), qpm=100)
    choose_way(visit, "Upload")
    with visit.new_piece():
        visit.upload("claps.csv", CSV)
    assert "the uploaded rhythm, 3 notes, 1.9 seconds" in rhythm_on_desk(visit)
    assert visit.piece.beats.performed.duration_sec == (0.25, 0.5, 1.0)
    for name, data in (("tune.mid", midi_file(tune)), ("tune.musicxml", musicxml_file(tune))):
        with visit.new_piece():
            visit.upload(name, data)
        assert [n.duration for n in visit.piece.written.notes] == [1, 0.5, 0.5, 2], name
        assert visit.note_ids() == ["n0", "n1", "n2", "n3"]
    before = visit.piece
    visit.upload("song.mid", CSV)
    assert "MIDI" in visit.sentence()
    assert visit.piece == before
    assert "4 notes" in rhythm_on_desk(visit)
    assert visit.note_ids() == ["n0", "n1", "n2", "n3"]


def test_a_piece_too_long_to_link_or_to_play_is_seen_and_saved(visit: Visit) -> None:
    page = visit.page
    choose_way(visit, "Upload")
    visit.upload("hymn.csv", b"rest_sec,duration_sec\n" + b"0,2.5\n" * 257)
    page.get_by_text("too long to play").wait_for()
    settle(page)
    assert len(visit.note_ids()) == 257
    assert page.get_by_role("button", name="Play", exact=True).is_disabled()
    assert "notes=" not in page.url
    page.get_by_text("save the project").wait_for()
    visit.click_note(2)
    page.get_by_text("Note 3:").wait_for()


def side_by_side(visit: Visit, titles: list[str]) -> None:
    """Two scores with their players, one at the left of the other, of which one sounds at a time."""
    page = visit.page
    assert page.get_by_role("heading", level=3).all_inner_texts() == titles
    views = page.locator(".score-view")
    left, right = views.nth(0).bounding_box(), views.nth(1).bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] < right["x"]
    for player in (0, 1):
        views.nth(player).get_by_role("button", name="Play").click()
        views.nth(player).get_by_role("button", name="Pause").wait_for()
        assert views.get_by_role("button", name="Pause").count() == 1
    views.get_by_role("button", name="Pause").click()


def test_the_melody_of_a_piano_piece_is_recoloured(visit: Visit) -> None:
    tune = [67, 69, 71, 72, 74, 72, 71, 69, 67, 71, 74, 79, 78, 76, 74, 67] * 2
    hands = [Note(i, 1, pitch, 90) for i, pitch in enumerate(tune)]
    hands += [Note(i / 2, 0.5, (43, 50, 47, 50)[i % 4], 50) for i in range(2 * len(tune))]
    choose_way(visit, "Recolour a tune")
    visit.page.get_by_role("radio", name="From a file").click()
    visit.page.get_by_text("A melody, a piece in several voices").wait_for()
    visit.upload("sonata.mid", midi_file(Score(tuple(hands), qpm=100)))
    visit.page.get_by_text("in its 96 notes").wait_for()
    with visit.new_piece():
        visit.button("Use its rhythm").click()
    piece = visit.piece
    assert piece.original is not None
    assert piece.original.title == "sonata"
    side_by_side(visit, ["sonata", "New melody"])


def test_another_reading_of_a_tapped_rhythm(visit: Visit) -> None:
    page = visit.page
    page.locator(".pad").focus()
    for _ in range(6):
        hold(page, "Space", 250, 100)
    with visit.new_piece():
        page.keyboard.press("Enter")
    found = visit.piece
    with visit.new_piece():
        visit.choose("Metre", "3/4")
    with visit.new_piece():
        visit.choose("Starts on beat", "3")
    read = visit.piece
    assert (read.written.time_signature, read.written.upbeat) == ((3, 4), 1.0)
    assert (read.pitches, read.beats.performed) == (found.pitches, found.beats.performed)
    assert visit.note_ids() == [f"n{i}" for i in range(6)]
    with visit.new_piece():
        visit.button("Double").click()
    assert visit.piece.written.qpm == 2 * read.written.qpm
    for _ in range(3):
        with visit.new_piece():
            visit.button("Undo").click()
    assert visit.piece == found


def test_recolouring_a_tune(visit: Visit, new_page: Callable) -> None:
    page = visit.page
    choose_way(visit, "Recolour a tune")
    page.get_by_text("the first 60 shown").wait_for(timeout=60_000)  # the first visitor waits for the corpus to be read
    search = page.get_by_label("Search the tunes")
    search.fill("wiegenlied")
    search.press("Enter")
    page.get_by_text("the first 60 shown").wait_for(state="detached")
    settle(page)
    page.get_by_role("combobox", name="Tune", exact=True).click()
    option = page.get_by_role("option").last
    title, num_notes = option.inner_text().removesuffix(" notes").rsplit(" · ", 1)
    option.click()
    settle(page)
    with visit.new_piece():
        visit.button("Use its rhythm").click()
    assert f"the rhythm of “{title}”, {num_notes} notes" in rhythm_on_desk(visit)
    piece = visit.piece
    assert len(piece.pitches) == int(num_notes)
    assert piece.original is not None
    assert piece.name == f"New melody on “{title}”"
    side_by_side(visit, [title, "New melody"])
    page.get_by_label("Title").fill("Mine")
    with visit.new_piece():
        page.get_by_label("Title").press("Enter")
    friend = Visit(new_page(viewport={"width": 390, "height": 844}), page.url)
    assert friend.piece.original == piece.original
    assert friend.page.locator(".score-view").count() == 2
    search.fill("no tune is called so")
    search.press("Enter")
    page.get_by_text("No tune matches").wait_for()


def test_settings_are_used_outlive_another_page_and_can_be_reset(visit: Visit) -> None:
    page = visit.page
    present = read_card(CHECKPOINTS / visit.piece.model)
    other = next(card for card in list_cards() if card != present and card.corpus == present.corpus)
    visit.choose("Architecture", other.title)
    page.get_by_text("More", exact=True).click()
    settle(page)
    sidebar = page.get_by_test_id("stSidebar")
    for name in [*sidebar.get_by_role("slider").evaluate_all("all => all.map((one) => one.ariaLabel)"), "Length"]:
        assert sidebar.get_by_role("button", name=f"Help for {name}", exact=True).count() == 1
    for _ in range(3):
        visit.slider("Temperature").press("ArrowRight")
    settle(page)
    seed = sidebar.get_by_role("spinbutton", name="Random seed")
    seed.fill("77")
    seed.press("Enter")
    sidebar.get_by_text("A new seed each time").click()
    settle(page)
    own = other.sampling_defaults.temperature
    made = visit.compose()
    assert made.model == other.name
    assert made.sampling.temperature == pytest.approx(own + 0.15)
    assert made.sampling.seed == 77

    page.get_by_role("link", name="Library").click()
    page.get_by_role("heading", name="Library", exact=True).wait_for()
    settle(page)
    page.get_by_role("link", name="Compose").click()
    page.wait_for_url("**notes=*")
    settle(page)
    assert visit.piece == made
    assert visit.slider("Temperature").input_value() == f"{own + 0.15:g}"
    assert page.get_by_role("combobox", name="Architecture").input_value() == other.title

    page.get_by_text("More", exact=True).click()
    visit.button("Reset").click()
    page.wait_for_function(
        "own => document.querySelector('[data-testid=\"stSidebar\"] input[type=range]').value == own", arg=own
    )
    assert visit.piece == made, "resetting the sliders leaves the piece alone"


def test_the_third_of_three_candidates(visit: Visit) -> None:
    page = visit.page
    visit.slider("Candidates").press("ArrowRight")
    visit.slider("Candidates").press("ArrowRight")
    settle(page)
    first = visit.compose()
    cards = page.locator(".candidates .card")
    assert cards.count() == 3
    page.locator(".card .play").nth(1).click()
    page.locator(".card.sounding").wait_for()
    with visit.new_piece():
        page.locator(".card .choose").nth(2).click()
    third = visit.piece
    assert third.sampling.seed == first.sampling.seed + 2
    assert third.pitches != first.pitches
    assert page.locator(".card.chosen").get_by_text(f"Seed {third.sampling.seed}").count() == 1


def test_a_copied_link_brings_the_piece_to_somebody_else(visit: Visit, new_page: Callable) -> None:
    page = visit.page
    page.get_by_label("Title").fill("For a friend")
    with visit.new_piece():
        page.get_by_label("Title").press("Enter")
    for _ in range(4):
        visit.slider("Temperature").press("ArrowRight")
    settle(page)
    piece = visit.compose()
    assert piece.title == "For a friend"
    friend = Visit(new_page(), page.url)
    assert friend.piece == piece
    assert friend.page.get_by_label("Title").input_value() == "For a friend"
    assert friend.slider("Temperature").input_value() == f"{piece.sampling.temperature:g}"
    assert friend.note_ids() == visit.note_ids()
    assert friend.page.locator(".score-view .time").inner_text() == page.locator(".score-view .time").inner_text()

    query = dict(parse_qsl(urlsplit(page.url).query))
    damaged = page.url.partition("?")[0] + "?" + urlencode(query | {"notes": query["notes"][:-6]})
    stranger = Visit(new_page(), damaged)
    assert "link" in stranger.sentence()
    assert stranger.piece.beats == piece.beats, "what could be read of the link is used"


def test_a_project_is_saved_and_opened_another_day(visit: Visit, new_page: Callable, app_url: str) -> None:
    piece = visit.compose()
    with visit.page.expect_download() as saved:
        visit.page.get_by_role("button", name="Save project").click()
    data = saved.value.path().read_bytes()
    assert saved.value.suggested_filename.endswith(".json")
    assert len(json.loads(data)["versions"]) == 2

    later = Visit(new_page(), app_url)
    with later.new_piece():
        later.upload("mine.json", data, within="stSidebar")
    assert later.piece == piece
    later.page.get_by_role("tab", name="History").click()
    settle(later.page)
    history = later.page.get_by_role("tabpanel", name="History").get_by_role("button")
    assert history.count() == 3
    with later.new_piece():
        history.nth(1).click()  # the piece that the saved visit began with
    later.button("Undo").click()
    later.wait_for(piece)
    later.upload("broken.json", data[:100], within="stSidebar")
    assert "project" in later.sentence()
    assert later.piece == piece


def test_back_leads_out_of_the_app(page, app_url):
    page.goto("about:blank")
    visit = Visit(page, app_url)
    visit.compose()
    page.go_back()
    assert page.url == "about:blank"
