"""Windows of songs that begin on bar lines: what a model of whole windows sees of a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from core.codecs import StepCodec
from core.codecs.steps import REST
from core.data.windows import transposition, way_to_common_key
from core.score import Score


class BarredSong(NamedTuple):
    """A song from its first bar line on; an upbeat is a bar that begins with rests."""

    tokens: Tensor
    """(T,) int64"""
    bar: int
    """steps of a bar"""
    lead: int
    """how many of the tokens are those rests"""


def barred(codec: StepCodec, score: Score) -> BarredSong:
    bar, upbeat = (round(quarters / codec.step) for quarters in (score.bar_length, score.upbeat))
    lead = -upbeat % bar
    rest = int(codec.tokens_of([REST]))
    return BarredSong(F.pad(codec.encode(score).tokens, (lead, 0), value=rest), bar, lead)


def window_at(codec: StepCodec, song: BarredSong, start: int, length: int) -> Tensor:
    """(length,) tokens from ``start`` on; behind the end of the song there are more ends."""
    tokens = song.tokens[start : start + length]
    return F.pad(tokens, (0, length - len(tokens)), value=codec.end_token)


class RandomPassages(Dataset[Tensor]):
    """Windows (W,) from any bar line of a song on, unless less than half would be song; for training.

    An epoch has as many of each song as its length deserves. A share ``transposed`` of them is in any key.
    """

    def __init__(self, scores: Sequence[Score], codec: StepCodec, length: int, transposed: float = 0.5) -> None:
        self.codec, self.length, self.transposed = codec, length, transposed
        self.pitches = np.array(codec.pitches)  # (V,)
        self.songs = [barred(codec, score) for score in scores]
        self.places = [i for i, song in enumerate(self.songs) for _ in range(max(1, round(len(song.tokens) / length)))]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Tensor:
        song = self.songs[self.places[index]]
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        starts = window_starts(song, self.length, song.bar)
        window = window_at(self.codec, song, starts[int(rng.integers(len(starts)))], self.length)
        return in_any_key(window, self.pitches, rng) if rng.random() < self.transposed else window


def in_any_key(window: Tensor, pitches: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
    """``window`` (W,) moved by at most a tritone either way; ``pitches`` (V,) are those of the tokens, in order."""
    sounding = pitches[window.numpy()]
    is_note = sounding >= 0
    return window + torch.from_numpy(is_note) * transposition(sounding[is_note], rng) if is_note.any() else window


def in_common_key(scores: Sequence[Score]) -> list[Score]:
    """All in C major or A minor."""
    return [score.transposed(way_to_common_key(score)) for score in scores]


def window_starts(song: BarredSong, length: int, hop: int) -> range:
    """Every ``hop`` steps a window, the last one at least half full; one at least."""
    return range(0, max(1, len(song.tokens) - length // 2 + 1), hop)


class Passages(NamedTuple):
    """Held-out windows, and which of their steps are counted."""

    tokens: Tensor
    """(N, W) int64"""
    counted: Tensor
    """(N, W) bool: neither the rests before an upbeat nor what lies behind the end"""


def held_out_passages(scores: Sequence[Score], codec: StepCodec, length: int) -> Passages:
    """Windows side by side: none overlap, and as all begin on bar lines, some steps between them are left out."""
    windows, counted = [], []
    for score in scores:
        song = barred(codec, score)
        places = torch.arange(length)
        for start in window_starts(song, length, -(-length // song.bar) * song.bar):
            windows.append(window_at(codec, song, start, length))
            counted.append((places + start >= song.lead) & (places + start < len(song.tokens)))
    if not windows:
        return Passages(torch.empty(0, length, dtype=torch.int64), torch.empty(0, length, dtype=torch.bool))
    return Passages(torch.stack(windows), torch.stack(counted))
