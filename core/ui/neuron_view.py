"""What the Neurons page looks at: a piece as a model reads it, one unit of it, one place in it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec, BeatCodec, StepCodec
from core.composition import Composition
from core.errors import InputError
from core.formats.abc_notation import abc_to_score
from core.formats.spreadsheet import inert
from core.inspection import Subject, Trace, subject, trace, units_of
from core.render.activations import Scale, picture_options, scale_of
from core.score import Score
from core.ui.downloads import file_name
from core.ui.neuron_why import SPACE, Source
from core.ui.page import SETTING, keep
from core.ui.work import checkpoint, turn

if TYPE_CHECKING:
    import plotly.graph_objects as go

Floats = NDArray[np.floating]

LAYER, UNIT, PLACE = SPACE + "layer", SPACE + "unit", SPACE + "place"
TAB = SPACE + "tab"
"""where a visit keeps which tab is open"""
PLACE_TAB, UNIT_TAB, LAYER_TAB, GATES_TAB = "Why this note", "One unit", "Layer", "Gates"
ATTENTION_TAB, SEARCH_TAB, CLAMP_TAB = "Attention", "Find the neuron", "Switch it off"
MAX_CHARACTERS, MAX_NOTES = 2_000, 400
"""of a piece that is looked at; of a longer one its beginning"""
PICTURES: list[Literal["png", "svg"]] = ["png", "svg"]


def told_as(source: Source, codec: object) -> Composition | Score | str:
    """The form in which a model of this codec is to be told of a piece, and as much of it as is looked at."""
    piece = source.piece
    if source.text and isinstance(codec, AbcCharsCodec):
        return source.text[:MAX_CHARACTERS]
    if piece is None:
        return cut(abc_to_score(source.text, expand_repeats=False))
    if isinstance(piece, Score):
        return cut(piece)
    as_it_is = isinstance(codec, BeatCodec) or (piece.continued is not None and isinstance(codec, StepCodec))
    return piece if as_it_is and len(piece.pitches) <= MAX_NOTES else cut(piece.written)


def cut(score: Score) -> Score:
    return replace(score, notes=score.notes[:MAX_NOTES])


class View(NamedTuple):
    """A piece, and what a model did while it read it."""

    source: Source
    checkpoint: Checkpoint
    subject: Subject
    trace: Trace

    @property
    def labels(self) -> list[str]:
        return list(self.subject.labels)

    @property
    def title(self) -> str:
        return self.source.title

    def unit(self, layer: str, unit: int) -> Floats:
        """(T,) What one unit did."""
        return self.layer(layer)[:, unit]

    def layer(self, layer: str) -> Floats:
        """(T, U) What all units of a layer did."""
        values: Floats = self.trace.layers[layer].numpy()
        return values

    @property
    def written(self) -> Score | None:
        """Its notes for the eye; None where it is no music."""
        piece = self.source.piece
        if isinstance(piece, Composition) and self.same_notes(piece.written):
            return piece.written
        return self.subject.score if self.subject.score and self.subject.score.notes else None

    @property
    def performed(self) -> Score | None:
        """Its notes for the ear."""
        piece = self.source.piece
        if isinstance(piece, Composition) and self.same_notes(piece.written):
            return piece.performed
        return self.written

    def same_notes(self, score: Score) -> bool:
        return self.subject.score is not None and len(score.notes) == len(self.subject.score.notes)

    def note_of(self, place: int) -> int | None:
        """The note that is being written at a token, or the last one before it."""
        before = [note for note, token in enumerate(self.subject.note_tokens) if token <= place]
        return before[-1] if before else None


@st.cache_resource(max_entries=6, show_spinner=False)
def read_piece(model: str, source: Source) -> View:
    """What ``model`` does while it reads a piece; raises ``InputError`` where it cannot read it."""
    loaded = checkpoint(model)
    with turn():
        told = subject(loaded, told_as(source, loaded.codec))
        if not len(told.encoded.tokens):
            raise InputError("There is nothing in this piece to read; choose another one.")
        return View(source, loaded, told, trace(loaded, told.encoded))


def is_dark() -> bool:
    """Whether the page is shown light on dark."""
    return st.context.theme.type == "dark"


def shared_scale(*values: Floats) -> Scale:
    return scale_of(*values, dark=is_dark())


def chart(figure: go.Figure, key: str, name: str, alt: str, on_pick: Callable[[int], None] | None = None) -> None:
    """A figure with a bar above it to zoom with and to save it as a picture.

    A click on a point that tells a number is handed to ``on_pick``, before the page is drawn again.
    """
    form = st.session_state.get(SETTING + SPACE + "picture", PICTURES[0])
    key, config = SPACE + key, picture_options(file_name(name), form)
    if on_pick is None:
        st.plotly_chart(figure, key=key, config=config, alt=alt)
        return

    def picked() -> None:
        points = st.session_state[key].selection.points
        if points:
            on_pick(int(points[0]["customdata"][0]))

    st.plotly_chart(figure, key=key, config=config, alt=alt, on_select=picked, selection_mode="points")


def choose_layer(view: View, space: str = SPACE) -> str:
    """One of the layers of a model; another model has others."""
    layers = list(units_of(view.checkpoint.model))
    best = layers[0]
    return st.selectbox("Layer", layers, key=keep(space + "layer", best, layers)) or best


def choose_unit(view: View, layer: str, space: str = SPACE) -> int:
    """One of the units of a layer."""
    last = view.layer(layer).shape[1] - 1
    key = keep(space + "unit", 0)
    st.session_state[key] = min(int(st.session_state[key]), last)
    return int(st.number_input(f"Unit, 0 to {last}", 0, last, step=1, key=key))


def show_unit(layer: str, unit: int, tab: str) -> None:
    """A callback: the page shows this unit in this tab."""
    st.session_state[SETTING + LAYER], st.session_state[SETTING + UNIT] = layer, unit
    st.session_state[TAB] = tab


def pick_unit(unit: int) -> None:
    """A callback: the page shows this unit of the layer that is chosen."""
    st.session_state[SETTING + UNIT] = unit


def show_place(place: int) -> None:
    """A callback: the page shows this token."""
    st.session_state[SETTING + PLACE] = place + 1


def text_file(labels: Sequence[str], columns: dict[str, Floats]) -> str:
    """CSV: the number and label of each token, and its values in columns by name; nothing is taken for a formula."""
    import csv

    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["place", "label", *map(inert, columns)])
    for index, label in enumerate(labels):
        writer.writerow([index + 1, inert(label), *(f"{values[index]:.6g}" for values in columns.values())])
    return file.getvalue()


def array_file(view: View) -> bytes:
    """NPZ: every array of a trace by name, and the labels of its tokens."""
    arrays = {f"layer {name}": values.numpy() for name, values in view.trace.layers.items()}
    for name, gates in view.trace.gates.items():
        arrays |= {f"gate {name} {gate}": values.numpy() for gate, values in gates.items()}
    arrays |= {f"attention {name}": values.numpy() for name, values in view.trace.attention.items()}
    arrays |= {"probabilities": view.trace.probs.numpy(), "surprise": view.trace.surprise.numpy()}
    file = io.BytesIO()
    np.savez_compressed(file, labels=np.array(view.labels), **arrays)  # type: ignore[arg-type]
    return file.getvalue()
