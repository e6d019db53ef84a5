"""A layer of a transformer."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from models.attention import Attention, RelativePositions
from models.base import State


class Shape(Protocol):
    """What a layer needs to know of its network's configuration."""

    @property
    def dim(self) -> int: ...
    @property
    def num_heads(self) -> int: ...
    @property
    def feed_dim(self) -> int: ...
    @property
    def dropout(self) -> float: ...
    @property
    def reach(self) -> int:
        """Attention goes less than so many places either way."""


class Layer(nn.Module):
    """Pre-norm attention to the sequence itself, to a ``memory`` if there is one, then a feed-forward network.

    Positions are relative, those more than ``max_distance`` apart alike, or not told where it is 0.
    """

    def __init__(self, config: Shape, max_distance: int, *, causal: bool, memory: bool = False) -> None:
        super().__init__()
        dim, num_heads = config.dim, config.num_heads

        def attention(*, causal: bool) -> Attention:
            head_dim = dim // num_heads
            relative = RelativePositions(num_heads, head_dim, max_distance, future=not causal) if max_distance else None
            return Attention(dim, num_heads, config.reach, causal=causal, relative=relative)

        self.self_norm, self.self_attention = nn.LayerNorm(dim), attention(causal=causal)
        if memory:
            self.cross_norm, self.cross_attention = nn.LayerNorm(dim), attention(causal=False)
        self.feed_norm = nn.LayerNorm(dim)
        self.feed = nn.Sequential(nn.Linear(dim, config.feed_dim), nn.ReLU(), nn.Linear(config.feed_dim, dim))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, memory: Tensor | None = None, padding: Tensor | None = None) -> Tensor:
        """``x`` (B, N, D) after the layer.

        ``memory``, the keys and values of the beats, is what a decoder draws on. ``padding`` (B, S) is of the memory
        where there is one, else of ``x``.
        """
        normed = self.self_norm(x)
        own_padding = padding if memory is None else None
        x = x + self.dropout(self.self_attention(normed, self.self_attention.keys_values(normed), padding=own_padding))
        if memory is not None:
            x = x + self.dropout(self.cross_attention(self.cross_norm(x), memory, padding=padding))
        return x + self.dropout(self.feed(self.feed_norm(x)))

    def step(self, x: Tensor, place: int, known: State) -> tuple[Tensor, Tensor]:
        """A causal layer's ``forward`` of one note ``x`` (B, D) at ``place``; and its past with that note in it.

        ``known`` holds the keys and values of the "memory", if there is one, and of the "past", as far back as they
        are seen, and the "table" of each attention where positions are relative.
        """
        normed = self.self_norm(x)
        past = known["past"][:, :, 1 - self.self_attention.reach :]
        past = torch.cat([past, self.self_attention.key_value(normed).view(len(x), past.shape[1], 1, -1)], dim=2)
        x = x + self.self_attention.step(normed, past, past.shape[2] - 1, known.get("own_table"))
        if "memory" in known:
            x = x + self.cross_attention.step(self.cross_norm(x), known["memory"], place, known.get("cross_table"))
        return x + self.feed(self.feed_norm(x)), past
