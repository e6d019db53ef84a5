"""What is plain about each note of a performance: its place in chord and register, its rhythm, how loud it is.

Notes are in order of their chords, and from the lowest to the highest in each. N is their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CHORD_SEC = 0.03
"""onsets closer together than this are one chord"""
LEGATO_SEC = 0.03
"""a note that outlasts the next onset by less no longer sounds there"""
NEIGHBOURS = 24
"""how many notes on either side are looked at"""
NEAR_SEC = 2.0
"""how far away these may begin"""
FAR = 36.0
"""semitones to a neighbour that does not exist, and the most that are told apart"""
MIN_SPREAD = 4.0
"""velocities that vary less than this say less"""
LONG_SEC = 8.0
MIDDLE_PITCH, OCTAVE = 66.0, 12.0


class Notes(NamedTuple):
    onset_sec: Floats
    offset_sec: Floats
    pitch: Floats
    velocity: Floats
    chord: Integers
    """(N,) numbered from 0"""


class Features(NamedTuple):
    values: NDArray[np.float32]
    """(N, F)"""
    before: Integers
    """(N,) the note that each continues most smoothly; N where there is none"""
    after: Integers
    """(N,) the one that continues it"""


def in_order(onset_sec: Floats, offset_sec: Floats, pitch: Integers, velocity: Integers) -> tuple[Integers, Notes]:
    """Where each note stood, and the notes in the order of this module."""
    by_time = np.argsort(onset_sec, kind="stable")
    chord = np.empty(len(by_time), np.int64)
    chord[by_time] = np.cumsum(np.diff(onset_sec[by_time], prepend=np.inf) > CHORD_SEC)
    order = np.lexsort((onset_sec, pitch, chord))
    loud = velocity[order].astype(np.float64)
    return order, Notes(onset_sec[order], offset_sec[order], pitch[order].astype(np.float64), loud, chord[order])


def features_of(notes: Notes) -> Features:
    """Everything is relative to the notes around, or to the whole, but for the pitch, whose height says something."""
    loud = (notes.velocity - notes.velocity.mean()) / max(notes.velocity.std(), MIN_SPREAD)
    past, future = _Side.empty(notes), _Side.empty(notes)
    for distance in range(1, min(NEIGHBOURS + 1, len(notes.pitch))):
        _look(notes, distance, past, future)
    columns = [*_chord_columns(notes, loud, past), *_own_columns(notes, loud)]
    for side in (past, future):
        columns += _side_columns(notes, loud, side)
    return Features(np.stack(columns, axis=1).astype(np.float32), past.nearest, future.nearest)


@dataclass
class _Side:
    """What the notes before, or those after, are to each note."""

    cost: Floats
    nearest: Integers
    """that with the least ``cost``"""
    highest: Floats
    """semitones from the note up to the highest within ``NEAR_SEC``"""
    lowest: Floats
    repeated_sec: Floats
    """until the same pitch begins"""
    num_near: Floats
    """notes within a second"""
    top: Floats
    """semitones up to the highest that still sounds"""
    bottom: Floats
    num_sounding: Floats

    @classmethod
    def empty(cls, notes: Notes) -> _Side:
        def full(value: float) -> Floats:
            return np.full(len(notes.pitch), value)

        none = np.full(len(notes.pitch), len(notes.pitch))
        return cls(full(np.inf), none, full(-FAR), full(FAR), full(LONG_SEC), full(0), full(-FAR), full(FAR), full(0))

    def see(self, here: slice, there: Integers, interval: Floats, apart_sec: Floats, gap_sec: Floats) -> None:
        """Takes account of the notes ``there``; these are not of the chord where ``apart_sec`` is finite."""
        near = apart_sec < NEAR_SEC
        cost = np.where(near, np.abs(interval) + 3 * apart_sec + 3 * np.abs(gap_sec), np.inf)
        better = cost < self.cost[here]
        self.cost[here][better], self.nearest[here][better] = cost[better], there[better]
        self.highest[here][near] = np.maximum(self.highest[here], interval)[near]
        self.lowest[here][near] = np.minimum(self.lowest[here], interval)[near]
        self.num_near[here] += apart_sec < 1
        repeated = interval == 0
        self.repeated_sec[here][repeated] = np.minimum(self.repeated_sec[here], apart_sec)[repeated]

    def hear(self, here: slice, interval: Floats, sounding: NDArray[np.bool_]) -> None:
        self.top[here][sounding] = np.maximum(self.top[here], interval)[sounding]
        self.bottom[here][sounding] = np.minimum(self.bottom[here], interval)[sounding]
        self.num_sounding[here] += sounding


def _look(notes: Notes, distance: int, past: _Side, future: _Side) -> None:
    """Pairs each note with that ``distance`` places on, and tells both."""
    early, late = slice(None, -distance), slice(distance, None)
    index = np.arange(len(notes.pitch))
    interval = notes.pitch[late] - notes.pitch[early]
    other = notes.chord[late] != notes.chord[early]
    apart_sec = np.where(other, notes.onset_sec[late] - notes.onset_sec[early], np.inf)
    gap_sec = notes.onset_sec[late] - notes.offset_sec[early]
    past.see(late, index[early], -interval, apart_sec, gap_sec)
    past.hear(late, -interval, other & (gap_sec < -LEGATO_SEC))
    future.see(early, index[late], interval, apart_sec, gap_sec)


def _chord_columns(notes: Notes, loud: Floats, past: _Side) -> list[Floats]:
    """The note among those struck with it and those that still sound."""
    first = np.searchsorted(notes.chord, notes.chord)
    last = np.searchsorted(notes.chord, notes.chord, side="right") - 1
    starts = np.flatnonzero(np.diff(notes.chord, prepend=-1))
    size, rank = last - first + 1, last - np.arange(len(first))
    above = np.where(rank > 0, np.append(notes.pitch[1:], 0) - notes.pitch, FAR)
    below = np.where(rank < size - 1, notes.pitch - np.append(0, notes.pitch[:-1]), FAR)
    chord_sec = notes.onset_sec[starts]
    since = np.diff(chord_sec, prepend=chord_sec[0] - LONG_SEC)[notes.chord]
    until = np.diff(chord_sec, append=chord_sec[-1] + LONG_SEC)[notes.chord]
    return [
        (rank == 0).astype(np.float64),
        (rank == size - 1).astype(np.float64),
        np.minimum(rank, 4) / 4,
        np.minimum(size, 8) / 4,
        _octaves(above),
        _octaves(below),
        _octaves(np.maximum(past.top, notes.pitch[last] - notes.pitch)),
        _octaves(past.top),
        _octaves(past.bottom),
        np.minimum(past.num_sounding, 8) / 4,
        _log_time(since),
        _log_time(until),
        loud - (np.add.reduceat(loud, starts)[notes.chord] / size),
        loud - np.maximum.reduceat(loud, starts)[notes.chord],
    ]


def _own_columns(notes: Notes, loud: Floats) -> list[Floats]:
    return [
        _octaves(notes.pitch - MIDDLE_PITCH),
        _octaves(notes.pitch - np.median(notes.pitch)),
        _octaves(notes.pitch - _local_mean(notes.pitch)),
        _log_time(notes.offset_sec - notes.onset_sec),
        loud,
        loud - _local_mean(loud),
    ]


def _side_columns(notes: Notes, loud: Floats, side: _Side) -> list[Floats]:
    """The nearest note of one side, and what else is there."""
    here = np.arange(len(loud))
    none = side.nearest == len(loud)
    there = np.where(none, here, side.nearest)
    early, late = np.minimum(here, there), np.maximum(here, there)
    apart_sec = np.where(none, LONG_SEC, notes.onset_sec[late] - notes.onset_sec[early])
    gap_sec = np.where(none, NEAR_SEC, notes.onset_sec[late] - notes.offset_sec[early])
    log_duration = _log_time(notes.offset_sec - notes.onset_sec)
    return [
        _octaves(notes.pitch[there] - notes.pitch),
        _log_time(apart_sec),
        np.clip(gap_sec, -NEAR_SEC, NEAR_SEC),
        loud[there] - loud,
        np.clip(log_duration[there] - log_duration, -4, 4),
        _octaves(side.highest),
        _octaves(side.lowest),
        _log_time(side.repeated_sec),
        np.minimum(side.num_near, 16) / 8,
    ]


def _octaves(semitones: Floats) -> Floats:
    return np.clip(semitones, -FAR, FAR) / OCTAVE


def _log_time(seconds: Floats) -> Floats:
    """Doublings of a quarter of a second."""
    return np.log2(np.clip(seconds, 0.02, LONG_SEC) * 4)


def _local_mean(values: Floats) -> Floats:
    """Over each note and its ``NEIGHBOURS`` on both sides."""
    index = np.arange(len(values))
    low, high = np.maximum(index - NEIGHBOURS, 0), np.minimum(index + NEIGHBOURS + 1, len(values))
    sums = np.append(0, np.cumsum(values))
    return (sums[high] - sums[low]) / (high - low)
