"""Both microphone ways alone; what they lay on the desk is printed."""

import json

import streamlit as st

from core.ui.clap_panel import clap
from core.ui.desk import Desk
from core.ui.live_claps import listen
from core.ui.page import keep_settings, plain_errors

keep_settings()
st.title("Claps")
desk = st.session_state.setdefault("desk", Desk())
way = st.segmented_control("Way", ["Clap", "Clap live"], default="Clap", required=True)
with plain_errors():
    {"Clap": clap, "Clap live": listen}[way](desk)
rhythm = desk.beats.performed if desk.beats else None
st.code(json.dumps([rhythm.onset_sec, rhythm.duration_sec] if rhythm else []), language=None)
