"""The Compare page as Streamlit runs it, on tiny untrained models."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
from core.ui.compare import DESK, OWN, TEMPERATURES
from core.ui.desk import Desk
from core.ui.neuron_piece import GIVEN

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def tiny(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tiny_checkpoints)
    st.cache_data.clear()
    st.cache_resource.clear()


def compared(ways: tuple[str, ...] = (), app: AppTest | None = None) -> AppTest:
    app = app or AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/compare.py").run()
    models, settings = app.multiselect
    models.set_value(["beat-rnn.essen", "beat-lstm-local.essen"])
    if ways:
        settings.set_value(list(ways))
    return next(b for b in app.button if b.label == "Compare").click().run()


def test_two_models_write_on_one_rhythm() -> None:
    app = compared()
    assert not app.exception
    first, second = (entry.piece for entry in app.session_state["compared"])
    assert (first.model, second.model) == ("beat-rnn.essen", "beat-lstm-local.essen")
    assert first.beats == second.beats
    assert first.sampling.seed == second.sampling.seed
    facts, liked, same = (frame.value for frame in app.dataframe)
    assert len(facts) == 2
    assert liked.shape == same.shape == (2, 2)
    assert list(liked.index) == list(liked.columns) == list(facts["melody"])
    assert same.iloc[0, 0] == same.iloc[1, 1] == "100%"


def test_every_temperature_with_every_model() -> None:
    app = compared(("temperature 0.5", "temperature 1.3"))
    assert [entry.piece.sampling.temperature for entry in app.session_state["compared"]] == [0.5, 1.3, 0.5, 1.3]


def test_the_settings_of_the_piece_on_the_desk_with_every_model() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.slider(key="settings.top_k").set_value(7)
    next(b for b in app.button if b.label == "Compose").click().run()
    app = compared((OWN, DESK), app)
    pieces = [entry.piece for entry in app.session_state["compared"]]
    assert [piece.sampling.top_k for piece in pieces] == [0, 7, 0, 7]
    assert len({piece.sampling.seed for piece in pieces}) == 1


def test_too_many_are_refused_in_a_sentence() -> None:
    app = compared(tuple(TEMPERATURES))
    assert "compared" not in app.session_state
    assert app.warning[0].value.endswith("2 to 8 melodies.")


def test_so_many_first_notes_may_be_typed_and_no_more() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/compare.py").run()
    assert app.text_input(key="settings.compare.given").proto.max_chars == 20_000


def test_one_can_be_worked_on() -> None:
    app = compared()
    chosen = app.session_state["compared"][1].piece
    [_, go] = [b for b in app.button if b.label == "Go on with this one"]
    go.click().run()
    desk: Desk = app.session_state["desk"]
    assert desk.piece is not None
    assert desk.piece.pitches == chosen.pitches


def test_the_rhythm_comes_with_the_melody_that_was_written_on_it() -> None:
    app = compared()
    desk: Desk = app.session_state["desk"]
    written, label = app.session_state["compared"][0].piece, desk.beats_label
    assert not [one.value for one in app.caption if "another rhythm" in one.value]
    desk.lay(written.beats.cut(3), "three claps")
    assert [one.value for one in app.run().caption if "another rhythm" in one.value] == [
        f"These were written on another rhythm: {label}."
    ]
    [go, _] = [b for b in app.button if b.label == "Go on with this one"]
    go.click().run()
    assert (desk.beats, desk.beats_label, desk.original) == (written.beats, label, written.original)


def test_a_note_picked_in_one_leads_to_what_went_on_in_its_model() -> None:
    app = compared()
    piece = app.session_state["compared"][1].piece
    assert not [b for b in app.button if b.label == "Look inside the model"]
    app.session_state["compared.1.picked"] = range(2, 3), piece.pitches
    [look] = [b for b in app.run().button if b.label == "Look inside the model"]
    look.click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Neurons"]
    assert app.session_state[GIVEN].piece == piece
