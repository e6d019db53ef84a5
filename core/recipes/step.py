"""Models of folk songs step by step: the networks of ``STEP_NETWORKS``, and the ``VAES`` of windows of songs."""

from __future__ import annotations

from core.codecs import StepCodec
from core.recipes.network import Network, recipe_of
from core.training.recipe import LatentSettings, Recipe, TrainingSettings

FOLK_SONGS = "essen"

STEP_NETWORKS: dict[str, Network] = {
    "step-gru-attention": Network(
        "GRU with attention",
        "Reads the last four bars of a song in both directions, and looks back over them for the step that comes next.",
        learning_rate=2e-3,
    ),
    "step-lstm-attention": Network(
        "LSTM with multi-head attention",
        "Three LSTMs in both directions and a convolution over the last four bars, which eight heads look back over.",
        learning_rate=2e-3,
    ),
    "step-bilstm": Network(
        "Stacked LSTMs",
        "Two LSTMs, one on the other, read the last four bars in both directions.",
        learning_rate=2e-3,
    ),
    "step-lstm-echo": Network(
        "LSTM with echo, step by step",
        "Knows the whole song so far and its place in the bar, and goes back to earlier places like the present one.",
        length=512,
    ),
}


def step_recipe(architecture: str) -> Recipe:
    """A network that writes folk songs step by step."""
    network = STEP_NETWORKS[architecture]
    return recipe_of(
        network,
        architecture,
        FOLK_SONGS,
        codec=StepCodec(),
        training=TrainingSettings(
            learning_rate=network.learning_rate, length=network.length, max_epochs=network.epochs
        ),
        sampling={"temperature": 0.9},
    )


VAES: dict[str, tuple[Network, LatentSettings]] = {
    "step-vae": (
        Network(
            "Variational auto-encoder",
            "Four bars as a point in space, found and read by fully connected layers.",
            learning_rate=4e-3,
            epochs=80,
            length=64,
        ),
        LatentSettings(bernoulli=True, stairs=True),
    ),
    "step-vae-sequence": (
        Network(
            "Variational auto-encoder of sequences",
            "Four bars as a point in space, read and written beat by beat in both directions.",
            learning_rate=3e-3,
            length=64,
        ),
        LatentSettings(beta=0.35, warm_up=0.1),
    ),
}


def vae_recipe(architecture: str) -> Recipe:
    """A network that knows windows of a folk song as points of a space."""
    network, latent = VAES[architecture]
    return recipe_of(
        network,
        architecture,
        FOLK_SONGS,
        codec=StepCodec(),
        training=TrainingSettings(
            learning_rate=network.learning_rate,
            weight_decay=0.0,
            batch_size=128,
            length=network.length,
            max_epochs=network.epochs,
        ),
        latent=latent,
        sampling={"temperature": 0.7},
    )
