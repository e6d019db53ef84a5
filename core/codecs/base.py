"""What a codec is: a two-way map between a ``Score`` and token ids."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple, Self

from torch import Tensor

from core.errors import InputError
from core.score import Score


class CodecError(InputError):
    """Tokens that are not music."""


class Encoded(NamedTuple):
    tokens: Tensor
    """(T,) int64, each in ``range(vocab_size)``"""
    condition: Tensor | None = None
    """(T, C): what the model is told about each token before it is chosen"""


@dataclass(frozen=True)
class Codec(ABC):
    """A frozen dataclass, of which a model card stores ``to_json``."""

    name: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """All that it takes to rebuild the codec, as JSON has it."""
        stored: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Raises ``TypeError`` or ``ValueError`` for what is no such codec."""
        return cls(**{name: as_tuples(value) for name, value in stored.items()})

    @property
    @abstractmethod
    def vocab_size(self) -> int:
        """Number of token ids, the start token included."""

    @property
    @abstractmethod
    def bos_token(self) -> int:
        """The id fed to the model before the first token; never a token of a piece."""

    @property
    def end_token(self) -> int | None:
        """The token behind the last one of a piece; None where the length of a piece is given."""
        return None

    @property
    def pitches(self) -> tuple[int, ...]:
        """The MIDI note number that each token names, -1 where it names none; empty when no token does."""
        return ()

    @abstractmethod
    def encode(self, score: Score) -> Encoded: ...

    @abstractmethod
    def decode(self, encoded: Encoded) -> Score: ...

    @abstractmethod
    def canonical(self, score: Score) -> Score:
        """``score`` less what the codec does not carry, and nothing else: what decoding its encoding gives."""


def as_tuples(value: Any) -> Any:
    """JSON lists as tuples, so that a codec read back equals the one written."""
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value
