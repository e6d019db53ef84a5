"""Piano music on the Neurons page: all its notes, looking as they do where they come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.neuron_piece
import core.ui.neuron_score
from core.accompaniment import accompany
from core.checkpoint import save_checkpoint
from core.composition import Composition
from core.data.piece import Piece
from core.formats.midi import score_to_midi
from core.piano import write_piano
from core.sampling import SamplingConfig
from core.score import Note, Score
from core.ui.neuron_files import drawing, note_file
from core.ui.neuron_piece import played_with, take_source, tune_source
from core.ui.neuron_score import arcs_from, drawing_of, note_shares
from core.ui.neuron_view import read_piece
from core.ui.neuron_why import Asked, Source
from core.ui.neurons_page import told_note
from core.ui.piano_desk import PianoDesk, Take, taken
from core.ui.tune_desk import TuneDesk, Version
from core.ui.work import piano_engraved
from tests.conftest import MELODY, said, tiny_checkpoint

ROOT = Path(__file__).parent.parent
PIANO, HANDS, ROLL, STEPS = (
    f"{name}.essen" for name in ("piano-transformer", "piano-accompaniment", "roll-gru", "step-bilstm")
)
CHORDS = Score(tuple(Note(i / 2, 0.5, pitch) for i in range(8) for pitch in (48 + i, 64, 67 + i)), title="Chords")
SONG = "X:1\nT:Song\nM:4/4\nL:1/4\nK:G\nGABc|d4|\n"


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for model in (PIANO, HANDS, ROLL, STEPS):
        save_checkpoint(tiny_checkpoint(model.removesuffix(".essen")), tmp_path)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(core.ui.neuron_score, "sound", lambda *_: (b"", "nothing", ""))
    st.cache_data.clear()
    st.cache_resource.clear()


def take_by(model: str) -> Take:
    """Some music as the Piano page has it from a model."""
    writer, sampling = tiny_checkpoint(model.removesuffix(".essen")), SamplingConfig(seed=1)
    if model == HANDS:
        return taken("", accompany(writer, MELODY, sampling).score, model, performed=False, key=MELODY.key)
    return taken("", write_piano(writer, 10.0, sampling).score, model, performed=True)


def open_page(model: str, **state: object) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/neurons.py")
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    app.selectbox(key="settings.neurons.network").set_value(model.removesuffix(".essen")).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(said(one) for one in (*app.markdown, *app.caption))


@pytest.mark.parametrize("model", [PIANO, HANDS, ROLL])
def test_a_take_looks_as_on_the_piano_page_and_its_notes_have_their_numbers(model: str) -> None:
    take = take_by(model)
    source = Source("Left", take.score)
    view = read_piece(model, source)
    assert view.written == view.performed == take.score
    assert drawing_of(view)(take.score, 520) == piano_engraved(take.score, take.performed, take.key, 520)
    numbers = range(len(take.score.notes))
    assert [told_note(Asked(source, model, note), view) for note in numbers] == list(numbers)
    if model != ROLL:  # where one token is a whole chord
        assert [view.note_of(token) for token in view.subject.note_tokens] == list(numbers)


def test_attention_goes_to_the_notes_whose_tokens_have_it() -> None:
    view = read_piece(HANDS, Source("Chords", CHORDS))
    first, there, here = 0, 3, 20
    weights = np.zeros(len(view.labels))
    for note, share in ((first, 0.1), (there, 0.15)):
        weights[view.subject.note_tokens[note] : view.subject.note_tokens[note] + 4] = share
    shares = note_shares(view, weights)
    assert np.flatnonzero(shares).tolist() == [first, there]
    assert arcs_from(view, view.subject.note_tokens[here] + 2, weights) == [
        (here, first, pytest.approx(0.4)),
        (here, there, pytest.approx(0.6)),
    ]


def test_a_score_that_is_painted_is_a_file_and_its_notes_another() -> None:
    view = read_piece(PIANO, Source("Chords", CHORDS))
    score = view.written
    assert score is not None
    svg = drawing(view, score)
    assert "<title>Score of Chords</title>" in svg
    assert all(f'id="n{note}"' in svg for note in range(len(score.notes)))
    lines = note_file(view, score, {"unit": np.arange(len(score.notes)) / 2}).splitlines()
    assert lines[:3] == ["note,label,onset,duration,place,unit", "1,C3,0,0.5,2,0", "2,E4,0,0.5,6,0.5"]


def test_a_file_is_read_whole_by_models_of_the_piano_and_by_others_its_melody() -> None:
    app = open_page(PIANO)
    app.segmented_control(key="settings.neurons.way").set_value("Upload").run()
    app.file_uploader(key="neurons.file").upload("chords.mid", score_to_midi(CHORDS), "audio/midi").run()
    assert "Models of piano music read all its 24 notes." in words(app)
    assert app.number_input(key="settings.neurons.place").max == 1 + 4 * 24 + 1
    app.selectbox(key="settings.neurons.network").set_value("step-bilstm").run()
    assert app.number_input(key="settings.neurons.place").max == 17  # and its end
    assert not app.error


def test_a_piece_of_a_corpus_is_its_performance_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    melody = Piece("2018/x", replace(CHORDS, notes=CHORDS.notes[2::3]))
    monkeypatch.setattr(core.ui.neuron_piece, "performance_of", lambda *_: CHORDS)
    played_with.cache_clear()
    source = tune_source("maestro", melody)
    played_with.cache_clear()
    assert isinstance(source.piece, Composition)
    assert source.piece.pitches == melody.score.pitches
    view = read_piece(PIANO, source)
    assert view.written is not None
    assert view.written.pitches == CHORDS.pitches


def test_what_lies_on_the_pages_of_the_piano_and_of_tunes_can_be_chosen() -> None:
    piano, tunes = PianoDesk(), TuneDesk()
    piano.add(taken("", CHORDS, PIANO, performed=False))
    tunes.take([Version("", SONG, "char-lstm.essen")])
    app = open_page(STEPS, **{"piano.desk": piano, "tunes.desk": tunes})
    way = app.segmented_control(key="settings.neurons.way")
    way.set_value("From Piano").run()
    assert "step-bilstm reads **Chords**." in words(app)
    assert app.number_input(key="settings.neurons.place").max == 17  # and its end
    app.selectbox(key="settings.neurons.network").set_value("piano-transformer").run()
    assert app.number_input(key="settings.neurons.place").max == 98
    app.segmented_control(key="settings.neurons.way").set_value("From Tunes").run()
    assert "piano-transformer reads **Song**." in words(app)
    assert not app.exception
    assert not app.error


def test_a_take_is_its_melody_and_all_its_notes() -> None:
    source = take_source(taken("", CHORDS, PIANO, performed=False))
    assert source.whole == CHORDS
    assert isinstance(source.piece, Score)
    assert len(source.piece.notes) == 8
    played = take_source(taken("", replace(CHORDS, qpm=77), PIANO, performed=True))
    assert isinstance(played.piece, Composition)


def test_what_the_model_learned_from_stands_beside_what_can_be_saved() -> None:
    assert "Model and training data: none" in words(open_page(PIANO))
