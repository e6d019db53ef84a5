"""What the recipes of a family say of a network, whatever it is trained on."""

from __future__ import annotations

from typing import Any, NamedTuple

from core.training.recipe import Recipe


class Network(NamedTuple):
    """What a recipe says of a network, whatever the corpus."""

    title: str
    description: str
    learning_rate: float = 2e-3
    epochs: int = 60
    """on the folk songs"""
    length: int = 256
    """of a training slice of a song, in steps; a model of rhythms is shown as many notes as its settings say"""


def recipe_of(network: Network, architecture: str, corpus: str, **fields: Any) -> Recipe:
    """``network`` on a corpus; ``fields`` are the codec, the settings and what else a recipe says."""
    name = f"{architecture}.{corpus}"
    return Recipe(name, network.title, network.description, architecture, corpus, **fields)
