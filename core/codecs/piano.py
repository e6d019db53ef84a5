"""Expressive piano music: what was struck when, which key, how hard and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.codecs.base import CodecError, Encoded
from core.codecs.fields import ANY, HIGHEST, LOWEST, NUM_FIELDS, FieldCodec
from core.codecs.octaves import within
from core.formats.pitch_names import pitch_name
from core.score import Note, Score

OTHERS, POP = "others", "pop"
STYLES = (
    ANY, "Johann Sebastian Bach", "Ludwig van Beethoven", "Johannes Brahms", "Frédéric Chopin", "Claude Debussy",
    "Joseph Haydn", "Franz Liszt", "Felix Mendelssohn", "Wolfgang Amadeus Mozart", "Sergei Rachmaninoff",
    "Domenico Scarlatti", "Franz Schubert", "Robert Schumann", "Alexander Scriabin", OTHERS, POP,
)  # fmt: skip
"""composers of MAESTRO with at least 18 performances to learn from, its other composers, the pop songs; or not said"""
FIELDS = ("shift", "pitch", "velocity", "duration")
"""of a note, in order"""
SHIFT, PITCH, VELOCITY, DURATION = range(4)
VELOCITY_STEP = 4
NUM_VELOCITIES = 32
TICK_SEC = 0.01
"""shifts up to ``EVEN_SEC`` are told in these, longer ones ever more coarsely"""
EVEN_SEC, LONGEST_SHIFT_SEC = 0.4, 8.0
SHORTEST_SEC, LONGEST_SEC = 0.02, 12.0
NUM_SHIFTS, NUM_DURATIONS = 88, 64
QPM = 120.0

Floats = NDArray[np.float64]


def shift_values() -> Floats:
    """(88,) seconds: 0 to 0.4 by hundredths, then in equal ratios to 8."""
    even = np.arange(round(EVEN_SEC / TICK_SEC) + 1) * TICK_SEC
    ratios = np.geomspace(EVEN_SEC, LONGEST_SHIFT_SEC, NUM_SHIFTS - len(even) + 1)[1:]
    return np.concatenate([even, ratios.round(2)])


def duration_values() -> Floats:
    """(64,) seconds in equal ratios."""
    return np.geomspace(SHORTEST_SEC, LONGEST_SEC, NUM_DURATIONS)


@dataclass(frozen=True)
class PianoCodec(FieldCodec):
    """One token of style, then four for each note: seconds since the note before, key, velocity, length.

    Notes go in order of time, by hundredths of a second, then of pitch. Shifts are rounded so that errors do not add
    up. Not carried: which hand, the pedal apart from the length of notes, tempo, key and title; keys no piano has,
    which move by octaves; silence of more than 8 s. A score is a performance: its quarters are seconds, by its tempo.
    """

    name: ClassVar[str] = "piano"
    styles: tuple[str, ...] = STYLES

    kind_name = "style"
    fields = FIELDS
    key_field = PITCH

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.styles

    @property
    def num_values(self) -> tuple[int, int, int, int]:
        return NUM_SHIFTS + 1, HIGHEST - LOWEST + 1, NUM_VELOCITIES, NUM_DURATIONS

    def value_symbol(self, field: int, value: int) -> str:
        """``+0.25`` seconds, ``C4``, ``v66``, ``1.5s``."""
        if field == PITCH:
            return pitch_name(LOWEST + value)
        if field == VELOCITY:
            return f"v{value * VELOCITY_STEP + VELOCITY_STEP // 2}"
        return f"+{shift_values()[value]:g}" if field == SHIFT else f"{duration_values()[value]:.2g}s"

    def encode(self, score: Score) -> Encoded:
        rows = np.array(score.notes, np.float64).reshape(-1, NUM_FIELDS)
        rows[:, :2] *= 60 / score.qpm
        style, end = (torch.tensor([token]) for token in (self.kind_token(ANY), self.end_token))
        return Encoded(torch.cat([style, self.notes_tokens(rows), end]))

    def notes_tokens(self, played: NDArray[np.floating]) -> Tensor:
        """(4 N,) of notes (N, 4): onset and duration in seconds, pitch, velocity."""
        onset = np.round(played[:, 0].astype(np.float64) / TICK_SEC).astype(np.int64)
        pitch = within(played[:, 2].astype(np.int64), LOWEST, HIGHEST)
        order = np.lexsort((pitch, onset))
        fields = np.empty((len(played), NUM_FIELDS), np.int64)
        fields[:, SHIFT] = self.shifts(onset[order])
        fields[:, PITCH] = pitch[order] - LOWEST
        fields[:, VELOCITY] = np.clip(played[order, 3].astype(np.int64) // VELOCITY_STEP, 0, NUM_VELOCITIES - 1)
        fields[:, DURATION] = nearest(duration_values(), played[order, 1].astype(np.float64))
        return torch.from_numpy((fields + self.starts[:NUM_FIELDS]).reshape(-1))

    def shifts(self, onset: NDArray[np.int64]) -> NDArray[np.int64]:
        """(N,) Which shift leads to each onset (N,), in hundredths; the first note's is nought."""
        values = np.round(shift_values() / TICK_SEC).astype(np.int64)
        told = nearest(values, np.arange(values[-1] + 1))
        steps = np.diff(onset, prepend=onset[:1]).clip(max=values[-1])
        found, late = np.empty_like(steps), 0
        for i, step in enumerate(steps.tolist()):  # what cannot be told exactly is made up for by the next
            found[i] = told[min(max(0, step - late), values[-1])]
            late += int(values[found[i]]) - step
        return found

    def decode(self, encoded: Encoded) -> Score:
        return self.score_of(encoded.tokens.tolist())

    def score_of(self, tokens: Sequence[int]) -> Score:
        """The notes before the end, a last one of which fields are missing not counted; raises ``CodecError``."""
        return Score(tuple(self.notes_of(tokens)), QPM)

    def note_places(self, tokens: Sequence[int]) -> list[int]:
        """The token with which each note of the score begins."""
        return [1 + NUM_FIELDS * index for index in in_score_order(self.notes_of(tokens))]

    def notes_of(self, tokens: Sequence[int]) -> list[Note]:
        """As they are told."""
        body = list(tokens[1:])
        if self.end_token in body:
            body = body[: body.index(self.end_token)]
        fields = np.array(body[: len(body) // NUM_FIELDS * NUM_FIELDS], np.int64).reshape(-1, NUM_FIELDS)
        fields = fields - self.starts[:NUM_FIELDS]
        if (fields < 0).any() or (fields >= self.num_values).any():
            raise CodecError("These tokens are no piano music; a note is a shift, a key, a velocity, a length.")
        onset = np.cumsum(shift_values()[fields[:, SHIFT]]).round(2)
        length = duration_values()[fields[:, DURATION]]
        rows = zip(
            (onset * QPM / 60).tolist(),
            (length * QPM / 60).round(6).tolist(),
            (fields[:, PITCH] + LOWEST).tolist(),
            (fields[:, VELOCITY] * VELOCITY_STEP + VELOCITY_STEP // 2).tolist(),
            strict=True,
        )
        return [Note(*row) for row in rows]

    def canonical(self, score: Score) -> Score:
        return self.decode(self.encode(score))


def in_score_order(notes: Sequence[Note]) -> list[int]:
    """Indices of ``notes`` in the order that a score has them in."""
    return sorted(range(len(notes)), key=lambda index: (notes[index].onset, notes[index].pitch, notes[index].duration))


def nearest(values: NDArray[np.floating | np.integer], wanted: NDArray[np.floating | np.integer]) -> NDArray[np.int64]:
    """(N,) Which of the ascending ``values`` is nearest to each of ``wanted`` (N,)."""
    above = np.searchsorted(values, wanted).clip(1, len(values) - 1)
    return np.where(wanted - values[above - 1] <= values[above] - wanted, above - 1, above)
