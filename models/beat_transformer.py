"""Encoder-decoder transformers of 'Everybody Compose': sinusoidal positions, or relative ones in their place.

The encoder reads the whole rhythm in both directions; the decoder reads the notes so far and draws on the beats by
cross-attention. Layers are pre-norm (Xiong et al., 2020), which trains without a warm-up of thousands of steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from models.base import SequenceModel, State
from models.beat_features import NUM_BEAT_FEATURES, beat_features
from models.transformer import Layer

KNOWN = ("past", "memory", "own_table", "cross_table")
"""to a layer of the decoder between steps"""


@dataclass(frozen=True)
class EncoderDecoderConfig:
    vocab_size: int
    dim: int = 96
    num_heads: int = 4
    num_layers: int = 2
    """of the encoder, and of the decoder"""
    feed_dim: int = 192
    dropout: float = 0.1
    reach: int = 128
    """attention goes less than so many places either way: the length of a training slice"""


@dataclass(frozen=True)
class BeatTransformerConfig(EncoderDecoderConfig):
    max_shift: int = 1024
    """in training positions start anywhere up to here, so that those of long pieces have been seen"""


@dataclass(frozen=True)
class BeatTransformerRelativeConfig(EncoderDecoderConfig):
    max_distance: int = 64
    """further places share an embedding"""


class EncoderDecoder(SequenceModel):
    """What both transformers share; places enter by ``placed``, or as distances where ``max_distance`` is not 0."""

    def __init__(self, config: EncoderDecoderConfig, max_distance: int = 0) -> None:
        super().__init__()
        self.config = config
        layers = range(config.num_layers)
        self.beat_in = nn.Linear(NUM_BEAT_FEATURES, config.dim)
        self.encoder = nn.ModuleList(Layer(config, max_distance, causal=False) for _ in layers)
        self.encoder_norm = nn.LayerNorm(config.dim)
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.decoder = nn.ModuleList(Layer(config, max_distance, causal=True, memory=True) for _ in layers)
        self.decoder_norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.dim, config.vocab_size)

    def placed(self, x: Tensor, first: Tensor | int) -> Tensor:
        """``x`` (B, N, D) with what tells its places, from ``first`` on, (B, 1) or one for all."""
        return x

    def first_place(self, batch_size: int) -> Tensor | int:
        """Where the sequences of a batch start."""
        return 0

    def encode(self, condition: Tensor, first: Tensor | int = 0, padding: Tensor | None = None) -> list[Tensor]:
        """The keys and values of the beats ``condition`` (B, S, 2), for each layer of the decoder."""
        x = self.dropout(self.placed(self.beat_in(beat_features(condition)), first))
        for layer in self.encoder:
            x = layer(x, padding=padding)
        x = self.encoder_norm(x)
        return [layer.cross_attention.keys_values(x) for layer in self.decoder_layers()]

    def decoder_layers(self) -> Iterator[Layer]:
        return cast("Iterator[Layer]", iter(self.decoder))

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        assert condition is not None
        padding = None
        if lengths is not None:
            padding = torch.arange(condition.shape[1], device=condition.device) >= lengths[:, None]
        first = self.first_place(len(inputs))
        memories = self.encode(condition, first, padding)
        x = self.dropout(self.placed(self.embedding(inputs), first))
        for layer, memory in zip(self.decoder_layers(), memories, strict=True):
            x = layer(x, memory, padding)
        return self.head(self.decoder_norm(x))

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        """For each layer what its ``step`` knows; all but the past is shared by rows with one rhythm."""
        assert condition is not None
        state = {"position": torch.zeros(batch_size, dtype=torch.long, device=condition.device)}
        for depth, (layer, memory) in enumerate(zip(self.decoder_layers(), self.encode(condition), strict=True)):
            known = {
                "memory": memory.contiguous(),  # each step reads a stretch of it
                "own_table": layer.self_attention.table(),
                "cross_table": layer.cross_attention.table(),
            }
            for name, tensor in known.items():
                if tensor is not None:
                    state[f"{name}{depth}"] = tensor.expand(batch_size, *tensor.shape[-3:])
            state[f"past{depth}"] = memory.new_empty(batch_size, memory.shape[1], 0, memory.shape[3])
        return state

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        place = int(state["position"][0])  # rows go in step
        x = self.placed(self.embedding(token)[:, None], place)[:, 0]
        after = {**state, "position": state["position"] + 1}
        for depth, layer in enumerate(self.decoder_layers()):
            known = {name: state[f"{name}{depth}"] for name in KNOWN if f"{name}{depth}" in state}
            x, after[f"past{depth}"] = layer.step(x, place, known)
        return self.head(self.decoder_norm(x)), after


class BeatTransformer(EncoderDecoder):
    """With sinusoidal positions (Vaswani et al., 2017), which encoder and decoder share."""

    config: BeatTransformerConfig
    frequencies: Tensor

    def __init__(self, config: BeatTransformerConfig) -> None:
        super().__init__(config)
        self.register_buffer("frequencies", frequencies(config.dim), persistent=False)

    def first_place(self, batch_size: int) -> Tensor | int:
        if not self.training:
            return 0
        return torch.randint(self.config.max_shift + 1, (batch_size, 1), device=self.head.weight.device)

    def placed(self, x: Tensor, first: Tensor | int) -> Tensor:
        places = first + torch.arange(x.shape[1], device=x.device)  # (N,) or (B, N)
        angles = places[..., None] * self.frequencies
        return x + torch.cat([angles.sin(), angles.cos()], dim=-1)


class BeatTransformerRelative(EncoderDecoder):
    """With learned relative positions in every attention: of the encoder, of the decoder and between the two."""

    def __init__(self, config: BeatTransformerRelativeConfig) -> None:
        super().__init__(config, config.max_distance)


def frequencies(dim: int) -> Tensor:
    """Radians a place of the D / 2 sinusoids, from 1 down to nearly 1 / 10,000."""
    return torch.exp(torch.arange(0, dim, 2) * (-math.log(10_000.0) / dim))
