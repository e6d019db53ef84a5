"""POP909: arrangements of pop songs for piano, in which the singer's melody is a track of its own.

Z. Wang and others, POP909: A Pop-song Dataset for Music Arrangement Generation, ISMIR 2020.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.data.installed import find_folder
from core.data.piece import Piece
from core.data.tracks import Integers, MidiTracks, Track, read_tracks
from core.errors import FormatError, InputError
from core.score import Note, Score, monophonic

NAME = "pop909"
METADATA = "metadata.csv"
"""its columns: file, split"""
SOURCE = "the POP909-Dataset repository of music-x-lab on GitHub"
MELODY, PIANO = "MELODY", "PIANO"
"""tracks of its files"""
MIN_NOTES = 8
METRE = (4, 4)
BAR, SIXTEENTH = 16, 4
"""sixteenths of a bar, and of a quarter"""
MAX_HELD = 8
"""sixteenths that a note counts for at most, where the bar lines are looked for"""


class Song(NamedTuple):
    """As performed, at the tempo that the file begins with: seconds are quarters * 60 / qpm."""

    mixed: Score
    """all tracks together; of notes that begin together on one pitch the longest"""
    melody: Score
    """the MELODY track as it stands"""


def pop909_folder(root: Path | None = None) -> Path:
    """The folder of ``metadata.csv`` and ``midi``; raises ``InputError``."""
    return find_folder(NAME, (NAME,), METADATA, SOURCE, root)


def read_pop909(root: Path | None = None) -> Iterator[Piece]:
    """The melody of every song, as written, on its official side of the split."""
    folder = pop909_folder(root)
    for name, split in read_splits(folder / METADATA):
        try:
            score = written_melody(folder / name)
        except FormatError:
            continue  # left out by the user, or damaged
        if len(score.notes) >= MIN_NOTES:
            yield Piece(Path(name).stem, score, split)


def read_splits(path: Path) -> list[tuple[str, str]]:
    """(file, split) of every song; raises ``InputError``."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [(row["file"], row["split"]) for row in csv.DictReader(file)]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The file {path} is not POP909's metadata; it needs the columns file and split.") from error


def read_song(path: Path) -> Song:
    """A song for measuring how well its melody is found among all its notes; raises ``FormatError``."""
    midi = read_tracks(path)
    return Song(performed(midi, midi.mixed()), performed(midi, track_called(midi, MELODY)))


def track_called(midi: MidiTracks, name: str) -> Track:
    """The track of that name; raises ``FormatError`` where there is none, or none with notes."""
    for track in midi.tracks:
        if track.name == name and len(track.onset):
            return track
    raise FormatError(f"This MIDI file has no notes in a track called {name}; choose a file of POP909.")


def performed(midi: MidiTracks, track: Track) -> Score:
    quarter_sec = float(midi.tempo_sec[0])
    onset = midi.seconds(track.onset) / quarter_sec
    duration = midi.seconds(track.onset + track.duration) / quarter_sec - onset
    longest: dict[tuple[float, int], Note] = {}
    for note in map(Note, *(values.tolist() for values in (onset, duration, track.pitch, track.velocity))):
        place = (note.onset, note.pitch)
        longest[place] = max(note, longest.get(place, note), key=lambda n: n.duration)
    return Score(tuple(longest.values()), 60 / quarter_sec)


def written_melody(path: Path) -> Score:
    """The MELODY track in quarters from its first note on, its bars found; raises ``FormatError``.

    The files count quarters from the start of a recording, so that notes stand off the grid, all by the same time.
    """
    midi = read_tracks(path)
    track = track_called(midi, MELODY)
    tempo = longest_tempo(midi, track)
    into_bar = (track.onset[0] - bar_line(midi, track)) % (4 * midi.ticks_per_quarter)
    onset = (track.onset - track.onset[0]) / midi.ticks_per_quarter
    duration = track.duration / midi.ticks_per_quarter
    notes = map(Note, *(values.tolist() for values in (onset, duration, track.pitch, track.velocity)))
    upbeat = round(float(-into_bar % (4 * midi.ticks_per_quarter)) / midi.ticks_per_quarter, 9)
    return monophonic(Score(tuple(notes), tempo, METRE, upbeat))


def longest_tempo(midi: MidiTracks, track: Track) -> float:
    """Quarters a minute, as for the most of the piece."""
    lasts = np.diff(np.append(midi.tempo_tick, track.onset[-1]).clip(max=track.onset[-1]))
    return round(float(60 / midi.tempo_sec[lasts.argmax()]), 2)


def bar_line(midi: MidiTracks, track: Track) -> int:
    """A tick that begins a bar of four quarters, which no file says.

    Most of the melody lies on one grid of sixteenths. Bars begin at the sixteenth that has the most sound in all
    tracks, for long notes and chords begin there.
    """
    sixteenth = max(1, midi.ticks_per_quarter // SIXTEENTH)
    offset = int(np.bincount(track.onset % sixteenth).argmax())
    every = midi.mixed()
    place = np.round((every.onset - offset) / sixteenth).astype(np.int64) % BAR
    sound: Integers = np.minimum(every.duration, MAX_HELD * sixteenth)
    return offset + sixteenth * int(np.bincount(place, weights=sound, minlength=BAR).argmax())
