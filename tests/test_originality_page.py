"""The line under the score, as Streamlit runs it, on tiny untrained models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.originality
from core.beats import Beats
from core.data.corpora import pieces_of
from core.evaluation.originality import in_words, index, load_index, originality
from core.evaluation.originality.index import index_to_bytes
from core.ui import work
from core.ui.neuron_piece import GIVEN
from core.ui.page import plain

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def tiny(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tiny_checkpoints)
    st.cache_data.clear()
    st.cache_resource.clear()
    work.checked.cache_clear()


def open_page() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    return app


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


def test_every_piece_is_looked_at() -> None:
    app, known = open_page(), load_index("essen")
    assert known is not None
    for _ in range(2):
        sentence = in_words(originality(app.session_state["desk"].piece.written, known), known)
        assert plain(sentence) in captions(app)
        next(b for b in app.button if b.label == "Compose").click().run()


def test_the_passage_is_shown_in_both_scores_when_opened() -> None:
    tune, app = pieces_of("essen", "train")[3].score, open_page()
    desk, num_notes = app.session_state["desk"], len(tune.notes)
    desk.add("A copy", replace(desk.piece, beats=Beats.from_score(tune), pitches=tune.transposed(3).pitches))
    app.run()
    assert any(f"passage of {num_notes} notes is in the training tunes" in caption for caption in captions(app))
    assert not passages(app)
    app.session_state["originality"] = True
    app.run()
    assert not app.exception
    assert [text.rpartition(", ")[2] for text in passages(app)] == [f"notes 1 to {num_notes}"] * 2


@pytest.mark.parametrize("side", ["here", "there"])
def test_a_note_of_the_passage_leads_to_what_the_model_did(side: str) -> None:
    tune, app = pieces_of("essen", "train")[3].score, open_page()
    desk = app.session_state["desk"]
    copied = tune.notes[4:]
    copy = replace(tune, notes=tuple(note._replace(onset=note.onset - copied[0].onset) for note in copied), upbeat=0.0)
    desk.add("A copy", replace(desk.piece, beats=Beats.from_score(copy), pitches=copy.pitches))
    app.session_state["originality"] = True
    app.run()
    app.session_state[f"passage.{side}"] = {"picked": {"nonce": "1", "start": 2, "stop": 3}}
    app.run()
    next(button for button in app.button if button.key == f"passage.{side}.why").click().run()
    assert not app.exception
    source = app.session_state[GIVEN]
    assert (source.piece == desk.piece) == (side == "here")


def passages(app: AppTest) -> list[str]:
    return [text.value for text in app.markdown if ", notes 1 to" in text.value]


def test_another_edition_of_the_corpus_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.ui.originality, "training_tune", lambda corpus, id_: None)
    tune, app = pieces_of("essen", "train")[3].score, open_page()
    desk = app.session_state["desk"]
    desk.add("A copy", replace(desk.piece, beats=Beats.from_score(tune), pitches=tune.pitches))
    app.session_state["originality"] = True
    app.run()
    assert any("another edition" in caption for caption in captions(app))


def test_a_damaged_index_is_told_and_the_page_works_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = load_index("essen")
    assert known is not None
    monkeypatch.setattr(index, "INDEXES", tmp_path)
    assert not any("training tunes" in caption for caption in captions(open_page()))
    work.checked.cache_clear()
    (tmp_path / "essen.npz").write_bytes(index_to_bytes(known)[:9999])
    app = open_page()
    [told] = [caption for caption in captions(app) if "damaged" in caption]
    assert told.startswith("The index of the training tunes in essen")
    assert app.session_state["desk"].piece is not None


def test_models_are_compared_by_what_they_copy() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/compare.py").run()
    app.multiselect[0].set_value(["beat-rnn.essen", "beat-lstm-local.essen"])
    next(b for b in app.button if b.label == "Compare").click().run()
    facts, known = app.dataframe[0].value, load_index("essen")
    assert known is not None
    pieces = [entry.piece for entry in app.session_state["compared"]]
    longest = [originality(piece.written, known).longest for piece in pieces]
    assert facts["notes as in a training tune"].tolist() == longest
