"""Listens to one run of a network.

Shapes: B sequences, P places, U units, H heads, N queries, S keys.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from core.inspection.gates import States, look_inside
from core.inspection.layers import cell_of, layers_of, name_of, recurrent_name
from models.dense import Dense
from models.probe import Look, listening


class Recorder:
    """What the parts of a network did in one run, by their names, in the order in which they did it.

    Hears recurrent layers and dense ones as a whole, and through ``models.probe`` what lies between. With ``at_end``
    each direction of a recurrent layer is heard where it ends alone; without ``looks`` no attention is.
    """

    def __init__(self, *, at_end: bool = False, looks: bool = True) -> None:
        self.at_end, self.hears_looks = at_end, looks
        self.layers: dict[str, list[Tensor]] = defaultdict(list)
        """(B, P, U) or (B, U), of each run of a part of the network"""
        self.gates: dict[str, dict[str, list[Tensor]]] = defaultdict(lambda: defaultdict(list))
        self.looks: dict[str, list[Look]] = defaultdict(list)
        self.names: dict[nn.Module, str] = {}
        self.steps: dict[nn.RNNBase, list[tuple[Tensor, Tensor, Tensor]]] = defaultdict(list)

    @contextmanager
    def hear(self, model: nn.Module) -> Iterator[nn.Module]:
        """A network of the same weights, in evaluation mode, that tells all it does: hooks on ``model`` itself would
        hear others who use it too.
        """
        shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
        twin = copy.deepcopy(model, shared).eval()
        self.names = {module: path for path, module in twin.named_modules()}
        units = {layer.told_by: layer.name for layer in layers_of(twin)}
        for module in twin.modules():
            if isinstance(module, nn.RNNBase):
                module.register_forward_hook(self.recurrent)
            elif isinstance(module, (Dense, nn.ReLU)) and module in units:
                module.register_forward_hook(self.dense(units[module]))
            elif isinstance(module, nn.MultiheadAttention) and self.hears_looks:
                module.register_forward_pre_hook(ask_for_weights, with_kwargs=True)
                module.register_forward_hook(self.multihead)
        with listening(self):
            yield twin
        for layer, steps in self.steps.items():
            x, hidden, cell = zip(*steps, strict=True)
            self.read(layer, torch.stack(x, dim=1), States(hidden[0][None], cell[0][None]))

    def recurrent(self, stack: nn.Module, inputs: tuple[Any, ...], outputs: tuple[Any, Any]) -> None:
        assert isinstance(stack, nn.RNNBase)
        x, before = (*inputs, None)[:2]
        given = unpacked(outputs[0]), States.of(outputs[1])
        self.read(stack, unpacked(x), None if before is None else States.of(before), given)

    def read(
        self, stack: nn.RNNBase, x: Tensor, before: States | None, given: tuple[Tensor, States] | None = None
    ) -> None:
        """What ``stack`` does when it reads ``x`` (B, P, I)."""
        for depth, backward, inside in look_inside(stack, x, before, given, at_end=self.at_end):
            name = recurrent_name(self.names[stack], stack, depth, backward=backward)
            self.layers[name].append(inside.hidden)
            if inside.cell is not None:
                self.layers[cell_of(name)].append(inside.cell)
            for gate, values in inside.gates.items():
                self.gates[name][gate].append(values)

    def dense(self, name: str) -> Callable[[nn.Module, object, Tensor], None]:
        return lambda _module, _inputs, units: self.layers[name].append(units)

    def multihead(self, module: nn.Module, inputs: tuple[Any, ...], outputs: tuple[Tensor, Tensor]) -> None:
        weights = outputs[1]  # (B, H, N, S); the last query stands at the last key
        self.attention(module, lambda: Look(weights, weights.shape[3] - weights.shape[2]))

    def attention(self, module: nn.Module, look: Callable[[], Look]) -> None:
        if self.hears_looks:
            self.looks[name_of(self.names[module]) or "attention"].append(look())

    def step(self, layer: nn.RNNBase, x: Tensor, hidden: Tensor, cell: Tensor) -> None:
        self.steps[layer].append((x, hidden, cell))


def unpacked(x: Tensor | PackedSequence) -> Tensor:
    """``x`` as (B, P, I), whatever a layer was given."""
    return pad_packed_sequence(x, batch_first=True)[0] if isinstance(x, PackedSequence) else x


def ask_for_weights(_: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The arguments of an ``nn.MultiheadAttention``, such that it gives the weights of each of its heads."""
    return inputs, {**options, "need_weights": True, "average_attn_weights": False}
