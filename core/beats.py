"""A rhythm to put pitches on, known both as it sounds and as it is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.errors import InputError
from core.rhythm import MAX_NOTES, Rhythm, notate
from core.rhythm.performed import MIN_DURATION_SEC
from core.score import Note, Score, monophonic

PITCH = 60
"""of a written rhythm, where pitches mean nothing"""
SHORTEST = round(1e6 * MIN_DURATION_SEC)
"""microseconds of a note"""


@dataclass(frozen=True)
class Reading:
    """What is known of how a performed rhythm is to be written; None where it is found out."""

    qpm: float | None = None
    time_signature: tuple[int, int] | None = None
    upbeat: float | None = None
    """quarters before the first bar line"""

    @property
    def given(self) -> dict[str, Any]:
        """What is known, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


FOUND = Reading()


@dataclass(frozen=True)
class Beats:
    """The same notes twice: note i as performed is note i as written."""

    performed: Rhythm
    written: Score
    """the same notes in quarters, with metre and tempo; their pitches mean nothing"""
    metrical: bool
    """whether ``written`` was given and ``performed`` follows from it, rather than the other way round"""
    reading: Reading = FOUND
    """what was known when ``written`` was found from ``performed``"""

    @classmethod
    def from_rhythm(cls, rhythm: Rhythm, reading: Reading = FOUND, written: Score | None = None) -> Beats:
        """From performed times, kept to the microsecond; what ``reading`` does not know of their notation is found out.

        ``written`` is that notation where it was found before: a note on ``PITCH`` for each. Raises ``RhythmError``
        when they cannot be read so.
        """
        onset, offset = ([round(time * 1e6) for time in times] for times in (rhythm.onset_sec, rhythm.offset_sec))
        released = [0, *offset[:-1]]
        rests = [(a - b) / 1e6 for a, b in zip(onset, released, strict=True)]
        durations = [max(b - a, SHORTEST) / 1e6 for a, b in zip(onset, offset, strict=True)]
        performed = Rhythm(tuple(rests), tuple(durations))
        written = written or notate(performed, **reading.given)
        return cls(performed, written, metrical=False, reading=reading)

    @classmethod
    def from_score(cls, score: Score) -> Beats:
        """From a written melody, performed exactly as it stands at its tempo."""
        line = monophonic(score).notes
        notes = tuple(Note(note.onset, note.duration, PITCH) for note in line)
        written = Score(notes, score.qpm, score.time_signature, score.upbeat)
        if not 0 < len(written.notes) <= MAX_NOTES:
            raise InputError(f"A rhythm needs 1 to {MAX_NOTES} notes; this one has {len(written.notes)}.")
        return cls(Rhythm.from_score(written), written, metrical=True)

    def __len__(self) -> int:
        return len(self.performed)

    def cut(self, length: int) -> Beats:
        """The first ``length`` notes, read as if there were no others."""
        if length >= len(self):
            return self
        if not self.metrical:
            return Beats.from_rhythm(self.performed.cut(length), self.reading)
        written = replace(self.written, notes=self.written.notes[:length])
        return replace(self, performed=self.performed.cut(length), written=written)

    def read_as(self, reading: Reading) -> Beats:
        """The same performed times in another notation."""
        return Beats.from_rhythm(self.performed, reading)


def join(scores: Sequence[Score], length: int) -> Score:
    """Written melodies one after another, each from a new bar, in the metre of the first; cut to ``length`` notes."""
    first, notes, end = scores[0], list(scores[0].notes), scores[0].duration
    for score in scores[1:]:
        bars = math.ceil((end + score.upbeat - first.upbeat) / first.bar_length - 1e-6)
        start = first.upbeat + bars * first.bar_length - score.upbeat
        notes += [note._replace(onset=note.onset + start) for note in score.notes]
        end = start + score.duration
    return replace(first, notes=tuple(notes[:length]))
