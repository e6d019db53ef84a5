"""Which layers of units a network has, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from torch import nn

from models import LatentModel
from models.dense import Dense

LATENT = "z"
"""the layer of a VAE that is its latent space: its units are dimensions, and have one value for a whole window"""
FORETELLS = "outlook"
"""the part of a VAE that takes no part where a window is read and written"""


class Layer(NamedTuple):
    """Units side by side, and where in the network they are."""

    name: str
    num_units: int
    module: nn.RNNBase | nn.Linear
    """whose weights make the units what they are"""
    told_by: nn.Module
    """the module whose output they are, or for a recurrent layer the one that it is part of"""
    depth: int = 0
    """of a layer of a stack, from 0"""
    backward: bool = False
    cell: bool = False
    """whether it is what an LSTM holds, rather than what it gives"""


def units_of(model: nn.Module) -> dict[str, int]:
    """The number of units of each layer of ``model``, by the names that a ``Trace`` gives them; runs nothing."""
    latent = {LATENT: int(model.config.latent_dim)} if isinstance(model, LatentModel) else {}
    return token_units(model) | latent


def token_units(model: nn.Module) -> dict[str, int]:
    """Of those layers whose units may have another value at every token."""
    return {layer.name: layer.num_units for layer in layers_of(model)}


def layers_of(model: nn.Module) -> Iterator[Layer]:
    """In the order in which the network has them: recurrent layers, and dense ones with an activation."""
    for path, module in model.named_modules():
        if isinstance(model, LatentModel) and path.startswith(FORETELLS):
            continue
        if isinstance(module, nn.RNNBase):
            yield from recurrent_layers(path, module)
        elif isinstance(module, Dense):
            yield Layer(name_of(path), module.out_features, module, module)
        elif isinstance(module, nn.Sequential):
            yield from stacked_layers(path, module)


def recurrent_layers(path: str, module: nn.RNNBase) -> Iterator[Layer]:
    """Of each depth and direction what it gives and, of an LSTM, what it holds."""
    for depth in range(module.num_layers):
        for backward in (False, True)[: 1 + module.bidirectional]:
            name = recurrent_name(path, module, depth, backward=backward)
            layer = Layer(name, module.hidden_size, module, module, depth, backward)
            yield layer
            if isinstance(module, nn.LSTM):
                yield layer._replace(name=cell_of(name), cell=True)


def recurrent_name(path: str, module: nn.RNNBase, depth: int, *, backward: bool) -> str:
    """``lstm``, ``lstm 2``, ``gru 1 backward``: a number where there are several, a direction where there are two."""
    number = [str(depth + 1)] * (module.num_layers > 1)
    direction = [("forward", "backward")[backward]] * module.bidirectional
    return " ".join([name_of(path), *number, *direction])


def cell_of(name: str) -> str:
    """What the layer is called that holds the cells of an LSTM layer."""
    return f"{name} cell"


def stacked_layers(path: str, stack: nn.Sequential) -> Iterator[Layer]:
    """The linear maps of a stack that a ReLU follows."""
    found = [(a, b) for a, b in pairwise(stack) if isinstance(a, nn.Linear) and isinstance(b, nn.ReLU)]
    for number, (linear, activation) in enumerate(found, start=1):
        name = " ".join([name_of(path), *[str(number)] * (len(found) > 1)])
        yield Layer(name, linear.out_features, linear, activation)


def name_of(path: str) -> str:
    """What a module is called: ``decoder 1 feed`` at ``decoder.0.feed``."""
    parts = [str(int(part) + 1) if part.isdigit() else part.replace("_", " ") for part in path.split(".")]
    return " ".join(parts)
