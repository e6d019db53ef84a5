"""A passage that comes a fourth time in a row is made unlikely."""

from __future__ import annotations

import torch

from core.sampling.loops import LONG, PATIENCE, PENALTY, Conclude, NoLoops, looping

BAR = [5, 6, 7, 8, 9, 10]


def test_three_times_are_a_loop_and_two_are_music() -> None:
    assert looping(BAR * 3) == [5]
    assert looping([1, 2, *BAR * 3]) == [5]
    assert looping(BAR * 2) == []
    assert looping([*BAR, *BAR, 5, 6, 7, 8, 9, 11]) == []
    assert looping([*BAR * 3, 5]) == [6]  # counted from any place of the passage
    assert looping([]) == looping([3] * 17) == []


def test_a_few_notes_may_come_again_and_again() -> None:
    assert looping([1, 2, 3] * 5) == []
    assert looping([1, 2, 3] * 6) == [1]


def test_only_the_next_copy_becomes_unlikely() -> None:
    tokens, logits = torch.tensor([BAR * 3, [1, *BAR * 2, 5, 6, 7, 8, 9]]), torch.zeros(2, 12)
    found = NoLoops()(tokens, logits)
    expected = torch.zeros(2, 12)
    expected[0, 5] = -PENALTY
    assert torch.equal(found, expected)
    assert not logits.any()


def test_a_tune_that_should_be_over_comes_to_its_end() -> None:
    logits = torch.zeros(2, 5)
    short, long = (torch.zeros(2, num, dtype=torch.long) for num in (LONG, LONG + 3 * PATIENCE))
    assert torch.equal(Conclude(4)(short, logits), logits)
    assert Conclude(4)(long, logits).tolist() == [[0, 0, 0, 0, 3]] * 2
    assert Conclude(4)(long, torch.full((2, 5), -torch.inf)).isneginf().all()
