"""A melody as numbers that are the same wherever it is found: in any key, on any machine.

Shapes: T notes of a melody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.score import Score

Ints = NDArray[np.int64]

GRID = 24
"""parts of a quarter: thirty-seconds and triplets lie on it"""
MAX_INTERVAL, MAX_PARTS = 127, 4095
ORDER = 3
"""steps in a fingerprint"""
BITS = 24
"""of a fingerprint. Among a million of them one in sixteen is met by accident, two in a row are not."""

_KEY = 0x74756E65736D6974
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))


def steps(score: Score, timed: bool, stretch: float = 1.0) -> Ints:
    """(T - 1,) What happens from each note of a melody to the next: the interval and the time, as one positive number.

    The time, ``stretch`` times what it is in ``score``, runs from onset to onset: how long a note is held before the
    rest that may follow it is a matter of performance. Without ``timed`` only the interval counts.
    """
    pitches = np.array(score.pitches, dtype=np.int64)
    intervals = np.diff(pitches).clip(-MAX_INTERVAL, MAX_INTERVAL) + MAX_INTERVAL + 1
    if not timed:
        return intervals
    between = np.diff([note.onset for note in score.notes])
    return intervals * (MAX_PARTS + 1) + np.rint(between * (stretch * GRID)).clip(0, MAX_PARTS).astype(np.int64)


def fingerprints(steps: Ints) -> Ints:
    """(T - ORDER,) A number from 1 to 2**BITS - 1 for every ORDER steps in a row, so for ORDER + 1 notes."""
    count = max(0, len(steps) - ORDER + 1)
    mixed = np.full(count, _KEY, dtype=np.uint64)
    for place in range(ORDER):
        mixed = mix(mixed ^ steps[place : place + count].astype(np.uint64))
    return np.maximum(mixed >> np.uint64(64 - BITS), 1).astype(np.int64)


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the result hangs on every bit given."""
    for shift, factor in _MIX:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values
