"""What codecs share that tell each note in four tokens, one a field, behind a token for the whole piece."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from core.codecs.base import Codec, CodecError

LOWEST, HIGHEST = 21, 108
"""keys of a piano"""
NUM_FIELDS = 4
ANY = "any"
"""nothing is said of the whole piece"""
END = "/"


@dataclass(frozen=True)
class FieldCodec(Codec):
    """Tokens are those of the piece, then the values of each field in turn, then the start.

    The last value of the first field, which says when a note begins, is the end of the piece.
    """

    @property
    @abstractmethod
    def kinds(self) -> tuple[str, ...]:
        """What may be said of a whole piece, by token."""

    @property
    @abstractmethod
    def fields(self) -> tuple[str, ...]:
        """Their names, in order."""

    @property
    @abstractmethod
    def num_values(self) -> tuple[int, int, int, int]:
        """Values of each field."""

    @property
    @abstractmethod
    def key_field(self) -> int:
        """The field that tells which key."""

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The first token of each field, and the start token."""
        return tuple(accumulate(self.num_values, initial=len(self.kinds)))

    @property
    def vocab_size(self) -> int:
        return self.starts[-1] + 1

    @property
    def bos_token(self) -> int:
        return self.starts[-1]

    @property
    def end_token(self) -> int:
        return self.starts[1] - 1

    @property
    def pitches(self) -> tuple[int, ...]:
        keys = range(self.starts[self.key_field], self.starts[self.key_field + 1])
        return tuple(LOWEST + token - keys.start if token in keys else -1 for token in range(self.vocab_size))

    def kind_token(self, kind: str) -> int:
        """Raises ``CodecError`` when no piece can be said to be so."""
        if kind not in self.kinds:
            raise CodecError(f"There is no {self.kind_name} {kind!r}; choose one of: {', '.join(self.kinds)}.")
        return self.kinds.index(kind)

    @property
    @abstractmethod
    def kind_name(self) -> str:
        """What is said of a piece, in a word."""

    def symbol(self, token: int) -> str:
        """What a token says, in a few signs."""
        if token < len(self.kinds):
            return self.kinds[token]
        if token in (self.end_token, self.bos_token):
            return END
        field = sum(token >= start for start in self.starts[1:])
        return self.value_symbol(field, token - self.starts[field])

    @abstractmethod
    def note_places(self, tokens: Sequence[int]) -> list[int]:
        """The token with which each note of the decoded score begins."""

    @abstractmethod
    def value_symbol(self, field: int, value: int) -> str: ...
