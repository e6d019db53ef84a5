"""Our own for the piano: a causal transformer over notes, each told and written field by field.

A note is one place of the transformer, however many tokens it takes: when it was struck, since the note before; which
key; how hard; how long it sounds. Each field is foretold from what the transformer makes of the notes before, and from
the fields of the same note that are known already (Hsiao et al., 'Compound Word Transformer', 2021, foretells them side
by side, so that none knows of the others). A pointer finds earlier notes behind which the music went on as it may go on
now, and votes for the time and the key of the note that followed.

Shapes: N notes of which some inputs tell, P places of the transformer: the style, and the notes. V tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import State
from models.dense import Dense
from models.echo import QUERY_BLOCK, Echoing, Pointer, weighted_counts
from models.transformer import Layer

FIELDS = 4
"""of a note"""
OTHER_KIND = -1e4
"""the logit of a token of another kind than is due"""


@dataclass(frozen=True)
class PianoTransformerConfig:
    vocab_size: int
    num_styles: int = 17
    """the first tokens; those of each field follow, then what else the vocabulary holds"""
    num_values: tuple[int, int, int, int] = (89, 88, 32, 64)
    """of each field: when, which key, how hard, how long"""
    voted: tuple[int, ...] = (0, 1)
    """fields that the pointer votes for"""
    dim: int = 160
    num_heads: int = 5
    num_layers: int = 4
    feed_dim: int = 640
    dropout: float = 0.1
    reach: int = 256
    """attention goes less than so many notes back: the length of a training slice"""
    max_distance: int = 96
    """notes further back share an embedding"""
    num_pointers: int = 4
    pointer_dim: int = 32


@dataclass(frozen=True)
class PianoAccompanimentConfig(PianoTransformerConfig):
    """For a melody and what accompanies it: a note's place, its role, which key, how long."""

    num_styles: int = 4
    num_values: tuple[int, int, int, int] = (65, 2, 88, 24)
    voted: tuple[int, ...] = (0, 2)
    dim: int = 128
    num_heads: int = 4
    num_layers: int = 3
    feed_dim: int = 512


