"""Bidirectional LSTM, convolution and multi-head attention over a window of past steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from models.window import WindowModel


@dataclass(frozen=True)
class StepLstmAttentionConfig:
    vocab_size: int
    window: int = 64
    stride: int = 64
    embed_dim: int = 64
    hidden_dim: int = 96
    num_layers: int = 3
    kernel_size: int = 3
    num_heads: int = 8
    dropout: float = 0.2


class StepLstmAttention(WindowModel):
    def __init__(self, config: StepLstmAttentionConfig) -> None:
        super().__init__()
        self.config = config
        dim = 2 * config.hidden_dim
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.lstm = nn.LSTM(
            config.embed_dim,
            config.hidden_dim,
            config.num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.dropout,
        )
        self.convolution = nn.Conv1d(dim, dim, config.kernel_size, padding="same")
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, config.num_heads, dropout=config.dropout, batch_first=True)
        self.head = nn.Linear(dim, config.vocab_size)

    def read(self, windows: Tensor) -> Tensor:
        x, _ = self.lstm(self.embedding(windows))
        x = self.norm(x + self.dropout(F.relu(self.convolution(x.transpose(1, 2))).transpose(1, 2)))
        last = x[:, -1:]  # the step before the one to be foretold asks, the whole window answers
        drawn, _ = self.attention(last, x, x, need_weights=False)
        return self.head((last + drawn)[:, 0])
