"""Datasets of piano music, note by note."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from core.codecs import PianoCodec
from core.codecs.fields import ANY, HIGHEST, LOWEST, NUM_FIELDS
from core.codecs.piano import OTHERS, POP
from core.data.piano import COMPOSER
from core.data.piece import Piece, Played
from core.data.windows import START, Item

STRETCH = 1024
"""notes of a held-out performance that are read together"""
UNNAMED = 0.15
"""share of the training slices whose style is not said, so that a network can do without"""
FASTER = 1.1
"""training slices are up to so much faster or slower than played"""
FURTHEST = 6
"""semitones that they are moved by, at most, where they are"""


def style_of(piece: Piece, styles: Sequence[str]) -> str:
    """Pop where no composer is named; those that are not among the ``styles`` are others."""
    composer = piece.metadata.get(COMPOSER)
    if composer is None:
        return POP
    return composer if composer in styles else OTHERS


class PianoSlices(Dataset[Item]):
    """For training: every visit to a piece shows another ``length`` tokens of it, behind its style.

    A share ``transposed`` of them is in another key, all are a little faster or slower. The last ends with the piece.
    """

    def __init__(self, pieces: Sequence[Piece], codec: PianoCodec, length: int, transposed: float = 0.5) -> None:
        self.pieces, self.codec, self.transposed = pieces, codec, transposed
        self.num_notes = max(1, (length - 1) // NUM_FIELDS)

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> Item:
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        piece = self.pieces[index]
        assert piece.played is not None
        start = int(rng.integers(max(0, len(piece.played) - self.num_notes) + 1))
        rows = piece.played[start : start + self.num_notes].copy()
        rows[:, :2] *= FASTER ** rng.uniform(-1, 1)
        if rng.random() < self.transposed:
            low, high = LOWEST - rows[:, 2].min(), HIGHEST - rows[:, 2].max()
            rows[:, 2] += rng.integers(max(-FURTHEST, low), min(FURTHEST, high), endpoint=True)
        style = ANY if rng.random() < UNNAMED else style_of(piece, self.codec.styles)
        return as_item(self.codec, style, rows, ends=start + len(rows) == len(piece.played))


class PianoStretches(Dataset[Item]):
    """For measuring: every performance whole, in stretches that are read one without the other; no style is said."""

    def __init__(self, pieces: Sequence[Piece], codec: PianoCodec) -> None:
        self.codec = codec
        self.stretches = [
            (piece.played[start : start + STRETCH], start + STRETCH >= len(piece.played))
            for piece in pieces
            if piece.played is not None
            for start in range(0, len(piece.played), STRETCH)
        ]

    def __len__(self) -> int:
        return len(self.stretches)

    def __getitem__(self, index: int) -> Item:
        rows, ends = self.stretches[index]
        return as_item(self.codec, ANY, rows, ends=ends)


def as_item(codec: PianoCodec, style: str, rows: Played, *, ends: bool) -> Item:
    end = [codec.end_token] if ends else []
    tokens: Tensor = torch.cat(
        [torch.tensor([codec.kind_token(style)]), codec.notes_tokens(rows), torch.tensor(end, dtype=torch.int64)]
    )
    return Item(tokens, torch.empty(len(tokens), 0), START)
