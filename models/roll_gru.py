"""Bidirectional GRU over a window of past frames."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.roll import RollModel


@dataclass(frozen=True)
class RollGruConfig:
    vocab_size: int
    window: int = 50
    stride: int = 16
    embed_dim: int = 16
    hidden_dim: int = 48
    dropout: float = 0.3
    dense_dim: int = 20


class RollGru(RollModel):
    def __init__(self, config: RollGruConfig) -> None:
        super().__init__(config, 2 * config.hidden_dim)
        self.gru = nn.GRU(config.embed_dim, config.hidden_dim, batch_first=True, bidirectional=True)

    def summary(self, x: Tensor) -> Tensor:
        _, final = self.gru(x)
        return self.dropout(torch.cat([final[0], final[1]], dim=-1))
