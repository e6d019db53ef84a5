"""Performances as frames of struck keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from core.codecs.pianoroll import HIGHEST, LOWEST, Floats, Keys, PianoRollCodec, frame_of, rows_of, sets_of, struck_sets
from core.data.piece import Piece
from core.data.windows import START, Item

FURTHEST = 6
"""semitones: a tritone either way"""


def rows_of_piece(piece: Piece) -> Floats:
    """(N, 4) All that is played, or the notes of a piece that only is written."""
    return rows_of(piece.score) if piece.played is None else piece.played


def frames_of(piece: Piece, frames_per_sec: int) -> list[Keys]:
    """The keys struck in each frame of ``piece``; raises ``CodecError`` for one that is too long."""
    return struck_sets(rows_of_piece(piece), frames_per_sec)


def num_frames(piece: Piece, frames_per_sec: int) -> int:
    """Up to the last in which a key is struck."""
    return int(frame_of(rows_of_piece(piece)[:, 0], frames_per_sec).max(initial=-1)) + 1


class RollDataset(Dataset[Item]):
    """Pieces as (a token a frame (T,), nothing (T, 0), the frame before).

    With a ``length`` every visit shows at most so many frames from a random one on, a share ``transposed`` of them in
    any key that the keyboard has room for: for training. Without one each piece is shown whole, in its own key.
    """

    def __init__(
        self, pieces: Sequence[Piece], codec: PianoRollCodec, length: int | None = None, transposed: float = 0.0
    ) -> None:
        self.pieces, self.codec, self.length, self.transposed = pieces, codec, length, transposed

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> Item:
        rows = rows_of_piece(self.pieces[index])
        frame, pitch = frame_of(rows[:, 0], self.codec.frames_per_sec), rows[:, 2]
        num = int(frame.max(initial=-1)) + 1
        length = self.length or num
        if self.length and torch.rand(()) < self.transposed:
            pitch = pitch + transposition(pitch)
        start = int(torch.randint(max(0, num - length) + 1, ()))
        first, stop = max(0, start - 1), min(num, start + length)
        seen = (frame >= first) & (frame < stop)
        tokens = self.codec.tokens_of(sets_of(frame[seen] - first, pitch[seen], stop - first))
        shown = tokens[start - first :]
        return Item(shown, torch.empty(len(shown), 0), int(tokens[0]) if start else START)


def transposition(pitch: Floats) -> int:
    """Semitones, at random, that keep ``pitch`` (N,) on the keyboard."""
    low, high = max(-FURTHEST, LOWEST - int(np.min(pitch))), min(FURTHEST, HIGHEST - int(np.max(pitch)))
    return int(torch.randint(low, high + 1, ())) if low <= high else 0
