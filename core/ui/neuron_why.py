"""The way from a note of any score to the Neurons page, which shows why a model wrote it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.composition import Composition
from core.formats.pitch_names import pitch_names
from core.score import Score

SPACE = "neurons."
"""what the keys of that page's settings begin with"""
ASKED = SPACE + "asked"
"""where a visit keeps what another page asks, until that page shows it"""


@dataclass(frozen=True)
class Source:
    """A piece to look into: as notes, as the text that writes it, or both."""

    title: str
    piece: Composition | Score | None = None
    """its melody where ``whole`` has more notes"""
    text: str = ""
    whole: Score | None = None
    """all its notes, for models that read them all; None: the piece has no others"""


@dataclass(frozen=True)
class Asked:
    """A note that is to be explained."""

    source: Source
    model: str
    note: int
    """of the score, from 0"""


def why_button(source: Source, model: str, note: int, key: str) -> None:
    """A button that leads to the Neurons page with the same piece and note open, read by ``model``."""
    label, told = "Look inside the model", "Its units and its attention when it came to this note."
    if st.button(label, icon=":material/neurology:", key=key, help=told):
        st.session_state[ASKED] = Asked(source, model, note)
        st.switch_page("pages/neurons.py")


def picked_in(key: str, piece: Composition | Score) -> range:
    """The notes last picked in the score ``key`` of ``piece``, which has no panel of its own."""
    notes, pitches = st.session_state.get(f"{key}.picked", (range(0), ()))
    return notes if pitches == piece.pitches else range(0)


def why_picked(picked: range | None, piece: Composition, key: str) -> None:
    """Keeps what was just picked in that score, and leads from there to the Neurons page."""
    why_in(picked, piece.written, Source(piece.name, piece), piece.model, key)


def why_in(picked: range | None, score: Score, source: Source, model: str, key: str) -> None:
    """``why_picked`` in any ``score`` of ``source`` that has its notes in its order."""
    if picked is not None:
        st.session_state[f"{key}.picked"] = picked, score.pitches
    if notes := picked_in(key, score):
        name = pitch_names(score.pitches, score.key)[notes.start]
        st.caption(f"Note {notes.start + 1}: {name}")
        why_button(source, model, notes.start, f"{key}.why")
