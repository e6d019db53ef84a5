"""One unit over a piece, alone or beside another unit, piece or model; and the notes in its colours."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.checkpoint import ModelCard
from core.render.activations import Scale, text_grid
from core.ui.downloads import file_name
from core.ui.neuron_files import score_files
from core.ui.neuron_piece import choose_source
from core.ui.neuron_score import note_colours, score_of
from core.ui.neuron_view import (
    Floats,
    View,
    chart,
    choose_layer,
    choose_unit,
    read_piece,
    shared_scale,
    show_place,
    text_file,
)
from core.ui.neuron_why import SPACE
from core.ui.page import keep, plain
from core.ui.settings import choose_model
from core.ui.turns import later

OTHER = SPACE + "other."
"""what the keys begin with of the settings of what the unit is compared with"""
NOTHING, UNIT, PIECE, MODEL = "nothing", "another unit", "another piece", "another model"
WAYS = [NOTHING, UNIT, PIECE, MODEL]


def unit_tab(view: View, layer: str, unit: int, place: int, cards: list[ModelCard]) -> None:
    """The text grid of a unit, and the score in its colours; under it what it is compared with."""
    values = view.unit(layer, unit)
    way = st.segmented_control(
        "Compare with", WAYS, key=keep(SPACE + "compare", NOTHING, WAYS), required=True, width="stretch"
    )
    other = compared(view, layer, unit, way or NOTHING, cards)
    theirs = other[0].unit(*other[1:]) if other else values
    scale = shared_scale(values, theirs)
    grid(view, layer, unit, scale, "unit", place)
    if other:
        grid(*other, scale, "compared")
        if len(theirs) == len(values):
            st.caption(f"Their correlation over these {len(values)} places is {correlation(values, theirs)}.")
    score_of(view, "unit.score", place=place, colours=note_colours(view, values, scale))
    name = f"{layer} {unit}"
    on_paper = note_colours(view, values, scale._replace(dark=False))
    score_files(
        view, "unit.score", f"{view.title}, score, {name}", {name: values[list(view.subject.note_tokens)]},
        colours=on_paper,
    )  # fmt: skip


def compared(view: View, layer: str, unit: int, way: str, cards: list[ModelCard]) -> tuple[View, str, int] | None:
    """What the user compares a unit with, None for nothing."""
    if way == NOTHING:
        return None
    if way == PIECE:
        with st.container(border=True):
            source = choose_source(OTHER)
        return (read_piece(view.checkpoint.card.name, source), layer, unit) if source else None
    if way == MODEL:
        with st.container(border=True):
            view = read_piece(choose_model(cards, OTHER).name, view.source)
    with st.container(horizontal=True):
        their_layer = choose_layer(view, OTHER)
        return view, their_layer, choose_unit(view, their_layer, OTHER)


def grid(view: View, layer: str, unit: int, scale: Scale, key: str, place: int | None = None) -> None:
    """The text grid of a unit under what it is, and its values as a file; a click on a cell picks that place."""
    values = view.unit(layer, unit)
    name = f"{view.title}, {layer} {unit}"
    st.markdown(f"**{plain(f'{layer} · unit {unit}')}** · {plain(view.title)} · {plain(view.checkpoint.card.title)}")
    pickable_grid(view, values, scale, key, name, f"Activations of unit {unit} of {layer} over the piece", place)
    st.download_button(
        "Values (CSV)",
        later(lambda: text_file(view.labels, {f"{layer} {unit}": values})),
        file_name(name) + ".csv",
        "text/csv",
        on_click="ignore",
        key=f"{SPACE}{key}.csv",
    )


def pickable_grid(
    view: View, values: Floats, scale: Scale, key: str, name: str, alt: str, place: int | None = None
) -> None:
    """A text grid that scrolls sideways where the page is narrow; where ``place`` is shown, a click picks another."""
    here = [] if place is None else [place]
    with st.container(key=f"{SPACE}{key}.wide".replace(".", "-")):
        chart(
            text_grid(view.labels, values, scale, here=here, pickable=place is not None),
            key, name, alt, on_pick=None if place is None else show_place,
        )  # fmt: skip


def correlation(first: Floats, second: Floats) -> str:
    if not (first.std() > 0 and second.std() > 0):
        return "not defined, as one of them never changes"
    return f"{np.corrcoef(first, second)[0, 1]:.2f}".replace("-", "\N{MINUS SIGN}")
