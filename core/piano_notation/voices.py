"""One voice or two for each hand.

A second voice costs the reader something, and so does a note that is cut short because the next of its voice begins.
Each chord of a hand is divided between an upper and a lower voice so that the whole costs least; a beam search, as
which notes are still held depends on how the chords before were divided. E. Nakamura, E. Benetos, K. Yoshii and
S. Dixon, Towards Complete Polyphonic Music Transcription, ICASSP 2018, weigh the same things.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median_high
from typing import NamedTuple

_BEAM = 24
_MAX_CUT = 3.0  # halvings of a note's length that count
_EASY_LEAP = 5  # semitones
_OCTAVE = 12


@dataclass(frozen=True)
class Costs:
    cut: float = 0.3  # a halving of a note that could be held, or a doubling of one that shares its stem
    leap: float = 0.5  # an octave more than a fourth, between two chords of a voice
    split: float = 0.7  # a chord on two stems
    below: float = 0.3  # a chord of the lower voice
    enter: float = 2.0  # of the lower voice, after a silence
    rest: float = 1.0  # in the upper voice while the lower one goes on
    cross: float = 4.0  # of the voices


PERFORMED = (Costs(), Costs(leap=0.1))
"""the right hand's and the left hand's, which leaps as a matter of course"""
WRITTEN = (Costs(cut=2.5), Costs(cut=2.5, leap=0.1))
"""where lengths are meant as they are"""


class Hand(NamedTuple):
    """A hand's chords in order: pitches rise, ``ends`` are until when the notes would be held."""

    starts: Sequence[int]
    pitches: Sequence[Sequence[int]]
    ends: Sequence[Sequence[int]]


class _Part(NamedTuple):
    """Notes ``low`` to ``high`` (without) of a chord: the last of a voice."""

    chord: int
    low: int
    high: int


class _Path(NamedTuple):
    """One way to divide the chords so far: the last ``divided`` after ``before``."""

    cost: float
    upper: _Part | None = None
    lower: _Part | None = None
    divided: int = 0
    before: _Path | None = None


def divide(hand: Hand, costs: Costs) -> list[int]:
    """How many notes of each chord, from the lowest, belong to the lower voice; in a single voice none do."""
    paths = [_Path(0.0)]
    for index in range(len(hand.starts)):
        best: dict[tuple[_Part | None, _Part | None], _Path] = {}
        for path in paths:
            for grown in _extensions(path, index, hand, costs):
                key = (grown.upper, grown.lower)
                if key not in best or grown.cost < best[key].cost:
                    best[key] = grown
        paths = sorted(best.values(), key=lambda path: path.cost)[:_BEAM]
    divisions, last = list[int](), paths[0]
    while last.before:
        divisions.append(last.divided)
        last = last.before
    return divisions[::-1]


def _extensions(path: _Path, index: int, hand: Hand, costs: Costs) -> Iterator[_Path]:
    """Every way to divide the next chord."""
    num_notes = len(hand.pitches[index])
    for divided in range(num_notes + 1):
        upper, lower, cost = path.upper, path.lower, path.cost
        if divided < num_notes:
            part = _Part(index, divided, num_notes)
            cost += _join(upper, part, hand, costs) + _crossing(part, path.lower, hand, costs)
            upper = part
        elif not _holds(upper, index, hand):
            cost += costs.rest
        if divided:
            part = _Part(index, 0, divided)
            cost += costs.below + _join(lower, part, hand, costs) + costs.split * (divided < num_notes)
            cost += _crossing(path.upper, part, hand, costs) if divided == num_notes else 0.0
            cost += 0.0 if _reaches(lower, index, hand) else costs.enter
            lower = part
        yield _Path(cost, upper, lower, divided, path)


def _join(before: _Part | None, part: _Part, hand: Hand, costs: Costs) -> float:
    """The cost of one part after another in a voice: what is cut of the first or added to it, and the leap."""
    if before is None:
        return 0.0
    start, ends = hand.starts[before.chord], hand.ends[before.chord][before.low : before.high]
    end = min(median_high(ends), hand.starts[part.chord])
    cuts = sum(min(abs(math.log2((wanted - start) / (end - start))), _MAX_CUT) for wanted in ends)
    old, new = (hand.pitches[voice.chord][voice.low : voice.high] for voice in (before, part))
    leap = max(new[0] - old[-1], old[0] - new[-1], 0)
    return costs.cut * cuts + costs.leap * max(leap - _EASY_LEAP, 0) / _OCTAVE


def _crossing(upper: _Part | None, lower: _Part | None, hand: Hand, costs: Costs) -> float:
    """The cost of parts that sound together while the upper one is not above."""
    if upper is None or lower is None or not _holds(min(upper, lower), max(upper, lower).chord, hand):
        return 0.0
    above = hand.pitches[upper.chord][upper.low] > hand.pitches[lower.chord][lower.high - 1]
    return 0.0 if above else costs.cross


def _holds(part: _Part | None, index: int, hand: Hand) -> bool:
    """Whether a part is held beyond the beginning of a later chord."""
    return part is not None and max(hand.ends[part.chord][part.low : part.high]) > hand.starts[index]


def _reaches(part: _Part | None, index: int, hand: Hand) -> bool:
    """Whether a part is held until a later chord, so that no rest is between them."""
    return part is not None and max(hand.ends[part.chord][part.low : part.high]) >= hand.starts[index]
