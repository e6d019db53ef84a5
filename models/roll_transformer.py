"""Our own on piano rolls, for comparison: a causal transformer that foretells every frame, not one in a window.

The layer that writes shares its weights with the one that reads: most of the many sets of keys are rare, and so each is
learned twice as often (Press and Wolf, 'Using the Output Embedding to Improve Language Models', 2017).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import SequenceModel, State
from models.transformer import Layer


@dataclass(frozen=True)
class RollTransformerConfig:
    vocab_size: int
    embed_dim: int = 32
    dim: int = 96
    num_heads: int = 4
    num_layers: int = 3
    feed_dim: int = 256
    dropout: float = 0.2
    reach: int = 256
    """attention goes less than so many frames back"""
    max_distance: int = 128
    """frames further back share an embedding"""


class RollTransformer(SequenceModel):
    config: RollTransformerConfig

    def __init__(self, config: RollTransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        nn.init.normal_(self.embedding.weight, std=config.embed_dim**-0.5)
        self.widen = nn.Linear(config.embed_dim, config.dim)
        self.layers = nn.ModuleList(Layer(config, config.max_distance, causal=True) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.dim)
        self.narrow = nn.Linear(config.dim, config.embed_dim)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.dropout = nn.Dropout(config.dropout)

    def transformer(self) -> Iterator[Layer]:
        return cast("Iterator[Layer]", iter(self.layers))

    def write(self, x: Tensor) -> Tensor:
        """Logits (.., V) from what the layers make of the frames (.., D)."""
        return F.linear(self.narrow(self.dropout(self.norm(x))), self.embedding.weight, self.bias)

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        x = self.dropout(self.widen(self.embedding(inputs)))
        for layer in self.transformer():
            x = layer(x)
        return self.write(x)

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        config, state = self.config, {}
        for depth, layer in enumerate(self.transformer()):
            table = layer.self_attention.table()
            assert table is not None
            state[f"table{depth}"] = table.expand(batch_size, *table.shape)
            state[f"past{depth}"] = table.new_empty(batch_size, 2 * config.num_heads, 0, table.shape[-1])
        return state

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        x, after = self.widen(self.embedding(token)), {**state}
        for depth, layer in enumerate(self.transformer()):
            known = {"past": state[f"past{depth}"], "own_table": state[f"table{depth}"]}
            x, after[f"past{depth}"] = layer.step(x, 0, known)
        return self.write(x), after
