"""A whole layer over a piece, and the gates of one of its units."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.render.activations import gate_lines, layer_map
from core.ui.downloads import file_name
from core.ui.neuron_unit import grid
from core.ui.neuron_view import View, array_file, chart, pick_unit, shared_scale, text_file
from core.ui.neuron_why import SPACE
from core.ui.page import count, keep, plain
from core.ui.turns import later

BY_NUMBER, BY_SPREAD = "by number", "by how much they vary"
ORDERS = [BY_NUMBER, BY_SPREAD]
ACTIVATIONS = "what they give"


def layer_tab(view: View, layer: str, unit: int, place: int) -> None:
    """All units of a layer, or one of its gates, from the first token to the last; a click on a row picks that unit."""
    gates = view.trace.gates.get(layer, {})
    shown, order = ACTIVATIONS, BY_NUMBER
    with st.container(horizontal=True):
        if gates:
            options = [ACTIVATIONS, *gates]
            shown = st.selectbox("Of the units", options, key=keep(SPACE + "of_units", ACTIVATIONS, options))
        order = st.selectbox("Order of the units", ORDERS, key=keep(SPACE + "order", BY_NUMBER, ORDERS))
    values = view.layer(layer) if shown == ACTIVATIONS else gates[shown].numpy()
    units = list(range(values.shape[1]))
    if order == BY_SPREAD:
        units = np.argsort(-values.std(axis=0), kind="stable").tolist()
    st.caption("Click on a row to pick its unit, or give its number above.")
    name = f"{view.title}, {layer}" + (f", {shown} gate" if shown != ACTIVATIONS else "")
    chart(
        layer_map(view.labels, values, shared_scale(values), units=units, here=unit, pickable=True),
        "layer", name, f"{count(values.shape[1], 'unit')} of {layer} over {count(len(values), 'token')}", pick_unit,
    )  # fmt: skip
    grid(view, layer, unit, shared_scale(view.unit(layer, unit)), "layer.unit", place)
    with st.container(horizontal=True):
        st.download_button(
            "This layer (CSV)",
            later(lambda: text_file(view.labels, {f"unit {unit}": values[:, unit] for unit in range(values.shape[1])})),
            file_name(name) + ".csv", "text/csv", on_click="ignore", key=SPACE + "layer.csv",
        )  # fmt: skip
        st.download_button(
            "Everything of this piece (NPZ)", later(lambda: array_file(view)), file_name(view.title) + ".npz",
            "application/octet-stream", on_click="ignore", key=SPACE + "npz",
            help="All layers, gates and attention maps, and the probabilities of every token, as NumPy arrays.",
        )  # fmt: skip


def gates_tab(view: View, layer: str, unit: int) -> None:
    """The gates of one unit over a piece, what it holds and what it gives."""
    own, gated = layer.removesuffix(" cell"), list(view.trace.gates)
    if not gated:
        st.caption("No layer of this model has gates: only LSTMs and GRUs have.")
        return
    if own not in gated:
        st.caption(f"The layer {layer} has no gates; here are those of another one.")
        own = st.selectbox("Gates of", gated, key=keep(SPACE + "gates_of", gated[-1], gated)) or gated[-1]
        unit = min(unit, view.layer(own).shape[1] - 1)
    gates = view.trace.gates[own]
    st.markdown(f"**{plain(own)} · unit {unit}** · {plain(view.title)}")
    columns = {gate: values[:, unit].numpy() for gate, values in gates.items()}
    state = {"gives": view.unit(own, unit)}
    if own + " cell" in view.trace.layers:
        state |= {"holds": view.unit(own + " cell", unit)}
    inner = {"candidate": columns["candidate"]} if "candidate" in columns else {}
    opened = {gate: values for gate, values in columns.items() if gate not in inner}
    name = f"{view.title}, gates of {own} {unit}"
    chart(
        gate_lines(view.labels, opened, {**inner, **state}),
        "gates", name, f"Gates and state of unit {unit} of {own} over the piece",
    )  # fmt: skip
    st.caption(SAID["forget" in columns])
    st.download_button(
        "Values (CSV)", later(lambda: text_file(view.labels, {**columns, **state})), file_name(name) + ".csv",
        "text/csv", on_click="ignore", key=SPACE + "gates.csv",
    )  # fmt: skip


SAID = {
    True: "An LSTM keeps so much of what it holds as its forget gate lets it, adds the candidate as far as its input "
    "gate is open, and gives the tanh of what it holds as far as its output gate is open.",
    False: "A GRU keeps so much of what it gave as its update gate lets it, and takes the rest from the candidate, "
    "which sees of the past what the reset gate lets through.",
}
"""whether it has a forget gate: what the gates do"""
