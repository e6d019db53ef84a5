"""A tune as the text that writes it: one token for each character of its ABC notation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from core.codecs.base import Codec, CodecError, Encoded
from core.errors import FormatError
from core.formats.abc_notation import abc_to_score, score_to_abc
from core.score import Score

ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
UNKNOWN = "?"
"""instead of a character that the alphabet lacks"""
VERSION = "%abc-2.1\n"
"""what a file begins with, and no tune of a collection"""


@dataclass(frozen=True)
class AbcCharsCodec(Codec):
    """Token i is the character ``alphabet[i]``; behind the last comes the end token.

    Not carried: velocity, times off the grid of ``score_to_abc``, and letters other than those of the alphabet.
    """

    name: ClassVar[str] = "abc-chars"
    alphabet: str = ALPHABET

    @property
    def vocab_size(self) -> int:
        return len(self.alphabet) + 2

    @property
    def end_token(self) -> int:
        return len(self.alphabet)

    @property
    def bos_token(self) -> int:
        return len(self.alphabet) + 1

    def plain(self, text: str) -> str:
        """``text`` in the letters of the alphabet: a space for a tab, ``?`` for what it lacks."""
        known = frozenset(self.alphabet)
        lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        return "".join([character if character in known else UNKNOWN for character in lines])

    def encode_text(self, text: str) -> Encoded:
        """The tokens of a whole tune, in the letters of the alphabet, and the end token."""
        return Encoded(torch.tensor([*self.tokens_of(text), self.end_token], dtype=torch.int64))

    def tokens_of(self, text: str) -> list[int]:
        """Of text that a tune may go on behind: one token a character."""
        known = {character: token for token, character in enumerate(self.alphabet)}
        return [known[character] for character in self.plain(text)]

    def text_of(self, tokens: Tensor | Sequence[int]) -> str:
        """What the tokens write before the first end token; raises ``CodecError`` on one that is no character."""
        ids = tokens.tolist() if isinstance(tokens, Tensor) else list(tokens)
        written = ids[: ids.index(self.end_token)] if self.end_token in ids else ids
        if any(not 0 <= token < len(self.alphabet) for token in written):
            raise CodecError(f"A token of this text is no character; use those from 0 to {len(self.alphabet) - 1}.")
        return "".join([self.alphabet[token] for token in written])

    def encode(self, score: Score) -> Encoded:
        return self.encode_text(score_to_abc(score).removeprefix(VERSION).rstrip("\n"))

    def decode(self, encoded: Encoded) -> Score:
        try:
            return abc_to_score(self.text_of(encoded.tokens))
        except FormatError as error:
            raise CodecError(str(error)) from error

    def canonical(self, score: Score) -> Score:
        return self.decode(self.encode(score))
