"""Models that are told a rhythm: the networks of ``BEAT_NETWORKS`` on every corpus of theirs, and their GANs."""

from __future__ import annotations

from dataclasses import replace

from core.codecs import BeatCodec
from core.recipes.network import Network, recipe_of
from core.training.recipe import AdversarialSettings, Recipe, TrainingSettings

BEAT_SAMPLING = {"temperature": 0.9, "top_p": 0.95, "repeat_decay": 0.2}

BEAT_NETWORKS: dict[str, Network] = {
    "beat-rnn": Network(
        "Vanilla RNN",
        "The baseline: a plain recurrent network that sees the present beat and the note before.",
        learning_rate=1e-3,
        epochs=80,
    ),
    "beat-lstm-attention": Network(
        "LSTM with attention",
        "Before each note, looks over the whole rhythm for the beats that matter.",
    ),
    "beat-lstm-local": Network(
        "LSTM with local attention",
        "Reads the whole rhythm in both directions first, then writes note by note.",
    ),
    "beat-lstm-echo": Network(
        "LSTM with echo",
        "Thinks in intervals, which are the same in every key, and goes back to earlier places like the present one.",
    ),
    "beat-transformer": Network(
        "Transformer",
        "Encoder and decoder with attention alone; each place is marked by sines.",
        learning_rate=1e-3,
    ),
    "beat-transformer-relative": Network(
        "Relative transformer",
        "A transformer that sees how far back each note lies, rather than where it stands.",
        learning_rate=1e-3,
    ),
}

BEAT_CORPORA: dict[str, float] = {"essen": 1.0, "pop909": 1.0, "maestro": 0.5, "maestro-by-file": 0.5}
"""How many times as many epochs as on the folk songs: MAESTRO's melodies are longer, and an epoch shows all of them."""


def beat_recipe(architecture: str, corpus: str) -> Recipe:
    network = BEAT_NETWORKS[architecture]
    return recipe_of(
        network,
        architecture,
        corpus,
        codec=BeatCodec(),
        training=TrainingSettings(
            learning_rate=network.learning_rate, max_epochs=round(network.epochs * BEAT_CORPORA[corpus])
        ),
        sampling=dict(BEAT_SAMPLING),
    )


GENERATORS: dict[str, str] = {"beat-gan-lstm": "beat-lstm-local", "beat-gan-transformer": "beat-transformer-relative"}
"""What is tuned against a discriminator, once it is trained."""
GAME_RATE, GAME_EPOCHS, GAME_BATCHES = 1e-4, 20, 40
"""the game is judged over the last half of its epochs: many short ones tell more than few that show all of a corpus"""


def adversarial_recipe(name: str, corpus: str) -> Recipe:
    base = beat_recipe(GENERATORS[name], corpus)
    return replace(
        base,
        name=f"{name}.{corpus}",
        title=f"{base.title}, tuned as a GAN",
        description="Learned further by playing against a network that tells its melodies from people's.",
        # the discriminator shall learn in which keys people write
        training=replace(
            base.training,
            learning_rate=GAME_RATE,
            weight_decay=0.0,
            max_epochs=GAME_EPOCHS,
            epoch_batches=GAME_BATCHES,
            transposed=0.0,
            patience=GAME_EPOCHS,  # foretelling better is not what the game is for
        ),
        adversarial=AdversarialSettings(base=base.architecture),
    )


LEAK = beat_recipe("beat-lstm-local", "maestro-by-file")
"""how much the published split flatters: the same network, settings and melodies, but works on both sides"""
