"""Datasets: what a network sees of a corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, Sampler

from core.codecs import StepCodec
from core.data.performance import Interpreter
from core.formats.spelling import parse_key
from core.score import Score

PADDING = -100
"""In targets: no token, not counted in a loss."""


START = -1
"""As the token before a slice: it begins with its piece."""


class Item(NamedTuple):
    """A piece, or a slice of one."""

    tokens: Tensor
    """(T,) int64"""
    condition: Tensor
    """(T, C) float32"""
    before: int = START
    """the token before the first, for models that shall hear of it"""
    learned: Tensor | None = None
    """(T,) whether each token is to be foretold, or only read; None: all are"""


class Batch(NamedTuple):
    tokens: Tensor
    """(B, T) int64, ``PADDING`` behind the end"""
    condition: Tensor | None
    """(B, T, C) float32"""
    lengths: Tensor
    """(B,)"""
    before: Tensor
    """(B,) int64, the token before each row, or ``START``"""
    targets: Tensor
    """(B, T) int64, the tokens to be foretold, ``PADDING`` elsewhere"""


class BeatDataset(Dataset[Item]):
    """Melodies as (pitches (T,), beats (T, 2)).

    With a ``length`` every visit shows another performance, cut at random to at most ``length`` notes: for training.
    A share ``transposed`` of them is in any key, the others in their own, so that a network learns in which keys
    people write. Without a ``length`` each melody is shown whole, in its own key, in one performance that ``seed``
    fixes: for measuring.
    """

    def __init__(
        self,
        scores: Sequence[Score],
        performer: Interpreter,
        length: int | None = None,
        seed: int = 0,
        transposed: float = 0.5,
    ) -> None:
        self.scores, self.performer, self.length, self.seed = scores, performer, length, seed
        self.transposed = transposed

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int) -> Item:
        seed = (self.seed, index) if self.length is None else int(torch.randint(2**31, ()))
        rng = np.random.default_rng(seed)
        score = self.scores[index]
        beats, pitches = self.performer.perform(score, rng), np.array(score.pitches)
        if self.length is not None:
            start = rng.integers(max(0, len(pitches) - self.length) + 1)
            beats, pitches = beats[start : start + self.length], pitches[start : start + self.length]
            if rng.random() < self.transposed:
                pitches = pitches + transposition(pitches, rng)
        return Item(torch.from_numpy(pitches), torch.from_numpy(beats).float())


class StepDataset(Dataset[Item]):
    """Songs as (tokens (T,), places in the bar (T, 3)), by a ``StepCodec``.

    With a ``length`` every visit shows at most so many steps from a random one on, a share ``transposed`` of them in
    any key; without one each song whole. With ``common_key`` all are in C major or A minor.
    """

    def __init__(
        self,
        scores: Sequence[Score],
        codec: StepCodec,
        length: int | None = None,
        transposed: float = 0.5,
        common_key: bool = False,
    ) -> None:
        self.scores, self.codec, self.length = scores, codec, length
        self.transposed, self.common_key = transposed, common_key

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int) -> Item:
        score = self.scores[index]
        seed = index if self.length is None else int(torch.randint(2**31, ()))
        rng = np.random.default_rng(seed)
        if self.common_key:
            score = score.transposed(way_to_common_key(score))
        elif self.length is not None and rng.random() < self.transposed:
            score = score.transposed(transposition(np.array(score.pitches), rng))
        tokens, condition = self.codec.encode(score)
        assert condition is not None
        length = self.length or len(tokens)
        start = int(rng.integers(max(0, len(tokens) - length) + 1))
        return Item(tokens[start : start + length], condition[start : start + length])


def way_to_common_key(score: Score) -> int:
    """Semitones, at most a tritone either way, from a score's key to C major or A minor."""
    fifths = parse_key(score.key).fifths
    return (-7 * fifths + 5) % 12 - 5


def transposition(pitches: np.ndarray, rng: np.random.Generator) -> int:
    """Semitones, at most a tritone either way, that keep ``pitches`` between G2 and C7."""
    low, high = max(-6, 43 - pitches.min()), min(6, 96 - pitches.max())
    return int(rng.integers(low, high + 1)) if low <= high else 0


class SimilarLengths(Sampler[list[int]]):
    """Batches of pieces about as long as one another, drawn anew each epoch: little is computed on padding."""

    CHUNK = 32
    """batches that are sorted by length together"""

    def __init__(self, lengths: Sequence[int], batch_size: int) -> None:
        self.lengths, self.batch_size = lengths, batch_size

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.lengths)).tolist()
        size = self.CHUNK * self.batch_size
        chunks = (sorted(order[i : i + size], key=self.lengths.__getitem__) for i in range(0, len(order), size))
        batches = [chunk[i : i + self.batch_size] for chunk in chunks for i in range(0, len(chunk), self.batch_size)]
        return iter([batches[i] for i in torch.randperm(len(batches)).tolist()])


def collate(items: Sequence[Item]) -> Batch:
    """Pads items of unequal length to one batch."""
    return Batch(
        tokens=pad_sequence([item.tokens for item in items], True, PADDING),
        condition=pad_sequence([item.condition for item in items], True),
        lengths=torch.tensor([len(item.tokens) for item in items]),
        before=torch.tensor([item.before for item in items]),
        targets=pad_sequence([targets_of(item) for item in items], True, PADDING),
    )


def targets_of(item: Item) -> Tensor:
    return item.tokens if item.learned is None else item.tokens.masked_fill(~item.learned, PADDING)
