"""Claps, finger snaps, taps on a table and clicks of the tongue: from sound to onsets, from onsets to a rhythm."""

from __future__ import annotations

from core.claps.listener import ClapListener, find_claps
from core.claps.recording import ENDINGS, MAX_SECONDS, Recording, envelope, load_recording, read_recording
from core.claps.rhythm import claps_to_rhythm

__all__ = [
    "ENDINGS",
    "MAX_SECONDS",
    "ClapListener",
    "Recording",
    "claps_to_rhythm",
    "envelope",
    "find_claps",
    "load_recording",
    "read_recording",
]
