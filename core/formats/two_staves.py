"""Piano music as it is written: a staff for each hand, at most two voices on each.

Time is in units of 1/48 quarter, as in :mod:`core.formats.bars`, from the first bar line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from core.formats.bars import Bar, Symbol, score_to_bars
from core.formats.grid import UNITS
from core.formats.metre import bar_units
from core.score import Note, Score, printable


class Chord(NamedTuple):
    """Notes on one stem, the lowest first, numbered as in ``PianoScore.pitches``."""

    start: int
    length: int
    notes: tuple[int, ...]

    @property
    def end(self) -> int:
        return self.start + self.length


Voice = tuple[Chord, ...]
"""chords one after the other; silence between them is rests"""
Staff = tuple[Voice, ...]
"""one voice or two, the upper first"""
StaffBar = tuple[Bar, ...]
"""one bar of a staff: that of its first voice, and that of its second where this has notes"""


@dataclass(frozen=True)
class PianoScore:
    """``pitches[i]`` is that of note i; every note stands in one chord of one voice.

    ``start`` is where the music begins: 0, or within the first bar after an upbeat's missing part. ``key`` and
    ``qpm`` (quarters a minute) are as in ``Score``.
    """

    pitches: tuple[int, ...]
    staves: tuple[Staff, Staff]
    """the right hand's, then the left hand's"""
    qpm: float = 120.0
    time_signature: tuple[int, int] = (4, 4)
    start: int = 0
    key: str = "C"
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", printable(self.title))

    @property
    def num_bars(self) -> int:
        """Bars, an incomplete first one included; at least one."""
        end = max((chord.end for chord in self.chords()), default=0)
        return max(1, -(-end // bar_units(self.time_signature)))

    def chords(self) -> Iterator[Chord]:
        """Every chord of every voice."""
        return (chord for staff in self.staves for voice in staff for chord in voice)


def piano_bars(score: PianoScore) -> tuple[list[StaffBar], list[StaffBar]]:
    """Bars of both staves in readable values, as many on each; raises FormatError on what cannot be written."""
    right, left = score.staves
    return _staff_bars(score, right), _staff_bars(score, left)


def _staff_bars(score: PianoScore, staff: Staff) -> list[StaffBar]:
    first, *others = [_voice_bars(score, voice) for voice in staff or ((),)]
    return [
        (bar, *(other[index] for other in others if any(symbol.heads for symbol in other[index].symbols)))
        for index, bar in enumerate(first)
    ]


def _voice_bars(score: PianoScore, voice: Voice) -> list[Bar]:
    """The bars of a voice, silent ones up to the end of the piece included."""
    placed = [(chord, note) for chord in voice for note in chord.notes]
    melody = Score(
        tuple(
            Note((chord.start - score.start) / UNITS, chord.length / UNITS, score.pitches[note])
            for chord, note in placed
        ),
        time_signature=score.time_signature,
        upbeat=(-score.start % bar_units(score.time_signature)) / UNITS,
    )
    bars = [replace(bar, symbols=tuple(_renumbered(bar.symbols, placed))) for bar in score_to_bars(melody)]
    number = bars[-1].number - len(bars) + 1
    return bars + [Bar(number + index, 0, ()) for index in range(len(bars), score.num_bars)]


def _renumbered(symbols: tuple[Symbol, ...], placed: list[tuple[Chord, int]]) -> Iterator[Symbol]:
    """The symbols of a voice, with the numbers of its notes in the piece."""
    for symbol in symbols:
        yield replace(symbol, heads=tuple(head._replace(note=placed[head.note][1]) for head in symbol.heads))
