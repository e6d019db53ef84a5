"""Switch it off: a unit held at one value, and what that does to the piece, to the corpus and to what is composed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from core.inspection import Measured, ablation, clamp_range, sample, trace
from core.latent import is_latent
from core.ui.neuron_held import Clamp, composed
from core.ui.neuron_unit import pickable_grid
from core.ui.neuron_view import Floats, View, read_piece, shared_scale
from core.ui.neuron_why import SPACE, Source
from core.ui.page import count, keep, plain_errors
from core.ui.result import signed
from core.ui.turns import shared, turn
from core.ui.work import checkpoint

FURTHEST = 3.0
"""from nought that a unit without bounds can be held, unless it goes farther by itself"""


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


@shared(16)
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


@shared(64)
def corpus_change(held: Clamp) -> Change:
    """The loss on some validation pieces of a model's corpus, always the same ones, with and without a unit held."""
    model = checkpoint(held.model)
    with st.spinner("Reading held-out pieces …"), turn():
        pieces = [one.encoded for one in sample(model, "valid")]
        before, after = ablation(model, held.layer, held.unit, held.value, pieces)
    return Change(before, after, len(pieces), sum(len(piece.tokens) for piece in pieces))


def signed_change(nats: float) -> str:
    return ("+" if nats >= 0 else "") + signed(nats, 4) + " nats"
