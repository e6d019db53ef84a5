"""Pitches for a given rhythm: the token is a note's pitch, the condition its beat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from core.codecs.base import Codec, Encoded
from core.rhythm import Rhythm
from core.score import Note, Score, monophonic

QUARTERS_PER_SEC = 2.0  # a decoded score is written at 120 quarters a minute
NUM_PITCHES = 128


def beats_of(rhythm: Rhythm) -> Tensor:
    """The condition (T, 2) float64 that tells a beat model a rhythm: (rest_sec, duration_sec) of every note."""
    return torch.tensor([rhythm.rest_sec, rhythm.duration_sec], dtype=torch.float64).T


@dataclass(frozen=True)
class BeatCodec(Codec):
    """One token per note of a melody. Performed times are kept to the microsecond, in float64.

    Not carried: velocity, tempo, metre, key and title, nor more than one note at a time: see ``monophonic``.
    """

    name: ClassVar[str] = "beats"

    @property
    def vocab_size(self) -> int:
        return NUM_PITCHES + 1

    @property
    def bos_token(self) -> int:
        return NUM_PITCHES

    @property
    def pitches(self) -> tuple[int, ...]:
        return (*range(NUM_PITCHES), -1)

    def encode(self, score: Score) -> Encoded:
        melody = monophonic(score)
        micro, released = [], 0
        for note in melody.notes:
            onset, offset = (round(time * 60e6 / score.qpm) for time in (note.onset, note.offset))
            micro.append((max(onset - released, 0), max(offset - onset, 1)))
            released = sum(micro[-1]) + released
        beats = torch.tensor(micro, dtype=torch.float64).reshape(-1, 2) / 1e6
        return Encoded(torch.tensor(melody.pitches, dtype=torch.int64), beats)

    def decode(self, encoded: Encoded) -> Score:
        assert encoded.condition is not None
        micro = (encoded.condition * 1e6).round().long().tolist()
        return Score(tuple(notes_of(encoded.tokens.tolist(), micro)), qpm=60 * QUARTERS_PER_SEC)

    def canonical(self, score: Score) -> Score:
        return self.decode(self.encode(score))


def notes_of(pitches: list[int], micro: list[list[int]]) -> Iterable[Note]:
    """Notes from (rest, duration) in whole microseconds, so that no rounding error adds up over a piece."""
    now = 0
    for pitch, (rest, duration) in zip(pitches, micro, strict=True):
        now += rest
        yield Note(now * QUARTERS_PER_SEC / 1e6, duration * QUARTERS_PER_SEC / 1e6, pitch)
        now += duration
