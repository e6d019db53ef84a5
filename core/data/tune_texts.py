"""Tunes in ABC notation as the characters that a network reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch.utils.data import Dataset

from core.codecs import AbcCharsCodec
from core.data.abc_transposed import transposed_text
from core.data.piece import Piece
from core.data.windows import START, Item
from core.formats.abc_notation import score_to_abc

_KEY_LINE = re.compile(r"^K:.*(\n|$)", re.MULTILINE)


def tune_text(piece: Piece) -> str:
    """A piece in ABC: as its corpus writes it, or as this program does; empty where it has neither text nor notes."""
    if piece.text or not piece.score.notes:
        return piece.text
    return score_to_abc(piece.score)


def body_start(text: str) -> int:
    """The number of characters up to the first line of music."""
    match = _KEY_LINE.search(text)
    return match.end() if match else len(text)


class TuneDataset(Dataset[Item]):
    """Tunes as (characters and an end (T,), nothing (T, 0), the character before).

    With a ``length`` every visit shows at most so many characters from a random one on, a share ``transposed`` of them
    on another degree of the scale: for training. Without one each tune is shown whole, as it is written.
    """

    def __init__(
        self, texts: Sequence[str], codec: AbcCharsCodec, length: int | None = None, transposed: float = 0.0
    ) -> None:
        self.texts, self.codec, self.length, self.transposed = texts, codec, length, transposed

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Item:
        text = self.texts[index]
        if self.length is not None and torch.rand(()) < self.transposed:
            text = transposed_text(text, int(torch.randint(-3, 4, ())))
        tokens, _ = self.codec.encode_text(text)
        length = self.length or len(tokens)
        start = int(torch.randint(max(0, len(tokens) - length) + 1, ()))
        shown = tokens[start : start + length]
        return Item(shown, torch.empty(len(shown), 0), int(tokens[start - 1]) if start else START)
