"""A melody as a time series: one symbol for each step of a fixed grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from core.codecs.base import Codec, CodecError, Encoded
from core.codecs.octaves import within
from core.score import Note, Score, monophonic

HELD, REST, END = "_", "r", "/"
LOWEST, HIGHEST = 43, 96
DURATIONS = frozenset((0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0))
"""quarters; what notes and rests of a song may last for it to be learned from"""


@dataclass(frozen=True)
class StepCodec(Codec):
    """A MIDI number where a note starts, ``_`` while it is held, ``r`` for a rest, and ``/`` at the end of a song.

    The condition (T, 3) tells of each step how many quarters into its bar it is, and the metre's two numbers.
    Not carried: velocity, tempo, key and title; times off the grid, of notes that begin on one step all but the last;
    pitches out of range, which move by octaves.
    """

    name: ClassVar[str] = "steps"
    step: float = 0.25
    """quarters"""
    vocabulary: tuple[str, ...] = (END, HELD, REST, *map(str, range(LOWEST, HIGHEST + 1)))

    @property
    def vocab_size(self) -> int:
        return len(self.vocabulary) + 1

    @property
    def bos_token(self) -> int:
        return len(self.vocabulary)

    @property
    def end_token(self) -> int:
        return self.vocabulary.index(END)

    @property
    def pitches(self) -> tuple[int, ...]:
        return (*(int(symbol) if symbol.isdigit() else -1 for symbol in self.vocabulary), -1)

    def tokens_of(self, symbols: list[str]) -> Tensor:
        """(T,) int64; raises ``CodecError`` that names a symbol which is none."""
        known = {symbol: token for token, symbol in enumerate(self.vocabulary)}
        for symbol in symbols:
            if symbol not in known:
                raise CodecError(
                    f"{symbol[:20]!r} is no symbol of this model; use MIDI numbers, _ (held) and r (rest)."
                )
        return torch.tensor([known[symbol] for symbol in symbols], dtype=torch.int64)

    def encode(self, score: Score) -> Encoded:
        symbols = [*self.symbols(score), END]
        return Encoded(self.tokens_of(symbols), self.places(len(symbols), score.time_signature, score.upbeat))

    def symbols(self, score: Score) -> list[str]:
        """What each step of the melody holds, up to the end of its last note."""
        symbols, reach = list[str](), self.reach
        for note in monophonic(score).notes:
            start, stop = (round(time / self.step) for time in (note.onset, note.offset))
            symbols = [*symbols[:start], *[REST] * (start - len(symbols))]
            symbols += [str(within(note.pitch, *reach)), *[HELD] * (stop - start - 1)]
        return symbols

    @property
    def reach(self) -> tuple[int, int]:
        """The lowest and the highest pitch."""
        pitches = [int(symbol) for symbol in self.vocabulary if symbol.isdigit()]
        return min(pitches), max(pitches)

    def places(self, num_steps: int, time_signature: tuple[int, int], upbeat: float) -> Tensor:
        """The condition (T, 3) of the first ``num_steps`` steps of a song."""
        numerator, denominator = time_signature
        bar = max(1, round(4 * numerator / denominator / self.step))
        into_bar = (torch.arange(num_steps) - round(upbeat / self.step)) % bar * self.step
        metre = torch.tensor([numerator, denominator]).expand(num_steps, 2)
        return torch.cat([into_bar[:, None], metre], dim=1).float()

    def decode(self, encoded: Encoded) -> Score:
        notes = tuple(self.notes(encoded.tokens.tolist()))
        if encoded.condition is None or not len(encoded.condition):
            return Score(notes)
        into_bar, numerator, denominator = encoded.condition[0].tolist()
        score = Score(notes, time_signature=(int(numerator), int(denominator)))
        return Score(notes, time_signature=score.time_signature, upbeat=-into_bar % score.bar_length)

    def notes(self, tokens: list[int]) -> Iterator[Note]:
        """The notes up to the first ``/``; what is held after a rest is a rest."""
        note: Note | None = None
        for place, token in enumerate(tokens):
            symbol = self.vocabulary[token]
            if symbol == HELD:
                note = note and note._replace(duration=note.duration + self.step)
                continue
            if note:
                yield note
            note = Note(place * self.step, self.step, int(symbol)) if symbol.isdigit() else None
            if symbol == END:
                return
        if note:
            yield note

    def canonical(self, score: Score) -> Score:
        return self.decode(self.encode(score))


def is_regular(score: Score) -> bool:
    """Whether all notes and rests of a melody last as long as ``DURATIONS`` has it."""
    line, now = monophonic(score).notes, 0.0
    for note in line:
        rest = note.onset - now
        if note.duration not in DURATIONS or (rest > 0 and rest not in DURATIONS):
            return False
        now = note.offset
    return True
