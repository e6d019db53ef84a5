"""Which note values to expect where in the bar: the prior of the transcription.

Time is in ticks, 24 to the quarter, so that thirty-second notes and eighth triplets are whole numbers. A value is the
distance between two onsets, since a silence after a note is first of all a way to play it. What is expected comes from
counts over folk songs (``metre_counts.json``, made by :func:`count_values` from every other tune of the Essen corpus)
and from a few hand-set weights for what these songs do not hold, such as triplets and syncopation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.score import Score

TICKS = 24  # to the quarter
GRID = 6  # ticks between the positions that are counted: a sixteenth
VALUES = np.array([3, 9, 4, 8, 16, 32, *range(6, 102, 6), *range(108, 204, 12)])  # (V,) ticks
METRES = ((2, 4), (3, 4), (4, 4), (6, 8))
COUNTS_PATH = Path(__file__).with_name("metre_counts.json")
GENERAL_COUNTS = 1000.0  # the weight of the hand-set expectations beside the counts at a position

# The metres that are counted as one of METRES, and what their quarters are multiplied by for that.
_COUNTED_AS = {
    **{metre: (metre, 1.0) for metre in METRES},
    (2, 2): ((4, 4), 1.0),
    (4, 8): ((2, 4), 1.0),
    (4, 2): ((4, 4), 0.5),
    (4, 1): ((4, 4), 0.25),
    (2, 1): ((4, 4), 0.5),
    (3, 2): ((3, 4), 0.5),
    (3, 1): ((3, 4), 0.25),
    (6, 4): ((6, 8), 0.5),
    (6, 2): ((6, 8), 0.25),
}
_VALUE_WEIGHTS = {6: 1.0, 12: 1.2, 18: 0.4, 24: 0.8, 30: 0.15, 36: 0.4, 42: 0.1, 48: 0.3}
_FINE_VALUE_WEIGHTS = {3: 0.02, 9: 0.02, 4: 0.01, 8: 1.0, 16: 0.5, 32: 0.01}
_OTHER_VALUE_WEIGHT = 0.03
_POSITION_WEIGHTS = ((12, 0.8), (6, 0.4), (8, 0.4), (4, 0.005), (3, 0.01))  # of multiples within the beat, first match
_STRAY_WEIGHT = 1e-4

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MetrePrior:
    """Log-probabilities for one metre; positions are ticks from the bar line."""

    time_signature: tuple[int, int]
    log_start: Floats  # (bar,) of the first note's position
    log_value: Floats  # (bar, V) of each of VALUES after a note at a position

    @property
    def bar(self) -> int:
        """Ticks in a bar."""
        return len(self.log_start)


@lru_cache(maxsize=64)
def metre_prior(time_signature: tuple[int, int]) -> MetrePrior:
    """The expectations for a metre; for one that was not counted, the general ones alone."""
    numerator, denominator = time_signature
    bar = 4 * TICKS * numerator // denominator
    starts = np.full(bar, 1e-3)
    starts[::GRID] = 0.1
    starts[0] = 1.0
    values = GENERAL_COUNTS * _general_values(bar, beat=36 if denominator == 8 and numerator % 3 == 0 else TICKS)
    counted_as, scale = _COUNTED_AS.get(time_signature, (None, 0.0))
    if counted_as and scale == 1:
        counts = json.loads(COUNTS_PATH.read_text(encoding="utf-8"))["{}/{}".format(*counted_as)]
        starts[::GRID] += counts["starts"]
        values[::GRID] += counts["values"]
    return MetrePrior(time_signature, np.log(starts / starts.sum()), np.log(values / values.sum(axis=1, keepdims=True)))


def _general_values(bar: int, beat: int) -> Floats:
    """(bar, V) probabilities by how simple a value is and how strong the position that it leads to."""
    weights = _VALUE_WEIGHTS | _FINE_VALUE_WEIGHTS
    simplicity = np.array([weights.get(int(value), _OTHER_VALUE_WEIGHT) for value in VALUES])
    strength = np.array([_position_weight(position, beat) for position in range(bar)])
    general = simplicity * strength[(np.arange(bar)[:, None] + VALUES) % bar]
    return general / general.sum(axis=1, keepdims=True)


def _position_weight(position: int, beat: int) -> float:
    if position % beat == 0:
        return 1.0
    return next((weight for unit, weight in _POSITION_WEIGHTS if position % unit == 0), _STRAY_WEIGHT)


def count_values(scores: Iterable[Score]) -> str:
    """JSON of where in the bar melodies start, and how often each value follows at each position, by metre.

    Melodies in other metres, or finer than sixteenths, are left out.
    """
    column = {int(value): index for index, value in enumerate(VALUES)}
    slots = {metre: 4 * TICKS * metre[0] // metre[1] // GRID for metre in METRES}
    starts = {metre: np.zeros(slots[metre], int) for metre in METRES}
    values = {metre: np.zeros((slots[metre], len(VALUES)), int) for metre in METRES}
    for score in scores:
        metre, scale = _COUNTED_AS.get(score.time_signature, (None, 0.0))
        steps = [round((note.onset - score.upbeat) * scale * TICKS / GRID, 3) for note in score.notes]
        if metre is None or not steps or any(step % 1 for step in steps):
            continue
        starts[metre][int(steps[0]) % slots[metre]] += 1
        for here, there in pairwise(map(int, steps)):
            if (there - here) * GRID in column:
                values[metre][here % slots[metre], column[(there - here) * GRID]] += 1
    table = {"{}/{}".format(*m): {"starts": starts[m].tolist(), "values": values[m].tolist()} for m in METRES}
    return json.dumps(table, separators=(",", ":")) + "\n"
