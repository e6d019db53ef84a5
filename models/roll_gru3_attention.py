"""Three GRUs with a self-attention between any two, over a window of past frames."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from models.roll import RollModel, SelfAttention


@dataclass(frozen=True)
class RollGru3AttentionConfig:
    vocab_size: int
    window: int = 50
    stride: int = 16
    embed_dim: int = 16
    hidden_dim: int = 40
    num_heads: int = 2
    dropout: float = 0.3
    dense_dim: int = 20


class RollGru3Attention(RollModel):
    def __init__(self, config: RollGru3AttentionConfig) -> None:
        super().__init__(config, config.hidden_dim)
        dim, attention = config.hidden_dim, (config.hidden_dim, config.num_heads, config.window)
        self.first = nn.GRU(config.embed_dim, dim, batch_first=True)
        self.first_attention = SelfAttention(*attention)
        self.second = nn.GRU(dim, dim, batch_first=True)
        self.second_attention = SelfAttention(*attention)
        self.third = nn.GRU(dim, dim, batch_first=True)

    def summary(self, x: Tensor) -> Tensor:
        x, _ = self.first(x)
        x, _ = self.second(self.dropout(self.first_attention(x)))
        _, final = self.third(self.dropout(self.second_attention(x)))
        return final[0]
