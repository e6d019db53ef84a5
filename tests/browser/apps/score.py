"""A score that plays, with the page's own selection and locks as Compose has them."""

import streamlit as st
import tune

from core.ui.components import NOTHING, score_view

st.title("Score")
state = st.session_state
if st.toggle("Something above"):
    st.info("This moves the score down.")
lower = st.toggle("An octave lower")
hostile = st.toggle("Hostile drawing")
broken = st.toggle("Broken drawing")
svg = "<svg" if broken else tune.svg()
if hostile:
    svg = svg.replace(
        "<desc>", '<script>window.hacked = 1</script><image href="/x" onerror="window.hacked = 2"/><desc>'
    )
    svg = svg.replace('<g id="n0"', '<g onclick="window.hacked = 3" id="n0"')
picked = score_view(
    svg,
    tune.times(),
    tune.wav(-12 if lower else 0),
    "score",
    selected=state.get("selected", NOTHING),
    locked={2, tune.TIED},
    narrow_svg=None if broken else tune.svg(page_width=900),
    names=["C sharp 4, quarter"] * 3,
)
if picked is not None:
    state.selected = picked
    state.setdefault("picks", []).append((picked.start, picked.stop))
    st.rerun()
if st.button("Select the last note"):
    state.selected = range(len(tune.times()) - 1, len(tune.times()))
    st.rerun()
st.button("Run again")
st.code(str(state.get("picks", [])), language=None)
state.runs = state.get("runs", 0) + 1
st.caption(f"Run {state.runs}")
