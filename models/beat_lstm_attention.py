"""LSTM encoder and decoder with attention over the whole rhythm, as in 'Everybody Compose'.

Before each note the decoder's state is compared with the annotation of every beat (additive attention, Bahdanau et al.,
2015); the mean that the comparison weighs, and the note before, are what the post-attention LSTM reads. The comparison
also knows how many places away a beat lies (location-aware attention, after Chorowski et al., 2015): a rhythm has many
beats alike, and without it the decoder loses its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import SequenceModel, State
from models.beat_features import NUM_BEAT_FEATURES, beat_features
from models.dense import Dense
from models.probe import Look, tell_attention, tell_step
from models.recurrence import lstm_step, read_both_ways, weights_of


@dataclass(frozen=True)
class BeatLstmAttentionConfig:
    vocab_size: int
    embed_dim: int = 64
    encoder_dim: int = 64
    attention_dim: int = 48
    hidden_dim: int = 192
    max_distance: int = 32
    """further beats are told apart by what they are, not by where"""
    reach: int = 128
    """beats as far away lie beyond a training slice, in which all are seen, and are left out"""
    dropout: float = 0.1


class BeatLstmAttention(SequenceModel):
    def __init__(self, config: BeatLstmAttentionConfig) -> None:
        super().__init__()
        self.config = config
        annotation_dim = 2 * config.encoder_dim
        self.beat_in = Dense(NUM_BEAT_FEATURES, config.encoder_dim)
        self.encoder = nn.LSTM(config.encoder_dim, config.encoder_dim, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(annotation_dim, 2 * config.hidden_dim)
        self.key = nn.Linear(annotation_dim, config.attention_dim)
        self.query = nn.Linear(config.hidden_dim, config.attention_dim, bias=False)
        self.energy = nn.Linear(config.attention_dim, 1, bias=False)
        distances = torch.arange(-config.max_distance, config.max_distance + 1)
        self.location = nn.Parameter(-0.1 * distances.abs())  # at first, the nearer the better
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.decoder = nn.LSTM(config.embed_dim + annotation_dim, config.hidden_dim, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden_dim + annotation_dim, config.vocab_size)

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        assert condition is not None
        state = self.initial_state(len(inputs), condition, lengths)
        hidden, cell, written = state["hidden"], state["cell"], []
        for place, note in enumerate(self.dropout(self.embedding(inputs)).unbind(dim=1)):
            context = self.attend(hidden, place, state)
            hidden, cell = self.read(note, context, hidden, cell)
            written.append(torch.cat([hidden, context], dim=-1))
        return self.head(self.dropout(torch.stack(written, dim=1)))

    def initial_state(self, batch_size: int, condition: Tensor | None = None, lengths: Tensor | None = None) -> State:
        """Annotations and their projections, computed once and shared by rows with one rhythm."""
        assert condition is not None
        beats = self.beat_in(beat_features(condition))
        annotations, final = read_both_ways(self.encoder, beats, lengths)
        hidden, cell = self.bridge(final).tanh().chunk(2, dim=-1)
        places = torch.arange(condition.shape[1], device=condition.device)
        padding = torch.zeros_like(places[None], dtype=torch.bool) if lengths is None else places >= lengths[:, None]
        state = {
            "annotations": self.dropout(annotations),
            "keys": self.key(annotations),
            "padding": padding,
            "hidden": hidden,
            "cell": cell,
            "position": torch.zeros(len(condition), dtype=torch.long, device=condition.device),
        }
        return {name: tensor.expand(batch_size, *tensor.shape[1:]) for name, tensor in state.items()}

    def attend(self, hidden: Tensor, place: int, state: State) -> Tensor:
        """The context (B, A) of the note at ``place``: a weighted mean of the annotations within reach."""
        furthest, reach = self.config.max_distance, self.config.reach
        near = slice(max(0, place - reach + 1), place + reach)
        keys = state["keys"][:, near]
        energies = self.energy(torch.tanh(keys + self.query(hidden)[:, None])).squeeze(-1)  # (B, S)
        distances = torch.arange(keys.shape[1], device=keys.device) + (near.start - place)
        energies = energies + self.location[distances.clamp(-furthest, furthest) + furthest]
        hidden_energy = torch.finfo(energies.dtype).min  # not -inf: deep in the padding all are hidden
        weights = energies.masked_fill(state["padding"][:, near], hidden_energy).softmax(dim=-1)
        tell_attention(self, lambda: Look(weights[:, None, None], place - near.start))
        return torch.einsum("bs,bsa->ba", weights, state["annotations"][:, near].to(weights.dtype))

    def read(self, note: Tensor, context: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """The post-attention LSTM's (hidden, cell) after an embedded ``note`` (B, E) and its ``context`` (B, A)."""
        weights = weights_of(self.decoder)
        x = torch.cat([note, context.to(note.dtype)], dim=-1)
        tell_step(self.decoder, x, hidden, cell)
        return lstm_step(weights, F.linear(x, weights.w_ih, weights.b_ih + weights.b_hh), hidden, cell)

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        place = int(state["position"][0])  # rows go in step
        context = self.attend(state["hidden"], place, state)
        hidden, cell = self.read(self.embedding(token), context, state["hidden"], state["cell"])
        after = {"hidden": hidden, "cell": cell, "position": state["position"] + 1}
        return self.head(torch.cat([hidden, context], dim=-1)), {**state, **after}
