"""POP909 as pairs of a melody and its accompaniment, for models that accompany."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from core.codecs import ArrangementCodec
from core.codecs.arrangement import ACCOMPANIMENT, BAR, DENSITIES, TEXTURES, Event, lead_of, told_events
from core.codecs.fields import ANY, NUM_FIELDS
from core.data.piano import played_score
from core.data.piece import Piece
from core.data.pop909 import (
    MELODY,
    METADATA,
    METRE,
    PIANO,
    bar_line,
    longest_tempo,
    pop909_folder,
    read_splits,
    track_called,
)
from core.data.tracks import MidiTracks, Track, read_tracks
from core.data.windows import START, Item, way_to_common_key
from core.errors import FormatError
from core.formats.spelling import estimate_key
from core.score import Note, Score, monophonic

POP909_PAIRS = "pop909-pairs"
SEC_A_QUARTER = 0.5
"""the accompaniment is stored as if played at 120 quarters a minute"""
UNNAMED = 0.25
"""share of the training slices whose texture is not said"""


def read_two_hands(root: Path | None = None) -> Iterator[Piece]:
    """Every song on its official side of the split: the score is the melody, what is played with it the rest.

    Both begin on the same bar line, and quarters last half a second.
    """
    folder = pop909_folder(root)
    for name, split in read_splits(folder / METADATA):
        try:
            midi = read_tracks(folder / name)
            tracks = [track_called(midi, name) for name in (MELODY, PIANO)]
        except FormatError:
            continue
        offset = first_bar_line(midi, tracks)
        melody, played = (quarters(track, offset, midi.ticks_per_quarter) for track in tracks)
        played[:, :2] *= SEC_A_QUARTER
        notes = tuple(Note(onset, length, int(p), int(v)) for onset, length, p, v in melody.tolist())
        score = monophonic(Score(notes, longest_tempo(midi, tracks[0]), METRE))
        yield Piece(Path(name).stem, score, split, played=played.astype(np.float32))


def first_bar_line(midi: MidiTracks, tracks: Sequence[Track]) -> int:
    """The last bar line, in ticks, before anything sounds."""
    bar = 4 * midi.ticks_per_quarter
    line = bar_line(midi, tracks[0])
    return line + (min(int(track.onset[0]) for track in tracks) - line) // bar * bar


def quarters(track: Track, offset: int, ticks_per_quarter: int) -> np.ndarray:
    """(N, 4) onset and duration in quarters, pitch, velocity."""
    times = ((track.onset - offset) / ticks_per_quarter, track.duration / ticks_per_quarter)
    return np.stack([*times, track.pitch, track.velocity], axis=1)


def events_of(piece: Piece) -> list[Event]:
    """Of a piece in C major or A minor, by its melody's likeliest key: so few songs teach harmony best in one."""
    assert piece.played is not None
    melody, way = piece.score, way_to_common_key(in_likeliest_key(piece.score))
    events = told_events(melody.notes, played_score(piece.played).notes, BAR, lead_of(melody))
    return [event._replace(pitch=event.pitch + way) for event in events]


def in_likeliest_key(melody: Score) -> Score:
    return replace(melody, key=estimate_key(melody.pitches, [note.duration for note in melody.notes]))


def texture_of(events: Sequence[Event]) -> str:
    """By the accompanying notes of a bar."""
    if not events:
        return ANY
    bars = (events[-1].told - events[0].told) / BAR + 1
    density = sum(event.role == ACCOMPANIMENT for event in events) / bars
    return TEXTURES[1 + int(np.searchsorted(DENSITIES, density))]


class ArrangementSlices(Dataset[Item]):
    """For training: every visit to a piece shows another ``length`` tokens of it."""

    def __init__(self, pieces: Sequence[Piece], codec: ArrangementCodec, length: int) -> None:
        self.events, self.codec = [events_of(piece) for piece in pieces], codec
        self.num_notes = max(1, (length - 1) // NUM_FIELDS)

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, index: int) -> Item:
        every = self.events[index]
        start = int(torch.randint(max(0, len(every) - self.num_notes) + 1, ()))
        events = every[start : start + self.num_notes]
        texture = ANY if torch.rand(()) < UNNAMED else texture_of(events)
        return as_item(self.codec, texture, events, ends=start + len(events) == len(every))


class Arrangements(Dataset[Item]):
    """For measuring: every piece whole, its texture not said."""

    def __init__(self, pieces: Sequence[Piece], codec: ArrangementCodec) -> None:
        self.events, self.codec = [events_of(piece) for piece in pieces], codec

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, index: int) -> Item:
        return as_item(self.codec, ANY, self.events[index], ends=True)


def as_item(codec: ArrangementCodec, texture: str, events: Sequence[Event], *, ends: bool) -> Item:
    end = [codec.end_token] if ends else []
    first = torch.tensor([codec.kind_token(texture)])
    tokens = torch.cat([first, codec.tokens_of(events), torch.tensor(end, dtype=torch.int64)])
    return Item(tokens, torch.empty(len(tokens), 0), START)
