"""What the networks of piano rolls share, as a study of them has it: a window of frames in, the next frame out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from models.attention import Attention
from models.dense import Dense
from models.window import WindowModel


class RollModel(WindowModel):
    """Embeds the frames of a window, sums them up, and writes through a narrow dense layer.

    There are so many sets of keys that nearly all weights are in the embedding and in the last layer: the narrower what
    lies between, the smaller the network.
    """

    def __init__(self, config: Any, summary_dim: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.dropout = nn.Dropout(config.dropout)
        self.dense = Dense(summary_dim, config.dense_dim, F.leaky_relu)
        self.head = nn.Linear(config.dense_dim, config.vocab_size)

    @abstractmethod
    def summary(self, x: Tensor) -> Tensor:
        """(N, S) of embedded windows ``x`` (N, W, E)."""

    def read(self, windows: Tensor) -> Tensor:
        return self.head(self.dense(self.summary(self.embedding(windows))))


class SelfAttention(Attention):
    """Every place of a window draws from all of them, and adds what it draws to what it holds.

    Without the addition, which the study does not tell of, a stack of them hardly begins to learn.
    """

    def __init__(self, dim: int, num_heads: int, window: int) -> None:
        super().__init__(dim, num_heads, window, causal=False, relative=None)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return x + super().forward(x, self.keys_values(x))
