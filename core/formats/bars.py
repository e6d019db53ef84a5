"""A score as it is written: bars of noteheads, rests and triplets in readable note values.

Pure arithmetic on units of 1/48 quarter; a format writes what it finds here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from core.errors import FormatError
from core.formats.grid import UNITS, snap
from core.formats.metre import (
    TRIPLET_VALUES,
    VALUES,
    bar_units,
    split_in_triplet,
    split_note,
    split_rest,
    triplet_spans,
)
from core.score import Score

MAX_BARS = 2_000
MAX_NOTEHEADS = 20_000


class Notehead(NamedTuple):
    """One notehead of note ``note`` of the score: the ``part``-th of its tied chain, from 0."""

    note: int
    part: int
    last: bool


@dataclass(frozen=True)
class Symbol:
    """A note, chord or rest (no heads) of one value, ``start`` and ``length`` in units, ``start`` from the bar line."""

    start: int
    length: int
    heads: tuple[Notehead, ...]
    triplet: int = 0  # length of the triplet that it belongs to, 0 for none
    opens: bool = False  # first of its triplet
    closes: bool = False

    @property
    def value(self) -> tuple[str, int]:
        """Name of the note value and number of dots."""
        return (TRIPLET_VALUES if self.triplet else VALUES)[self.length]


@dataclass(frozen=True)
class Bar:
    """``start`` is 0, or where an upbeat begins in the bar that it is the end of. A silent bar has no symbols."""

    number: int
    start: int
    symbols: tuple[Symbol, ...]


class _Span(NamedTuple):
    """Notes that sound together from ``start`` to ``end``, numbered as in the score; none for silence."""

    start: int
    end: int
    notes: tuple[int, ...]


def score_to_bars(score: Score) -> list[Bar]:
    """Cut a score at its bar lines, and what is between them into readable values.

    Notes off the grid are moved to it. Notes that sound together are chords: a note is tied where another begins or
    ends while it sounds. The last bar is filled with rests; a score without notes is one silent bar.

    Raises
    ------
    FormatError
        On a metre that cannot be written, a time that is none, and more than ``MAX_BARS`` bars or
        ``MAX_NOTEHEADS`` noteheads.
    """
    bar = bar_units(score.time_signature)
    first, placed = _place_notes(score, bar)
    end = bar * max(1, -(-max((note_end for _, note_end in placed), default=0) // bar))
    ties = _Ties([note_end for _, note_end in placed])
    bars = []
    for number, spans in enumerate(_by_bar(_spans(placed, first, end), bar), start=0 if first else 1):
        silent = spans[0].end - spans[0].start == bar and not spans[0].notes
        symbols = () if silent else tuple(_symbols(spans, score.time_signature, ties))
        bars.append(Bar(number, spans[0].start % bar, symbols))
    return bars


class _Ties:
    """Counts the noteheads of each note, to number them and to know the last."""

    def __init__(self, ends: list[int]) -> None:
        self._ends = ends
        self._written = [0] * len(ends)

    def heads(self, notes: tuple[int, ...], end: int) -> tuple[Notehead, ...]:
        """Return the next noteheads of notes that sound together, for a value that ends at ``end``."""
        heads = tuple(Notehead(note, self._written[note], self._ends[note] == end) for note in notes)
        for note in notes:
            self._written[note] += 1
        return heads


def _place_notes(score: Score, bar: int) -> tuple[int, list[tuple[int, int]]]:
    """Return where the music begins and each note's start and end, on the grid, in units from the first bar line."""
    if not 0 <= score.upbeat < score.bar_length:
        raise FormatError(f"An upbeat of {score.upbeat} quarters does not fit the metre: it must be less than a bar.")
    limit = score.bar_length * MAX_BARS
    if not all(note.onset >= 0 and note.duration >= 0 and note.offset < limit for note in score.notes):
        raise FormatError(f"The notes cannot be written: each must begin and end within {MAX_BARS} bars.")
    first = -round(score.upbeat * UNITS) % bar
    raw = [(first + round(note.onset * UNITS), first + round(note.offset * UNITS)) for note in score.notes]
    grid = snap([(first, first), *raw], bar)
    shift = grid[first][0] // bar * bar  # an upbeat too short for the grid is none
    placed = []
    for start, end in raw:
        place, step = grid[start]
        placed.append((place - shift, max(grid[end][0], place + step) - shift))  # a note has a step at least
    return grid[first][0] - shift, _without_overlaps(placed, score.pitches)


def _without_overlaps(placed: list[tuple[int, int]], pitches: tuple[int, ...]) -> list[tuple[int, int]]:
    """End a note where the same pitch is struck again."""
    struck: dict[int, int] = {}  # the last note of each pitch
    for index, (start, _) in enumerate(placed):
        before = struck.get(pitches[index])
        if before is not None and placed[before][0] < start < placed[before][1]:
            placed[before] = (placed[before][0], start)
        struck[pitches[index]] = index
    return placed


def _spans(placed: list[tuple[int, int]], first: int, end: int) -> Iterator[_Span]:
    """Divide the time from ``first`` to ``end`` wherever a note begins or ends."""
    changes: dict[int, list[int]] = {first: [], end: []}
    for note, times in enumerate(placed):
        for time in times:
            changes.setdefault(time, []).append(note)
    sounding: set[int] = set()
    num_heads = 0
    for start, stop in pairwise(sorted(changes)):
        sounding.symmetric_difference_update(changes[start])
        num_heads += len(sounding)
        if num_heads > MAX_NOTEHEADS:
            raise FormatError(
                "This piece has too many notes to be written: choose a shorter one, or reduce it to a melody."
            )
        yield _Span(start, stop, tuple(sorted(sounding)))


def _by_bar(spans: Iterable[_Span], bar: int) -> Iterator[list[_Span]]:
    """Cut at the bar lines; yields the spans of one bar after the other."""
    collected: list[_Span] = []
    for start, end, notes in spans:
        while start < end:
            line = (start // bar + 1) * bar
            collected.append(_Span(start, min(end, line), notes))
            if end >= line:
                yield collected
                collected = []
            start = min(end, line)


def _symbols(spans: list[_Span], time_signature: tuple[int, int], ties: _Ties) -> Iterator[Symbol]:
    """Find the values and triplets of one bar."""
    line = spans[0].start - spans[0].start % bar_units(time_signature)
    spans = [_Span(start - line, end - line, notes) for start, end, notes in spans]
    triplets = triplet_spans({time for span in spans for time in (span.start, span.end)}, time_signature)
    bar_start, bar_end = spans[0].start, spans[-1].end
    for start, end, notes in spans:
        while start < end:
            begin, length = next(((b, n) for b, n in triplets if start < b + n), (end, 0))
            if start < begin:  # no triplet yet
                length = 0
                ends = (split_note if notes else split_rest)(start, min(end, begin), time_signature)
            else:
                stop = min(end, begin + length)
                ends = tuple(begin + place for place in split_in_triplet(start - begin, stop - begin, length))
            for value_end in ends:
                opens = length > 0 and start == max(begin, bar_start)
                closes = length > 0 and value_end == min(begin + length, bar_end)
                heads = ties.heads(notes, line + value_end)
                yield Symbol(start, value_end - start, heads, length, opens, closes)
                start = value_end
