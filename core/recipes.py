"""Every trained model: its network, codec, corpus and settings.

A beat model is a network of ``BEAT_NETWORKS`` trained on a corpus of ``BEAT_CORPORA``, a model of steps one of
``STEP_NETWORKS`` trained on folk songs, a VAE one of ``VAES``, a model of characters one of ``CHAR_NETWORKS``, a model
of piano rolls one of ``ROLL_NETWORKS``; any other is an entry in ``RECIPES``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, PianoCodec, PianoRollCodec, StepCodec
from core.data.corpora import CORPORA
from core.data.piano import MAESTRO_PIANO
from core.errors import InputError
from core.training.recipe import AdversarialSettings, LatentSettings, Recipe, TrainingSettings

DEFAULT_CORPUS = "essen"
"""The corpus that a network's name alone stands for: its music comes with the installation."""
BEAT_SAMPLING = {"temperature": 0.9, "top_p": 0.95, "repeat_decay": 0.2}


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
GAME_RATE, GAME_EPOCHS = 1e-4, 20


def adversarial_recipe(name: str, corpus: str) -> Recipe:
    base = beat_recipe(GENERATORS[name], corpus)
    return replace(
        base,
        name=f"{name}.{corpus}",
        title=f"{base.title}, tuned as a GAN",
        description="Learned further by playing against a network that tells its melodies from people's.",
        # the discriminator shall learn in which keys people write
        training=replace(base.training, learning_rate=GAME_RATE, max_epochs=GAME_EPOCHS, transposed=0.0),
        adversarial=AdversarialSettings(base=base.architecture),
    )


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
        DEFAULT_CORPUS,
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
        DEFAULT_CORPUS,
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
CHAR_SAMPLING = {"char-lstm-echo": {"temperature": 0.8, "echo": 0.6}}
"""at 1 a tune in the style of our own is half as long again as people's, and says the same again and again"""
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
        sampling={"temperature": 0.95, "top_p": 0.95},
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

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for corpus in BEAT_CORPORA
    if CORPORA[corpus].offered
    for recipe in (
        *(beat_recipe(architecture, corpus) for architecture in BEAT_NETWORKS),
        *(adversarial_recipe(name, corpus) for name in GENERATORS),
    )
}
LEAK = beat_recipe("beat-lstm-local", "maestro-by-file")
"""how much the published split flatters: the same network, settings and melodies, but works on both sides"""
RECIPES[LEAK.name] = LEAK
RECIPES.update({recipe.name: recipe for recipe in map(step_recipe, STEP_NETWORKS)})
RECIPES.update({recipe.name: recipe for recipe in map(vae_recipe, VAES)})
RECIPES[PIANO.name] = PIANO
RECIPES[ACCOMPANIMENT.name] = ACCOMPANIMENT
RECIPES.update({recipe.name: recipe for recipe in map(roll_recipe, ROLL_NETWORKS)})
RECIPES.update({recipe.name: recipe for recipe in map(char_recipe, CHAR_NETWORKS)})


def find_recipe(name: str) -> Recipe:
    """The recipe ``name``; a network's alone means that of ``DEFAULT_CORPUS``, or its only one; or ``InputError``."""
    own = [recipe for recipe in RECIPES.values() if recipe.name.partition(".")[0] == name]
    recipe = RECIPES.get(name) or RECIPES.get(f"{name}.{DEFAULT_CORPUS}") or (own[0] if len(own) == 1 else None)
    if recipe is None:
        raise InputError(f"There is no recipe called {name!r}; choose one of: {', '.join(RECIPES)}.")
    return recipe
