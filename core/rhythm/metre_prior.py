"""Which note values to expect where in the bar: the prior of the transcription.

Time is in ticks, 24 to the quarter, so that thirty-second notes and eighth triplets are whole numbers. A value is the
distance between two onsets, since a silence after a note is first of all a way to play it. What is expected comes from
counts over melodies in several styles (``metre_counts.json``, made by ``core.evaluation.metre_counts``) and from a few
hand-set weights for what these hold little of, such as triplets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

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
    (12, 8): ((6, 8), 1.0),
    (4, 2): ((4, 4), 0.5),
    (4, 1): ((4, 4), 0.25),
    (2, 1): ((4, 4), 0.5),
    (3, 2): ((3, 4), 0.5),
    (3, 8): ((3, 4), 2.0),
    (3, 1): ((3, 4), 0.25),
    (6, 4): ((6, 8), 0.5),
    (6, 2): ((6, 8), 0.25),
}
# How often a metre is meant, before anything is heard.
_METRE_WEIGHTS = {
    "folk": {(2, 4): 0.10, (3, 4): 0.18, (4, 4): 0.28, (6, 8): 0.09},
    "pop": {(3, 4): 0.05, (4, 4): 0.28, (6, 8): 0.02},
}
_BAR_LINE_STARTS = 0.8  # share of rhythms that begin on a bar line, whatever the style
_END_COUNTS = 30.0  # the weight of ending anywhere beside the counts
_VALUE_WEIGHTS = {6: 1.0, 12: 1.2, 18: 0.4, 24: 0.8, 30: 0.15, 36: 0.4, 42: 0.1, 48: 0.3}
_FINE_VALUE_WEIGHTS = {3: 0.02, 9: 0.02, 4: 0.01, 8: 1.0, 16: 0.5, 32: 0.01}
_OTHER_VALUE_WEIGHT = 0.03
_POSITION_WEIGHTS = ((12, 0.8), (6, 0.4), (8, 0.4), (4, 0.005), (3, 0.01))  # of multiples within the beat, first match
_STRAY_WEIGHT = 1e-4
_TIED_TRIPLET_WEIGHT = 0.02  # of a triplet that is left before it is full, or tied to the next

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MetrePrior:
    """Log-probabilities for one metre in one style; positions are ticks from the bar line."""

    time_signature: tuple[int, int]
    log_start: Floats  # (bar,) of the first note's position, the probability of the metre included
    log_value: Floats  # (bar, V) of each of VALUES after a note at a position
    log_end: Floats  # (bar,) of the last note's position
    weight: Floats  # (bar,) of each position, from 1 on the bar line to -1 off the 16ths

    @property
    def bar(self) -> int:
        """Ticks in a bar."""
        return len(self.log_start)

    def starting_at(self, position: int) -> MetrePrior:
        """The same metre, where the first note is known to stand."""
        log_start = np.full(self.bar, -np.inf)
        log_start[position] = np.logaddexp.reduce(self.log_start)
        return replace(self, log_start=log_start)


def all_priors(styles: Iterable[str] = ("folk", "pop")) -> list[MetrePrior]:
    """Every metre in every style."""
    return [_prior(metre, style) for style in styles for metre in _METRE_WEIGHTS[style]]


def metre_priors(time_signature: tuple[int, int]) -> list[MetrePrior]:
    """The expectations for a metre, in each style that it was counted in; else the general ones alone."""
    counted_as, scale = _COUNTED_AS.get(time_signature, (None, 0.0))
    styles = [style for style in _METRE_WEIGHTS if scale == 1 and counted_as in _METRE_WEIGHTS[style]]
    return [_prior(time_signature, style) for style in styles or ("",)]


@lru_cache(maxsize=64)
def _prior(time_signature: tuple[int, int], style: str) -> MetrePrior:
    """The hand-set expectations with the counts of a style, where it has a name."""
    numerator, denominator = time_signature
    bar = 4 * TICKS * numerator // denominator
    starts, ends = np.full(bar, 1e-3), np.full(bar, _END_COUNTS / bar)
    starts[::GRID] = 0.1
    beat = 36 if denominator == 8 and numerator % 3 == 0 else TICKS
    values = GENERAL_COUNTS * _general_values(bar, beat)
    weight = 1.0
    if style:
        counted_as, _ = _COUNTED_AS[time_signature]
        weight = _METRE_WEIGHTS[style][counted_as]
        counts = _counts()[style]["{}/{}".format(*counted_as)]
        times = bar // (GRID * len(counts["starts"]))  # 12/8 is two bars of 6/8
        starts[::GRID] += np.tile(counts["starts"], times)
        ends[::GRID] += np.tile(counts["ends"], times)
        values[::GRID] += np.tile(counts["values"], (times, 1))
    starts *= (1 - _BAR_LINE_STARTS) / starts.sum()
    starts[0] += _BAR_LINE_STARTS
    log_value = np.log(values / values.sum(axis=1, keepdims=True))
    return MetrePrior(
        time_signature, np.log(weight * starts), log_value, np.log(ends / ends.sum()), _weights(bar, beat)
    )


@lru_cache(maxsize=1)
def _counts() -> dict[str, Any]:
    return json.loads(COUNTS_PATH.read_text(encoding="utf-8"))


def _general_values(bar: int, beat: int) -> Floats:
    """(bar, V) probabilities by how simple a value is and how strong the position that it leads to."""
    weights = _VALUE_WEIGHTS | _FINE_VALUE_WEIGHTS
    simplicity = np.array([weights.get(int(value), _OTHER_VALUE_WEIGHT) for value in VALUES])
    strength = np.array([_position_weight(position, beat) for position in range(bar)])
    general = simplicity * strength[(np.arange(bar)[:, None] + VALUES) % bar]
    for position in range(bar):
        general[position, _breaks_triplet(position)] *= _TIED_TRIPLET_WEIGHT
    return general / general.sum(axis=1, keepdims=True)


def _weights(bar: int, beat: int) -> Floats:
    """(bar,) how heavy each position is: bar lines, middles of bars of even beats, beats and what divides them."""
    middle = bar // 2 if bar // beat % 2 == 0 else bar
    levels = ((bar, 1.0), (middle, 0.7), (beat, 0.5), (12, -0.2), (GRID, -0.6))
    return np.array([next((w for unit, w in levels if position % unit == 0), -1.0) for position in range(bar)])


def _position_weight(position: int, beat: int) -> float:
    if position % beat == 0:
        return 1.0
    return next((weight for unit, weight in _POSITION_WEIGHTS if position % unit == 0), _STRAY_WEIGHT)


def _breaks_triplet(position: int) -> NDArray[np.bool_]:
    """(V,) Whether a value from a position is part of a triplet and yet not within one beat, or two for quarters."""
    is_third = VALUES % 3 != 0
    within_beat = position % TICKS + VALUES <= TICKS
    within_half = (position % (2 * TICKS)) % 16 == 0
    in_quarters = (VALUES == 16) & within_half & (position % (2 * TICKS) + VALUES <= 2 * TICKS)
    return np.where(position % 3 == 0, is_third & ~within_beat, ~is_third | ~within_beat) & ~in_quarters


def count_values(scores: Iterable[Score]) -> dict[str, dict[str, list[Any]]]:
    """Where in the bar melodies start and end, and how often each value follows at each position, by metre.

    Melodies in other metres, or finer than sixteenths, are left out.
    """
    column = {int(value): index for index, value in enumerate(VALUES)}
    slots = {metre: 4 * TICKS * metre[0] // metre[1] // GRID for metre in METRES}
    starts, ends = ({metre: np.zeros(slots[metre], int) for metre in METRES} for _ in range(2))
    values = {metre: np.zeros((slots[metre], len(VALUES)), int) for metre in METRES}
    for score in scores:
        metre, scale = _COUNTED_AS.get(score.time_signature, (None, 0.0))
        steps = [round((note.onset - score.upbeat) * scale * TICKS / GRID, 3) for note in score.notes]
        if metre is None or not steps or any(step % 1 for step in steps):
            continue
        starts[metre][int(steps[0]) % slots[metre]] += 1
        ends[metre][int(steps[-1]) % slots[metre]] += 1
        for here, there in pairwise(map(int, steps)):
            if (there - here) * GRID in column:
                values[metre][here % slots[metre], column[(there - here) * GRID]] += 1
    return {
        "{}/{}".format(*m): {"starts": starts[m].tolist(), "ends": ends[m].tolist(), "values": values[m].tolist()}
        for m in METRES
    }
