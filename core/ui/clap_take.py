"""A recording of claps: what is found in it, put right by the user, becomes the rhythm."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np
import streamlit as st

from core.beats import Beats
from core.claps import claps_to_rhythm, envelope, find_claps, read_recording
from core.errors import InputError
from core.rhythm import MAX_NOTES
from core.ui.components.clap_line import clap_line
from core.ui.desk import Desk
from core.ui.page import KEPT, SETTING, keep
from core.ui.turns import turn

MIME = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".mp3": "audio/mpeg"}
ARTICULATIONS = {"Until the next clap": 1.0, "Three quarters": 0.75, "Half": 0.5, "Staccato": 0.25}
"""how long a note is held, as a share of the time until the next clap"""
DEFAULT_SENSITIVITY = 0.5
SENSITIVITY_HELP = (
    "Left: only what is surely a clap. Right: faint claps too, and other noises with them. "
    "What you have moved, added or deleted on the line is kept."
)
NUM_LEVELS = 2000
"""at most, of the drawn sound"""
MIN_STEP_SEC = 0.005
QUIET_LEVEL = 0.02
"""peak below which the drawing is not stretched any further"""
FULL_SCALE = 0.999


@dataclass(frozen=True)
class Heard:
    """What a recording holds."""

    sensitivity: float
    claps: tuple[float, ...]
    """seconds, ascending"""
    levels: tuple[float, ...]
    """0 to 1, evenly over the recording: its peaks, the quiet ones lifted to be seen"""
    seconds: float
    clipped: bool


@dataclass
class Take:
    """One recording of a visit, as the file that it came in; also what was last heard in it."""

    name: str
    data: bytes
    lead_sec: float = 0.0
    """at the beginning in which no clap counts"""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    heard: Heard | None = None

    @property
    def mime(self) -> str:
        return MIME.get(PurePath(self.name).suffix.lower(), "audio/wav")

    def hear(self, sensitivity: float) -> Heard:
        """Finds the claps, unless that was last done at this sensitivity; raises ``InputError`` on what is no sound."""
        if self.heard is None or self.heard.sensitivity != sensitivity:
            with turn():
                self.heard = hear(self.data, self.name, sensitivity, self.lead_sec)
        return self.heard


def hear(data: bytes, name: str, sensitivity: float, lead_sec: float = 0.0) -> Heard:
    recording = read_recording(data, name)
    samples, rate = recording.samples, recording.sample_rate
    seconds = len(samples) / rate
    peaks = envelope(samples, rate, max(MIN_STEP_SEC, seconds / NUM_LEVELS))
    levels = np.sqrt(peaks / max(float(peaks.max(initial=0.0)), QUIET_LEVEL))
    num_clipped = np.count_nonzero(np.abs(samples) >= FULL_SCALE)
    claps = find_claps(samples, rate, sensitivity)
    claps = claps[claps >= lead_sec]
    return Heard(sensitivity, tuple(claps.tolist()), tuple(levels.tolist()), seconds, bool(num_clipped > rate / 1000))


def edit_take(desk: Desk, take: Take, key: str) -> None:
    """The claps of ``take`` on a time line, and the way from there to the rhythm on the desk."""
    left, right = st.columns(2)
    sensitivity = left.slider(
        "Sensitivity", 0.0, 1.0, step=0.05, key=keep("sensitivity", DEFAULT_SENSITIVITY), help=SENSITIVITY_HELP
    )
    lengths = list(ARTICULATIONS)
    held = right.selectbox(
        "Each note lasts",
        lengths,
        key=keep("articulation", lengths[0], lengths),
        help="A clap has no end; the last note lasts as long as the others commonly do.",
    )
    heard = take.hear(sensitivity)
    if len(heard.claps) > MAX_NOTES:
        raise InputError(
            f"There are {len(heard.claps):,} claps in this recording and a rhythm has at most {MAX_NOTES:,}: "
            "lower the sensitivity or give a shorter recording."
        )
    if sentence := advice(heard):
        st.info(sentence, icon=":material/hearing:")
    claps = clap_line(take.id, heard.claps, heard.levels, heard.seconds, take.data, key, mime=take.mime)
    if claps:
        with turn():
            beats = Beats.from_rhythm(claps_to_rhythm(np.array(claps), ARTICULATIONS[held]))
        desk.lay(beats, "a clapped rhythm")


def last_sensitivity() -> float:
    """As the slider stands, or last stood when it was shown."""
    return float(st.session_state[KEPT].get(f"{SETTING}sensitivity", DEFAULT_SENSITIVITY))


def advice(heard: Heard) -> str:
    """What may be wrong with a recording and what to do about it; empty when nothing is."""
    if not heard.claps:
        return (
            "No clap was found: raise the sensitivity, add the claps on the line below, or record again nearer to the "
            "microphone."
        )
    if heard.clipped:
        return "The recording is too loud and clipped: if claps are missing, record again further from the microphone."
    return "There is only one clap, which makes a rhythm of one note." if len(heard.claps) == 1 else ""
