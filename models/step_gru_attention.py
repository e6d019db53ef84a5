"""Bidirectional GRU with additive attention over a window of past steps, as a study of folk songs has it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from models.probe import Look, tell_attention
from models.window import WindowModel


@dataclass(frozen=True)
class StepGruAttentionConfig:
    vocab_size: int
    window: int = 64
    stride: int = 64
    embed_dim: int = 64
    hidden_dim: int = 128
    num_layers: int = 2
    dropout: float = 0.5
    dense_dim: int = 128
    dense_dropout: float = 0.6


class StepGruAttention(WindowModel):
    def __init__(self, config: StepGruAttentionConfig) -> None:
        super().__init__()
        self.config = config
        dim, dense = 2 * config.hidden_dim, config.dense_dim
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.gru = nn.GRU(
            config.embed_dim,
            config.hidden_dim,
            config.num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.dropout,
        )
        self.attention, self.value, self.query = nn.Linear(dim, dense), nn.Linear(dim, dense), nn.Linear(dense, 1)
        self.norm = nn.BatchNorm1d(dim)
        self.dense = nn.Sequential(
            nn.Linear(dim, dense), nn.ReLU(), nn.Dropout(config.dense_dropout),
            nn.Linear(dense, dense), nn.ReLU(), nn.Dropout(config.dense_dropout),
            nn.Linear(dense, dense), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(dense, config.vocab_size)

    def read(self, windows: Tensor) -> Tensor:
        x, _ = self.gru(self.embedding(windows))
        weights = self.query((self.attention(x) + self.value(x)).tanh()).softmax(dim=1)  # (N, W, 1)
        tell_attention(self, lambda: Look(weights.transpose(1, 2)[:, None], x.shape[1] - 1))
        return self.head(self.dense(self.norm((weights * x).sum(dim=1))))
