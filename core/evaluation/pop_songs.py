"""POP909's melodies as written music: on the grid of their own beat, with the bar lines of their accompaniment.

The files keep a steady tempo, but count from the start of a recording: bars begin anywhere. The grid is where the
onsets of a song gather; its bar lines are where the bass of the piano strikes lowest and changes. A silence of one step
of the grid is a way to play and no rest. A song whose notes keep to no grid is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.pop909 import MELODY, METADATA, PIANO, longest_tempo, pop909_folder, read_splits, track_called
from core.data.tracks import read_tracks
from core.score import Note, Score, monophonic

Floats = NDArray[np.float64]

MIN_NOTES = 16  # of a passage
MAX_SILENCE = 2  # bars of it part passages: an interlude is no rest
_GRIDS = (4, 3)  # positions in a beat: sixteenths, or the eighths of a compound beat
_COMPOUND_METRES = {(4, 4): (12, 8), (3, 4): (9, 8)}
_MIN_CONCENTRATION = 0.95  # of the onsets on a grid, 1 where all are exactly on it
_STEPS = 4  # positions in a beat that a bass may strike
_BASS = 60  # bass notes are below middle C
_HELD_BASS = 0.3  # the weight of a bass that strikes again, beside one that changes
_BAR_STEPS = {(4, 4): 16, (3, 4): 12}


def pop909_passages(root: Path | None = None, split: str = "valid") -> list[Score]:
    """Passages of a split's melodies, each parted from the next by an interlude; raises ``InputError``."""
    folder = pop909_folder(root)
    names = [name for name, song_split in read_splits(folder / METADATA) if song_split == split]
    return [passage for name in names if (song := written_song(folder / name)) for passage in passages(song)]


def written_song(path: Path) -> Score | None:
    """The written melody of one file, from its first note; None where its notes keep to no grid."""
    midi = read_tracks(path)
    melody, piano = track_called(midi, MELODY), track_called(midi, PIANO)
    beats = melody.onset / midi.ticks_per_quarter
    grid = next((g for g in _GRIDS if abs(_resultant(beats, g)) >= _MIN_CONCENTRATION), None)
    if grid is None:
        return None
    phase = np.angle(_resultant(beats, grid)) / (2 * np.pi * grid)
    time_signature, downbeat = find_bars(piano.onset / midi.ticks_per_quarter - phase, piano.pitch)
    onset, offset = _on_grid(beats - phase, melody.duration / midi.ticks_per_quarter, grid)
    if grid == 3:  # a beat is a dotted quarter
        onset, offset, downbeat = 1.5 * onset, 1.5 * offset, 1.5 * downbeat
        time_signature = _COMPOUND_METRES[time_signature]
    start = float(onset[0])
    notes = map(Note, (onset - start).tolist(), (offset - onset).tolist(), melody.pitch.tolist())
    bar = 4.0 * time_signature[0] / time_signature[1]
    upbeat = round(downbeat - start, 6) % bar
    return monophonic(Score(tuple(notes), longest_tempo(midi, melody), time_signature, upbeat))


def _resultant(beats: Floats, grid: int) -> complex:
    """Mean of the times as points on a circle that is one step of ``grid`` round."""
    return complex(np.exp(2j * np.pi * grid * beats).mean())


def _on_grid(onset: Floats, duration: Floats, grid: int) -> tuple[Floats, Floats]:
    """Onsets and offsets (N,) moved to the grid; a note lasts a step at least."""
    start, end = np.round(onset * grid), np.round((onset + duration) * grid)
    end = np.maximum(end, start + 1)
    end[:-1] += end[:-1] + 1 == start[1:]
    return start / grid, end / grid


def find_bars(onset: Floats, pitch: NDArray[np.int64]) -> tuple[tuple[int, int], float]:
    """Metre and a downbeat of an accompaniment by its bass; onsets (N,) and the downbeat in beats.

    A bar is the period at which the depth of the bass recurs; it begins where the bass is deepest and changes.
    """
    step = np.maximum(np.round(onset * _STEPS).astype(int), 0)
    lowest = np.full(step.max() + 1, _BASS)
    np.minimum.at(lowest, step, pitch)
    depth = (_BASS - lowest).astype(float)
    held = [here for before, here in pairwise(np.flatnonzero(depth)) if (lowest[here] - lowest[before]) % 12 == 0]
    depth[held] *= _HELD_BASS
    centred = depth - depth.mean()
    metre = max(_BAR_STEPS, key=lambda m: float(centred[_BAR_STEPS[m] :] @ centred[: -_BAR_STEPS[m]]))
    by_place = np.bincount(np.arange(len(depth)) % _BAR_STEPS[metre], depth)
    return metre, float(by_place.argmax()) / _STEPS


def passages(song: Score) -> Iterator[Score]:
    """The parts of a melody between silences of more than MAX_SILENCE bars, each from its own first note."""
    limit = MAX_SILENCE * song.bar_length
    cuts = [i for i, (a, b) in enumerate(pairwise(song.notes), start=1) if b.onset - a.offset > limit]
    for first, last in pairwise([0, *cuts, len(song.notes)]):
        if last - first >= MIN_NOTES:
            start = song.notes[first].onset
            notes = tuple(note._replace(onset=note.onset - start) for note in song.notes[first:last])
            yield Score(notes, song.qpm, song.time_signature, round(song.upbeat - start, 6) % song.bar_length)
