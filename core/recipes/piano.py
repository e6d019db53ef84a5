"""Models of the piano: the networks of ``ROLL_NETWORKS`` frame by frame, and two that play note by note."""

from __future__ import annotations

from core.codecs import ArrangementCodec, PianoCodec, PianoRollCodec
from core.data.piano import MAESTRO_PIANO
from core.recipes.network import Network, recipe_of
from core.training.recipe import Recipe, TrainingSettings

ROLL_NETWORKS: dict[str, Network] = {
    "roll-gru": Network(
        "GRU on piano rolls", "Reads the last ten seconds, frame by frame, in both directions.", length=512
    ),
    "roll-attention": Network(
        "Self-attention on piano rolls", "Every frame of the last ten seconds looks at every other.", length=512
    ),
    "roll-gru-attention": Network(
        "GRU with self-attention",
        "Reads the last ten seconds, then looks back from each frame at all of them.",
        length=512,
    ),
    "roll-gru2-attention": Network(
        "Two GRUs with self-attention", "Two GRUs, and a look over the last ten seconds between them.", length=512
    ),
    "roll-gru3-attention": Network(
        "Three GRUs with two self-attentions",
        "Three GRUs, and a look over the last ten seconds between any two.",
        length=512,
    ),
    "roll-transformer": Network(
        "Transformer on piano rolls",
        "Looks back from every frame over the last minute, nearly; ours, for comparison.",
        length=512,
    ),
}
ROLL_PIECES = 100
"""that the study of these networks trained on"""


def roll_recipe(architecture: str) -> Recipe:
    """A network that plays the piano frame by frame; ``num_pieces=0`` shows it all of MAESTRO."""
    network = ROLL_NETWORKS[architecture]
    return recipe_of(
        network,
        architecture,
        MAESTRO_PIANO,
        codec=PianoRollCodec(),  # training makes the vocabulary
        training=TrainingSettings(
            learning_rate=network.learning_rate,
            batch_size=8,
            length=network.length,
            transposed=0.0,
            max_epochs=network.epochs,
            num_pieces=ROLL_PIECES,
        ),
        sampling={"temperature": 1.0},  # cooler, they fall into frames outside the vocabulary, or silent
    )


PIANO = Recipe(
    name="piano-transformer.piano",
    title="Piano transformer",
    description="Plays note by note, with the touch and the timing of a pianist, and goes back to what it played.",
    architecture="piano-transformer",
    corpus="piano",
    codec=PianoCodec(),
    training=TrainingSettings(
        learning_rate=1e-3, batch_size=16, length=1025, epoch_batches=600, max_epochs=40, transposed=0.75
    ),
    sampling={"temperature": 1.0, "top_p": 0.98},
)
"""everything that two hands play, as it was played"""

ACCOMPANIMENT = Recipe(
    name="piano-accompaniment.pop909-pairs",
    title="Piano accompaniment",
    description="Puts chords and a bass under a melody, of which it knows one bar ahead.",
    architecture="piano-accompaniment",
    corpus="pop909-pairs",
    codec=ArrangementCodec(),
    training=TrainingSettings(learning_rate=2e-3, batch_size=16, length=1025, max_epochs=40, transposed=0.0),
    sampling={"temperature": 0.9, "top_p": 0.95},
)
