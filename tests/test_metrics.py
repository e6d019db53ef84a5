from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.metrics import (
    MAX_INTERVAL,
    distances,
    interval_distribution,
    jensen_shannon,
    pitch_class_distribution,
    pitch_distribution,
)

MELODIES = st.lists(st.lists(st.integers(0, 127), max_size=12), max_size=6)


def test_distributions_count_every_note_of_every_melody() -> None:
    melodies = [[60, 72, 62], [60]]
    assert pitch_distribution(melodies)[[60, 62, 72]].tolist() == [0.5, 0.25, 0.25]
    assert pitch_class_distribution(melodies)[[0, 2]].tolist() == [0.75, 0.25]
    intervals = interval_distribution(melodies)
    assert intervals[[MAX_INTERVAL + 12, MAX_INTERVAL - 10]].tolist() == [0.5, 0.5]


def test_leaps_beyond_two_octaves_count_as_two_octaves() -> None:
    assert interval_distribution([[20, 100, 20]])[[0, 2 * MAX_INTERVAL]].tolist() == [0.5, 0.5]


def test_divergence_by_hand() -> None:
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(0.311278, abs=1e-6)


@given(MELODIES, MELODIES)
def test_divergences_lie_between_0_and_1_and_are_0_for_the_same_music(a: list[list[int]], b: list[list[int]]) -> None:
    assert all(0 <= value <= 1 + 1e-12 for value in distances(a, b).values())
    assert distances(a, b) == pytest.approx(distances(b, a))
    assert set(distances(a, a).values()) == {0.0}
