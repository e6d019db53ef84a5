"""Rhythm as it is performed, in seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from statistics import median
from typing import Self

from core.errors import InputError
from core.score import Note, Score, monophonic

MAX_NOTES = 2000
MIN_DURATION_SEC = 0.01
MAX_SEC = 60.0
SLACK = 1e-6  # relative, for bounds that were met before a conversion
LONE_CLAP_SEC = 0.5  # how long a single clap lasts, which has no interval to go by


class RhythmError(InputError):
    """A rhythm that cannot be used, and what to do about it."""


def check_beat(rest_sec: float, duration_sec: float, name: str) -> None:
    """Raise a RhythmError that begins with ``name`` (``"Note 3"``) unless rest and duration are within bounds."""
    if not 0 <= rest_sec <= MAX_SEC * (1 + SLACK):
        raise RhythmError(f"{name} has a rest of {rest_sec:g} s before it: give 0 to {MAX_SEC:g} seconds.")
    if not MIN_DURATION_SEC * (1 - SLACK) <= duration_sec <= MAX_SEC * (1 + SLACK):
        raise RhythmError(f"{name} lasts {duration_sec:g} s: give {MIN_DURATION_SEC:g} to {MAX_SEC:g} seconds.")


@dataclass(frozen=True)
class Rhythm:
    """A melody without its pitches: for each note the silence before it, then how long it is held.

    ``rest_sec[i]`` is the time between the release of note i-1 (the start of the piece for i = 0) and the
    attack of note i; ``duration_sec[i]`` is how long note i is held. Both in seconds.
    """

    rest_sec: tuple[float, ...]
    duration_sec: tuple[float, ...]

    def __post_init__(self) -> None:
        rests, durations = tuple(map(float, self.rest_sec)), tuple(map(float, self.duration_sec))
        if len(rests) != len(durations):
            raise RhythmError(f"A rhythm needs as many rests as durations, not {len(rests)} and {len(durations)}.")
        if not rests:
            raise RhythmError("The rhythm is empty: give it at least one note.")
        if len(rests) > MAX_NOTES:
            raise RhythmError(f"The rhythm has {len(rests)} notes: give at most {MAX_NOTES}.")
        for number, beat in enumerate(zip(rests, durations, strict=True), start=1):
            check_beat(*beat, name=f"Note {number}")
        object.__setattr__(self, "rest_sec", rests)
        object.__setattr__(self, "duration_sec", durations)

    def __len__(self) -> int:
        return len(self.rest_sec)

    @cached_property
    def offset_sec(self) -> tuple[float, ...]:
        """When each note is released."""
        return tuple(accumulate(rest + held for rest, held in zip(self.rest_sec, self.duration_sec, strict=True)))

    @cached_property
    def onset_sec(self) -> tuple[float, ...]:
        """When each note is attacked."""
        released = (0.0, *self.offset_sec)
        return tuple(time + rest for time, rest in zip(released, self.rest_sec, strict=False))

    @property
    def total_sec(self) -> float:
        return self.offset_sec[-1]

    @classmethod
    def from_score(cls, score: Score) -> Self:
        """The melody of ``score`` at its tempo: a note for each of those of ``monophonic(score)``."""
        sec, rests, durations, released = 60.0 / score.qpm, [], [], 0.0
        for note in monophonic(score).notes:
            onset, held = note.onset * sec, max(note.duration * sec, MIN_DURATION_SEC)
            rests.append(max(onset - released, 0.0))
            durations.append(held)
            released = onset + held
        return cls(tuple(rests), tuple(durations))

    @classmethod
    def from_onsets(cls, onset_sec: Sequence[float], last: float | None = None) -> Self:
        """Claps, which have no release: each lasts until the next, the last one ``last`` or the median interval.

        The first is at time 0, because the silence before it says nothing.
        """
        intervals = [after - before for before, after in pairwise(onset_sec)]
        if last is None:
            last = median(intervals) if intervals else LONE_CLAP_SEC
        durations = (*intervals, last) if len(onset_sec) else ()
        return cls((0.0,) * len(durations), durations)

    @classmethod
    def from_taps(cls, taps: Sequence[tuple[float, float]]) -> Self:
        """Taps as (down, up) times in seconds; the first is at time 0, a held one ends where the next begins."""
        if not all(math.isfinite(time) for tap in taps for time in tap):
            raise RhythmError("A tap has no proper time: tap the rhythm again.")
        start = min((down for down, _ in taps), default=0.0)
        presses = (Note(down - start, up - down, 0) for down, up in taps)
        return cls.from_score(Score(tuple(presses), qpm=60.0))

    def to_score(self, pitches: Sequence[int], qpm: float = 60.0) -> Score:
        """The performed score: quarters are exact performed times, not note values. One pitch for each note."""
        quarters = qpm / 60.0
        notes = (
            Note(onset * quarters, held * quarters, pitch)
            for onset, held, pitch in zip(self.onset_sec, self.duration_sec, pitches, strict=True)
        )
        return Score(tuple(notes), qpm=qpm)

    def cut(self, num_notes: int) -> Self:
        """The first ``num_notes`` notes, or all where there are fewer."""
        return type(self)(self.rest_sec[:num_notes], self.duration_sec[:num_notes])
