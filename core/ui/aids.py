"""Musical aids among the settings: a key, a range, no large leaps. All off until the user wants one."""

from __future__ import annotations

import streamlit as st

from core.formats.pitch_names import pitch_name
from core.sampling import AUTO, SamplingConfig
from core.ui.page import SETTING, keep

MAJOR = ("C", "G", "D", "A", "E", "B", "F#", "Db", "Ab", "Eb", "Bb", "F")
MINOR = ("Am", "Em", "Bm", "F#m", "C#m", "G#m", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm")
KEYS = {
    "": "any notes",
    AUTO: "the one it would choose",
    **{name: f"{name} major" for name in MAJOR},
    **{name: f"{name.removesuffix('m')} minor" for name in MINOR},
}
PITCHES = list(range(128))
ANY, OWN = "everything", "my own choice"
RANGES = {
    ANY: (0, 127),
    "soprano": (60, 81),
    "alto": (55, 74),
    "tenor": (48, 69),
    "bass": (40, 62),
    "recorder": (72, 98),
    "flute": (60, 96),
    "oboe": (58, 89),
    "clarinet": (50, 89),
    "trumpet": (52, 82),
    "violin": (55, 93),
    "viola": (48, 81),
    "cello": (36, 72),
    "guitar": (40, 79),
}
"""MIDI pitches, as they sound, that a voice or an instrument has in easy reach"""


def choose_aids(defaults: SamplingConfig, space: str) -> dict[str, object]:
    """Widgets for the key, the range and the largest leap; the sampling settings they stand for."""
    key = st.selectbox(
        "Keep to a key",
        list(KEYS),
        key=keep(space + "key", defaults.key, list(KEYS)),
        format_func=KEYS.__getitem__,
        help="Only notes of this scale; a minor key has both its sixths and both its sevenths.",
    )
    st.selectbox(
        "Keep to the range of",
        [*RANGES, OWN],
        key=keep(space + "range.of", range_name(defaults.lowest, defaults.highest), [*RANGES, OWN]),
        on_change=take_range,
        args=(space,),
        help="What a voice or an instrument reaches easily.",
    )
    low, high = st.columns(2)
    lowest = low.selectbox(
        "Lowest note",
        PITCHES,
        key=keep(space + "lowest", defaults.lowest, PITCHES),
        format_func=pitch_name,
        on_change=name_range,
        args=(space,),
    )
    highest = high.selectbox(
        "Highest note",
        PITCHES,
        key=keep(space + "highest", defaults.highest, PITCHES),
        format_func=pitch_name,
        on_change=name_range,
        args=(space,),
    )
    leap = st.slider(
        "Largest leap",
        0,
        24,
        key=keep(space + "max_leap", min(defaults.max_leap, 24)),
        step=1,
        help="In semitones: 4 allows thirds, 7 fifths, 12 an octave; 0 allows all. From a passage that is written anew "
        "to the note behind it the melody may leap further.",
    )
    return {"key": key, "lowest": min(lowest, highest), "highest": max(lowest, highest), "max_leap": leap}


def range_name(lowest: int, highest: int) -> str:
    return next((name for name, reach in RANGES.items() if reach == (lowest, highest)), OWN)


def take_range(space: str) -> None:
    """A callback: lowest and highest note become those of the range that was chosen."""
    state, page = st.session_state, SETTING + space
    if state[page + "range.of"] in RANGES:
        state[page + "lowest"], state[page + "highest"] = RANGES[state[page + "range.of"]]


def name_range(space: str) -> None:
    """A callback: whose range that is."""
    state, page = st.session_state, SETTING + space
    state[page + "range.of"] = range_name(state[page + "lowest"], state[page + "highest"])


def show_aids(sampling: SamplingConfig, space: str) -> None:
    """Has the widgets show what ``sampling`` says."""
    state, page = st.session_state, SETTING + space
    state[page + "key"] = sampling.key if sampling.key in KEYS else ""
    state[page + "lowest"], state[page + "highest"] = sampling.lowest, sampling.highest
    state[page + "max_leap"] = min(sampling.max_leap, 24)
    name_range(space)
