"""Figures of tunes in characters: how many are legal, and what of them stands in training tunes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from core.checkpoint import TUNES, save_checkpoint
from core.evaluation.tunes import Passages, figures_of, figures_to_csv, tune_figures
from core.tunes import Draft
from core.ui.tune_charts import legal_by_temperature, read_table, readable
from tests.conftest import tiny_checkpoint

GOOD = "X:1\nT:Good\nM:2/4\nL:1/8\nK:G\nGABc|d4|]"
SHORT_BAR = "X:1\nT:Short\nM:2/4\nL:1/8\nK:G\nGABc|d2|GABc|d4|]"
OPEN_REPEAT = "X:1\nT:Open\nM:2/4\nL:1/8\nK:G\n|:GABc|d4|]"
NO_TUNE = "once upon a time"


def draft(text: str, ended: bool = True) -> Draft:
    return Draft(text, 0, len(text), -1.0, ended)


def test_shares_by_hand() -> None:
    tunes = [draft(GOOD), draft(SHORT_BAR), draft(OPEN_REPEAT), draft(NO_TUNE), draft(GOOD, ended=False)]
    found = figures_of(tunes, Passages([GOOD]), 0.8, legal_only=True)
    assert (found.temperature, found.legal_only, found.num) == (0.8, True, 5)
    assert (found.ended, found.parses) == (0.8, 0.8)
    assert (found.legal, found.characters) == (0.2, len(GOOD))


def test_passages_by_hand() -> None:
    head = "X:1\nT:a title that both have\nK:G\n"
    known = Passages([f"{head}abcdefghij", f"{head}xyz"])
    # of abcdefghi and bcdefghij, two and two passages of eight; of the last text one in four
    assert known.shares([f"{head}abcdefghi", f"{head}bcdefghij"])[8] == 1.0
    assert known.shares([f"{head}zbcdefghijz"])[8] == pytest.approx(2 / 4)
    assert known.shares([f"{head}abc"]) == {8: 0.0, 12: 0.0, 16: 0.0, 24: 0.0}
    assert Passages([head + "a" * 40]).shares([head + "a" * 23 + "b"]) == {
        8: pytest.approx(16 / 17),
        12: pytest.approx(12 / 13),
        16: pytest.approx(8 / 9),
        24: 0.0,
    }


def test_the_table_has_people_first_and_two_rows_for_each_temperature(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint("char-lstm")
    rows = tune_figures(checkpoint, [GOOD], [GOOD, SHORT_BAR], 2, (0.8,))
    assert [(row.temperature, row.legal_only, row.num) for row in rows] == [
        (None, False, 2),
        (0.8, False, 2),
        (0.8, True, 2),
    ]
    assert rows[0].legal == 0.5
    table = list(csv.DictReader(io.StringIO(figures_to_csv(rows).decode())))
    assert [row["temperature"] for row in table] == ["", "0.8", "0.8"]
    folder = save_checkpoint(checkpoint, tmp_path)
    (folder / TUNES).write_bytes(figures_to_csv(rows))
    shown = read_table(folder / TUNES)
    assert shown is not None
    assert list(readable(shown)["tunes of"]) == ["people", "temperature 0.8", "temperature 0.8, legal ABC only"]
    assert [line.name for line in legal_by_temperature(shown).data] == ["free", "legal ABC only"]


@pytest.mark.parametrize("text", ["", "nothing", "a,b\n1,2\n", "\x00\xff"])
def test_a_damaged_table_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / TUNES).write_text(text)
    assert read_table(tmp_path / TUNES) is None
