"""A layer of units that are connected to every input."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn


class Dense(nn.Linear):
    """A linear map and what the units make of it: they can be looked at, and held fast, as those of other layers."""

    def __init__(self, in_features: int, out_features: int, activation: Callable[[Tensor], Tensor] = F.relu) -> None:
        super().__init__(in_features, out_features)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(super().forward(x))
