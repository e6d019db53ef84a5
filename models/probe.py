"""How a network tells what goes on inside it: while somebody listens, and at no cost while nobody does.

What a module takes in and gives out can be had from outside. What is found between the two, such as the weights of an
attention, its owner tells here. A listener hears its own thread alone, so that one network may serve many at a time.

Shapes: B sequences, H heads, N queries, S keys, D width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol

from torch import Tensor, nn


class Look(NamedTuple):
    """Where some queries looked, one place after the other."""

    weights: Tensor
    """(B, H, N, S); a row sums to at most 1"""
    own: int
    """which of the keys is the place of the first query itself; -1: the one before the first of them"""


class Listener(Protocol):
    def attention(self, module: nn.Module, look: Callable[[], Look]) -> None:
        """The queries of a ``module`` are told in order, in one go or several."""

    def step(self, layer: nn.RNNBase, x: Tensor, hidden: Tensor, cell: Tensor) -> None:
        """One step of an LSTM ``layer`` that reads ``x`` (B, D) at ``hidden`` and ``cell`` (B, D)."""


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Inside, networks that run in this thread tell ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell_attention(module: nn.Module, look: Callable[[], Look]) -> None:
    """Of an attention whose weights are not an output of its own; ``look`` is only found while somebody listens."""
    if listener := _listener.get():
        listener.attention(module, look)


def tell_step(layer: nn.RNNBase, x: Tensor, hidden: Tensor, cell: Tensor) -> None:
    """Of a layer whose steps ``forward`` takes one at a time, on its weights."""
    if listener := _listener.get():
        listener.step(layer, x, hidden, cell)
