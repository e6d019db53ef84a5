"""Polyphonic performance to monophonic melody."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.data.melody.result import Melody
from core.data.melody.viterbi import viterbi_melody
from core.errors import FormatError, InputError
from core.formats.skyline import melody_line
from core.score import CHORD_SEC, Score, monophonic

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Method = Callable[[Floats, Floats, Integers, Integers], Melody]
"""from onset_sec, offset_sec, pitch and velocity (N,)"""


def _viterbi(onset_sec: Floats, offset_sec: Floats, pitch: Integers, _: Integers) -> Melody:
    return viterbi_melody(onset_sec, offset_sec, pitch)


def _voice(onset_sec: Floats, offset_sec: Floats, pitch: Integers, velocity: Integers) -> Melody:
    from core.data.melody.voice import voice_melody

    return voice_melody(onset_sec, offset_sec, pitch, velocity)


METHODS: dict[str, Method] = {"voice": _voice, "viterbi": _viterbi}
"""``voice`` is the better one; ``viterbi`` is published, and defines the melodies of MAESTRO."""

DEFAULT_METHOD = "voice"
TOUCHING = 1e-6
"""quarters by which a note may outlast the beginning of the next: a rounding error"""


def find_melody(score: Score) -> tuple[Score, str]:
    """The melody of any music, one note at a time, and in words which line of it that is; a melody is its own.

    Where a single voice sings, in chords or not, every one of its notes and chords is in the melody. Raises
    ``FormatError`` on silence.
    """
    top, of_notes = melody_line(score), f"in its {len(score.notes):,} notes"
    if not top.notes:
        raise FormatError("There are no notes in this music; choose some with a melody.")
    if len(top.notes) == len(score.notes):
        return top, "its only line"
    found = Score(()) if is_one_voice(score) else monophonic(extract_melody(score))
    if not found.notes:
        return top, f"the top line {of_notes}"
    return found, f"the line that the method “{DEFAULT_METHOD}” finds {of_notes}"


def is_one_voice(score: Score) -> bool:
    """Whether all that is struck together is let go before anything else is struck."""
    together = CHORD_SEC * score.qpm / 60
    start = end = -math.inf
    for note in score.notes:
        if note.onset - start >= together:
            if end > note.onset + TOUCHING:
                return False
            start = note.onset
        end = max(end, note.offset)
    return True


def extract_melody(score: Score, method: str = DEFAULT_METHOD) -> Score:
    """The melody of a polyphonic ``score``: one note at a time, each with the velocity of the note it comes from.

    Raises ``InputError`` on a method that is not in ``METHODS``.
    """
    if method not in METHODS:
        raise InputError(f"There is no method called {method!r}; choose one of: {', '.join(METHODS)}.")
    quarter_sec = 60 / score.qpm
    # A note that ends where another begins ends at that very number, not at a rounding error from it.
    onset, offset = (np.array([getattr(n, end) for n in score.notes]).round(9) for end in ("onset", "offset"))
    pitch = np.array(score.pitches, np.int64)
    velocity = np.array([note.velocity for note in score.notes], np.int64)
    melody = METHODS[method](onset * quarter_sec, offset * quarter_sec, pitch, velocity)
    begin, end = ((times / quarter_sec).round(9).tolist() for times in (melody.onset_sec, melody.offset_sec))
    chosen = (score.notes[index] for index in melody.index.tolist())
    notes = (note._replace(onset=a, duration=b - a) for note, a, b in zip(chosen, begin, end, strict=True))
    return replace(score, notes=tuple(notes))
