"""How a written melody might be performed: tempo, uneven timing, articulation.

Printed music says nothing of these, and what people clap or tap is neither even nor at 120; the beat models are
trained and measured on performances drawn here. A melody that was played keeps the times that it was played with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from core.score import Score

Floats = NDArray[np.float64]
MIN_INTERVAL_SEC, MIN_DURATION_SEC = 0.03, 0.02


class Interpreter(Protocol):
    """Anything that performs melodies."""

    def perform(self, score: Score, rng: np.random.Generator) -> Floats:
        """Beats (T, 2) in seconds, (rest before the note, its duration), of a monophonic ``score``."""


@dataclass(frozen=True)
class Performer:
    """A distribution over performances of a melody."""

    qpm: tuple[float, float] = (50.0, 200.0)
    """range of the tempo, drawn evenly on a logarithmic scale; it replaces the score's own"""
    jitter_sec: tuple[float, float] = (0.0, 0.03)
    """range of the standard deviation of the attacks"""
    as_written: float = 0.35
    """share of performances that hold every note as long as it is written"""
    clapped: float = 0.35
    """share in which every note lasts until the next; the rest are detached, each note cut to 35 to 100 %"""

    def perform(self, score: Score, rng: np.random.Generator) -> Floats:
        """Beats (T, 2) in seconds, (rest before the note, its duration), of a monophonic ``score``."""
        low, high = np.log(self.qpm)
        quarter_sec = 60.0 / np.exp(rng.uniform(low, high))
        onset = np.array([note.onset for note in score.notes]) * quarter_sec
        duration = np.array([note.duration for note in score.notes]) * quarter_sec
        offset = onset + duration
        onset = uneven(onset, rng.uniform(*self.jitter_sec), rng)
        until_next = np.append(np.diff(onset), max(duration[-1], MIN_DURATION_SEC))
        style = rng.random()
        if style < self.as_written:
            duration = offset - onset
        elif style < self.as_written + self.clapped:
            duration = until_next
        else:
            held = rng.uniform(0.35, 1.0) * rng.uniform(0.85, 1.15, len(onset))
            duration = duration * np.minimum(held, 1.0)
        return beats(onset, np.clip(duration, MIN_DURATION_SEC, until_next))


CLEAN = Performer(qpm=(120.0, 120.0), jitter_sec=(0.0, 0.0), as_written=1.0, clapped=0.0)
"""Exactly as written, at 120 quarters a minute."""
CLAPPED = Performer(jitter_sec=(0.02, 0.02), as_written=0.0, clapped=1.0)
"""As a person claps: any tempo from 50 to 200, attacks 20 ms off, no releases."""


@dataclass(frozen=True)
class Replay:
    """Performs a melody with the very times of its score, all stretched alike."""

    stretch: tuple[float, float] = (1.0, 1.0)
    """range of the factor, drawn evenly on a logarithmic scale"""

    def perform(self, score: Score, rng: np.random.Generator) -> Floats:
        """Beats (T, 2) in seconds of a monophonic ``score``."""
        low, high = np.log(self.stretch)
        quarter_sec = 60.0 / score.qpm * np.exp(rng.uniform(low, high))
        onset = np.array([note.onset for note in score.notes]) * quarter_sec
        return beats(onset, np.array([note.duration for note in score.notes]) * quarter_sec)


class Performers(NamedTuple):
    """How the melodies of a corpus are performed."""

    training: Interpreter
    clean: Interpreter
    """as the corpus has them, for measuring"""
    clapped: Interpreter
    """as a person claps them, for measuring"""


WRITTEN = Performers(Performer(), CLEAN, CLAPPED)
"""for melodies in note values"""
PLAYED = Performers(
    Replay((0.8, 1.25)), Replay(), Performer((120.0, 120.0), jitter_sec=(0.0, 0.0), as_written=0.0, clapped=1.0)
)
"""for melodies whose times are a person's own already, at 120 quarters a minute"""


def uneven(onset: Floats, deviation: float, rng: np.random.Generator) -> Floats:
    """``onset`` (T,) with Gaussian errors, still in order and at least 30 ms apart."""
    moved = onset + rng.normal(0.0, deviation, len(onset)) if deviation else onset
    spread = MIN_INTERVAL_SEC * np.arange(len(onset))
    moved = np.maximum.accumulate(moved - spread) + spread
    return moved - min(moved[0], 0.0)


def beats(onset: Floats, duration: Floats) -> Floats:
    """(T, 2): the rest before each note, and its duration."""
    released = np.append(0.0, (onset + duration)[:-1])
    return np.stack([np.maximum(onset - released, 0.0), duration], axis=1)
