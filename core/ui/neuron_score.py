"""The score of a piece on the Neurons page: notes in the colours of a unit, arcs for attention; a click picks one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from core.errors import InputError
from core.piano_notation.beats import is_written
from core.render.activations import Scale
from core.render.notation import NARROW, WIDE
from core.score import Score
from core.ui.components.score_view import NOTHING, score_view
from core.ui.neuron_view import Floats, View
from core.ui.neuron_why import SPACE
from core.ui.page import plain
from core.ui.spoken import spoken
from core.ui.work import AUDIO_MIME, engraved, piano_engraved, sound

Draw = Callable[[Score, int], str]
"""the SVG of a score, for a page so wide"""

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
    picked = music(written, performed, key, draw=drawing_of(view), selected=selected, colours=colours, arcs=arcs)
    if picked and picked != selected:
        st.session_state[PICKED] = view.subject.note_tokens[picked.start]
        st.rerun()  # what stands above the score shows that place too


def music(
    written: Score,
    performed: Score,
    key: str,
    *,
    draw: Draw = engraved,
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
        draw(written, wide),
        [(note.onset * sec, note.offset * sec) for note in performed.notes],
        audio or "",
        key=SPACE + key,
        mime=AUDIO_MIME,
        selected=selected,
        narrow_svg=draw(written, narrow),
        names=spoken(written, written=draw is engraved or is_written(written)),
        colours=colours,
        arcs=arcs,
    )
    st.caption(plain(f"Played by {engine}. {notice}".strip() if engine else notice))
    return picked


def drawing_of(view: View) -> Draw:
    """How the notes that a model reads are drawn: on the page that it writes for they look the same."""
    return on_two_staves if view.all_notes else engraved


def on_two_staves(score: Score, page_width: int) -> str:
    """The SVG of piano music, its notes numbered as they are where ``single_strokes`` has been there."""
    return piano_engraved(score, *look_of(score), page_width)


def look_of(score: Score) -> tuple[bool, str | None]:
    """Whether piano music is notated as a performance, and its key: that of a performance is estimated."""
    return (False, score.key) if is_written(score) else (True, None)


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
    shares = note_shares(view, weights)
    return [(here, int(note), float(shares[note])) for note in np.flatnonzero(shares >= FEWEST_SHARE) if note != here]


def note_shares(view: View, weights: Floats) -> Floats:
    """(N,) The attention (S,) to all tokens of each note; of notes that are one token, the last one has it."""
    owners = view.subject.owners
    num_notes = len(view.subject.note_tokens)
    shares: Floats = np.bincount(owners[owners >= 0], weights[owners >= 0], minlength=num_notes).astype(np.float64)
    return shares