class PianoTransformer(Echoing):
    config: PianoTransformerConfig

    def __init__(self, config: PianoTransformerConfig) -> None:
        super().__init__()
        self.config = config
        dim, pointers = config.dim, config.num_pointers
        self.starts = list(accumulate(config.num_values, initial=config.num_styles))
        """the first token of each field, and behind the last"""
        self.style_prior = nn.Parameter(torch.zeros(config.num_styles))
        self.style = nn.Embedding(config.num_styles, dim)
        self.fields = nn.ModuleList(nn.Embedding(num, dim) for num in config.num_values)
        self.layers = nn.ModuleList(Layer(config, config.max_distance, causal=True) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(dim)
        self.pointer = Pointer(dim, pointers, config.pointer_dim, config.reach)
        self.gain = nn.Linear(dim, len(config.voted) * pointers)
        voted = [pointers * num if field in config.voted else 0 for field, num in enumerate(config.num_values)]
        self.dense = nn.ModuleList(Dense(dim + votes, dim, F.gelu) for votes in voted)
        self.heads = nn.ModuleList(nn.Linear(dim, num) for num in config.num_values)
        self.dropout = nn.Dropout(config.dropout)

    def groups(self, num: int) -> Tensor | None:
        return (torch.arange(num) + FIELDS - 1) // FIELDS  # the style, then the notes

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        num_tokens = inputs.shape[1]
        logits = [self.styles(len(inputs))[:, None]]
        if num_tokens > 1:
            notes = F.pad(inputs[:, 2:], (0, -(num_tokens - 2) % FIELDS)).unflatten(1, (-1, FIELDS))  # (B, N, 4)
            values = [self.values(notes[..., field], field) for field in range(FIELDS)]
            known = [embed(value) for embed, value in zip(self.field_embeddings(), values, strict=True)]
            style = self.style(inputs[:, 1:2].clamp_max(self.config.num_styles - 1))
            x = self.dropout(torch.cat([style, torch.stack(known).sum(0)], dim=1))
            for layer in self.layers:
                x = layer(x)
            x = self.norm(x)  # (B, P, D), P = N + 1
            logits.append(self.write(x, values, known).flatten(1, 2))
        return torch.cat(logits, dim=1)[:, :num_tokens]

    def write(self, x: Tensor, values: list[Tensor], known: list[Tensor]) -> Tensor:
        """Logits (B, P, 4, V) of the fields of the notes behind each place ``x`` (B, P, D).

        ``values`` and what they are ``known`` by, (B, N) and (B, N, D) a field, are those of the notes themselves.
        """
        query, keys = self.pointer.queries(x), self.pointer.keys(x)
        votes: dict[int, list[Tensor]] = {field: [] for field in self.config.voted}
        for first in range(0, x.shape[1], QUERY_BLOCK):
            weights, notes = self.look(query[:, :, first : first + QUERY_BLOCK], keys, first)
            for field, blocks in votes.items():
                blocks.append(self.vote(weights, values[field][:, notes], field))
        gain, logits = self.gains(x), []
        for field in range(FIELDS):
            voted = torch.cat(votes[field], dim=1) if field in votes else None
            logits.append(self.foretell(x, field, voted, gain))
            x = x + F.pad(known[field], (0, 0, 0, 1))  # of the note behind the last place nothing is known
        return torch.stack(logits, dim=2)

    def look(self, query: Tensor, keys: Tensor, first: int) -> tuple[Tensor, slice]:
        """Where the places from ``first`` on look back to, ``query`` (B, H, Q, D): how much, and the notes behind."""
        start, stop = max(0, first - self.config.reach + 1), first + query.shape[2]
        weights = self.pointer.weights(query, keys[:, :, start:stop], first - start)
        return weights[..., :-1], slice(start, stop - 1)  # behind the last place no note is known

    def vote(self, weights: Tensor, values: Tensor, field: int) -> Tensor:
        """(B, Q, H, F) How much each value of a ``field`` followed where each head looks."""
        return weighted_counts(weights, values, self.config.num_values[field]).transpose(1, 2)

    def gains(self, x: Tensor) -> Tensor:
        """(.., H, voted) How much each head's votes for a field count."""
        return self.trust * F.softplus(self.gain(x)).unflatten(-1, (self.config.num_pointers, -1))

    def foretell(self, x: Tensor, field: int, votes: Tensor | None, gain: Tensor) -> Tensor:
        """Logits (.., V) of a ``field`` of the next note from all that is known of it, ``x`` (.., D)."""
        heard = x if votes is None else torch.cat([x, votes.flatten(-2)], dim=-1)
        logits = self.heads[field](self.dropout(self.dense[field](heard)))
        if votes is not None:
            logits = logits + (gain[..., self.config.voted.index(field), None] * votes).sum(-2)
        return self.among_all(logits, self.starts[field])

    def styles(self, batch_size: int) -> Tensor:
        """Logits (B, V) of the first token."""
        return self.among_all(self.style_prior, 0).expand(batch_size, -1)

    def among_all(self, logits: Tensor, start: int) -> Tensor:
        """``logits`` of the tokens from ``start`` on as those of the whole vocabulary."""
        behind = self.config.vocab_size - start - logits.shape[-1]
        return F.pad(logits, (start, behind), value=OTHER_KIND)

    def values(self, tokens: Tensor, field: int) -> Tensor:
        """Which value of a ``field`` each token is."""
        return (tokens - self.starts[field]).clamp(0, self.config.num_values[field] - 1)

    def field_embeddings(self) -> Iterator[nn.Embedding]:
        return cast("Iterator[nn.Embedding]", iter(self.fields))

    def transformer(self) -> Iterator[Layer]:
        return cast("Iterator[Layer]", iter(self.layers))

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        config, weight = self.config, self.style_prior
        past = weight.new_empty(batch_size, 2 * config.num_heads, 0, config.dim // config.num_heads)
        state = {
            "position": torch.zeros(batch_size, dtype=torch.long, device=weight.device),
            "context": weight.new_zeros(batch_size, config.dim),
            "note": weight.new_zeros(batch_size, config.dim),
            "keys": weight.new_empty(batch_size, config.num_pointers, 0, config.pointer_dim),
        }
        for depth, layer in enumerate(self.transformer()):
            table = layer.self_attention.table()
            assert table is not None
            state |= {f"past{depth}": past, f"table{depth}": table.expand(batch_size, *table.shape)}
        for field in config.voted:
            state[f"written{field}"] = torch.empty(batch_size, 0, dtype=torch.long, device=weight.device)
        return state

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        position = int(state["position"][0])  # rows go in step
        state = {**state, "position": state["position"] + 1}
        if position == 0:
            return self.styles(len(token)), state
        if position == 1:
            return self.next_note(self.style(token.clamp_max(self.config.num_styles - 1)), state)
        field = (position - 2) % FIELDS
        value = self.values(token, field)
        state["note"] = state["note"] + self.fields[field](value)
        if field in self.config.voted:
            written = f"written{field}"
            state[written] = self.pointer.remember(state[written], value[:, None], dim=1)
        if field == FIELDS - 1:
            return self.next_note(state["note"], state)
        return self.next_field(field + 1, state), state

    def next_note(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the first field behind the place ``x`` (B, D): the style, or the note before."""
        state = {**state, "note": torch.zeros_like(x)}
        for depth, layer in enumerate(self.transformer()):
            known = {"past": state[f"past{depth}"], "own_table": state[f"table{depth}"]}
            x, state[f"past{depth}"] = layer.step(x, 0, known)
        state["context"] = self.norm(x)
        keys = self.pointer.keys(state["context"][:, None])
        state["keys"] = self.pointer.remember(state["keys"], keys, dim=2)
        return self.next_field(0, state), state

    def next_field(self, field: int, state: State) -> Tensor:
        """Logits (B, V) of a ``field`` of the note that is being written."""
        context, votes = state["context"], None
        if field in self.config.voted:
            keys, written = state["keys"], state[f"written{field}"]
            last = keys.shape[2] - 1
            weights, _ = self.look(self.pointer.queries(context[:, None]), keys, last)
            votes = self.vote(weights, written[:, written.shape[1] - last :], field)[:, 0]
        return self.foretell(context + state["note"], field, votes, self.gains(context))
