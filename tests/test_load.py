"""How a run under load is judged."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.load.__main__ import Memory, broken_promises
from tests.load.people import COMPOSITION, Diary
from tests.load.server import sum_of_family

FLAT: Memory = [(0, 100), (50, 500), (60, 700), (70, 800), (80, 999), (300, 2000), (540, 2000), (550, 870), (600, 10)]
"""MiB at seconds; what is loaded in the first minute, or stays for a moment, counts for nothing"""


def diary(*clicks: float, errors: int = 0) -> Diary:
    return Diary({COMPOSITION: list(clicks)}, Counter({"PageError": errors} if errors else {}), answers=5)


def test_a_run_in_which_all_was_kept() -> None:
    assert broken_promises(diary(*[2.9] * 96, *[9.0] * 4), FLAT, 5) == []
    assert broken_promises(Diary(), [], 0) == [], "nobody composed"


@pytest.mark.parametrize(
    ("told", "memory", "stored", "said"),
    [
        (diary(1.0, errors=2), FLAT, 5, "There were 2 errors."),
        (diary(1.0), FLAT, 4, "5 answers were accepted and 4 stored."),
        (diary(1.0), FLAT, 6, "5 answers were accepted and 6 stored."),
        (diary(*[1.0] * 90, *[4.0] * 10), FLAT, 5, "Of 100 clicks 95 took up to 4.00 seconds, and not 3."),
        (diary(1.0), [*FLAT[:-1], (600, 900)], 5, "Memory grew from 800 MiB in the second minute to 900 in the last."),
    ],
)
def test_what_was_not_kept_is_said(told: Diary, memory: Memory, stored: int, said: str) -> None:
    assert broken_promises(told, memory, stored) == [said]


def test_memory_is_that_of_all_processes_of_the_app() -> None:
    table = [(1, 0, 1000), (7, 1, 100), (8, 7, 20), (9, 8, 3), (10, 7, 4), (11, 1, 5000)]
    assert sum_of_family(table, 7) == 127
    assert sum_of_family(table, 12) == 0
