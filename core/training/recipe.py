"""What it takes to train a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from core.codecs import Codec
from core.errors import InputError
from models import ARCHITECTURES


@dataclass(frozen=True)
class TrainingSettings:
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    batch_size: int = 64
    length: int = 128
    """tokens of a training slice"""
    max_epochs: int = 60
    """over which the learning rate falls to 0 along a cosine"""
    patience: int = 12
    """epochs without a better validation figure before training stops"""
    seed: int = 0


@dataclass(frozen=True)
class Recipe:
    name: str
    title: str
    description: str
    architecture: str
    corpus: str
    codec: Codec
    config: dict[str, Any] = field(default_factory=dict)
    training: TrainingSettings = TrainingSettings()
    sampling: dict[str, Any] = field(default_factory=dict)
    """sampling defaults, found by ear and by measurement"""

    def changed(self, assignments: Sequence[str]) -> Recipe:
        """With ``FIELD=VALUE`` texts applied to the training settings or the network's configuration."""
        recipe = self
        _, config_class = ARCHITECTURES[self.architecture]
        networks = {f.name for f in fields(config_class)} - {"vocab_size"}
        trainings = {f.name for f in fields(TrainingSettings)}
        for assignment in assignments:
            name, _, text = assignment.partition("=")
            if name not in networks | trainings:
                raise InputError(f"{name!r} cannot be set; choose one of: {', '.join(sorted(networks | trainings))}.")
            owner = recipe.training if name in trainings else config_class(0, **recipe.config)
            value = number_like(text, getattr(owner, name), name)
            if name in trainings:
                recipe = replace(recipe, training=replace(recipe.training, **{name: value}))
            else:
                recipe = replace(recipe, config={**recipe.config, name: value})
        return recipe


def number_like(text: str, present: Any, name: str) -> Any:
    """``text`` as a value of the type of ``present``: a count from 1 up, or a fraction; raises ``InputError``."""
    whole = isinstance(present, int)
    try:
        value = int(text) if whole else float(text)
    except ValueError as error:
        raise InputError(f"{name} must be a {'whole ' * whole}number, not {text[:40]!r}.") from error
    low, high = (0 if name == "seed" else 1, 2**31) if whole else (0, 1)
    if not low <= value <= high:
        raise InputError(f"{name} must be from {low} to {high}, not {value}.")
    return value
