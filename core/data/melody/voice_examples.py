"""Performances whose melody is known, and disguises in which they may also be heard.

POP909 has the singer's melody as a track of its own, between preludes, fills and interludes. In music21's chorales by
Bach and quartets by Haydn and Mozart the first part is taken for the melody: it is there nearly all the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.data.melody.voice_features import Floats
from core.data.pop909 import METADATA, Song, pop909_folder, read_song, read_splits
from core.errors import InputError

COMPOSERS = ("bach", "haydn", "mozart")
NUM_PARTS = 4
QUARTER_SEC = 0.6
FLAT_VELOCITY = 64
MIN_EXCERPT, MAX_EXCERPT = 64, 800  # notes


class Example(NamedTuple):
    """N notes in any order."""

    notes: Floats
    """(N, 4): onset and offset in seconds, pitch, velocity"""
    is_melody: NDArray[np.bool_]


def read_pop_songs(root: Path | None, split: str) -> list[Example]:
    """The songs of one split of POP909; raises ``InputError``."""
    folder = pop909_folder(root)
    names = [name for name, of in read_splits(folder / METADATA) if of == split]
    if not names:
        raise InputError(f"POP909's metadata lists no songs of the {split} split; choose train, valid or test.")
    return [example_of(read_song(folder / name)) for name in names]


def example_of(song: Song) -> Example:
    second = song.mixed.qpm / 60
    rows = [(n.onset / second, n.offset / second, n.pitch, n.velocity) for n in song.mixed.notes]
    melody = {(note.onset, note.pitch) for note in song.melody.notes}
    is_melody = [(note.onset, note.pitch) in melody for note in song.mixed.notes]
    return Example(np.array(rows, np.float64).reshape(-1, 4), np.array(is_melody, bool))


def read_part_songs(split: str) -> list[Example]:
    """The chorales and quartets of one split: of ten pieces in order the ninth is ``valid``, the tenth ``test``."""
    from music21 import corpus

    paths = [Path(path) for composer in COMPOSERS for path in sorted(corpus.getComposer(composer))]
    sides = ["train"] * 8 + ["valid", "test"]
    chosen = (path for i, path in enumerate(p for p in paths if p.suffix == ".mxl") if sides[i % 10] == split)
    return [example for path in chosen if (example := _part_song(path)) is not None]


def _part_song(path: Path) -> Example | None:
    """A piece in four parts; None where it has another number."""
    from music21 import converter, stream

    piece = converter.parse(path)
    if not isinstance(piece, stream.Score) or len(piece.parts) != NUM_PARTS:
        return None
    parts = [part.stripTies().flatten().notes for part in piece.parts]
    rows: dict[tuple[float, int], tuple[float, bool]] = {}  # (onset, pitch) -> (offset, is it of the melody)
    for number, part in enumerate(parts):
        for event in part:
            onset, duration = float(event.offset) * QUARTER_SEC, float(event.quarterLength) * QUARTER_SEC
            for pitch in sorted((p.midi for p in event.pitches), reverse=True) if duration else ():
                is_melody = number == 0 and pitch == max(p.midi for p in event.pitches)
                rows.setdefault((onset, pitch), (onset + duration, is_melody))
    notes = [(onset, offset, pitch, FLAT_VELOCITY) for (onset, pitch), (offset, _) in rows.items()]
    return Example(np.array(notes, np.float64), np.array([is_melody for _, is_melody in rows.values()]))


def in_disguise(example: Example, rng: np.random.Generator) -> Example:
    """The same music as somebody else might play it: key, tempo, touch, loudness; sometimes an excerpt."""
    if rng.random() < 0.4:
        example = _excerpt(example, rng)
    if rng.random() < 0.15:
        example = _doubled(example, rng)
    if rng.random() < 0.15:
        kept = rng.random(len(example.notes)) > 0.07
        example = Example(example.notes[kept], example.is_melody[kept])
    onset, offset, pitch, velocity = example.notes.T
    tempo = 2 ** rng.uniform(-0.5, 0.5)
    duration = _touch(offset - onset, rng) * tempo
    onset = _uneven(onset * tempo, example.is_melody, rng)
    pitch = np.clip(pitch + rng.integers(-7, 8), 0, 127)
    velocity = _loudness(velocity, example.is_melody, rng)
    return Example(np.stack([onset, onset + duration, pitch, velocity], axis=1), example.is_melody)


def _excerpt(example: Example, rng: np.random.Generator) -> Example:
    """From a note of the melody on, so that there is one to find."""
    order = np.argsort(example.notes[:, 0], kind="stable")
    starts = np.flatnonzero(example.is_melody[order])
    if not len(starts):
        return example
    start = rng.choice(starts)
    kept = order[start : start + rng.integers(MIN_EXCERPT, MAX_EXCERPT)]
    return Example(example.notes[kept], example.is_melody[kept])


def _doubled(example: Example, rng: np.random.Generator) -> Example:
    """A passage of the melody in octaves, as pianists play it; the upper note remains the melody."""
    melody = example.notes[example.is_melody]
    start = rng.uniform(melody[:, 0].min(initial=0.0), melody[:, 0].max(initial=0.0))
    low = melody[(melody[:, 0] >= start) & (melody[:, 0] < start + rng.uniform(10, 60))] - [0, 0, 12, 0]
    low[:, 3] = np.clip(low[:, 3] + rng.normal(-8, 6, len(low)), 1, 127)
    return Example(np.vstack([example.notes, low]), np.append(example.is_melody, np.zeros(len(low), bool)))


def _touch(duration: Floats, rng: np.random.Generator) -> Floats:
    if rng.random() < 0.3:
        return duration * rng.uniform(0.6, 2.0) * 2 ** rng.normal(0, 0.2, len(duration))
    return duration


def _uneven(onset: Floats, is_melody: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Pianists' onsets differ by some milliseconds, and their melodies lead by up to 30 (Goebl, JASA 110, 2001)."""
    if rng.random() < 0.5:
        onset = onset + rng.normal(0, rng.uniform(0, 0.012), len(onset))
    return onset - is_melody * rng.uniform(0, 0.03) if rng.random() < 0.2 else onset


def _loudness(velocity: Floats, is_melody: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Flat, or disturbed with the melody brought out a little, or as it was."""
    way = rng.random()
    if way < 0.3:
        return np.full_like(velocity, FLAT_VELOCITY)
    if way < 0.5:
        velocity = velocity + rng.normal(0, rng.uniform(4, 20), len(velocity)) + is_melody * rng.uniform(0, 15)
    return np.clip(velocity, 1, 127)
