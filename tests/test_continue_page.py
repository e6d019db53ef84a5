"""The Continue page as Streamlit runs it, on tiny untrained models."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.recolour_panel
from core.checkpoint import save_checkpoint
from core.codecs import StepCodec
from core.codecs.step_text import parse_steps
from core.composition import Composition, tell
from core.data.piece import Piece
from core.link import piece_to_query
from core.project import project_to_json
from core.score import Note, Score
from core.ui.components import piano
from core.ui.desk import Desk
from core.ui.result import likely
from core.ui.seed_panel import START
from tests.conftest import said, tiny_checkpoint

ROOT = Path(__file__).parent.parent
CODEC = StepCodec()
ABC = b"X:1\nT:Scale\nM:4/4\nL:1/4\nK:C\nC D E F|G A B c|]\n"


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for architecture in ("step-bilstm", "step-gru-attention", "beat-rnn"):
        save_checkpoint(tiny_checkpoint(architecture), tmp_path)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path)
    st.cache_data.clear()
    st.cache_resource.clear()
    return tmp_path


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/continue.py")
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def piece_of(app: AppTest) -> Composition:
    assert not app.exception
    desk: Desk = app.session_state["continue.desk"]
    assert desk.piece is not None
    return desk.piece


def press(app: AppTest, label: str) -> AppTest:
    return next(b for b in app.button if b.label == label).click().run()


def type_in(app: AppTest, text: str) -> AppTest:
    app.text_area(key="settings.continue.text").set_value(text)
    return press(app, "Use this melody")


def choose(app: AppTest, way: str) -> AppTest:
    return app.segmented_control(key="settings.continue.way").set_value(way).run()


def captions(app: AppTest) -> str:
    return "\n".join(said(caption) for caption in app.caption)


def test_it_opens_on_a_finished_piece_and_goes_on_with_another_seed() -> None:
    app = open_page()
    assert not app.error
    first = piece_of(app)
    start = parse_steps(START, CODEC)
    tokens = tell(CODEC, first).encoded.tokens[: len(start)]
    assert tokens.tolist() == CODEC.tokens_of(list(start)).tolist()
    assert "7 notes given" in captions(app)
    press(app, "Continue")
    second = piece_of(app)
    assert second.sampling.seed != first.sampling.seed
    assert app.number_input(key="settings.continue.seed").value == second.sampling.seed
    assert second.pitches[:7] == first.pitches[:7]
    press(app, "Undo")
    assert piece_of(app) == first


def test_a_typed_melody_is_continued_at_once_in_its_metre_and_a_wrong_word_is_named() -> None:
    app = open_page()
    app.selectbox(key="settings.continue.metre").set_value("3/4").run()
    app.selectbox(key="settings.continue.upbeat").set_value(1.0)
    app.slider(key="settings.continue.bars").set_value(1)
    app.slider(key="settings.continue.num").set_value(2)
    type_in(app, "D4 G4 A4/2 B4/2")
    piece = piece_of(app)
    assert (piece.written.time_signature, piece.written.upbeat, piece.num_given) == ((3, 4), 1.0, 4)
    assert piece.continued is not None
    assert piece.continued.length <= 7.0
    assert len(app.session_state["continue.desk"].candidates) == 2
    type_in(app, "D4 G4 Q4")
    assert said(app.error[0]).startswith("In word 3, 'Q4' is not a note")
    assert piece_of(app) == piece


def test_a_title_belongs_to_the_melody_that_is_continued() -> None:
    app = open_page()
    app.text_input(key="play.title").set_value("My Waltz").run()
    app.selectbox(key="play.program").set_value(40).run()
    press(app, "Continue")
    assert piece_of(app).title == "My Waltz"
    type_in(app, "D4 G4 A4/2 B4/2")
    assert (piece_of(app).title, piece_of(app).program) == ("", 40)


def test_candidates_are_compared_by_what_a_note_is_worth() -> None:
    app = open_page()
    assert app.slider(key="settings.continue.bars").label == "Bars at most"
    piece = piece_of(app)
    assert piece.log_likelihood is not None
    written = len(piece.pitches) - piece.num_given
    a_note = f"{piece.log_likelihood / written:.2f} nats a note".replace("-", "\N{MINUS SIGN}")
    assert likely(piece) == a_note
    assert f"log-likelihood {a_note}" in captions(app)
    assert likely(replace(piece, log_likelihood=None)) == ""


def test_the_large_button_takes_what_was_typed_meanwhile() -> None:
    app = open_page()
    app.text_area(key="settings.continue.text").set_value("D4 G4 A4")
    press(app, "Continue")
    piece = piece_of(app)
    assert piece.pitches[:3] == (62, 67, 69)
    assert piece.num_given == 3
    app.text_area(key="settings.continue.text").set_value("D4 G4 Q4")
    press(app, "Continue")
    assert said(app.error[0]).startswith("In word 3, 'Q4' is not a note")
    assert piece_of(app) == piece


def test_what_was_played_is_continued_and_stands_in_the_text() -> None:
    app = choose(open_page(), "Play")
    app.session_state["piano"] = {"played": {"nonce": "1", "text": "G4 A4/2 r/2 B4*2"}}
    app.run()
    assert piece_of(app).pitches[:3] == (67, 69, 71)
    metronome = {"tempo": 60, "metre": "6/8", "beat": -0.34}
    taps = [[0, 480], [510, 990], [1480, 2000]]
    app.session_state["piano"] = {
        "played": {"nonce": "2", "taps": taps, "pitches": [67, 69, 72], "metronome": metronome}
    }
    app.run()
    piece = piece_of(app)
    assert (piece.written.time_signature, piece.written.upbeat, piece.written.qpm) == ((6, 8), 0.5, 90)
    assert [(note.onset, note.pitch) for note in piece.written.notes[:3]] == [(0, 67), (0.75, 69), (2.25, 72)]
    choose(app, "Type")
    assert app.text_area(key="settings.continue.text").value.startswith("G4*3/4 A4*3/4 r*3/4 C5")
    assert app.selectbox(key="settings.continue.metre").value == "6/8"


@pytest.mark.parametrize(
    "played",
    [
        {"taps": [[0, 100]], "pitches": [67]},  # no metronome
        {"taps": [[0, 100]], "pitches": [12], "metronome": {"tempo": 60, "metre": "4/4", "beat": 0}},
        {"taps": [[0, 100]], "pitches": [67, 69], "metronome": {"tempo": 60, "metre": "4/4", "beat": 0}},
        {"taps": [], "pitches": [], "metronome": {"tempo": 60, "metre": "4/4", "beat": 0}},
        {"text": 5},
    ],
)
def test_what_no_piano_sends_is_ignored(played: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["core.ui.components.piano"]  # the package's own name for it is the function
    monkeypatch.setattr(module, "_component", lambda **_: SimpleNamespace(played={"nonce": "1", **played}))
    monkeypatch.setattr(module, "first_sight", lambda _, value: value)
    assert piano("piano", CODEC.reach) is None


def test_the_beginning_of_a_tune_and_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tuple(Note(onset, 1, 60 + onset) for onset in range(13))
    tunes = [Piece("t1", Score(notes, 96, (3, 4), 1.0, title="Up the hill"))]
    monkeypatch.setattr(core.ui.recolour_panel, "tunes", lambda _: tunes)
    app = choose(open_page(), "From a tune")
    press(app, "Go on from these")
    piece = piece_of(app)
    assert (piece.num_given, piece.written.upbeat, piece.written.qpm) == (7, 1.0, 96)
    assert "the first 2 bars of “Up the hill”, 7 notes" in captions(app)
    app = choose(app, "Upload")
    app.file_uploader(key="continue.file").set_value(("scale.abc", ABC, "text/plain")).run()
    app.slider(key="settings.continue.bars_of_tune").set_value(1).run()
    press(app, "Go on from these")
    assert piece_of(app).pitches[:4] == (60, 62, 64, 65)
    assert piece_of(app).num_given == 4
    app.file_uploader(key="continue.file").set_value(("scale.mid", b"nothing", "audio/midi")).run()
    assert said(app.error[0]).endswith(".")


def test_a_note_can_be_changed_and_the_melody_go_on_from_it() -> None:
    app = open_page()
    piece = piece_of(app)
    app.session_state["score"] = {"picked": {"nonce": "p", "start": 8, "stop": 9}}
    app.run()
    labels = [button.key for button in app.button if str(button.key).startswith("alternative.")]
    assert len(labels) == 8
    assert not any("Lock" in button.label for button in app.button)  # what is written step by step has no locks
    other = next(
        button for button in app.button if button.key in labels and button.key != f"alternative.{piece.pitches[8]}"
    )
    other.click().run()
    changed = piece_of(app)
    assert changed.beats == piece.beats
    assert changed.pitches[8] == int(str(other.key).rpartition(".")[2])
    press(app, "From here on")
    assert piece_of(app).pitches[:8] == changed.pitches[:8]
    assert not app.error


def test_each_page_has_settings_and_work_of_its_own() -> None:
    app = open_page()
    app.slider(key="settings.continue.temperature").set_value(1.4).run()
    piece = piece_of(app)
    app.switch_page("app.py").run()
    assert app.slider(key="settings.temperature").value == 0.9
    assert app.session_state["desk"].piece.model == "beat-rnn.essen"
    app.switch_page("pages/continue.py").run()
    assert app.slider(key="settings.continue.temperature").value == 1.4
    assert piece_of(app) == piece


def test_a_link_and_a_project_open_it_again() -> None:
    piece = replace(piece_of(open_page()), title="Mine")
    query = piece_to_query(piece)
    assert query is not None
    linked = open_page(**query)
    assert not linked.error
    assert piece_of(linked) == piece
    fresh = open_page()
    project = ("mine.json", project_to_json([("made", piece)], 0).encode(), "application/json")
    fresh.file_uploader(key="continue.project").set_value(project).run()
    assert piece_of(fresh) == piece
    on_rhythm = ("other.json", project_to_json([("made", replace(piece, continued=None))], 0).encode(), "x")
    fresh.file_uploader(key="continue.project").set_value(on_rhythm).run()
    assert said(fresh.error[0]) == "This project holds melodies on a rhythm; open it on the page Compose."
    unknown = open_page(**{**query, "model": "step-nothing"})
    assert "'step-nothing'" in said(unknown.error[0])
    assert piece_of(unknown).model.startswith("step-")


def test_without_a_model_of_steps_a_sentence_says_so(tiny: Path) -> None:
    for folder in tiny.glob("step-*"):
        shutil.rmtree(folder)
    st.cache_data.clear()
    app = open_page()
    assert not app.exception
    assert said(app.error[0]).startswith("There is no trained model that writes step by step")
