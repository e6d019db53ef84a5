"""A unit that is held at one value, and what the model composes with it beside what it composes without."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import streamlit as st

from core.accompaniment import accompany
from core.beats import Beats
from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec
from core.composition import Composition, compose
from core.continuation import continue_melody, seed_of, step_codec
from core.formats.abc_notation import abc_to_score, header_fields
from core.inspection import clamped, reads_all_notes
from core.piano import opening, write_piano
from core.piano_notation import single_strokes
from core.render.notation import NARROW
from core.rhythm import MAX_NOTES
from core.sampling import SamplingConfig
from core.score import Score, monophonic
from core.tunes import write_tune
from core.ui.neuron_score import Draw, music, on_two_staves
from core.ui.neuron_told import all_notes, written_in
from core.ui.neuron_view import View, read_piece
from core.ui.neuron_why import SPACE, Source, picked_in, why_in, why_picked
from core.ui.page import keep, plain, plain_errors
from core.ui.result import sheet
from core.ui.settings import MAX_PAGE_SEED
from core.ui.turns import shared, turn
from core.ui.work import PAIR_WIDTH, checkpoint, engraved

SEED_BARS, NEW_BARS = 2, 8
SEED_SEC, NEW_SEC = 5, 10
MAX_CHARACTERS = 800
COMPARED = SPACE + "compared.clamped"

Written = Composition | Source | Score
"""a melody, a text, or piano music"""


class Clamp(NamedTuple):
    """A unit that is held at a value."""

    model: str
    layer: str
    unit: int
    value: float

    def apply(self) -> Checkpoint:
        """A copy of the model in which it is held; raises ``InputError`` where it cannot be."""
        return clamped(checkpoint(self.model), self.layer, self.unit, self.value)


def composed(view: View, held: Clamp) -> None:
    """What the model composes from the same beginning and random seed, as it is and with the unit held."""
    st.subheader("Composed with it and without", anchor=False)
    st.caption(plain(beginning(view)))
    warmth, number, press = st.columns([2, 1, 1], vertical_alignment="bottom")
    usual = view.checkpoint.card.sampling_defaults.temperature
    temperature = warmth.slider("Temperature", 0.1, 2.0, step=0.05, key=keep(SPACE + "temperature", min(usual, 2.0)))
    seed = number.number_input("Random seed", 0, MAX_PAGE_SEED, key=keep(SPACE + "seed", 1), step=1)
    wanted = (view.source, held, temperature, int(seed))
    if press.button("Compose both", type="primary", icon=":material/auto_awesome:", width="stretch"):
        st.session_state[COMPARED] = wanted
    if st.session_state.get(COMPARED) != wanted:
        return
    for column, title, unit_held in zip(st.columns(2), ("As it is", "With the unit held"), (None, held), strict=True):
        with column, plain_errors():
            shown(written_by(view.source, held.model, unit_held, temperature, int(seed)), title, held.model)


def beginning(view: View) -> str:
    """What is given to both."""
    codec = view.checkpoint.codec
    if isinstance(codec, BeatCodec):
        return "On the rhythm of this piece."
    if isinstance(codec, AbcCharsCodec):
        return "From the header of this piece, its title left out."
    if isinstance(codec, ArrangementCodec):
        return f"To the first {NEW_BARS} bars of the melody of this piece."
    if view.all_notes:
        return f"From the first {SEED_SEC} seconds of this piece, {NEW_SEC} seconds on."
    return f"From the first {SEED_BARS} bars of this piece, {NEW_BARS} bars on."


@shared(16)
def written_by(source: Source, model: str, held: Clamp | None, temperature: float, seed: int) -> Written:
    """A piece of the model's from the beginning of ``source``, by the model as it is or with a unit held."""
    view = read_piece(model, source)
    writer = held.apply() if held else view.checkpoint
    sampling = replace(SamplingConfig(), temperature=temperature, seed=seed)
    with st.spinner("Composing …"), turn():
        if isinstance(writer.codec, AbcCharsCodec):
            *_, text = write_tune(writer, prompt_of(source, view), sampling, max_characters=MAX_CHARACTERS)
            return Source(header_fields(text).get("T", "").strip() or "Tune", text=text)
        if isinstance(writer.codec, ArrangementCodec):
            return single_strokes(accompany(writer, first_bars(source), sampling).score)
        if reads_all_notes(writer.codec):
            prompt = opening(all_notes(source), SEED_SEC)
            return single_strokes(write_piano(writer, NEW_SEC, sampling, prompt=prompt).score)
        return melody_by(writer, view, sampling)


def melody_by(writer: Checkpoint, view: View, sampling: SamplingConfig) -> Composition:
    """On the rhythm of the piece at hand, or on from its first bars."""
    piece, melody = view.source.piece, view.written
    assert melody is not None  # only text may be without notes
    if isinstance(writer.codec, BeatCodec):
        beats = piece.beats if isinstance(piece, Composition) else Beats.from_score(melody)
        return compose(writer, beats.cut(MAX_NOTES), sampling)[0]
    return continue_melody(writer, seed_of(melody, step_codec(writer), SEED_BARS), NEW_BARS, sampling)[0]


def first_bars(source: Source) -> Score:
    """The beginning of the melody of a piece."""
    melody = monophonic(written_in(source))
    first = melody.notes[0].onset if melody.notes else 0.0
    stop = first + melody.upbeat + NEW_BARS * melody.bar_length
    return replace(melody, notes=tuple(note for note in melody.notes if note.onset < stop))


def prompt_of(source: Source, view: View) -> str:
    """The header of a text without the title, by which a model might know the tune."""
    lines = "".join(view.labels).split("\n")
    header = lines[: next((i for i, line in enumerate(lines) if line.startswith("K:")), -1) + 1]
    return "".join(f"{line}\n" for line in header if not line.startswith("T:")) or "X:1\n"


def shown(piece: Written, title: str, model: str) -> None:
    """A piece seen and heard; of a text the text, and its score where it has one. Its notes lead to the model."""
    key = f"written.{title}"
    if isinstance(piece, Composition):
        piece = replace(piece, title=title)
        mine = SPACE + key
        why_picked(sheet(piece, title, mine, (PAIR_WIDTH, NARROW), picked_in(mine, piece)), piece, mine)
        return
    st.subheader(title, anchor=False)
    if isinstance(piece, Score):
        pickable(piece, Source(title, piece), model, key, on_two_staves)
        return
    st.code(piece.text, language=None, wrap_lines=True)
    score = abc_to_score(piece.text, expand_repeats=False)  # its one sentence says why a text is no tune
    pickable(score, piece, model, key, engraved)


def pickable(score: Score, source: Source, model: str, key: str, draw: Draw) -> None:
    """A score of ``source`` whose notes lead to the model."""
    widths, selected = (PAIR_WIDTH, NARROW), picked_in(SPACE + key, score)
    why_in(music(score, score, key, draw=draw, widths=widths, selected=selected), score, source, model, SPACE + key)
