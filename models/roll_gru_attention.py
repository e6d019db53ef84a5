"""GRU, then self-attention, over a window of past frames."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from models.roll import RollModel, SelfAttention


@dataclass(frozen=True)
class RollGruAttentionConfig:
    vocab_size: int
    window: int = 50
    stride: int = 16
    embed_dim: int = 16
    hidden_dim: int = 32
    num_heads: int = 2
    dropout: float = 0.3
    dense_dim: int = 20


class RollGruAttention(RollModel):
    def __init__(self, config: RollGruAttentionConfig) -> None:
        super().__init__(config, config.window * config.hidden_dim)
        self.gru = nn.GRU(config.embed_dim, config.hidden_dim, batch_first=True)
        self.attention = SelfAttention(config.hidden_dim, config.num_heads, config.window)

    def summary(self, x: Tensor) -> Tensor:
        x, _ = self.gru(x)
        return self.dropout(self.attention(x)).flatten(1)
