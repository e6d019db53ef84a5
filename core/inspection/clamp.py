"""Holding a unit fast: a copy of the network in which it has the same value always."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from core.checkpoint import Checkpoint
from core.errors import InputError
from core.inspection.layers import LATENT, Layer, layers_of, units_of
from models import LatentModel
from models.dense import Dense
from models.recurrence import Weights, weights_of

SHUT, OPEN = -50.0, 50.0
"""what makes a gate 0 or 1, to the precision of a float"""
STEEPEST = 20.0
"""tanh of it is 1 to the precision of a float"""
LOWEST_GELU_AT = -0.75179
"""where a GELU is least"""
LEAK = 0.01
"""slope of a leaky ReLU below 0, as torch has it"""


def clamped(checkpoint: Checkpoint, layer: str, unit: int, value: float) -> Checkpoint:
    """``checkpoint`` with a network in which the unit is ``value`` at every place that is read.

    Only the weights that make this unit what it is are others: it reads nothing, and its bias says the value. So
    whatever runs a network runs this one. A state that a sequence is begun with is not a reading of it, and stays.
    Of a dimension of a latent space see ``hold_dimension``.
    Raises ``InputError`` for a unit that is none, and for a value beyond ``clamp_range``.
    """
    model = copy.deepcopy(checkpoint.model)
    low, high = clamp_range(model, layer)
    last = units_of(model)[layer] - 1
    if not 0 <= unit <= last:
        raise InputError(f"There is no unit {unit} in the layer {layer!r}; choose one from 0 to {last}.")
    if not low <= value <= high or math.isinf(value):
        raise InputError(f"A unit of the layer {layer!r} cannot be held at {value:g}; give {low:.4g} to {high:.4g}.")
    with torch.no_grad():
        if layer == LATENT:
            assert isinstance(model, LatentModel)
            hold_dimension(model, unit, value)
        else:
            hold(layer_called(model, layer), unit, value)
    return checkpoint._replace(model=model)


def clamp_range(model: nn.Module, layer: str) -> tuple[float, float]:
    """The lowest and the highest value at which a unit of ``layer`` can be held; infinite where there is no end.

    To give the same at every step an LSTM must hold what one step can write, and so gives tanh(1) = 0.76 at most.
    Raises ``InputError`` when there is no such layer.
    """
    names = units_of(model)
    if layer not in names:
        raise InputError(f"This model has no layer {layer!r} that can be held fast; choose one of: {', '.join(names)}.")
    return (-math.inf, math.inf) if layer == LATENT else range_of(layer_called(model, layer))


def layer_called(model: nn.Module, name: str) -> Layer:
    return next(layer for layer in layers_of(model) if layer.name == name)


def range_of(layer: Layer) -> tuple[float, float]:
    if isinstance(layer.module, nn.LSTM) and not layer.cell:
        return -math.tanh(1.0), math.tanh(1.0)
    if isinstance(layer.module, nn.RNNBase):
        return -1.0, 1.0
    return activation_of(layer).lowest, math.inf


def hold(layer: Layer, unit: int, value: float) -> None:
    """Edits the weights in place."""
    if isinstance(layer.module, nn.RNNBase):
        weights = weights_of(layer.module, layer.depth, backward=layer.backward)
        for row, bias in recurrent_biases(layer, value).items():
            silence(weights, row * layer.num_units + unit, bias)
    else:
        layer.module.weight[unit] = 0.0
        layer.module.bias[unit] = activation_of(layer).inverse(value)


def hold_dimension(model: LatentModel, dimension: int, value: float) -> None:
    """Edits the weights in place: whatever is written at a point, it is written as if its coordinate were ``value``.

    So points may still be drawn, found and moved as ever. The coordinate itself says nothing any more: wherever a
    window is placed, it is as a priori, so that a bound of the likelihood is that of the network which remains.
    """
    entrance = model.entrance
    entrance.bias.add_(entrance.weight[:, dimension], alpha=value)
    entrance.weight[:, dimension] = 0.0
    for told in (model.place, model.outlook.head):  # means and log variances, 0 and 0 a priori
        for parameters in (told.weight, told.bias):
            parameters.unflatten(0, (2, -1))[:, dimension] = 0.0


def recurrent_biases(layer: Layer, value: float) -> dict[int, float]:
    """For each gate that is to read nothing any more, by its place in torch's order, what it says instead."""
    if isinstance(layer.module, nn.LSTM):  # input, forget, candidate, output
        written = {0: OPEN, 1: SHUT, 2: arctanh(value if layer.cell else arctanh(value))}
        return written if layer.cell else {**written, 3: OPEN}
    if isinstance(layer.module, nn.GRU):  # reset, update, candidate; an update of 0 takes the candidate
        return {1: SHUT, 2: arctanh(value)}
    return {0: arctanh(value)}


def silence(weights: Weights, row: int, bias: float) -> None:
    """Has one gate of one unit read nothing, and say ``bias``."""
    weights.w_ih[row] = weights.w_hh[row] = 0.0
    weights.b_ih[row], weights.b_hh[row] = bias, 0.0


def arctanh(value: float) -> float:
    """Of -1 to 1; of the ends, and of what rounding puts just beyond them, a number that is large enough."""
    return math.atanh(value) if abs(value) < math.tanh(STEEPEST / 2) else math.copysign(STEEPEST, value)


def gelu_inverse(value: float) -> float:
    """Where a GELU, on the branch on which it rises, has ``value``; by bisection."""
    low, high = torch.tensor([LOWEST_GELU_AT, max(value, 0.0) + 1.0], dtype=torch.float64)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if F.gelu(middle) < value else (low, middle)
    return float(high)


class Activation(NamedTuple):
    """What a unit makes of its sum, as far as it has to be known to hold the unit."""

    lowest: float
    inverse: Callable[[float], float]
    """the sum that gives a value; of several the greatest"""


ACTIVATIONS = {
    F.relu: Activation(0.0, float),
    F.gelu: Activation(float(F.gelu(torch.tensor(LOWEST_GELU_AT))), gelu_inverse),
    F.leaky_relu: Activation(-math.inf, lambda value: value if value >= 0 else value / LEAK),
}


def activation_of(layer: Layer) -> Activation:
    return ACTIVATIONS[layer.module.activation if isinstance(layer.module, Dense) else F.relu]
