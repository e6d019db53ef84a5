"""Where the notes of a performance stand in written time.

Notes struck almost together are one *stroke*. The beat is found from the strokes alone, by the search that transcribes
claps (:mod:`core.rhythm.beat_search`): it follows the tempo and knows which note values are likely where in a bar.

In a silence of more than four seconds nobody counts the beats, so the search may stretch or shorten them there. Whole
bars of rest are then put in for the time that it has left out, as far as the score has no more than a thousand bars.

Positions are in units of 1/48 quarter from the first bar line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.formats.grid import UNITS
from core.formats.metre import bar_units
from core.piano_notation.accents import accents
from core.piano_notation.bar_lines import find_bar_lines
from core.rhythm.beat_search import Alignment, SearchSettings, align
from core.rhythm.metre_prior import TICKS, all_priors
from core.score import Note, Score

T = TypeVar("T")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MAX_NOTES, MAX_STROKES = 20_000, 4_000
TOGETHER_SEC = 0.035
"""notes closer than this are one stroke"""
_ROLLED_SEC = 0.1  # the longest a chord may take to be rolled
_HANDS_SEC, _HANDS_APART = 0.07, 12  # bass and melody are struck less exactly together; semitones between them
_WRITTEN_SHARE = 0.98  # of onsets on the grid in written music; of a performance an eighth are there by chance
_WRITTEN_GRID = (UNITS // 8, UNITS // 6)  # 32nds, triplet 16ths
_OFF_GRID = 0.25  # units
_KEPT_SEC = 4.0  # in a longer silence nobody counts the beats any more
_MOST_BARS = 1000  # of a score that is made longer by silences
_SEARCH = SearchSettings(max_qpm=170, usual_qpm=90, drift=0.03, noise=0.035)
"""freer than claps; the values were chosen for the fewest noteheads a note on performances of MAESTRO"""
_SLOW_QPM = 70
_STYLES = ("folk",)  # pop tunes anticipate the beat


class Stroke(NamedTuple):
    position: int
    sec: float
    notes: tuple[int, ...]
    """indices, the lowest pitch first"""


class Placed(NamedTuple):
    """A performance in written time."""

    strokes: list[Stroke]
    release: Floats
    """(N,) position at which each note ends, in units and fractions of them"""
    qpm: float
    time_signature: tuple[int, int]
    start: int
    """position at which the music begins"""


def is_written(score: Score) -> bool:
    """Whether the onsets lie on the grid of written music, rather than where somebody played them."""
    positions = np.array([note.onset * UNITS for note in score.notes])
    off = np.min([np.abs(positions - step * np.round(positions / step)) for step in _WRITTEN_GRID], axis=0)
    return bool(np.mean(off < _OFF_GRID) >= _WRITTEN_SHARE)


def place_written(score: Score) -> Placed:
    """Notes that have a metre stay where they are, to the nearest unit."""
    start = -round(score.upbeat * UNITS) % bar_units(score.time_signature)
    sec = 60 / (score.qpm * UNITS)
    strokes = _grouped(score, [round(note.onset * UNITS) for note in score.notes])
    release = np.array([start + note.offset * UNITS for note in score.notes])
    placed = [Stroke(start + position, position * sec, notes) for position, notes in strokes.items()]
    return Placed(placed, release, score.qpm, score.time_signature, start)


def place_performance(score: Score) -> Placed:
    """Find tempo, metre and bar lines; raises ``InputError`` where the performance is too long for that."""
    sec = 60 / score.qpm
    strokes = list(_grouped(score, _firsts([note.onset * sec for note in score.notes], score.pitches)).values())
    heard = np.array([np.mean([score.notes[note].onset * sec for note in stroke]) for stroke in strokes])
    accent = accents(score, heard, strokes)
    found = _aligned(heard, accent)
    positions = (found.start + np.append(0, np.cumsum(found.values[:-1]))) * (UNITS // TICKS)
    offset = np.array([note.offset * sec for note in score.notes])
    silent = _silences(heard, offset, strokes) > _KEPT_SEC
    qpm, metre = _mean_tempo(heard, positions, silent), found.prior.time_signature
    if metre == (6, 8) and qpm < _SLOW_QPM:
        positions, qpm, metre = 2 * positions, 2 * qpm, (3, 4)  # nobody counts so slowly: its eighths are beats
    positions, metre = find_bar_lines(positions, metre, accent)
    positions = _with_rests(positions, heard, silent, qpm, bar_units(metre))
    release = _in_written_time(offset, heard, positions, qpm)
    placed = [Stroke(*stroke) for stroke in zip(positions.tolist(), heard.tolist(), strokes, strict=True)]
    return Placed(placed, release, qpm, metre, int(positions[0]))


def _aligned(heard: Floats, accent: Floats) -> Alignment:
    """The beats of strokes at these times; how long the last one lasts says nothing."""
    last = float(np.median(np.diff(heard))) if len(heard) > 1 else 0.5
    times = np.append(heard, heard[-1] + last) - heard[0]
    pauses = np.append(0.0, np.maximum(np.diff(times) - _KEPT_SEC, 0.0) / 2)
    pauses[-1] += last
    return align(times, pauses, all_priors(_STYLES), _SEARCH, np.append(accent, 0.0))


def _silences(heard: Floats, offset: Floats, strokes: Sequence[tuple[int, ...]]) -> Floats:
    """(S - 1,) seconds before each stroke but the first in which no key is held."""
    last = np.maximum.accumulate([offset[list(stroke)].max() for stroke in strokes])
    return heard[1:] - np.maximum(heard, last)[:-1]


def _with_rests(positions: Ints, heard: Floats, silent: Bools, qpm: float, bar: int) -> Ints:
    """(S,) positions, with whole bars more in the silences that are too short at the mean tempo."""
    missing = np.diff(heard) * qpm / 60 * UNITS - np.diff(positions)
    bars = np.where(silent, np.maximum(np.round(missing / bar), 0), 0).astype(np.int64)
    room = max(_MOST_BARS - int(positions[-1]) // bar, 0)
    return positions + bar * np.append(0, np.minimum(np.cumsum(bars), room))


def _mean_tempo(heard: Floats, positions: Ints, silent: Bools) -> float:
    """Quarters a minute, silences without a beat aside."""
    if silent.all():  # of a single stroke, too
        return _SEARCH.usual_qpm
    sec, quarters = np.diff(heard)[~silent], np.diff(positions)[~silent] / UNITS
    steady = np.abs(sec / quarters / np.quantile(sec / quarters, 0.5, method="nearest") - 1) < 0.25
    return float(max(1, round(60 * quarters[steady].sum() / sec[steady].sum())))


def _firsts(onset_sec: Sequence[float], pitches: Sequence[int]) -> list[float]:
    """For each note in order the onset of the first one of its stroke."""
    firsts, start = list[float](), 0
    for index in range(len(onset_sec)):
        if index and not _joins(index, start, onset_sec, pitches):
            start = index
        firsts.append(onset_sec[start])
    return firsts


def _joins(index: int, start: int, onset_sec: Sequence[float], pitches: Sequence[int]) -> bool:
    """Whether a note belongs to the stroke from note ``start`` to the one before."""
    if pitches[index] in pitches[start:index]:
        return False
    gap, since = onset_sec[index] - onset_sec[index - 1], onset_sec[index] - onset_sec[start]
    if gap < TOGETHER_SEC:
        return since < _ROLLED_SEC
    apart = min(abs(pitches[index] - pitch) for pitch in pitches[start:index])
    return since < _HANDS_SEC and apart >= _HANDS_APART


def _grouped(score: Score, places: Sequence[T]) -> dict[T, tuple[int, ...]]:
    """The notes at each place, in order of places, each by its index and the lowest first; raises ``InputError``."""
    pitches = score.pitches
    groups: dict[T, list[int]] = {}
    for index, place in enumerate(places):
        groups.setdefault(place, []).append(index)
    if len(groups) > MAX_STROKES:
        raise InputError(f"The piece has more than {MAX_STROKES} chords and single notes: choose a shorter excerpt.")
    return {place: tuple(sorted(notes, key=pitches.__getitem__)) for place, notes in groups.items()}


def _in_written_time(sec: Floats, heard: Floats, positions: Ints, qpm: float) -> Floats:
    """(N,) positions of times, by the beat between strokes and at the mean tempo after the last."""
    after = np.maximum(sec - heard[-1], 0.0) * qpm / 60 * UNITS
    return np.interp(sec, heard, positions) + after


def single_strokes(score: Score, *, performed: bool = True) -> Score:
    """The score with each key struck once where it is struck twice within a moment; raises ``InputError``.

    A moment is ``TOGETHER_SEC`` of what was ``performed``, else a unit of written time: notes that somebody wrote one
    after the other are two at any tempo.
    """
    check_notes(score)
    moment = TOGETHER_SEC * score.qpm / 60 if performed else 1 / UNITS
    kept: list[Note] = []
    last: dict[int, int] = {}  # where the last note of each pitch is among those kept
    for note in score.notes:
        before = last.get(note.pitch)
        if before is not None and note.onset - kept[before].onset < moment:
            kept[before] = kept[before]._replace(duration=max(kept[before].offset, note.offset) - kept[before].onset)
        else:
            last[note.pitch] = len(kept)
            kept.append(note)
    return replace(score, notes=tuple(kept))


def check_notes(score: Score) -> None:
    """Raises ``InputError`` for what cannot be written down."""
    if not (math.isfinite(score.qpm) and score.qpm > 0):
        raise InputError("The music has no proper tempo: give quarter notes per minute.")
    if len(score.notes) > MAX_NOTES:
        raise InputError(f"The piece has more than {MAX_NOTES} notes: choose a shorter excerpt.")
    for note in score.notes:
        if not (math.isfinite(note.onset + note.duration) and note.onset >= 0 and note.duration >= 0):
            raise InputError("A note has no proper time: it must begin at 0 or later.")
        if not 0 <= note.pitch <= 127:
            raise InputError("A pitch cannot be written: use MIDI note numbers from 0 to 127.")
