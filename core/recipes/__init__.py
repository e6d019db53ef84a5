"""Every trained model: its network, codec, corpus and settings, by family."""

from __future__ import annotations

from core.data.corpora import CORPORA
from core.errors import InputError
from core.recipes.beat import BEAT_CORPORA, BEAT_NETWORKS, GENERATORS, LEAK, adversarial_recipe, beat_recipe
from core.recipes.char import CHAR_NETWORKS, char_recipe
from core.recipes.piano import ACCOMPANIMENT, PIANO, ROLL_NETWORKS, roll_recipe
from core.recipes.step import FOLK_SONGS, STEP_NETWORKS, VAES, step_recipe, vae_recipe
from core.training.recipe import Recipe

DEFAULT_CORPUS = FOLK_SONGS
"""the corpus that a network's name alone stands for: its music comes with the installation"""

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        *(
            recipe
            for corpus in BEAT_CORPORA
            if CORPORA[corpus].offered
            for recipe in (
                *(beat_recipe(architecture, corpus) for architecture in BEAT_NETWORKS),
                *(adversarial_recipe(name, corpus) for name in GENERATORS),
            )
        ),
        LEAK,
        *map(step_recipe, STEP_NETWORKS),
        *map(vae_recipe, VAES),
        PIANO,
        ACCOMPANIMENT,
        *map(roll_recipe, ROLL_NETWORKS),
        *map(char_recipe, CHAR_NETWORKS),
    )
}


def find_recipe(name: str) -> Recipe:
    """The recipe ``name``; a network's alone means that of ``DEFAULT_CORPUS``, or its only one; or ``InputError``."""
    own = [recipe for recipe in RECIPES.values() if recipe.name.partition(".")[0] == name]
    recipe = RECIPES.get(name) or RECIPES.get(f"{name}.{DEFAULT_CORPUS}") or (own[0] if len(own) == 1 else None)
    if recipe is None:
        raise InputError(f"There is no recipe called {name!r}; choose one of: {', '.join(RECIPES)}.")
    return recipe
