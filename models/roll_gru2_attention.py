"""GRU, self-attention and a second GRU over a window of past frames."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from models.roll import RollModel, SelfAttention


@dataclass(frozen=True)
class RollGru2AttentionConfig:
    vocab_size: int
    window: int = 50
    stride: int = 16
    embed_dim: int = 16
    hidden_dim: int = 48
    num_heads: int = 2
    dropout: float = 0.3
    dense_dim: int = 20


class RollGru2Attention(RollModel):
    def __init__(self, config: RollGru2AttentionConfig) -> None:
        super().__init__(config, config.hidden_dim)
        self.first = nn.GRU(config.embed_dim, config.hidden_dim, batch_first=True)
        self.attention = SelfAttention(config.hidden_dim, config.num_heads, config.window)
        self.second = nn.GRU(config.hidden_dim, config.hidden_dim, batch_first=True)

    def summary(self, x: Tensor) -> Tensor:
        x, _ = self.first(x)
        _, final = self.second(self.dropout(self.attention(x)))
        return final[0]
