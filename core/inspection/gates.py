"""What recurrent layers do inside: their gates, and what LSTMs hold, found anew from the weights.

Fused layers give their outputs alone. But with the outputs all is known that a gate reads, the input of its step and
the output of the step before; so the gates of all steps are found at once, and are those of the fused layer.

Shapes: B sequences, P places, I inputs, D units, N directions of all layers of a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.recurrence import Weights, weights_of

FUSED: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "RNN_TANH": torch.rnn_tanh,
    "RNN_RELU": torch.rnn_relu,
    "GRU": torch.gru,
    "LSTM": torch.lstm,
}
"""by what torch calls the mode of a stack"""


class States(NamedTuple):
    """Of each direction of each layer, (N, B, D)."""

    hidden: Tensor
    cell: Tensor | None = None
    """of LSTMs alone"""

    @classmethod
    def of(cls, states: Tensor | tuple[Tensor, Tensor]) -> States:
        """As torch's layers take and give them."""
        return cls(*states) if isinstance(states, tuple) else cls(states)

    @classmethod
    def nought(cls, stack: nn.RNNBase, x: Tensor) -> States:
        """Before a stack reads ``x`` (B, P, I)."""
        zeros = x.new_zeros(stack.num_layers * (1 + stack.bidirectional), len(x), stack.hidden_size)
        return cls(zeros, zeros if isinstance(stack, nn.LSTM) else None)

    def part(self, first: int, num: int = 1) -> States:
        """Those of ``num`` directions."""
        return States(*(None if states is None else states[first : first + num] for states in self))  # type: ignore[arg-type]


class Inside(NamedTuple):
    """One direction of one layer."""

    hidden: Tensor
    """(B, P, D) what it gives"""
    cell: Tensor | None
    """(B, P, D) what an LSTM holds"""
    gates: dict[str, Tensor]
    """(B, P, D) each: "input", "forget", "candidate" and "output", or "reset", "update" and "candidate", or none"""

    def reversed(self) -> Inside:
        """In the other order of time."""
        cell = None if self.cell is None else self.cell.flip(1)
        return Inside(self.hidden.flip(1), cell, {name: gate.flip(1) for name, gate in self.gates.items()})


@torch.inference_mode()
def look_inside(
    stack: nn.RNNBase,
    x: Tensor,
    before: States | None = None,
    given: tuple[Tensor, States] | None = None,
    *,
    at_end: bool = False,
) -> Iterator[tuple[int, bool, Inside]]:
    """What each layer and direction of ``stack`` does when it reads ``x`` (B, P, I), from the states ``before`` on.

    ``given`` is what the stack itself gave, its outputs (B, P, D or 2 D) and last states, if that is known. Gives the
    depth, whether it reads backward, and what is inside; ``at_end`` only the place that it reads last, P = 1.
    """
    before, num_directions = before or States.nought(stack, x), 1 + stack.bidirectional
    for depth in range(stack.num_layers):
        weights = [weights_of(stack, depth, backward=backward) for backward in (False, True)[:num_directions]]
        first = before.part(depth * num_directions, num_directions)
        if given and depth == stack.num_layers - 1:
            y, last = given[0], given[1].part(depth * num_directions, num_directions)
        else:
            y, last = run(stack, weights, x, first)
        for i, outputs in enumerate(y.chunk(num_directions, dim=2)):
            ends = first.part(i), last.part(i)
            if i:
                yield depth, True, one_way(stack, weights[i], x.flip(1), outputs.flip(1), *ends, at_end).reversed()
            else:
                yield depth, False, one_way(stack, weights[i], x, outputs, *ends, at_end)
        x = y


def run(stack: nn.RNNBase, weights: list[Weights], x: Tensor, first: States) -> tuple[Tensor, States]:
    """The outputs (B, P, D or 2 D) of one layer of ``stack``, and its last states."""
    states = first.hidden if first.cell is None else [first.hidden, first.cell]
    flat = [weight for direction in weights for weight in direction]
    y, *last = FUSED[stack.mode](x, states, flat, True, 1, 0.0, False, stack.bidirectional, True)
    return y, States(*last)


def one_way(
    stack: nn.RNNBase, weights: Weights, x: Tensor, y: Tensor, first: States, last: States, at_end: bool
) -> Inside:
    """Of one direction that reads ``x`` (B, P, I) from left to right and gives ``y`` (B, P, D)."""
    before = torch.cat([first.hidden.transpose(0, 1), y[:, :-1]], dim=1)
    if at_end:
        x, y, before = x[:, -1:], y[:, -1:], before[:, -1:]
    if isinstance(stack, nn.LSTM):
        assert first.cell is not None
        assert last.cell is not None
        gates = lstm_gates(weights, x, before)
        return Inside(y, last.cell.transpose(0, 1) if at_end else cells(gates, first.cell[0]), gates)
    return Inside(y, None, gru_gates(weights, x, before) if isinstance(stack, nn.GRU) else {})


def lstm_gates(weights: Weights, x: Tensor, before: Tensor) -> dict[str, Tensor]:
    """Hochreiter and Schmidhuber, 'Long Short-Term Memory', 1997, with the forget gate of Gers and others, 2000."""
    read = F.linear(x, weights.w_ih, weights.b_ih) + F.linear(before, weights.w_hh, weights.b_hh)
    i, f, g, o = read.chunk(4, dim=-1)  # torch's order
    return {"input": i.sigmoid(), "forget": f.sigmoid(), "candidate": g.tanh(), "output": o.sigmoid()}


def cells(gates: dict[str, Tensor], cell: Tensor) -> Tensor:
    """What an LSTM holds (B, P, D) at each step, from a ``cell`` (B, D) on."""
    held = []
    for kept, new in zip(gates["forget"].unbind(1), (gates["input"] * gates["candidate"]).unbind(1), strict=True):
        cell = torch.addcmul(new, kept, cell)
        held.append(cell)
    return torch.stack(held, dim=1)


def gru_gates(weights: Weights, x: Tensor, before: Tensor) -> dict[str, Tensor]:
    """Cho and others, 2014, as torch and cuDNN have it: the reset gate acts on what is recalled, biases and all."""
    reset, update, new = F.linear(x, weights.w_ih, weights.b_ih).chunk(3, dim=-1)
    recalled_reset, recalled_update, recalled = F.linear(before, weights.w_hh, weights.b_hh).chunk(3, dim=-1)
    reset, update = (reset + recalled_reset).sigmoid(), (update + recalled_update).sigmoid()
    return {"reset": reset, "update": update, "candidate": (new + reset * recalled).tanh()}
