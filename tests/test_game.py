from __future__ import annotations

import pytest
import torch

from core.checkpoint import ModelCard
from core.data.performance import CLEAN
from core.evaluation.game import stability, writing_distances
from core.evaluation.metrics import DISTRIBUTIONS
from core.score import Note, Score
from tests.conftest import tiny_checkpoint

STABLE = {"nll": 1.54, "base_nll": 1.5} | {
    f"{prefix}{name}_distance": bits
    for name, before, after in (("pitch", 0.02, 0.01), ("interval", 0.03, 0.02), ("pitch_class", 0.01, 0.04))
    for prefix, bits in (("base_", before), ("", after))
}


def holding(metrics: dict[str, float], accuracy: list[float]) -> list[bool]:
    card = ModelCard("beat-gan-lstm.essen", "", "beat-lstm-local", {}, "beats", {}, "essen", "", metrics=metrics)
    return [criterion.holds for criterion in stability(card, accuracy)]


def test_the_criteria_of_a_stable_game() -> None:
    assert holding(STABLE, [1.0, 1.0, 0.8, 0.55]) == [True, True, True]  # the first half does not count
    assert holding(STABLE, [0.8, 0.8, 0.8, 0.96]) == [False, True, True]
    assert holding(STABLE, [0.54]) == [False, True, True]
    assert holding(STABLE | {"nll": 1.56}, [0.8]) == [True, False, True]
    assert holding(STABLE | {"interval_distance": 0.03}, [0.8]) == [True, True, False]


def test_a_model_that_only_repeats_a_pitch_is_far_from_people() -> None:
    scores = [Score(tuple(Note(i, 1, 60 + (i * step) % 12) for i in range(12))) for step in (1, 5, 7)]
    checkpoint = tiny_checkpoint("beat-rnn")
    with torch.no_grad():
        checkpoint.model.head.bias[60] += 50.0
    found = writing_distances(checkpoint, scores, CLEAN)
    assert found.keys() == DISTRIBUTIONS.keys()
    human = 1 / 12  # the share of middle C, and of every other pitch
    middle = (1 + human) / 2
    divergence = (-torch.log2(torch.tensor(middle)) + human * torch.log2(torch.tensor(human / middle)) + 11 / 12) / 2
    assert found["pitch"] == pytest.approx(float(divergence), abs=1e-6)
