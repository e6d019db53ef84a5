"""A pad on which the user taps a rhythm, timed in the browser, to a metronome if wanted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import streamlit as st

from core.ui.components.mount import first_sight, ignore, read

MAX_TAPS = 2_000
BEAT_QUARTERS = {"4/4": 1.0, "3/4": 1.0, "2/4": 1.0, "6/8": 1.5}
"""of each metre that the metronome has"""
SLOWEST, FASTEST = 30, 240
"""its beats a minute"""

_component = st.components.v2.component(
    "tunesmith_tap_pad",
    html=read("tap_pad.html"),
    css=read("controls.css", "tap_pad.css"),
    js=read("mount.js", "recording.js", "metronome.js", "metronome_row.js", "tap_pad.js"),
)


class Metronome(NamedTuple):
    """What the user played to."""

    qpm: float
    time_signature: tuple[int, int]
    place: float
    """quarters from the bar line of the first full bar to the first tap, negative before it"""


class Tapped(NamedTuple):
    taps: list[tuple[float, float]]
    """(down_sec, up_sec): when each note was pressed and released, in seconds since the first press, in order; a
    release is after its press and never after the next one"""
    metronome: Metronome | None
    """None when there was none"""


def tap_pad(key: str, max_taps: int = MAX_TAPS) -> Tapped | None:
    """Show the pad; once for each press of Done, return what was tapped, None otherwise.

    The clock stops 8 seconds after a release, as the pad shows, so no rest is longer than that.
    """
    data = {"key": key, "maxTaps": max_taps}
    value = first_sight(key, _component(key=key, data=data, on_taps_change=ignore).taps)
    taps = None if value is None else checked_taps(value, max_taps)
    return None if value is None or taps is None else Tapped(taps, checked_metronome(value.get("metronome")))


def checked_taps(value: Mapping[str, Any], max_taps: int) -> list[tuple[float, float]] | None:
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


def checked_metronome(value: object) -> Metronome | None:
    """Tempo and metre from the browser in quarters, or None where they cannot come from our pad."""
    if not isinstance(value, Mapping) or value.get("metre") not in tuple(BEAT_QUARTERS):
        return None
    try:
        tempo, beat = float(value["tempo"]), float(value["beat"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not SLOWEST <= tempo <= FASTEST or not abs(beat) < 1e6:
        return None
    numerator, denominator = str(value["metre"]).split("/")
    quarters = BEAT_QUARTERS[value["metre"]]
    return Metronome(tempo * quarters, (int(numerator), int(denominator)), beat * quarters)
