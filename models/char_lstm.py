"""LSTM over the characters of a tune."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import SequenceModel, State
from models.recurrence import lstm_step, weights_of


@dataclass(frozen=True)
class CharLstmConfig:
    vocab_size: int
    embed_dim: int = 64
    hidden_dim: int = 250
    dropout: float = 0.2


class CharLstm(SequenceModel):
    """Embedding, LSTM, dropout, dense layer."""

    def __init__(self, config: CharLstmConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.lstm = nn.LSTM(config.embed_dim, config.hidden_dim, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden_dim, config.vocab_size)

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        hidden, _ = self.lstm(self.embedding(inputs))
        return self.head(self.dropout(hidden))

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        nought = torch.zeros(batch_size, self.config.hidden_dim, device=self.head.weight.device)
        return {"hidden": nought, "cell": nought}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        weights = weights_of(self.lstm)
        projected = F.linear(self.embedding(token), weights.w_ih, weights.b_ih + weights.b_hh)
        hidden, cell = lstm_step(weights, projected, state["hidden"], state["cell"])
        return self.head(hidden), {"hidden": hidden, "cell": cell}
