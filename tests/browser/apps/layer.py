"""A whole layer over a text, drawn when a button is pressed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.render.activations import Scale, layer_map

PLACES, UNITS = 1000, 512
rng = np.random.default_rng(st.session_state.setdefault("drawn", 0))

if st.button("Draw"):
    st.session_state["drawn"] += 1
    values = np.tanh(rng.standard_normal((PLACES, UNITS)).cumsum(axis=0) / 8).astype(np.float32)
    labels = [chr(97 + i % 26) for i in range(PLACES)]
    figure = layer_map(labels, values, Scale(-1.0, 1.0), pickable=True)
    st.plotly_chart(figure, key=f"layer.{st.session_state['drawn']}", on_select="rerun")
