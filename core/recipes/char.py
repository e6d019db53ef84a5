"""Models of ABC tunes character by character: the networks of ``CHAR_NETWORKS``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.codecs import AbcCharsCodec
from core.recipes.network import Network, recipe_of
from core.training.recipe import Recipe, TrainingSettings

CHAR_NETWORKS: dict[str, tuple[Network, str, dict[str, Any]]] = {
    "char-rnn": (
        Network("Character RNN", "A plain recurrent network that reads a tune letter by letter.", 1e-3, epochs=40),
        "abc-songs",
        {},
    ),
    "char-lstm": (
        Network("Character LSTM", "An LSTM that reads a tune letter by letter.", 3e-3, epochs=40),
        "abc-songs",
        {},
    ),
    "char-lstm-echo": (
        Network(
            "Character LSTM with echo",
            "Two LSTMs that go back to earlier places of the tune like the present one, and read what followed there.",
            epochs=20,
        ),
        "abc-tunes",
        {"transposed": 0.5, "batch_size": 32, "looped": 0.5},
    ),
}
"""a network, the tunes that it is trained on, and the settings that differ"""
CHAR_SAMPLING = {"char-lstm-echo": {"temperature": 0.8, "echo": 0.75}}
"""at 1 more than twice as many of its passages are copies as of people's, at 0.75 as many"""
TUNE_LENGTH = 1024
"""characters: nearly every tune is shown whole"""


def char_recipe(architecture: str) -> Recipe:
    """A network that writes tunes in ABC notation, character by character."""
    network, corpus, settings = CHAR_NETWORKS[architecture]
    training = TrainingSettings(
        learning_rate=network.learning_rate,
        batch_size=16,
        length=TUNE_LENGTH,
        transposed=0.0,
        max_epochs=network.epochs,
    )
    return recipe_of(
        network,
        architecture,
        corpus,
        codec=AbcCharsCodec(),
        training=replace(training, **settings),
        sampling=CHAR_SAMPLING.get(architecture, {"temperature": 0.8}),
    )
