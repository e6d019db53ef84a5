"""Why this note: the alternatives at one place of a piece, what its prediction looked at, and the strongest units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from core.formats.pitch_names import pitch_name
from core.inspection import labels
from core.render.activations import attention_map, bars, place_names, visible
from core.ui.downloads import file_name
from core.ui.neuron_files import score_files
from core.ui.neuron_score import arcs_from, note_shares, score_of
from core.ui.neuron_unit import pickable_grid
from core.ui.neuron_view import UNIT_TAB, View, chart, is_dark, shared_scale, show_unit, text_file
from core.ui.neuron_why import SPACE
from core.ui.page import count, keep, plain
from core.ui.result import signed
from core.ui.turns import later

NUM_ALTERNATIVES = 12
NUM_UNITS = 10
LEAST_SPREAD = 0.02
"""of a unit over a piece, in the unit of its layer: below it, it hardly ever changes"""
BELOW_ONE = 0.0005


class Strong(NamedTuple):
    """A unit at one place."""

    layer: str
    unit: int
    value: float
    usual: float
    """its mean over the piece"""
    deviations: float
    """standard deviations from there"""


def place_tab(view: View, place: int) -> None:
    """What the model expected at a token, what it looked at, and what its units were like just before."""
    if view.trace.attention:
        head = choose_head(view)
        looked_at(view, "place.score", place, head)
    elif view.written is not None:
        score_of(view, "place.score", place=place)
    st.markdown(sentence(view, place))
    before, units = st.columns(2)
    with before:
        st.subheader("What else might stand here", anchor=False)
        alternatives(view, place)
    with units:
        st.subheader("The strongest units", anchor=False)
        strongest(view, place)


def sentence(view: View, place: int) -> str:
    """What stands at a token and how likely it was held."""
    probs = view.trace.probs[place]
    token = int(view.subject.encoded.tokens[place])
    rank = int((probs > probs[token]).sum()) + 1
    surprise = float(view.trace.surprise[place])
    return (
        f"**Place {place + 1} of {len(view.labels)}: {plain(visible(view.labels[place]))}.** From what it had read, "
        f"the model held it to be {share(float(probs[token]))} likely: number {rank} of all that might stand here, "
        f"a surprise of {surprise:.2f} nats."
    )


def share(prob: float) -> str:
    return "less than 0.1 %" if prob < 2 * BELOW_ONE else f"{100 * prob:.1f} %"


def alternatives(view: View, place: int) -> None:
    """The likeliest tokens at a place, and the one that stands there."""
    probs, token = view.trace.probs[place], int(view.subject.encoded.tokens[place])
    listed = probs.topk(min(NUM_ALTERNATIVES, len(probs))).indices.tolist()
    listed = [one for one in listed if probs[one] > 0]
    if token not in listed:
        listed[-1:] = [token]
    names = [name_of(view, one) for one in listed]
    chart(
        bars(names, [float(probs[one]) for one in listed], chosen=listed.index(token)),
        "alternatives", f"{view.title}, place {place + 1}", f"Probabilities of what might stand at place {place + 1}",
    )  # fmt: skip


def name_of(view: View, token: int) -> str:
    """What a token would be called in this piece."""
    codec, key = view.checkpoint.codec, view.written.key if view.written else "C"
    if codec.pitches and codec.pitches[token] >= 0:
        return pitch_name(codec.pitches[token], key)
    return labels(codec, [token])[0]


def strongest(view: View, place: int) -> None:
    """The units that were farthest from what is usual for them when the model chose what stands here."""
    if place == 0:
        st.caption("Nothing had been read yet: the units are as they always are before a first token.")
        return
    found = strong_units(view, place - 1)
    st.caption("How far each is from its own mean over the piece, in standard deviations; choose one to see all of it.")
    with st.container(horizontal=True):
        for one in found:
            st.button(
                f"{plain(f'{one.layer} · {one.unit}')}  \n{signed(one.deviations, 1)}",
                key=f"{SPACE}strong.{one.layer}.{one.unit}",
                help=f"It is {signed(one.value, 2)} here, {signed(one.usual, 2)} on average.",
                on_click=show_unit,
                args=(one.layer, one.unit, UNIT_TAB),
            )


def strong_units(view: View, place: int) -> list[Strong]:
    """After the token at ``place`` was read, the ``NUM_UNITS`` units that are farthest from their usual value."""
    found = []
    for layer in view.trace.layers:
        values = view.layer(layer)  # (T, U)
        mean, spread = values.mean(axis=0), np.maximum(values.std(axis=0), LEAST_SPREAD)
        deviations = (values[place] - mean) / spread
        for unit in np.argsort(-np.abs(deviations))[:NUM_UNITS].tolist():
            facts = (float(values[place, unit]), float(mean[unit]), float(deviations[unit]))
            found.append(Strong(layer, unit, *facts))
    return sorted(found, key=lambda one: -abs(one.deviations))[:NUM_UNITS]


def choose_head(view: View) -> str:
    heads = list(view.trace.attention)
    return st.selectbox("Attention", heads, key=keep(SPACE + "head", heads[0], heads)) or heads[0]


def looked_at(view: View, key: str, place: int, head: str) -> None:
    """The score with arcs from the note at ``place`` to those that its prediction looked at, and that as files."""
    if view.written is None:
        return
    weights = view.head(head)[place]
    arcs = arcs_from(view, place, weights)
    score_of(view, key, place=place, arcs=arcs)
    name = f"{view.title}, score, {head} at place {place + 1}"
    score_files(view, key, name, {head: note_shares(view, weights)}, arcs=arcs)


def attention_tab(view: View, place: int) -> None:
    """Where each prediction looked: as arcs over the score from one note, over the text, and all of them at once."""
    if not view.trace.attention:
        st.caption("This model has no attention: what it knows of the past is what its units hold.")
        return
    head = choose_head(view)
    weights = view.head(head)  # (T, S)
    seen = float(weights[place].sum())
    st.markdown(
        f"To foretell **{plain(visible(view.labels[place]))}** at place {place + 1}, {plain(head)} laid {share(seen)} "
        "of its attention on this piece" + (", the rest on no place of it." if seen < 1 - BELOW_ONE else ".")
    )
    looked_at(view, "attention.score", place, head)
    row, name = weights[place], f"{view.title}, {head} at place {place + 1}"
    alt = f"What {head} looked at before place {place + 1}"
    pickable_grid(view, row, shared_scale(row), "attention.grid", name, alt, place)
    name = f"{view.title}, {head}"
    chart(
        attention_map(view.labels, weights, dark=is_dark()),
        "attention", name, f"Where {head} looked before each of {count(len(view.labels), 'token')}",
    )  # fmt: skip
    st.download_button(
        "This map (CSV)",
        later(lambda: text_file(view.labels, dict(zip(place_names(view.labels), weights.T, strict=True)))),
        file_name(name) + ".csv", "text/csv", on_click="ignore", key=SPACE + "attention.csv",
    )  # fmt: skip
