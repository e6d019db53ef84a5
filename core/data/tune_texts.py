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

BAR = re.compile(r"(?<=\|)([^|\[\]:\n]{3,40}\|)(?=[^|:\]\[])")
"""a bar with the line behind it, between plain lines"""
MOST_TIMES = 8
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
    on another degree of the scale, a share ``looped`` with a passage that is read again and again, and not to be
    foretold: for training. Without one each tune is shown whole, as it is written.
    """

    def __init__(
        self,
        texts: Sequence[str],
        codec: AbcCharsCodec,
        length: int | None = None,
        transposed: float = 0.0,
        looped: float = 0.0,
    ) -> None:
        self.texts, self.codec, self.length = texts, codec, length
        self.transposed, self.looped = transposed, looped

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Item:
        text = self.texts[index]
        if self.length is not None and torch.rand(()) < self.transposed:
            text = transposed_text(text, int(torch.randint(-3, 4, ())))
        again = slice(0, 0)
        if self.length is not None and torch.rand(()) < self.looped:
            text, again = with_loop(text)
        tokens, _ = self.codec.encode_text(text)
        learned = torch.ones(len(tokens), dtype=torch.bool)
        learned[again] = False
        length = self.length or len(tokens)
        start = int(torch.randint(max(0, len(tokens) - length) + 1, ()))
        shown = slice(start, start + length)
        before = int(tokens[start - 1]) if start else START
        return Item(tokens[shown], torch.empty(len(tokens[shown]), 0), before, learned[shown])


def with_loop(text: str) -> tuple[str, slice]:
    """A tune in which one bar, or two, stand up to ``MOST_TIMES`` more in a row, and where these copies are."""
    bars = [found.span(1) for found in BAR.finditer(text, body_start(text))]
    if not bars:
        return text, slice(0, 0)
    first = int(torch.randint(len(bars), ()))
    last = min(first + int(torch.randint(2, ())), len(bars) - 1)
    start, stop = bars[first][0], bars[last][1]
    copies = text[start:stop] * int(torch.randint(1, MOST_TIMES + 1, ()))
    return text[:stop] + copies + text[stop:], slice(stop, stop + len(copies))
