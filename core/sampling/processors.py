"""Logits processors: small pure functions that reshape the next-token distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import torch
from torch import Tensor


class LogitsProcessor(Protocol):
    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        """New logits (B, V), from the ``tokens`` (B, T) so far and their ``logits`` (B, V)."""
        ...


@dataclass(frozen=True)
class RepeatDecay:
    """Multiplies the probability of the last note again by ``1 - decay``, before the rest is made to sum to 1.

    Where nothing else may follow, it gives way.
    ``pitches`` (V,) are those of the tokens, -1 for one that is no note; where there are none, each token is one.
    """

    decay: float
    pitches: tuple[int, ...] = ()

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        last = last_note(tokens, self.pitches) if self.pitches else tokens[:, -1:]
        penalty = math.log1p(-self.decay) if self.decay < 1 else -math.inf
        decayed = logits.scatter(1, last, logits.gather(1, last) + penalty)
        return torch.where(decayed.isneginf().all(dim=-1, keepdim=True), logits, decayed)


@dataclass(frozen=True)
class Temperature:
    """Flattens the distribution above 1, sharpens it below."""

    temperature: float

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        return logits / self.temperature


@dataclass(frozen=True)
class TopK:
    """Keeps the ``k`` likeliest tokens."""

    k: int

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        kept, ids = logits.topk(min(self.k, logits.shape[-1]))
        return torch.full_like(logits, -math.inf).scatter(1, ids, kept)


@dataclass(frozen=True)
class TopP:
    """Keeps the likeliest tokens until their probability reaches ``p``; the one that crosses it stays.

    Nucleus sampling: Holtzman et al., 'The Curious Case of Neural Text Degeneration', 2020.
    """

    p: float

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        ordered, ids = logits.sort(descending=True)
        probs = ordered.softmax(dim=-1)
        dropped = probs.cumsum(dim=-1) - probs >= self.p
        dropped[:, 0] = False
        kept = ordered.masked_fill(dropped, -math.inf)
        return torch.full_like(logits, -math.inf).scatter(1, ids, kept)


@dataclass(frozen=True)
class Only:
    """Keeps the tokens that are ``allowed`` (V,); where they have no probability at all, gives way."""

    allowed: tuple[bool, ...]

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        return unless_empty(logits, torch.tensor(self.allowed, device=logits.device))


@dataclass(frozen=True)
class Leap:
    """Keeps intervals of at most ``semitones`` from the last note; gives way where none is left.

    ``pitches`` (V,) are those of the tokens, -1 for one that is no note: it is always kept.
    """

    semitones: int
    pitches: tuple[int, ...]

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        pitches = as_tensor(self.pitches).to(logits.device)
        last = pitches[last_note(tokens, self.pitches)]  # (B, 1)
        near = (pitches - last).abs() <= self.semitones  # (B, V)
        return unless_empty(logits, near | (pitches < 0) | (last < 0))


def last_note(tokens: Tensor, pitches: tuple[int, ...]) -> Tensor:
    """The latest of ``tokens`` (B, T) that has a pitch, (B, 1); the first token where none has."""
    sounding = as_tensor(pitches).to(tokens.device)[tokens] >= 0
    places = torch.arange(tokens.shape[1], device=tokens.device)
    return tokens.gather(1, (sounding * places).argmax(dim=1, keepdim=True))


@lru_cache(maxsize=8)
def as_tensor(pitches: tuple[int, ...]) -> Tensor:
    return torch.tensor(pitches)


def unless_empty(logits: Tensor, allowed: Tensor) -> Tensor:
    """``logits`` (B, V) with those not ``allowed`` at minus infinity; a row that would lose all of them keeps them."""
    masked = logits.masked_fill(~allowed, -math.inf)
    return torch.where(masked.isneginf().all(dim=-1, keepdim=True), logits, masked)


def process(processors: Sequence[LogitsProcessor], tokens: Tensor, logits: Tensor) -> Tensor:
    """The logits (B, V) after every processor in turn."""
    for processor in processors:
        logits = processor(tokens, logits)
    return logits
