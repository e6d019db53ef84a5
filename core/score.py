"""The neutral music value that everything else reads or makes.

Conventions
-----------
Time is in quarter notes from the start of the piece. A name that holds another unit says so:
``_sec`` for seconds, ``_steps`` for grid steps, ``_ticks`` for MIDI ticks.
Pitch is a MIDI note number, 0 to 127, with 60 for middle C (C4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

QUOTES = '"“”„«»'


def printable(text: str) -> str:
    """``text`` with a space for each control character: XML cannot hold them, and nobody reads them."""
    return "".join(character if character.isprintable() else " " for character in text)


def quoted(title: str) -> str:
    """``title`` in quotation marks, those that it stands in already taken off."""
    inner = title.strip(QUOTES)
    return f"“{inner if inner and not set(inner) & set(QUOTES) else title}”"


class Note(NamedTuple):
    onset: float
    duration: float
    pitch: int
    velocity: int = 80

    @property
    def offset(self) -> float:
        return self.onset + self.duration


@dataclass(frozen=True)
class Score:
    """Notes in order of onset, then pitch; melody and polyphony alike.

    ``upbeat`` is the length in quarters of the incomplete first bar, 0 when the piece starts on a bar line.
    ``key`` is a tonic with an optional ``m`` for minor: ``"C"``, ``"F#m"``, ``"Bb"``.
    """

    notes: tuple[Note, ...]
    qpm: float = 120.0
    time_signature: tuple[int, int] = (4, 4)
    upbeat: float = 0.0
    key: str = "C"
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(sorted(self.notes, key=lambda n: (n.onset, n.pitch, n.duration))))
        object.__setattr__(self, "title", printable(self.title))

    @property
    def duration(self) -> float:
        return max((note.offset for note in self.notes), default=0.0)

    @property
    def pitches(self) -> tuple[int, ...]:
        return tuple(note.pitch for note in self.notes)

    @property
    def bar_length(self) -> float:
        """Quarters in a full bar."""
        numerator, denominator = self.time_signature
        return numerator * 4.0 / denominator

    def with_pitches(self, pitches: Sequence[int]) -> Score:
        """The same rhythm with other pitches, one for each note in order."""
        notes = tuple(n._replace(pitch=p) for n, p in zip(self.notes, pitches, strict=True))
        return replace(self, notes=notes)

    def transposed(self, semitones: int) -> Score:
        """Every pitch moved; the caller sees to it that they stay within 0 to 127."""
        return self.with_pitches([note.pitch + semitones for note in self.notes])


CHORD_SEC = 0.01 * (1 - 1e-6)
"""Notes struck closer together than this are one chord; those of a rhythm, 10 ms at the shortest, are not."""


def monophonic(score: Score) -> Score:
    """One note at a time: of notes struck together the highest, each cut where the next one starts."""
    together = CHORD_SEC * score.qpm / 60
    line: list[Note] = []
    for note in score.notes:
        if line and note.onset - line[-1].onset < together:
            line[-1] = max(line[-1], note._replace(onset=line[-1].onset), key=lambda n: n.pitch)
        else:
            line.append(note)
    ends = [*(after.onset for after in line[1:]), math.inf]
    cut = (n._replace(duration=min(n.duration, end - n.onset)) for n, end in zip(line, ends, strict=False))
    return replace(score, notes=tuple(cut))
