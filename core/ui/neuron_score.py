"""The score of a piece on the Neurons page: notes in the colours of a unit, arcs for attention; a click picks one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.errors import InputError
from core.render.activations import Scale
from core.render.notation import NARROW, WIDE
from core.score import Score
from core.ui.components.score_view import NOTHING, score_view
from core.ui.neuron_view import Floats, View
from core.ui.neuron_why import SPACE
from core.ui.page import plain
from core.ui.work import AUDIO_MIME, engraved, sound

PICKED = SPACE + "picked"
"""where a run leaves the token of a note that was clicked, for the next one"""
FEWEST_SHARE = 0.03
"""of its attention that a note must have for an arc"""
NOUGHT = {False: "#a8a196", True: "#8b857a"}
"""the colour of a note at which a unit is nought, on light and on dark: the ground's would hide it"""


def score_of(
    view: View,
    key: str,
    *,
    place: int,
    colours: Sequence[str] = (),
    arcs: Sequence[tuple[int, int, float]] = (),
) -> None:
    """The score, with its sound; a click on a note has the page look at that place."""
    written, performed = view.written, view.performed
    if written is None or performed is None:
        st.caption("This text is no tune that could be engraved, so there is no score of it.")
        return
    note = view.note_of(place)
    selected = NOTHING if note is None else range(note, note + 1)
    picked = music(written, performed, key, selected=selected, colours=colours, arcs=arcs)
    if picked and picked != selected:
        st.session_state[PICKED] = view.subject.note_tokens[picked.start]
        st.rerun()  # what stands above the score shows that place too


def music(
    written: Score,
    performed: Score,
    key: str,
    *,
    widths: tuple[int, int] = (WIDE, NARROW),
    selected: range = NOTHING,
    colours: Sequence[str] = (),
    arcs: Sequence[tuple[int, int, float]] = (),
) -> range | None:
    """A score and what plays it; returns what was just picked."""
    try:
        audio, engine, notice = sound(performed, 0)
    except InputError as error:
        audio, engine, notice = b"", "", str(error)
    sec = 60.0 / performed.qpm
    wide, narrow = widths
    picked = score_view(
        engraved(written, wide),
        [(note.onset * sec, note.offset * sec) for note in performed.notes],
        audio or "",
        key=SPACE + key,
        mime=AUDIO_MIME,
        selected=selected,
        narrow_svg=engraved(written, narrow),
        colours=colours,
        arcs=arcs,
    )
    st.caption(plain(f"Played by {engine}. {notice}".strip() if engine else notice))
    return picked


def note_colours(view: View, values: Floats, scale: Scale) -> list[str]:
    """Of each note, by what a unit is (T,) once it has been read: in no colour of the page's ground."""
    return scale._replace(nought=NOUGHT[scale.dark]).colours(values[list(view.subject.note_tokens)])


def arcs_from(view: View, place: int, weights: Floats) -> list[tuple[int, int, float]]:
    """From the note at a token to the notes that its prediction looked at: the attention (S,) to all tokens of a note.

    The source places of a model that reads beats, or tokens of one each, are its notes.
    """
    here = view.note_of(place)
    if here is None:
        return []
    starts = np.array(view.subject.note_tokens)
    owner = np.searchsorted(starts, np.arange(len(weights)), side="right") - 1  # (S,)
    shares = np.bincount(owner[owner >= 0], weights[owner >= 0], minlength=len(starts))
    return [(here, int(note), float(shares[note])) for note in np.flatnonzero(shares >= FEWEST_SHARE) if note != here]
