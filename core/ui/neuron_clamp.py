"""Switch it off: a unit held at one value, and what that does to the piece, to the corpus and to what is composed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import streamlit as st

from core.beats import Beats
from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec, BeatCodec
from core.composition import Composition, compose
from core.continuation import continue_melody, seed_of, step_codec
from core.formats.abc_notation import abc_to_score
from core.inspection import Measured, ablation, clamp_range, clamped, sample, trace
from core.latent import is_latent
from core.render.notation import NARROW
from core.rhythm import MAX_NOTES
from core.sampling import SamplingConfig
from core.tunes import write_tune
from core.ui.neuron_score import music
from core.ui.neuron_unit import pickable_grid
from core.ui.neuron_view import Floats, View, read_piece, shared_scale
from core.ui.neuron_why import SPACE, Source
from core.ui.page import count, keep, plain, plain_errors
from core.ui.result import sheet, signed
from core.ui.settings import MAX_PAGE_SEED
from core.ui.work import PAIR_WIDTH, checkpoint, turn

SEED_BARS, NEW_BARS = 2, 8
MAX_CHARACTERS = 800
FURTHEST = 3.0
"""from nought that a unit without bounds can be held, unless it goes farther by itself"""
COMPARED = SPACE + "compared.clamped"


class Clamp(NamedTuple):
    """A unit that is held at a value."""

    model: str
    layer: str
    unit: int
    value: float

    def apply(self) -> Checkpoint:
        """A copy of the model in which it is held; raises ``InputError`` where it cannot be."""
        return clamped(checkpoint(self.model), self.layer, self.unit, self.value)


class Change(NamedTuple):
    """How a model does on held-out pieces as it is and with a unit held."""

    before: Measured
    after: Measured
    num_pieces: int
    num_tokens: int


def clamp_tab(view: View, layer: str, unit: int, place: int) -> None:
    """The value to hold the unit at, and all that follows from it."""
    low, high = clamp_range(view.checkpoint.model, layer)
    reach = max(FURTHEST, float(np.abs(view.layer(layer)).max()))
    low, high = max(low, -reach), min(high, reach)
    key = keep(SPACE + "clamp", 0.0)
    st.session_state[key] = min(max(float(st.session_state[key]), low), high)
    value = st.slider(
        f"Hold unit {unit} of {layer} at", low, high, step=0.05, key=key, help="0 switches it off.", format="%.2f"
    )
    held = Clamp(view.checkpoint.card.name, layer, unit, value)
    with plain_errors():
        on_piece(view, held, place)
    with plain_errors():
        on_corpus(held)
    with plain_errors():
        composed(view, held)


def on_piece(view: View, held: Clamp, place: int) -> None:
    """Which tokens of the piece the model foretells worse without the unit, and which better."""
    st.subheader("On this piece", anchor=False)
    lost = losses(view.source, held)
    before = float(view.trace.surprise.mean())
    needs = "To give it back the model needs" if is_latent(view.checkpoint.card) else "The model needs"
    st.markdown(
        f"{needs} {before:.3f} nats a token, and {before + float(lost.mean()):.3f} with the unit held: "
        f"**{signed_change(float(lost.mean()))}**. Cells show the change: above 0 it is more surprised than before."
    )
    pickable_grid(
        view, lost, shared_scale(lost), "clamp.grid", f"{view.title}, {held.layer} {held.unit} held",
        "Change of the surprise at each token, in nats", place,
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner=False)
def losses(source: Source, held: Clamp) -> Floats:
    """(T,) nats by which each token of a piece is less expected while a unit is held."""
    view = read_piece(held.model, source)
    with turn():
        after = trace(held.apply(), view.subject.encoded, attention=False).surprise
    change: Floats = (after - view.trace.surprise).numpy()
    return change


def on_corpus(held: Clamp) -> None:
    """The change of the loss on held-out pieces, when it is asked for."""
    st.subheader("On the corpus", anchor=False)
    wanted = SPACE + "measured"
    if st.button("Measure on held-out pieces", icon=":material/monitoring:"):
        st.session_state[wanted] = held
    if st.session_state.get(wanted) != held:
        st.caption("Reads some validation pieces twice, which takes a while.")
        return
    change = corpus_change(held)
    st.markdown(what_it_costs(change))


def what_it_costs(change: Change) -> str:
    """The change in words; a VAE tells no likelihood, but a bound of it, and how much of the music it gives back."""
    before, after = change.before, change.after
    what = "loss" if before.given_back is None else "upper bound of the loss"
    told = (
        f"On {count(change.num_pieces, 'validation piece')} ({count(change.num_tokens, 'token')}) the {what} is "
        f"{before.nats:.4f} nats a token as the model is, and {after.nats:.4f} with the unit held: "
        f"**{signed_change(after.nats - before.nats)}**."
    )
    if before.given_back is None or after.given_back is None:
        return told
    return told + (
        f" Of the steps it gives back {100 * before.given_back:.1f} %, and {100 * after.given_back:.1f} % "
        "with the unit held."
    )


@st.cache_data(max_entries=64, show_spinner=False)
def corpus_change(held: Clamp) -> Change:
    """The loss on some validation pieces of a model's corpus, always the same ones, with and without a unit held."""
    model = checkpoint(held.model)
    with st.spinner("Reading held-out pieces …"), turn():
        pieces = [one.encoded for one in sample(model, "valid")]
        before, after = ablation(model, held.layer, held.unit, held.value, pieces)
    return Change(before, after, len(pieces), sum(len(piece.tokens) for piece in pieces))


