"""How near what a model writes is to what people write, as distributions over many melodies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Melodies = Iterable[Sequence[int]]
"""the pitches of each"""

MAX_INTERVAL = 24
"""semitones; larger leaps count as this one"""


def pitch_distribution(melodies: Melodies) -> Floats:
    """(128,) Share of notes of each pitch."""
    return shares([pitch for melody in melodies for pitch in melody], 128)


def pitch_class_distribution(melodies: Melodies) -> Floats:
    """(12,) Share of notes of each pitch class."""
    return shares([pitch % 12 for melody in melodies for pitch in melody], 12)


def interval_distribution(melodies: Melodies) -> Floats:
    """(49,) Share of steps of each interval, from two octaves down to two octaves up."""
    steps = [b - a for melody in melodies for a, b in pairwise(melody)]
    return shares([max(-MAX_INTERVAL, min(MAX_INTERVAL, step)) + MAX_INTERVAL for step in steps], 2 * MAX_INTERVAL + 1)


DISTRIBUTIONS = {
    "pitch": pitch_distribution,
    "interval": interval_distribution,
    "pitch_class": pitch_class_distribution,
}


def shares(counted: Sequence[int], size: int) -> Floats:
    """(size,) How often each number occurs, summing to 1; zeros when there is nothing to count."""
    counts = np.bincount(np.asarray(counted, dtype=np.int64), minlength=size).astype(float)
    return counts / max(counts.sum(), 1.0)


def jensen_shannon(p: Floats, q: Floats) -> float:
    """Jensen-Shannon divergence of two distributions in bits: 0 when they are equal, 1 when nothing is common."""
    middle = (p + q) / 2

    def relative_entropy(of: Floats) -> float:
        some = of > 0
        return float((of[some] * np.log2(of[some] / middle[some])).sum())

    return (relative_entropy(p) + relative_entropy(q)) / 2


def distances(written: Melodies, human: Melodies) -> dict[str, float]:
    """The divergence of each of ``DISTRIBUTIONS``, by its name, between two sets of melodies."""
    written, human = list(written), list(human)
    return {name: jensen_shannon(of(written), of(human)) for name, of in DISTRIBUTIONS.items()}
