"""What the microphone hears while the user claps: a count-in, a dot for each clap, a level meter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from core.ui.components.mount import read

RECENT_SEC = 30.0
"""as much of the line as the widest screen shows"""

State = Literal["waiting", "counting", "clapping", "silent", "full"]

_component = st.components.v2.component(
    "tunesmith_live_line",
    html=read("live_line.html"),
    css=read("live_line.css"),
    js=read("mount.js", "live_line.js"),
)


def live_line(
    take: str, state: State, claps: Sequence[float], seconds: float, level: float, key: str, *, count_in: int = 0
) -> None:
    """Show how listening goes; called again and again while it does.

    Parameters
    ----------
    take
        Name of this listening, unique in the visit.
    state
        Whether no sound has come yet, the count-in runs (`count_in` is the number to show), the claps are taken,
        no sound comes at all, or no more is taken.
    claps
        All claps so far, in seconds from the end of the count-in, ascending.
    seconds
        How long it has gone on since then; negative before.
    level
        How loud it is now, in decibels below full scale.
    """
    recent = [(i, round(sec, 3)) for i, sec in enumerate(claps) if sec > seconds - RECENT_SEC]
    data = {
        "take": take,
        "state": state,
        "countIn": count_in,
        "claps": recent,
        "numClaps": len(claps),
        "seconds": round(seconds, 3),
        "level": round(max(level, -100.0)),
    }
    _component(key=key, data=data)
