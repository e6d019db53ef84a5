"""Which tunes are one melody: duplicates, transpositions and variants must fall on the same side of a split."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import pairwise

from core.score import Score

Event = tuple[int, int]
"""(interval in semitones, 12 log2 of the ratio of the two durations)"""

RUN = 12
"""Tunes that share a run of this many events are variants; in unrelated tunes such a run is an accident."""


def events(score: Score) -> tuple[Event, ...]:
    """The melody free of key and tempo: what happens from each note to the next."""
    return tuple((b.pitch - a.pitch, round(12 * math.log2(b.duration / a.duration))) for a, b in pairwise(score.notes))


def fingerprint(melody: Sequence[Event]) -> str:
    """A name for the melody that no key, tempo or title changes."""
    return hashlib.sha256(repr(tuple(melody)).encode()).hexdigest()


def group_variants(melodies: Sequence[tuple[Event, ...]], run: int = RUN) -> list[str]:
    """For each melody the name of its group: the least fingerprint among the tunes it hangs together with."""
    parent = list(range(len(melodies)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    owner: dict[tuple[Event, ...], int] = {}
    for i, melody in enumerate(melodies):
        for start in range(max(1, len(melody) - run + 1)):
            first = owner.setdefault(melody[start : start + run], i)
            parent[find(i)] = find(first)
    names = [fingerprint(melody) for melody in melodies]
    least: dict[int, str] = {}
    for i, name in enumerate(names):
        root = find(i)
        least[root] = min(least.get(root, name), name)
    return [least[find(i)] for i in range(len(melodies))]


def split_of(group: str) -> str:
    """``train``, ``valid`` or ``test`` (80/10/10) from a group's name; the same for ever."""
    place = int(group[:8], 16) % 10
    return "valid" if place == 8 else "test" if place == 9 else "train"
