"""Passages that a user marks in pieces, for units that tell them from the rest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core.inspection import Concept, by_hand
from core.render.activations import Scale
from core.ui.neuron_score import drawing_of, music
from core.ui.neuron_unit import pickable_grid
from core.ui.neuron_view import View, is_dark
from core.ui.neuron_why import SPACE, Source
from core.ui.page import SETTING, count, keep

MARKED = "marked"
"""what a passage marked by hand is called among the concepts"""
MARKS = SPACE + "marks"
"""where a visit keeps the places that are marked, by codec and piece"""
FROM, TO = SPACE + "from", SPACE + "to"

Marks = dict[Source, frozenset[int]]


def marks_of(view: View) -> Marks:
    """The marks of this visit in the tokens of the model's codec."""
    by_codec: dict[str, Marks] = st.session_state.setdefault(MARKS, {})
    return by_codec.setdefault(view.checkpoint.codec.name, {})


def marked_concept(places: Mapping[tuple[str, ...], frozenset[int]]) -> Concept:
    """What is marked, by what is written in a piece."""
    return Concept(
        "A passage that I mark",
        "Mark one or more passages of the piece; mark another piece too, and the units are scored on that one.",
        lambda subject: by_hand(places.get(subject.labels, frozenset())).label(subject),
    )


def marking(view: View) -> None:
    """The piece with what is marked in it, and ways to mark more: from one place to another, or notes of its score."""
    marks, last = marks_of(view), len(view.labels)
    places = marks.get(view.source, frozenset())
    for key in (FROM, TO):
        keep(key, 1)
        st.session_state[SETTING + key] = min(int(st.session_state[SETTING + key]), last)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    start = row.number_input("From place", 1, last, step=1, key=SETTING + FROM)
    stop = row.number_input("To place", 1, last, step=1, key=SETTING + TO)
    chosen = frozenset(range(min(start, stop) - 1, max(start, stop)))
    row.button("Mark", icon=":material/ink_highlighter:", on_click=mark, args=(marks, view.source, places | chosen))
    nothing: frozenset[int] = frozenset()
    row.button(
        "Clear", icon=":material/ink_eraser:", on_click=mark, args=(marks, view.source, nothing), disabled=not places
    )
    st.caption(f"{count(len(places), 'place')} marked in this piece, {count(len(marks), 'piece')} marked in all.")
    values = np.isin(np.arange(last), list(places)).astype(np.float32)
    pickable_grid(view, values, Scale(0.0, 1.0, is_dark()), "marks", "Marked passages", "Which places are marked")
    if view.written is not None and view.performed is not None:
        st.caption("Or drag over notes of the score.")
        picked = music(view.written, view.performed, "marks.score", draw=drawing_of(view))
        if picked:
            mark(marks, view.source, places | view.subject.tokens_of(picked))
            st.rerun()


def mark(marks: Marks, source: Source, places: frozenset[int]) -> None:
    """Gives a piece these marks and no others."""
    marks[source] = places
    if not places:
        del marks[source]
