"""LSTM encoder and decoder with local attention, the best network of 'Everybody Compose'.

A bidirectional LSTM reads the whole rhythm. An autoregressive LSTM writes a pitch for each beat and sees, at each
step, the encoder's output of that step alone and the note before; its initial state comes from the encoder's final one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import SequenceModel, State
from models.beat_features import NUM_BEAT_FEATURES, beat_features
from models.dense import Dense
from models.recurrence import lstm_step, read_both_ways, weights_of


@dataclass(frozen=True)
class BeatLstmLocalConfig:
    vocab_size: int
    embed_dim: int = 64
    encoder_dim: int = 64
    hidden_dim: int = 208
    dropout: float = 0.1


class BeatLstmLocal(SequenceModel):
    def __init__(self, config: BeatLstmLocalConfig) -> None:
        super().__init__()
        self.config = config
        annotation_dim = 2 * config.encoder_dim
        self.beat_in = Dense(NUM_BEAT_FEATURES, config.encoder_dim)
        self.encoder = nn.LSTM(config.encoder_dim, config.encoder_dim, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(annotation_dim, 2 * config.hidden_dim)
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.decoder = nn.LSTM(config.embed_dim + annotation_dim, config.hidden_dim, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden_dim, config.vocab_size)

    def encode(self, condition: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Annotations (B, T, 2E) of the beats (B, T, 2), and the first (hidden, cell) (B, D) of the decoder."""
        x = self.beat_in(beat_features(condition))
        annotations, final = read_both_ways(self.encoder, x, lengths)
        hidden, cell = self.bridge(final).tanh().chunk(2, dim=-1)
        return annotations, hidden, cell

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        assert condition is not None
        annotations, hidden, cell = self.encode(condition, lengths)
        x = torch.cat([self.embedding(inputs), annotations[:, : inputs.shape[1]]], dim=-1)
        x, _ = self.decoder(self.dropout(x), (hidden[None].contiguous(), cell[None].contiguous()))
        return self.head(self.dropout(x))

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        """What the decoder reads is projected here, once for each beat (B, S, 4D) and each token (B, V, 4D)."""
        assert condition is not None
        annotations, hidden, cell = self.encode(condition)
        weights = weights_of(self.decoder)
        of_note, of_beat = weights.w_ih.split([self.config.embed_dim, 2 * self.config.encoder_dim], dim=1)
        state = {
            "beats": F.linear(annotations, of_beat, weights.b_ih + weights.b_hh),
            "notes": F.linear(self.embedding.weight, of_note)[None],
            "hidden": hidden,
            "cell": cell,
            "position": torch.zeros(len(condition), dtype=torch.long, device=condition.device),
        }
        return {name: tensor.expand(batch_size, *tensor.shape[1:]) for name, tensor in state.items()}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        place = int(state["position"][0])  # rows go in step
        projected = state["beats"][:, place] + F.embedding(token, state["notes"][0])
        hidden, cell = lstm_step(weights_of(self.decoder), projected, state["hidden"], state["cell"])
        return self.head(hidden), {**state, "hidden": hidden, "cell": cell, "position": state["position"] + 1}
