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
from core.composition import Composition
from core.errors import InputError
from core.formats.spreadsheet import inert
from core.inspection import Subject, Trace, reads_all_notes, subject, trace, units_of
from core.render.activations import Scale, picture_options, scale_of
from core.score import Score
from core.ui.components.mount import picked_number
from core.ui.downloads import file_name
from core.ui.neuron_told import as_engraved, told_as
from core.ui.neuron_why import SPACE, Source
from core.ui.page import SETTING, keep
from core.ui.turns import shared, turn
from core.ui.work import checkpoint

if TYPE_CHECKING:
    import plotly.graph_objects as go

Floats = NDArray[np.floating]

LAYER, UNIT, PLACE = SPACE + "layer", SPACE + "unit", SPACE + "place"
TAB = SPACE + "tab"
"""where a visit keeps which tab is open"""
PLACE_TAB, UNIT_TAB, LAYER_TAB, GATES_TAB = "Why this note", "One unit", "Layer", "Gates"
ATTENTION_TAB, SEARCH_TAB, CLAMP_TAB = "Attention", "Find the neuron", "Switch it off"
PICTURES: list[Literal["png", "svg"]] = ["png", "svg"]


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

    def head(self, name: str) -> Floats:
        """(T, S) Where one attention looked."""
        weights: Floats = self.trace.attention[name].float().numpy()
        return weights

    @property
    def all_notes(self) -> bool:
        """Whether it is read, and engraved, as piano music."""
        return reads_all_notes(self.checkpoint.codec)

    @property
    def composition(self) -> Composition | None:
        """The piece as it was made, where the model reads the same notes."""
        piece, score = self.source.piece, self.subject.score
        if self.all_notes or score is None or not isinstance(piece, Composition):
            return None
        return piece if len(piece.pitches) == len(score.notes) else None

    @property
    def written(self) -> Score | None:
        """Its notes for the eye; None where it is no music."""
        if self.composition:
            return self.composition.written
        return self.subject.score if self.subject.score and self.subject.score.notes else None

    @property
    def performed(self) -> Score | None:
        """Its notes for the ear."""
        return self.composition.performed if self.composition else self.written

    def note_of(self, place: int) -> int | None:
        """The note that is being written at a token, or the last one before it."""
        note = int(self.subject.owners[place])
        return None if note < 0 else note


@shared(4)  # one of all attention of a long piano piece has 130 MB
def read_piece(model: str, source: Source) -> View:
    """What ``model`` does while it reads a piece; raises ``InputError`` where it cannot read it."""
    loaded = checkpoint(model)
    with turn():
        piece = told_as(source, loaded.codec)
        told = subject(loaded, piece)
        if isinstance(piece, Score) and reads_all_notes(loaded.codec):
            told = as_engraved(told, piece)
        if not len(told.encoded.tokens):
            raise InputError("There is nothing in this piece to read; choose another one.")
        seen = trace(loaded, told.encoded)
        maps = {name: weights.half() for name, weights in seen.attention.items()}  # finer than any colour
        return View(source, loaded, told, replace(seen, attention=maps))


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
        number = picked_number(st.session_state[key])
        if number is not None:
            on_pick(number)

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


def text_file(labels: Sequence[str], columns: dict[str, Floats], numbered: str = "place") -> str:
    """CSV: the number and label of each token, or of each of what is ``numbered``, and its values in columns by name.

    No spreadsheet takes anything in it for a formula.
    """
    import csv

    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([numbered, "label", *map(inert, columns)])
    for index, label in enumerate(labels):
        writer.writerow([index + 1, inert(label), *(f"{values[index]:.6g}" for values in columns.values())])
    return file.getvalue()


def array_file(view: View) -> bytes:
    """NPZ: every array of a trace by name, and the labels of its tokens."""
    heads = {name: weights.float() for name, weights in view.trace.attention.items()}
    return replace(view.trace, attention=heads).to_npz(view.labels)
