"""Clapping into a recording, made on the page or uploaded: needs no live connection."""

from __future__ import annotations

import streamlit as st

from core.ui.clap_take import MIME, Take, edit_take
from core.ui.desk import Desk

SAMPLE_RATE = 48_000
BYTES_PER_SEC = 2 * SAMPLE_RATE
"""of what the browser records"""
TAKE = "clap.take"
RECORDED, UPLOADED = "clap.recorded", "clap.uploaded"


def clap(desk: Desk) -> None:
    """Lets the user record claps, or upload a recording of some, and lays their rhythm on the desk."""
    st.audio_input(
        "Press the microphone, clap, press stop",
        sample_rate=SAMPLE_RATE,
        key=RECORDED,
        on_change=take_in,
        args=(RECORDED, UPLOADED),
        help=f"Clap, snap or tap the table, for up to {max_minutes():.0f} minutes.",
    )
    st.file_uploader(
        "or choose a recording",
        [ending.lstrip(".") for ending in MIME],
        key=UPLOADED,
        on_change=take_in,
        args=(UPLOADED, RECORDED),
    )
    take: Take | None = st.session_state.get(TAKE)
    if take is None:
        st.caption("No microphone, or none that this page may use? Choose a recording above, or tap the rhythm.")
    else:
        edit_take(desk, take, "clap.line")


def take_in(key: str, other: str) -> None:
    """A callback: what was just recorded or chosen is worked on from now on; if taken away, the other one."""
    file = st.session_state[key] or st.session_state.get(other)
    st.session_state[TAKE] = Take(file.name, file.getvalue()) if file else None


def max_minutes() -> float:
    """How long a recording may be that the server takes."""
    return float(st.get_option("server.maxUploadSize")) * 2**20 / BYTES_PER_SEC / 60
