"""Whole readings and single steps of torch's recurrent layers.

A step of a small ``nn.LSTM`` spends most of its time in set-up; a few plain tensor operations on the layer's own
weights are several times faster at batch 1, and give the same numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Weights(NamedTuple):
    """One layer's own; G gates of width D each."""

    w_ih: Tensor  # (G D, D_in)
    w_hh: Tensor  # (G D, D)
    b_ih: Tensor  # (G D,)
    b_hh: Tensor  # (G D,)


def weights_of(layer: nn.RNNBase, depth: int = 0, *, backward: bool = False) -> Weights:
    """The weights of one direction of layer ``depth``."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return Weights(*(getattr(layer, f"{kind}_l{depth}{'_reverse' * backward}") for kind in kinds))


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


def read_both_ways(lstm: nn.LSTM, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """What a bidirectional ``lstm`` of width D makes of ``x`` (B, S, D_in): outputs (B, S, 2D), final states (B, 2D).

    ``lengths`` (B,) is how much of each row is real; None: all of it.
    """
    if lengths is None:
        outputs, (final, _) = lstm(x)
    else:  # the backward half must start at the last real place, not in the padding
        packed, (final, _) = lstm(pack_padded_sequence(x, lengths.cpu(), True, enforce_sorted=False))
        outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    return outputs, torch.cat([final[0], final[1]], dim=-1)
