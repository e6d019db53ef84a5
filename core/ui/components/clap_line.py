"""The time line of a recording, on which its claps are moved, added and deleted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import streamlit as st

from core.rhythm.performed import MAX_NOTES, MIN_DURATION_SEC
from core.ui.components.mount import audio_url, first_sight, ignore, read

_component = st.components.v2.component(
    "tunesmith_clap_line",
    html=read("clap_line.html"),
    css=read("player.css", "clap_line.css"),
    js=read("mount.js", "audio.js", "player.js", "clap_edits.js", "clap_row.js", "clap_line.js"),
)


def clap_line(
    take: str,
    claps: Sequence[float],
    levels: Sequence[float],
    seconds: float,
    audio: bytes | str,
    key: str,
    *,
    mime: str = "audio/wav",
) -> list[float] | None:
    """Show a recording and its claps; once for each press of Use, return the claps as the user has set them.

    Parameters
    ----------
    take
        Name of the recording, unique in the visit. What the user has changed is kept as long as it stays the same,
        also when other `claps` are found in it.
    claps
        When they were found, in seconds, ascending.
    levels
        How loud the recording is, evenly over its length; from 0 to 1.
    seconds
        How long it is.
    audio
        The encoded sound, or its address.

    Returns
    -------
    list of float or None
        Seconds, ascending, at least `MIN_DURATION_SEC` apart; None when Use was not pressed since the last run.
    """
    data = {
        "key": key,
        "take": take,
        "found": [round(float(sec), 5) for sec in claps],
        "levels": [round(100 * min(max(float(level), 0.0), 1.0)) for level in levels],
        "seconds": round(seconds, 5),
        "maxClaps": MAX_NOTES,
        "audio": audio_url(audio, mime, key),
    }
    value = first_sight(key, _component(key=key, data=data, on_claps_change=ignore).claps)
    return None if value is None or value.get("take") != take else _claps(value, seconds)


def _claps(value: Mapping[str, Any], seconds: float) -> list[float] | None:
    """The claps from the browser, or None where they cannot come from our line."""
    try:
        claps = [float(sec) for sec in value["claps"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    inside = all(math.isfinite(sec) and 0 <= sec <= seconds + 1e-4 for sec in claps)  # the end was rounded
    apart = all(after - before >= MIN_DURATION_SEC for before, after in pairwise(claps))
    return claps if 0 < len(claps) <= MAX_NOTES and inside and apart else None
