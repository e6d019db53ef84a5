"""Vanilla RNN over the characters of a tune."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.base import SequenceModel, State
from models.recurrence import rnn_step, weights_of


@dataclass(frozen=True)
class CharRnnConfig:
    vocab_size: int
    embed_dim: int = 64
    hidden_dim: int = 250
    dropout: float = 0.1


class CharRnn(SequenceModel):
    """Embedding, tanh RNN, dropout, dense layer."""

    def __init__(self, config: CharRnnConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.rnn = nn.RNN(config.embed_dim, config.hidden_dim, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden_dim, config.vocab_size)

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        hidden, _ = self.rnn(self.embedding(inputs))
        return self.head(self.dropout(hidden))

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        return {"hidden": torch.zeros(batch_size, self.config.hidden_dim, device=self.head.weight.device)}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        hidden = rnn_step(weights_of(self.rnn), self.embedding(token), state["hidden"])
        return self.head(hidden), {"hidden": hidden}
