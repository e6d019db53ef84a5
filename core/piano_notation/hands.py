"""Which hand plays what: a point of the keyboard that divides the hands, moving as little as the music allows.

For each stroke every point is given a cost by what the two hands would have to do, and the cheapest path of points is
found by dynamic programming. So do, with costs learned from fingered pieces, E. Nakamura, N. Ono and S. Sagayama,
Merged-Output HMM for Piano Fingering of Both Hands, ISMIR 2014; here the costs are set by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SPLITS = np.arange(36, 89)  # (P,) the left hand plays what is below
_USUAL = 62
_AWAY = 0.02  # a semitone away from there
_MOVE = 0.08  # a semitone from stroke to stroke
_WIDE, _REACH, _FINGERS = 12, 16, 5
_STRETCH, _IMPOSSIBLE = 0.4, 3.0  # a semitone over an octave, and over a tenth; a finger too many
_NEAR_SEC = 0.35
_LEFT_PASSAGE, _RIGHT_PASSAGE = 27, 17  # what a hand covers in that time; the left one leaps from bass to chord
_RUN_ABOUT = 0.12  # a semitone more
_LINE, _BREAK = 4, 0.4  # steps of a line up to this wide should stay in one hand
_LINE_SEC = 1.0
_TORN = 0.3  # two notes of a chord as close as that


def split_hands(sec: Sequence[float], strokes: Sequence[Sequence[int]]) -> list[int]:
    """How many of each stroke's pitches, from the lowest, the left hand plays; ``sec`` rises, pitches too."""
    if not strokes:
        return []
    pitches = [np.array(stroke) for stroke in strokes]
    costs = np.stack([_grips(pitch) for pitch in pitches]) + _passages(np.array(sec), pitches)
    for row, times, chords in zip(costs[1:], pairwise(sec), pairwise(pitches), strict=True):
        row += _breaks(*times, *chords)
    points = _SPLITS[_cheapest_path(costs + _AWAY * np.abs(_SPLITS - _USUAL))]
    return [int(np.searchsorted(pitch, point)) for pitch, point in zip(pitches, points, strict=True)]


def _grips(pitches: Ints) -> Floats:
    """(P,) cost of what each hand grips at once."""
    cost = np.zeros(len(_SPLITS))
    for span, fingers in _hands(pitches):
        cost += _STRETCH * np.maximum(span - _WIDE, 0) + _IMPOSSIBLE * np.maximum(span - _REACH, 0)
        cost += _IMPOSSIBLE * np.maximum(fingers - _FINGERS, 0)
    return cost + _TORN * _between(pitches[:-1], pitches[1:])


def _passages(sec: Floats, pitches: list[Ints]) -> Floats:
    """(strokes, P) cost of how far each hand has to move around each stroke."""
    costs = np.zeros((len(sec), len(_SPLITS)))
    firsts, lasts = np.searchsorted(sec, sec - _NEAR_SEC), np.searchsorted(sec, sec + _NEAR_SEC, side="right")
    for row, first, last in zip(costs, firsts, lasts, strict=True):
        (left, _), (right, _) = _hands(np.sort(np.concatenate(pitches[first:last])))
        row += _RUN_ABOUT * (np.maximum(left - _LEFT_PASSAGE, 0) + np.maximum(right - _RIGHT_PASSAGE, 0))
    return costs


def _hands(pitches: Ints) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """Semitones and notes, (P,) each, that fall to the left and to the right hand; ``pitches`` (N,) rise."""
    below = np.searchsorted(pitches, _SPLITS)
    lower = np.where(below > 0, pitches[below - 1] - pitches[0], 0)
    upper = np.where(below < len(pitches), pitches[-1] - pitches[np.minimum(below, len(pitches) - 1)], 0)
    return (lower, below), (upper, len(pitches) - below)


def _breaks(sec: float, next_sec: float, before: Ints, after: Ints) -> Floats:
    """(P,) cost of passing lines from hand to hand between two strokes."""
    if next_sec - sec > _LINE_SEC:
        return np.zeros(len(_SPLITS))
    return _BREAK * _between(np.repeat(before, len(after)), np.tile(after, len(before)))


def _between(some: Ints, others: Ints) -> Floats:
    """(P,) how many pairs of close pitches fall to different hands."""
    low, high = np.minimum(some, others), np.maximum(some, others)
    parted = (low[:, None] < _SPLITS) & (high[:, None] >= _SPLITS) & (high - low <= _LINE)[:, None]
    return parted.sum(axis=0).astype(np.float64)


def _cheapest_path(costs: Floats) -> Ints:
    """(strokes,) the column of each row on the path whose cells and moves cost least."""
    moves = _MOVE * np.abs(_SPLITS[:, None] - _SPLITS)
    total, came_from = costs[0], []
    for row in costs[1:]:
        options = total[:, None] + moves
        came_from.append(options.argmin(axis=0))
        total = options.min(axis=0) + row
    path = [int(total.argmin())]
    for origins in reversed(came_from):
        path.append(int(origins[path[-1]]))
    return np.array(path[::-1])
