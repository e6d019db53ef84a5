"""A pad on which the user taps a rhythm, timed in the browser."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import streamlit as st

from core.ui.components.mount import first_sight, ignore, read

MAX_TAPS = 2_000

_component = st.components.v2.component(
    "tunesmith_tap_pad",
    html=read("tap_pad.html"),
    css=read("tap_pad.css"),
    js=read("mount.js", "recording.js", "tap_pad.js"),
)


def tap_pad(key: str, max_taps: int = MAX_TAPS) -> list[tuple[float, float]] | None:
    """Show the pad; once for each press of Done, return what was tapped.

    Returns
    -------
    list of (down_sec, up_sec) or None
        When each note was pressed and released, in seconds since the first press, in order; a release is after its
        press and never after the next one. None when nothing new was tapped. The clock stops 8 seconds after a
        release, as the pad shows, so no rest is longer than that.
    """
    data = {"key": key, "maxTaps": max_taps}
    value = first_sight(key, _component(key=key, data=data, on_taps_change=ignore).taps)
    return None if value is None else _taps(value, max_taps)


def _taps(value: Mapping[str, Any], max_taps: int) -> list[tuple[float, float]] | None:
    """Milliseconds from the browser in seconds, or None where they cannot come from our pad."""
    try:
        taps = [(float(down) / 1_000, float(up) / 1_000) for down, up in value["taps"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    times = [time for tap in taps for time in tap]
    in_order = all(earlier <= later for earlier, later in pairwise(times))
    held = all(down < up for down, up in taps)
    if not 0 < len(taps) <= max_taps or not all(map(math.isfinite, times)) or not in_order or not held:
        return None
    return taps
