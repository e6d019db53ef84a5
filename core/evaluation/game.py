"""Whether adversarial tuning kept its balance, and brought what a model writes nearer to what people write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from core.checkpoint import Checkpoint, ModelCard
from core.data.performance import Interpreter
from core.evaluation.metrics import DISTRIBUTIONS, distances
from core.generate import blank, generate
from core.sampling import SamplingConfig
from core.score import Score

MAX_MELODIES, MAX_NOTES = 300, 128
ACCURACY_RANGE = (0.55, 0.95)
"""of the discriminator on held-out melodies over the last half of the training: neither blind nor the winner"""
MAX_NLL_LOSS = 0.05
MIN_CLOSER = 2


class Criterion(NamedTuple):
    """One of the three signs of a stable game."""

    what: str
    found: str
    holds: bool


def game_metrics(
    base: Checkpoint, tuned: Checkpoint, scores: Sequence[Score], performer: Interpreter
) -> dict[str, float]:
    """What to tell of ``tuned`` beside the model ``base`` that it was made from.

    ``<name>_distance`` is how far each of ``DISTRIBUTIONS`` lies, in bits, between what people wrote on the held-out
    rhythms of ``scores`` and what the model freely draws on them; ``base_<name>_distance`` is the same of ``base``.
    """
    found = {"base_nll": base.card.metrics["nll"]}
    for prefix, checkpoint in (("base_", base), ("", tuned)):
        for name, bits in writing_distances(checkpoint, scores, performer).items():
            found[f"{prefix}{name}_distance"] = round(bits, 5)
    return found


def writing_distances(checkpoint: Checkpoint, scores: Sequence[Score], performer: Interpreter) -> dict[str, float]:
    """``distances`` of what a beat model draws at temperature 1 on the rhythms of ``scores``, evenly chosen ones."""
    human, written = [], []
    for seed, score in enumerate(scores[:: -(-len(scores) // MAX_MELODIES)]):
        beats = performer.perform(score, np.random.default_rng(seed))[:MAX_NOTES]
        drawn = generate(
            checkpoint,
            blank(len(beats)),
            condition=torch.from_numpy(beats),
            sampling=SamplingConfig(seed=seed),
        )
        human.append(score.pitches[:MAX_NOTES])
        written.append(drawn.tokens.tolist())
    return distances(written, human)


def stability(card: ModelCard, accuracy: Sequence[float]) -> list[Criterion]:
    """The criteria on the figures of a tuned model's ``card`` and the discriminator's ``accuracy`` in each epoch."""
    late = accuracy[len(accuracy) // 2 :]
    low, high = ACCURACY_RANGE
    loss = card.metrics["nll"] - card.metrics["base_nll"]
    closer = [name for name in DISTRIBUTIONS if is_closer(card, name)]
    return [
        Criterion(
            f"discriminator's held-out accuracy {low:.0%} to {high:.0%} over the last half",
            f"{min(late):.0%} to {max(late):.0%}",
            all(low <= share <= high for share in late),
        ),
        Criterion(
            f"nll at most {MAX_NLL_LOSS} above that of the model it came from", f"{loss:+.3f}", loss <= MAX_NLL_LOSS
        ),
        Criterion(
            f"{MIN_CLOSER} of 3 distributions nearer to people's than before",
            ", ".join(name.replace("_", " ") for name in closer) or "none",
            len(closer) >= MIN_CLOSER,
        ),
    ]


def is_closer(card: ModelCard, name: str) -> bool:
    return card.metrics[f"{name}_distance"] < card.metrics[f"base_{name}_distance"]
