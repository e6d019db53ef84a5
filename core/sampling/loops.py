"""Ways out of going on for ever, into which models that copy what they wrote are drawn."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

TIMES = 3
"""that a passage may stand in a row"""
SHORTEST, LONGEST = 6, 128
"""tokens of such a passage: a few may well come again and again"""
LONG = 1200
"""tokens: few people's tunes have more"""
PATIENCE = 100
"""further tokens by which the end becomes likelier by one nat"""
PENALTY = 12.0
"""nats that it costs to say it once more: where nothing else may be said, it still can be"""


@dataclass(frozen=True)
class NoLoops:
    """Makes it unlikely that a passage comes a fourth time in a row."""

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        """``tokens`` (B, T) so far, ``logits`` (B, V) of the next."""
        out = logits
        for row, said in enumerate(tokens[:, -TIMES * LONGEST :].tolist()):
            if again := looping(said):
                out = logits.clone() if out is logits else out
                out[row, again] -= PENALTY
        return out


@dataclass(frozen=True)
class Conclude:
    """Makes the end likelier the longer a tune goes on that should long be over."""

    end_token: int

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        """``tokens`` (B, T) so far, ``logits`` (B, V) of the next; where there may be no end there still is none."""
        surplus = tokens.shape[1] - LONG
        if surplus <= 0:
            return logits
        out = logits.clone()
        out[:, self.end_token] += surplus / PATIENCE
        return out


def looping(said: list[int]) -> list[int]:
    """The tokens with which a fourth copy would begin of what stands three times at the end of ``said``."""
    periods = range(SHORTEST, min(LONGEST, len(said) // TIMES) + 1)
    starts = {p: len(said) - TIMES * p for p in periods if said[-p:] == said[-2 * p : -p]}
    return sorted({said[start] for p, start in starts.items() if said[start : start + p] == said[-p:]})
