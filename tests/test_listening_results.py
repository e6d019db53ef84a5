"""What is said of the answers, against figures worked out by hand."""

from __future__ import annotations

import codecs
import csv
import io
import math
from dataclasses import replace

import pytest

from core.formats.spreadsheet import inert
from core.listening.excerpts import HUMAN
from core.listening.results import ALL_MODELS, Rating, means, ratings_to_csv, scores, taken_for_human, winners
from core.listening.statistics import holm, mean_interval, pairwise, rank_test, share_interval, signed_rank
from core.listening.visits import MACHINE

ONE = Rating(1, "A", 1, 0, "gru", "GRU, seed 1", 4, 3, 2, MACHINE, favourite=False, finished=True)


def by_listener(*values: float) -> dict[str, float]:
    return {str(number): value for number, value in enumerate(values)}


def test_a_mean_has_students_interval() -> None:
    """2, 4, 6: s = 2, t(0.975, 2) = 4.3027, half a width 4.3027 * 2 / sqrt(3) = 4.968."""
    found = mean_interval([2, 4, 6])
    assert (found.value, found.number) == (4, 3)
    assert found.low == pytest.approx(4 - 4.9683, abs=1e-3)
    assert found.high == pytest.approx(4 + 4.9683, abs=1e-3)
    assert mean_interval([3]).low is None


def test_a_share_is_one_listeners_and_its_interval_stays_within_0_and_1() -> None:
    """0.4, 0.5, 0.6: s = 0.1, half a width 4.3027 * 0.1 / sqrt(3) = 0.2484."""
    found = share_interval([0.4, 0.5, 0.6])
    assert (found.value, found.number) == (pytest.approx(0.5), 3)
    assert (found.low, found.high) == (pytest.approx(0.2516, abs=1e-4), pytest.approx(0.7484, abs=1e-4))
    assert share_interval([0.0, 0.0, 1.0]).low == 0
    assert share_interval([1.0, 1.0, 0.0]).high == 1
    assert share_interval([1.0]).low is None


def test_friedman_by_hand() -> None:
    """Ranks (1, 2, 3) from three listeners, (2, 1, 3) from one: sums 5, 7, 12.

    12 / (4 * 3 * 4) * (25 + 49 + 144) - 3 * 4 * 4 = 6.5; chi squared of two degrees: p = exp(-6.5 / 2) = 0.0388.
    """
    found = rank_test({"a": by_listener(1, 1, 1, 2), "b": by_listener(2, 2, 2, 1), "c": by_listener(3, 3, 3, 3)})
    assert found is not None
    assert (found.name, found.number) == ("Friedman", 4)
    assert found.statistic == pytest.approx(6.5)
    assert found.p == pytest.approx(math.exp(-3.25))


def test_wilcoxon_by_hand() -> None:
    """Five differences of one sign, all unlike: of 32 signs two are as far out, p = 2 / 32; 0 is left out."""
    high = by_listener(2.0, 3.5, 4.0, 4.5, 5.0, 3.0)
    low = by_listener(1.5, 2.5, 2.5, 2.5, 2.5, 3.0)
    found = signed_rank({"a": high, "b": low}, "a", "b")
    assert found is not None
    assert found.p == pytest.approx(2 / 32)
    assert found.number == 6
    assert rank_test({"a": high, "b": low}) == found


def test_tests_take_those_who_heard_all_and_never_fail() -> None:
    assert rank_test({}) is None
    assert rank_test({"a": by_listener(1, 2)}) is None
    assert rank_test({"a": {"1": 1.0}, "b": {"2": 2.0}}) is None, "nobody heard both"
    alike = {maker: by_listener(3, 4, 5) for maker in "abc"}
    for same in (alike, {maker: alike[maker] for maker in "ab"}):
        found = rank_test(same)
        assert found is not None
        assert found.p == 1
    assert [test.p for _, _, test in pairwise(alike)] == [1, 1, 1]


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.02, 0.03, 0.5]) == pytest.approx([0.04, 0.06, 0.06, 0.5])
    assert holm([0.4, 0.6]) == pytest.approx([0.8, 0.8])
    assert holm([]) == []


def test_a_listener_counts_once_for_each_maker() -> None:
    given = [ONE, replace(ONE, place=2, appeal=2), replace(ONE, listener=2, appeal=5)]
    assert scores(given, "appeal") == {"gru": {"1": 3, "2": 5}}
    found = means(given)["gru"]["appeal"]
    assert (found.value, found.number) == (4, 2)


def test_winners_and_who_was_taken_for_human() -> None:
    human = replace(ONE, maker=HUMAN, group="B", guess=HUMAN)
    given = [
        replace(ONE, favourite=True),
        replace(ONE, listener=2, favourite=True, guess=HUMAN),
        human,
        replace(human, favourite=True),
        replace(ONE, group="C", guess=None, favourite=True),
    ]
    assert winners(given) == {"A": {"gru": 2}, "B": {HUMAN: 1}, "C": {"gru": 1}}
    taken = taken_for_human(given)
    assert (taken["gru"].value, taken["gru"].number) == (0.5, 2), "labelled music is not guessed"
    assert taken[HUMAN].value == 1
    assert list(taken) == ["gru", ALL_MODELS, HUMAN]
    assert taken_for_human(given[-1:]) == {}


def test_who_answers_often_counts_once_in_what_is_taken_for_human() -> None:
    """Of gru one listener takes 3 of 4, the other 0 of 1: (0.75 + 0) / 2; of all models 3 of 4 and 1 of 2."""
    fooled = [replace(ONE, place=place, guess=HUMAN if place < 4 else MACHINE) for place in range(1, 5)]
    other = replace(ONE, listener=2)
    taken = taken_for_human([*fooled, other, replace(other, maker="transformer", guess=HUMAN)])
    assert (taken["gru"].value, taken["gru"].number) == (0.375, 2)
    assert (taken[ALL_MODELS].value, taken[ALL_MODELS].number) == (0.625, 2)
    assert list(taken) == ["gru", "transformer", ALL_MODELS]


def test_the_table_comes_back_as_it_was_and_holds_no_formula() -> None:
    wild = 'Frédéric said "a,b"\nand left; =1'
    data = ratings_to_csv([replace(ONE, title=wild), replace(ONE, title='=HYPERLINK("http://x")', guess=None)])
    assert data.startswith(codecs.BOM_UTF8), "or Excel garbles the é"
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[0]["title"] == wild
    assert rows[1]["title"] == '\'=HYPERLINK("http://x")'
    assert rows[1]["guess"] == ""
    assert (rows[0]["appeal"], rows[0]["favourite"]) == ("4", "False")
    for sign in "=+-@\t\r\n":
        assert inert(f"{sign}1") == f"'{sign}1"
    assert inert(-1) == -1
