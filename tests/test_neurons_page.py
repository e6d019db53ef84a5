"""The Neurons page as Streamlit runs it, on tiny untrained models."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.neuron_clamp
import core.ui.neuron_held
import core.ui.neuron_layers
import core.ui.neuron_score
import core.ui.neuron_search
import core.ui.recolour_panel
import core.ui.result
from core.beats import Beats
from core.checkpoint import Checkpoint, save_checkpoint
from core.composition import Composition
from core.data.piece import Piece
from core.errors import InputError
from core.inspection import Subject, subject, trace, units_of
from core.sampling import SamplingConfig
from core.score import Note, Score
from core.ui.components.mount import picked_number
from core.ui.desk import Desk
from core.ui.neuron_clamp import losses
from core.ui.neuron_held import Clamp, written_by
from core.ui.neuron_piece import FIRST_TUNE, GIVEN, as_told, text_source
from core.ui.neuron_place import strong_units
from core.ui.neuron_score import PICKED, arcs_from, note_colours
from core.ui.neuron_view import array_file, read_piece, shared_scale, text_file
from core.ui.neuron_why import ASKED, Asked, Source
from tests.conftest import MELODY, said, tiny_checkpoint

ROOT = Path(__file__).parent.parent
ARCHITECTURES = (
    "char-lstm", "beat-lstm-echo", "step-gru-attention", "step-vae-sequence",
    "piano-transformer", "piano-accompaniment", "roll-gru",
)  # fmt: skip
TABS = ["Why this note", "One unit", "Layer", "Gates", "Attention", "Find the neuron", "Switch it off"]
TUNES = [
    Piece(f"t{n}", Score(tuple(Note(i / 2, 0.5, 60 + i * n % 9) for i in range(16)), title=f"Tune {n}"), split="train")
    for n in (2, 5, 7)
]


def sampled(checkpoint: Checkpoint, split: str) -> list[Subject]:
    return [subject(checkpoint, tune.score) for tune in TUNES]


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for architecture in ARCHITECTURES:
        save_checkpoint(tiny_checkpoint(architecture), tmp_path)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(core.ui.recolour_panel, "tunes", lambda _: TUNES)
    for module in (core.ui.neuron_search, core.ui.neuron_clamp):
        monkeypatch.setattr(module, "sample", sampled)
    for page in (core.ui.neuron_score, core.ui.result):  # what sounds is tested elsewhere
        monkeypatch.setattr(page, "sound", lambda *_: (b"", "nothing", ""))
    st.cache_data.clear()
    st.cache_resource.clear()


def open_page(tab: str = "One unit", model: str = "", **state: object) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/neurons.py")
    for key, value in state.items():
        app.session_state[key] = value
    app.session_state["neurons.tab"] = tab
    app.run()
    if model:
        app.selectbox(key="settings.neurons.network").set_value(model).run()
    assert not app.exception
    return app


def pressed(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(said(one) for one in (*app.markdown, *app.caption))


def test_it_opens_on_a_tune_read_by_a_model_of_characters_and_a_unit_that_stands_for_something() -> None:
    app = open_page()
    assert "char-lstm reads **The Kesh**." in words(app)
    assert "tells best in this piece where there is “Bar line”" in words(app)
    assert app.number_input(key="settings.neurons.place").value > 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_tab_shows_every_kind_of_model(architecture: str) -> None:
    app = open_page(model=architecture)
    for tab in TABS:
        app.session_state["neurons.tab"] = tab
        app.run()
        assert not app.exception
        assert not app.error
        assert f"{architecture} reads **The Kesh**." in words(app)


def test_a_typed_text_that_is_no_tune_is_read_as_characters_and_refused_as_notes() -> None:
    app = open_page()
    app.text_area(key="settings.neurons.text").set_value("no tune at all").run()
    assert "there is no score of it" in words(app)
    assert not app.error
    app.selectbox(key="settings.neurons.network").set_value("beat-lstm-echo").run()
    assert "This is not an ABC tune" in said(app.error[0])
    app.text_area(key="settings.neurons.text").set_value(" ").run()
    assert "There is no text yet" in said(app.error[0])
    assert not app.exception


def test_a_tune_of_a_corpus_is_read() -> None:
    app = open_page(model="beat-lstm-echo")
    app.segmented_control(key="settings.neurons.way").set_value("A tune").run()
    assert "beat-lstm-echo reads **Tune 2**." in words(app)
    assert app.number_input(key="settings.neurons.place").max == 16


def test_a_unit_is_compared_with_another_unit_piece_or_model() -> None:
    app = open_page()
    for way, correlated in (("another unit", True), ("another piece", True), ("another model", False)):
        app.segmented_control(key="settings.neurons.compare").set_value(way).run()
        assert not app.exception
        assert sum("· unit" in one.value for one in app.markdown) == 2
        assert ("correlation" in words(app)) == correlated  # of characters with notes there is none


def test_why_a_note_was_written_leads_here_with_the_piece_and_the_note() -> None:
    piece = Composition("beat-lstm-echo.essen", Beats.from_score(MELODY), MELODY.pitches, SamplingConfig(seed=1))
    app = open_page(**{ASKED: Asked(Source("Mine", piece), "beat-lstm-echo.essen", 3)})
    assert app.session_state["neurons.tab"] == "Why this note"
    assert app.session_state[GIVEN].piece == piece
    assert "Place 4 of 7: C5." in words(app)
    assert "beat-lstm-echo reads **Mine**." in words(app)


def test_the_note_panel_has_the_way_there() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.session_state["score"] = {"picked": {"nonce": "1", "start": 2, "stop": 3}}
    app.run()
    next(button for button in app.button if button.label == "Look inside the model").click().run()
    assert not app.exception
    desk: Desk = app.session_state["desk"]
    assert app.session_state[GIVEN].piece == desk.piece
    assert "Place 3 of" in words(app)


def test_a_note_that_is_clicked_is_the_place_that_is_looked_at() -> None:
    app = open_page("Why this note", "beat-lstm-echo")
    app.session_state["neurons.place.score"] = {"picked": {"nonce": "1", "start": 7, "stop": 8}}
    app.run()
    assert app.number_input(key="settings.neurons.place").value == 8
    assert PICKED not in app.session_state


def test_a_row_of_a_layer_that_is_clicked_is_the_unit_that_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(figure: go.Figure, _key: str, _name: str, _alt: str, on_pick: Callable[[int], None]) -> None:
        for number, (unit,) in enumerate(figure.data[1].customdata):
            st.button(f"Row {number}", on_click=on_pick, args=(int(unit),))

    monkeypatch.setattr(core.ui.neuron_layers, "chart", rows)
    app = open_page("Layer", "char-lstm")
    spread = read_piece("char-lstm.essen", text_source(FIRST_TUNE)).layer("lstm").std(axis=0)
    app.selectbox(key="settings.neurons.layer").set_value("lstm")
    app.selectbox(key="settings.neurons.order").set_value("by how much they vary")
    app.number_input(key="settings.neurons.place").set_value(40).run()
    pressed(app, "Row 0")
    assert app.number_input(key="settings.neurons.unit").value == spread.argmax()
    assert f"lstm · unit {spread.argmax()}" in words(app)
    pressed(app, f"Row {len(spread) - 1}")
    assert app.number_input(key="settings.neurons.unit").value == spread.argmin()
    kept = {name: app.session_state[f"settings.neurons.{name}"] for name in ("layer", "order", "place")}
    assert kept == {"layer": "lstm", "order": "by how much they vary", "place": 40}
    assert app.session_state["neurons.tab"] == "Layer"


def test_a_concept_is_searched_when_asked_and_its_units_are_shown() -> None:
    app = open_page("Find the neuron", "beat-lstm-echo")
    assert not app.dataframe
    pressed(app, "Find units")
    table = app.dataframe[0].value
    assert len(table) == 12
    assert table["training pieces"].is_monotonic_decreasing
    assert "What excites it most" in words(app)
    pressed(app, "Look at this unit")
    assert app.session_state["neurons.tab"] == "One unit"


def test_a_passage_that_is_marked_by_hand_is_searched() -> None:
    app = open_page("Find the neuron", "beat-lstm-echo")
    app.selectbox(key="settings.neurons.concept").set_value("marked").run()
    pressed(app, "Find units")
    assert "no token of these pieces is marked" in said(app.error[0])
    app.number_input(key="settings.neurons.from").set_value(9)
    app.number_input(key="settings.neurons.to").set_value(12).run()
    pressed(app, "Mark")
    assert "4 places marked in this piece, 1 piece marked in all." in words(app)
    pressed(app, "Find units")
    assert "There are no other pieces to score the units on" in words(app)
    app.text_area(key="settings.neurons.text").set_value(FIRST_TUNE.replace("G3 GAB", "d3 dBA")).run()
    pressed(app, "Mark")
    pressed(app, "Find units")
    assert app.dataframe[0].value["validation pieces"].notna().all()
    pressed(app, "Clear")
    assert "0 places marked in this piece, 1 piece marked in all." in words(app)


def test_a_unit_is_switched_off() -> None:
    app = open_page("Switch it off", "beat-lstm-echo")
    pressed(app, "Measure on held-out pieces")
    assert "nats a token as the model is, and" in words(app)
    pressed(app, "Compose both")
    assert [one.value for one in app.subheader][-2:] == ["As it is", "With the unit held"]
    assert not app.error


@pytest.mark.parametrize(
    ("architecture", "given"),
    [
        ("char-lstm", "From the header of this piece, its title left out."),
        ("step-gru-attention", "From the first 2 bars of this piece, 8 bars on."),
        ("piano-transformer", "From the first 5 seconds of this piece, 10 seconds on."),
        ("roll-gru", "From the first 5 seconds of this piece, 10 seconds on."),
        ("piano-accompaniment", "To the first 8 bars of the melody of this piece."),
    ],
)
def test_a_note_of_what_is_composed_leads_to_the_model(
    architecture: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.ui.neuron_held, "write_tune", lambda *_, **__: iter([FIRST_TUNE]))  # else it is no tune
    app = open_page("Switch it off", architecture)
    assert given in words(app)
    pressed(app, "Compose both")
    assert [one.value for one in app.subheader][-2:] == ["As it is", "With the unit held"]
    assert not app.error
    app.session_state["neurons.written.With the unit held"] = {"picked": {"nonce": "1", "start": 1, "stop": 2}}
    app.run()
    assert "Note 2: " in words(app)
    pressed(app, "Look inside the model")
    assert app.session_state["neurons.tab"] == "Why this note"
    title = "The Kesh" if architecture == "char-lstm" else "With the unit held"
    assert f"{architecture} reads **{title}**." in words(app)
    view = read_piece(f"{architecture}.essen", app.session_state[GIVEN])
    assert view.note_of(app.number_input(key="settings.neurons.place").value - 1) == 1


def test_a_piece_for_the_piano_begins_with_what_was_given() -> None:
    source = text_source(FIRST_TUNE)
    given = read_piece("piano-transformer.essen", source).written
    assert given is not None
    played = written_by(source, "piano-transformer.essen", None, 1.0, 3)
    assert isinstance(played, Score)
    kept = [note.pitch for note in given.notes if note.onset * 60 / given.qpm < 5]
    assert list(played.pitches[: len(kept)]) == kept
    assert played.duration * 60 / played.qpm > 10
    accompanied = written_by(source, "piano-accompaniment.essen", None, 1.0, 3)
    assert isinstance(accompanied, Score)
    assert accompanied.time_signature == (6, 8)
    melody = [note.pitch for note in accompanied.notes if note.velocity == 96]
    assert melody == list(given.pitches[: len(melody)])
    assert max(note.onset for note in accompanied.notes if note.velocity == 96) < 8 * 3


def test_a_dimension_of_a_latent_space_is_switched_off_and_not_searched() -> None:
    app = open_page("Switch it off", "step-vae-sequence")
    app.selectbox(key="settings.neurons.layer").set_value("z").run()
    assert "To give it back the model needs" in words(app)
    pressed(app, "Measure on held-out pieces")
    assert "the upper bound of the loss is" in words(app)
    assert "Of the steps it gives back" in words(app)
    app.session_state["neurons.tab"] = "Find the neuron"
    pressed(app.run(), "Find units")
    assert "The dimensions of z are not searched" in words(app)
    assert not app.dataframe[0].value["unit"].str.startswith("z").any()
    source, model = text_source(FIRST_TUNE), "step-vae-sequence.essen"
    assert written_by(source, model, Clamp(model, "z", 0, 20.0), 1.0, 3) != written_by(source, model, None, 1.0, 3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_model_composes_the_same_again_as_it_is_and_something_with_a_unit_held(architecture: str) -> None:
    source, model = text_source(FIRST_TUNE), f"{architecture}.essen"
    layer = next(iter(units_of(read_piece(model, source).checkpoint.model)))
    once, held = written_by(source, model, None, 1.0, 3), written_by(source, model, Clamp(model, layer, 0, 0.4), 1.0, 3)
    assert once == written_by.__wrapped__(source, model, None, 1.0, 3)  # type: ignore[attr-defined]
    assert type(held) is type(once)


def test_the_loss_of_a_held_unit_is_what_the_clamped_model_says() -> None:
    source = text_source(FIRST_TUNE)
    held = Clamp("char-lstm.essen", "lstm", 3, 0.5)
    view = read_piece(held.model, source)
    change = losses(source, held)
    assert change.shape == (len(view.labels),)
    assert np.abs(change[1:]).max() > 0
    values = core.ui.neuron_clamp.trace(held.apply(), view.subject.encoded).layers["lstm"][:, 3]
    np.testing.assert_allclose(values.numpy(), 0.5, atol=1e-5)


def test_exports_hold_what_is_shown() -> None:
    view = read_piece("char-lstm.essen", text_source(FIRST_TUNE))
    with np.load(io.BytesIO(array_file(view))) as arrays:
        np.testing.assert_array_equal(arrays["layer lstm"], view.layer("lstm"))
        assert set(arrays.files) == {"labels", *view.trace.arrays()}
        assert "".join(arrays["labels"][:-1]) == FIRST_TUNE
    rows = text_file(["a", "\n"], {"x": np.array([0.5, -1.0])}).splitlines()
    assert rows == ["place,label,x", "1,a,0.5", "2,\"'", '",-1']  # see ``inert``


def test_attention_is_kept_in_half_of_the_memory_and_shown_in_full_precision() -> None:
    view = read_piece("beat-lstm-echo.essen", Source("Mine", MELODY))
    name, kept = next(iter(view.trace.attention.items()))
    exact = trace(view.checkpoint, view.subject.encoded).attention[name].numpy()
    assert kept.element_size() == 2
    assert view.head(name).dtype == exact.dtype == np.float32
    np.testing.assert_allclose(view.head(name), exact, atol=1e-3)
    with np.load(io.BytesIO(array_file(view))) as arrays:
        np.testing.assert_array_equal(arrays[f"attention {name}"], view.head(name))


@pytest.mark.parametrize(
    "event",
    [
        None, [], {}, {"selection": None}, {"selection": {"points": []}}, {"selection": {"points": {}}},
        *({"selection": {"points": [point]}} for point in (7, {}, {"customdata": None}, {"customdata": []})),
        *({"selection": {"points": [{"customdata": told}]}} for told in ("x", {"0": 1}, ["x"], [[]], [-1], [True])),
        {"selection": {"points": [{"customdata": [float("nan")]}]}},
    ],
)  # fmt: skip
def test_what_a_browser_sends_that_is_no_click_on_a_point_picks_nothing(event: object) -> None:
    assert picked_number(event) is None
    assert picked_number({"selection": {"points": [{"customdata": [3, "note"]}]}}) == 3


@pytest.mark.parametrize(
    ("told", "said"), [({}, "nothing"), ({"customdata": ["x"]}, "nothing"), ({"customdata": [7]}, "7")]
)
def test_a_click_that_was_written_by_hand_is_no_trace_back(told: dict[str, object], said: str) -> None:
    app = AppTest.from_function(clicks, kwargs={"told": told}, default_timeout=60).run()
    assert not app.exception
    assert app.markdown[0].value == said


def clicks(told: dict[str, object]) -> None:
    import streamlit as st

    from core.ui import neuron_view

    sent = {"selection": {"points": [told]}}
    usual = st.plotly_chart
    st.plotly_chart = lambda _, key, on_select, **__: (st.session_state.update({key: sent}), on_select())  # type: ignore[assignment]
    try:
        picked: list[int] = []
        neuron_view.chart(None, "chart", "name", "alt", picked.append)  # type: ignore[arg-type]
    finally:
        st.plotly_chart = usual
    st.markdown(str(picked[0]) if picked else "nothing")


def test_the_strongest_units_are_the_farthest_from_their_usual_value() -> None:
    view = read_piece("char-lstm.essen", text_source(FIRST_TUNE))
    first = strong_units(view, 20)[0]
    values = view.unit(first.layer, first.unit)
    assert first.deviations == pytest.approx((values[20] - values.mean()) / max(values.std(), 0.02), rel=1e-4)
    assert first.layer in units_of(view.checkpoint.model)


def test_notes_have_the_colours_of_a_unit_and_arcs_the_attention_of_all_their_characters() -> None:
    view = read_piece("char-lstm.essen", text_source(FIRST_TUNE))
    values = view.unit("lstm", 0)
    assert len(note_colours(view, values, shared_scale(values))) == len(view.subject.note_tokens)
    first, second, third = view.subject.note_tokens[:3]
    weights = np.zeros(len(view.labels))
    weights[[first, first + 1, second]] = 0.5, 0.25, 0.01  # G3: its letter, its length; too little for an arc
    assert arcs_from(view, third, weights) == [(2, 0, 0.75)]
    assert arcs_from(view, 0, weights) == []


def test_a_performed_melody_is_read_as_it_was_played_and_a_long_one_is_cut() -> None:
    played = Score(tuple(Note(i * 0.517, 0.4, 60 + i % 7) for i in range(12)))
    piece = as_told(played, written=False)
    assert isinstance(piece, Composition)
    view = read_piece("beat-lstm-echo.essen", Source("Played", piece))
    np.testing.assert_allclose(view.subject.encoded.condition[1:, 0], (0.517 - 0.4) / 2, atol=1e-5)
    long = Score(tuple(Note(i, 1, 60 + i % 7) for i in range(900)))
    assert len(read_piece("beat-lstm-echo.essen", Source("Long", long)).labels) == 400
    assert as_told(Score(()), written=True) is None
    with pytest.raises(InputError):
        read_piece("beat-lstm-echo.essen", Source("Nothing"))
