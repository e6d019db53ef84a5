"""Four candidates to hear and to choose from."""

import streamlit as st
import tune

from core.ui.components import Candidate, candidate_strip

st.title("Candidates")
cards = [Candidate(tune.roll(i), f"Seed {12 + i}\n-3{i}.4 nats", tune.wav(i)) for i in range(4)]
state = st.session_state
picked = candidate_strip(cards, state.get("chosen", 0), "cards")
if picked is not None:
    state.chosen = picked
    state.setdefault("picks", []).append(picked)
    st.rerun()
st.button("Run again")
st.code(str(state.get("picks", [])), language=None)
state.runs = state.get("runs", 0) + 1
st.caption(f"Run {state.runs}")
