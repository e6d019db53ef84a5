"""Self-attention alone over a window of past frames."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from models.roll import RollModel, SelfAttention


@dataclass(frozen=True)
class RollAttentionConfig:
    vocab_size: int
    window: int = 50
    stride: int = 16
    embed_dim: int = 16
    num_heads: int = 2
    dropout: float = 0.3
    dense_dim: int = 20


class RollAttention(RollModel):
    """Where in the window a frame lies is known to the dense layer alone, which reads the places side by side."""

    def __init__(self, config: RollAttentionConfig) -> None:
        super().__init__(config, config.window * config.embed_dim)
        self.attention = SelfAttention(config.embed_dim, config.num_heads, config.window)

    def summary(self, x: Tensor) -> Tensor:
        return self.dropout(self.attention(x)).flatten(1)
