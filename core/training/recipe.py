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
    transposed: float = 0.5
    """share of the training slices that are shown in any key, the others in their own"""
    looped: float = 0.0
    """share of the training tunes in which a bar is read again and again, and only what follows is foretold: networks
    that copy what they wrote learn from it to come out of a loop"""
    common_key: bool = False
    """whether songs are shown in C major or A minor alone; models of steps know how"""
    max_epochs: int = 60
    """over which the learning rate falls to 0 along a cosine, unless the minutes that the run is given end first"""
    epoch_batches: int = 0
    """batches of an epoch, so that a large corpus is looked at piece by piece; 0: as many as show all of it"""
    num_pieces: int = 0
    """of the corpus that are shown, chosen by the seed; 0: all of them; VAEs are shown all"""
    patience: int = 12
    """epochs without a better validation figure before training stops"""
    seed: int = 0
    steady: bool = False
    """whether the learning rate stays as it is instead"""


MAY_BE_NOUGHT = ("seed", "epoch_batches", "num_pieces")
"""of the whole numbers among the settings"""
CODEC_SETTINGS = {"frames_per_sec"}
"""of codecs; others belong to what the networks are"""


@dataclass(frozen=True)
class AdversarialSettings:
    """The game of a generator, which is a trained beat model, against a discriminator."""

    base: str
    """the network that is tuned; its checkpoint on the same corpus gives the first weights"""
    length: int = 32
    """notes of the melodies that are judged; shorter pieces play no part"""
    weight: float = 0.3
    """of fooling the discriminator, against foretelling real melodies"""
    penalty: float = 0.01
    """on the discriminator's gradient on real melodies"""
    discriminator_pace: float = 20.0
    """its learning rate, against the generator's"""
    resting_accuracy: float = 0.8
    """above which the discriminator does not learn"""
    first_softness: float = 1.0
    last_softness: float = 0.3
    """temperature of the Gumbel-softmax in the first and the last epoch"""


@dataclass(frozen=True)
class LatentSettings:
    """How a variational auto-encoder weighs what its space costs."""

    beta: float = 1.0
    """of the Kullback-Leibler divergence, against the error of reconstruction"""
    warm_up: float = 0.0
    """share of the training over which beta rises from 0"""
    free_nats: float = 0.0
    """divergence that a dimension has for nothing, on average over the windows"""
    bernoulli: bool = False
    """whether the error is binary cross-entropy over all symbols, rather than the cross-entropy of a step"""
    stairs: bool = False
    """whether the learning rate falls in steps, rather than along a cosine"""


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
    adversarial: AdversarialSettings | None = None
    """None: the network is trained from nothing, by next tokens alone"""
    latent: LatentSettings | None = None
    """of a ``LatentModel``, which learns to reconstruct windows"""
    sampling: dict[str, Any] = field(default_factory=dict)
    """sampling defaults, found by ear and by measurement"""
    changes: tuple[str, ...] = ()
    """what was set otherwise, as ``FIELD=VALUE``"""

    def changed(self, assignments: Sequence[str]) -> Recipe:
        """With ``FIELD=VALUE`` texts applied to the training settings, the network's configuration or the codec."""
        recipe = self
        _, config_class = ARCHITECTURES[self.architecture]
        networks = {f.name for f in fields(config_class)} - {"vocab_size"}
        trainings = {f.name for f in fields(TrainingSettings)}
        codecs = {f.name for f in fields(self.codec)} & CODEC_SETTINGS
        for assignment in assignments:
            name, _, text = assignment.partition("=")
            if name not in networks | trainings | codecs:
                known = ", ".join(sorted(networks | trainings | codecs))
                raise InputError(f"{name!r} cannot be set; choose one of: {known}.")
            owner = recipe.training if name in trainings else config_class(0, **recipe.config)
            value = number_like(text, getattr(recipe.codec if name in codecs else owner, name), name)
            if name in trainings:
                recipe = replace(recipe, training=replace(recipe.training, **{name: value}))
            elif name in codecs:
                recipe = replace(recipe, codec=replace(recipe.codec, **{name: value}))
            else:
                recipe = replace(recipe, config={**recipe.config, name: value})
        return replace(recipe, changes=(*self.changes, *assignments))


def number_like(text: str, present: Any, name: str) -> Any:
    """``text`` as a value of the type of ``present``: a count from 1 up, a fraction, 0 or 1; raises ``InputError``."""
    whole, switch = isinstance(present, int), isinstance(present, bool)
    try:
        value = int(text) if whole else float(text)
    except ValueError as error:
        raise InputError(f"{name} must be a {'whole ' * whole}number, not {text[:40]!r}.") from error
    low, high = (0 if name in MAY_BE_NOUGHT else 1, 2**31) if whole and not switch else (0, 1)
    if not low <= value <= high:
        raise InputError(f"{name} must be from {low} to {high}, not {value}.")
    return bool(value) if switch else value
