"""The tapping pad, with things around it that make the page run again."""

import json

import streamlit as st

from core.ui.components import tap_pad

st.title("Tapping")
if st.toggle("Something above"):
    st.info("This moves the pad down.")
max_taps = 3 if st.toggle("Three at most") else 2_000
tapped = tap_pad("pad", max_taps=max_taps)
if tapped is not None:
    st.session_state.setdefault("rhythms", []).append(tapped.taps)
    st.session_state["metronome"] = tapped.metronome
st.text_input("Title")
st.button("Run again")
st.code(json.dumps(st.session_state.get("rhythms", [])), language=None)
st.markdown(f"Metronome: {st.session_state.get('metronome')}")
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.caption(f"Run {st.session_state.runs}")
st.html('<div style="height: 1500px">A long page</div>')
