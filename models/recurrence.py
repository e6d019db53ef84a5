"""One step of torch's recurrent layers, by hand.

A step of a small ``nn.LSTM`` spends most of its time in set-up; a few plain tensor operations on the layer's own
weights are several times faster at batch 1, and give the same numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Weights(NamedTuple):
    """One layer's own; G gates of width D each."""

    w_ih: Tensor  # (G D, D_in)
    w_hh: Tensor  # (G D, D)
    b_ih: Tensor  # (G D,)
    b_hh: Tensor  # (G D,)


def weights_of(layer: nn.RNNBase, depth: int = 0) -> Weights:
    """The weights of the forward direction of layer ``depth``."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return Weights(*(getattr(layer, f"{kind}_l{depth}") for kind in kinds))


def lstm_step(weights: Weights, projected: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """(hidden, cell) after one step of an LSTM layer of width D.

    ``projected`` (B, 4D) is the input times ``w_ih`` plus both biases; ``hidden``, ``cell`` (B, D).
    """
    gates = torch.addmm(projected, hidden, weights.w_hh.t())
    i, f, g, o = gates.chunk(4, dim=1)  # torch's order of the gates
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


def rnn_step(weights: Weights, x: Tensor, hidden: Tensor) -> Tensor:
    """Hidden state (B, D) of a tanh RNN layer after it reads ``x`` (B, D_in) at ``hidden`` (B, D)."""
    return torch.tanh(F.linear(x, weights.w_ih, weights.b_ih) + F.linear(hidden, weights.w_hh, weights.b_hh))