def signed_change(nats: float) -> str:
    return ("+" if nats >= 0 else "") + signed(nats, 4) + " nats"


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
            shown(written_by(view.source, held.model, unit_held, temperature, int(seed)), title)


def beginning(view: View) -> str:
    """What is given to both."""
    codec = view.checkpoint.codec
    if isinstance(codec, BeatCodec):
        return "On the rhythm of this piece."
    if isinstance(codec, AbcCharsCodec):
        return "From the header of this piece, its title left out."
    return f"From the first {SEED_BARS} bars of this piece, {NEW_BARS} bars on."


@st.cache_data(max_entries=16, show_spinner="Composing …")
def written_by(source: Source, model: str, held: Clamp | None, temperature: float, seed: int) -> Composition | Source:
    """A piece of the model's from the beginning of ``source``, by the model as it is or with a unit held."""
    view = read_piece(model, source)
    writer = held.apply() if held else view.checkpoint
    sampling = replace(SamplingConfig(), temperature=temperature, seed=seed)
    if isinstance(writer.codec, AbcCharsCodec):
        with turn():
            *_, text = write_tune(writer, prompt_of(source, view), sampling, max_characters=MAX_CHARACTERS)
        return Source("Tune", text=text)
    melody = view.written
    assert melody is not None  # only text may be without notes
    with turn():
        if isinstance(writer.codec, BeatCodec):
            piece = source.piece
            beats = piece.beats if isinstance(piece, Composition) else Beats.from_score(melody)
            return compose(writer, beats.cut(MAX_NOTES), sampling)[0]
        start = seed_of(melody, step_codec(writer), SEED_BARS)
        return continue_melody(writer, start, NEW_BARS, sampling)[0]


def prompt_of(source: Source, view: View) -> str:
    """The header of a text without the title, by which a model might know the tune."""
    lines = "".join(view.labels).split("\n")
    header = lines[: next((i for i, line in enumerate(lines) if line.startswith("K:")), -1) + 1]
    return "".join(f"{line}\n" for line in header if not line.startswith("T:")) or "X:1\n"


def shown(piece: Composition | Source, title: str) -> None:
    """A piece seen and heard; of a text the text, and its score where it has one."""
    key = f"{SPACE}written.{title}"
    if isinstance(piece, Composition):
        sheet(replace(piece, title=title), title, key, (PAIR_WIDTH, NARROW))
        return
    st.subheader(title, anchor=False)
    st.code(piece.text, language=None, wrap_lines=True)
    score = abc_to_score(piece.text)  # its one sentence says why a text is no tune
    music(score, score, key, widths=(PAIR_WIDTH, NARROW))
