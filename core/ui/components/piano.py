"""A piano on the screen: for mouse, fingers and the computer's keyboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from core.ui.components.mount import first_sight, ignore, read
from core.ui.components.tap_pad import Metronome, checked_metronome, checked_taps

MAX_NOTES = 256
MAX_TEXT = 16 * MAX_NOTES

_component = st.components.v2.component(
    "tunesmith_piano",
    html=read("piano.html"),
    css=read("controls.css", "piano.css"),
    js=read(
        "mount.js", "recording.js", "metronome.js", "metronome_row.js",
        "melody.js", "strings.js", "keyboard.js", "piano.js",
    ),
)  # fmt: skip


class Typed(NamedTuple):
    """Put together note by note, each with a chosen value."""

    text: str
    """as one types it: ``G4 A4/2 r``; unchecked"""


class Timed(NamedTuple):
    """Played to the metronome."""

    presses: list[tuple[float, float, int]]
    """(down_sec, up_sec, pitch) since the first press, one note at a time, in order"""
    metronome: Metronome


def piano(key: str, reach: tuple[int, int]) -> Typed | Timed | None:
    """Show the keys from the lowest to the highest pitch of ``reach``; once for each press of Done, what was played."""
    data = {"key": key, "lowest": reach[0], "highest": reach[1], "maxNotes": MAX_NOTES}
    value = first_sight(key, _component(key=key, data=data, on_played_change=ignore).played)
    if value is None:
        return None
    if isinstance(value.get("text"), str):
        return Typed(value["text"][:MAX_TEXT])
    return _timed(value, reach)


def _timed(value: Mapping[str, Any], reach: tuple[int, int]) -> Timed | None:
    """What was played, or None where it cannot come from our piano."""
    taps, metronome = checked_taps(value, MAX_NOTES), checked_metronome(value.get("metronome"))
    pitches = value.get("pitches")
    if taps is None or metronome is None or not isinstance(pitches, list) or len(pitches) != len(taps):
        return None
    if not all(type(pitch) is int and reach[0] <= pitch <= reach[1] for pitch in pitches):
        return None
    return Timed([(down, up, pitch) for (down, up), pitch in zip(taps, pitches, strict=True)], metronome)
