"""Vanilla RNN over [beat, previous note]: the baseline of 'Everybody Compose'."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.base import SequenceModel, State
from models.beat_features import NUM_BEAT_FEATURES, beat_features
from models.dense import Dense
from models.recurrence import rnn_step, weights_of


@dataclass(frozen=True)
class BeatRnnConfig:
    vocab_size: int
    embed_dim: int = 48
    hidden_dim: int = 256
    num_layers: int = 2
    dropout: float = 0.05


class BeatRnn(SequenceModel):
    """Dense layer, stacked tanh RNN with a residual connection around it, dense layers."""

    def __init__(self, config: BeatRnnConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.hidden_dim
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.dense_in = Dense(config.embed_dim + NUM_BEAT_FEATURES, dim)
        self.rnn = nn.RNN(dim, dim, config.num_layers, batch_first=True, dropout=config.dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.dense_out = Dense(dim, dim // 2)
        self.head = nn.Linear(dim // 2, config.vocab_size)

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        assert condition is not None
        x = self.read(inputs, beat_features(condition)[:, : inputs.shape[1]])
        recurrent, _ = self.rnn(self.dropout(x))
        return self.write(x + recurrent)

    def read(self, inputs: Tensor, beats: Tensor) -> Tensor:
        return self.dense_in(torch.cat([self.embedding(inputs), beats], dim=-1))

    def write(self, hidden: Tensor) -> Tensor:
        return self.head(self.dropout(self.dense_out(self.dropout(hidden))))

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        assert condition is not None
        config = self.config
        return {
            "beats": beat_features(condition).expand(batch_size, -1, -1),
            "hidden": condition.new_zeros(batch_size, config.num_layers, config.hidden_dim),
            "position": torch.zeros(batch_size, dtype=torch.long, device=condition.device),
        }

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        rows = torch.arange(len(token), device=token.device)
        x = self.read(token, state["beats"][rows, state["position"]])
        layer_input, hidden = x, []
        for depth, before in enumerate(state["hidden"].unbind(dim=1)):
            layer_input = rnn_step(weights_of(self.rnn, depth), layer_input, before)
            hidden.append(layer_input)
        return self.write(x + layer_input), {
            "beats": state["beats"],
            "hidden": torch.stack(hidden, dim=1),
            "position": state["position"] + 1,
        }
