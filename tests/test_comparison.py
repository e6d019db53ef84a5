from __future__ import annotations

import numpy as np
import pytest

from core.beats import Beats
from core.comparison import agreement, consensus, likelihoods, melody_facts
from core.composition import Composition, compose
from core.sampling import SamplingConfig
from tests.conftest import MELODY, tiny_checkpoint

BEATS = Beats.from_score(MELODY)


def piece(*pitches: int) -> Composition:
    return Composition("model", BEATS, pitches, SamplingConfig(seed=1))


A = piece(60, 60, 62, 64, 67, 64, 60)
B = piece(60, 59, 62, 65, 67, 64, 61)
C = piece(48, 59, 62, 65, 66, 64, 62)


def test_facts_by_hand() -> None:
    facts = melody_facts(A)
    assert facts["key"] == "C"
    assert facts["range"] == "C4 to G4"
    assert facts["different pitches"] == 4
    assert [facts[name] for name in ("repeats", "steps", "leaps")] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert facts["in the key"] == 1.0


def test_one_note_has_no_intervals() -> None:
    alone = Composition("model", BEATS.cut(1), (60,), SamplingConfig())
    assert [melody_facts(alone)[name] for name in ("repeats", "steps", "leaps")] == [0, 0, 0]


def test_agreement_and_consensus_by_hand() -> None:
    assert agreement([A, B, C]) == pytest.approx(np.array([[7, 4, 2], [4, 7, 4], [2, 4, 7]]) / 7)
    assert consensus([A, B, C]) == pytest.approx(np.array([2, 2, 3, 2, 2, 3, 1]) / 3)


def test_likelihoods_are_those_of_composing() -> None:
    models = [tiny_checkpoint("beat-rnn"), tiny_checkpoint("beat-lstm-local")]
    pieces = [compose(model, BEATS, SamplingConfig(seed=2), given=[60])[0] for model in models]
    table = likelihoods(models, pieces)
    for i, one in enumerate(pieces):
        assert table[i, i] == pytest.approx(one.log_likelihood / 6, abs=1e-5)
