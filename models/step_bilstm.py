"""Two stacked bidirectional LSTMs over a window of past steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.window import WindowModel


@dataclass(frozen=True)
class StepBilstmConfig:
    vocab_size: int
    window: int = 64
    stride: int = 64
    embed_dim: int = 64
    hidden_dim: int = 128
    dropout: float = 0.3


class StepBilstm(WindowModel):
    def __init__(self, config: StepBilstmConfig) -> None:
        super().__init__()
        self.config = config
        dim = 2 * config.hidden_dim
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.first = nn.LSTM(config.embed_dim, config.hidden_dim, batch_first=True, bidirectional=True)
        self.second = nn.LSTM(dim, config.hidden_dim, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(dim, config.vocab_size)

    def read(self, windows: Tensor) -> Tensor:
        x, _ = self.first(self.embedding(windows))
        _, (final, _) = self.second(self.dropout(x))
        return self.head(self.dropout(torch.cat([final[0], final[1]], dim=-1)))
