"""What every model is: a next-token predictor that can also run one step at a time.

Shapes, by letter: B sequences, T tokens, V vocabulary, C condition features, P prompt tokens, D width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

State = dict[str, Tensor]
"""All a model remembers between steps. Every tensor is batch first: row i of each belongs to sequence i."""


def select(state: State, rows: Tensor) -> State:
    """The state of the sequences ``rows`` (K,): reorders, repeats or drops them.

    A tensor that is one row shared by all (``expand`` gives it stride 0) stays shared. That keeps
    what the beams of a search have in common, an encoded condition say, from being copied at each step.
    """

    def pick(tensor: Tensor) -> Tensor:
        if tensor.stride(0) == 0 and len(tensor):
            return tensor[:1].expand(len(rows), *tensor.shape[1:])
        return tensor[rows]

    return {name: pick(tensor) for name, tensor in state.items()}


def shift_right(tokens: Tensor, bos_token: int) -> Tensor:
    """Model inputs (B, T) for the target ``tokens`` (B, T)."""
    return torch.cat([torch.full_like(tokens[:, :1], bos_token), tokens[:, :-1]], dim=1)


class SequenceModel(nn.Module, ABC):
    """Predicts each token of a sequence from the tokens before it, and a condition.

    ``forward`` reads whole sequences, for training; ``initial_state`` and ``step`` read one token at a
    time, for sampling. Both give the same logits.
    """

    config: Any

    @property
    def stride(self) -> int:
        """In training every so-manieth token is foretold."""
        return 1

    def groups(self, num: int) -> Tensor | None:
        """(T,) For a network that reads several tokens at once: which group each of ``num`` tokens is in, from 0 on.

        A group is one place of the network, and the start token has none. None: each token has a place, and the start.
        """
        return None

    @abstractmethod
    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of each token.

        ``inputs`` (B, T) is the sequence moved one place right behind the start token. ``condition``
        (B, S, C), S >= T, is what the model is told about each token. ``lengths`` (B,) is how much of
        each row of the condition is real, for a batch of pieces of unequal length; None: all of it.
        """

    def forward_at(self, inputs: Tensor, condition: Tensor | None, lengths: Tensor | None, places: slice) -> Tensor:
        """Logits (B, N, V) of the tokens at ``places`` alone, for a model that finds some of them sooner than all."""
        return self.forward(inputs, condition, lengths)[:, places]

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        """The state before the first token; by default an empty prefix.

        ``condition`` (1, S, C) is shared by all sequences, (B, S, C) has a row for each.
        """
        device = next(self.parameters()).device
        state = {"prefix": torch.empty(batch_size, 0, dtype=torch.long, device=device)}
        if condition is not None:
            state["condition"] = condition.expand(batch_size, -1, -1)
        return state

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) of the token after ``token`` (B,), and the state then.

        ``state`` is left as it was, so that a search may step from it again. By default the whole
        prefix is read anew; a model with a memory of its own overrides this.
        """
        prefix = torch.cat([state["prefix"], token[:, None]], dim=1)
        logits = self.forward(prefix, state.get("condition"))
        return logits[:, -1], {**state, "prefix": prefix}

    def prime(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """``step`` over ``tokens`` (B, P), P >= 1."""
        for token in tokens.unbind(dim=1):
            logits, state = self.step(token, state)
        return logits, state
