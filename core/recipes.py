"""Every trained model: its network, codec, corpus and settings. A new one is an entry in ``RECIPES``."""

from __future__ import annotations

from core.codecs import BeatCodec
from core.errors import InputError
from core.training.recipe import Recipe, TrainingSettings

_BEAT_SAMPLING = {"temperature": 0.9, "top_p": 0.95, "repeat_decay": 0.2}

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="beat-rnn.essen",
            title="Vanilla RNN",
            description="The baseline: a plain recurrent network that sees the present beat and the note before.",
            architecture="beat-rnn",
            corpus="essen",
            codec=BeatCodec(),
            training=TrainingSettings(learning_rate=1e-3, max_epochs=80),
            sampling=_BEAT_SAMPLING,
        ),
        Recipe(
            name="beat-lstm-local.essen",
            title="LSTM with local attention",
            description="Reads the whole rhythm in both directions first, then writes note by note.",
            architecture="beat-lstm-local",
            corpus="essen",
            codec=BeatCodec(),
            training=TrainingSettings(learning_rate=2e-3, max_epochs=60),
            sampling=_BEAT_SAMPLING,
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """The recipe ``name``, or the only one whose network is called so; raises ``InputError``."""
    matches = [recipe for full, recipe in RECIPES.items() if name in (full, full.partition(".")[0])]
    if len(matches) != 1:
        raise InputError(f"There is no single recipe called {name!r}; choose one of: {', '.join(RECIPES)}.")
    return matches[0]
