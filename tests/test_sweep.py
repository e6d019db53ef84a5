from __future__ import annotations

import csv
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import core.training.sweep
from core.checkpoint import HISTORY, SWEEP, SWEEP_CURVES, ModelCard
from core.errors import InputError
from core.recipes import find_recipe
from core.training.loop import untrained_card
from core.training.recipe import Recipe
from core.training.sweep import PUBLISHED, one_at_a_time, settings_of, sweep

RECIPE = find_recipe("beat-rnn.essen")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Every recipe that a study asks to be trained; the figure is best at a learning rate of 0.002."""
    seen: list[Recipe] = []

    def train(recipe: Recipe, *_: object, checkpoint_root: Path, **__: object) -> ModelCard:
        seen.append(recipe)
        time.sleep(0.01)
        history = checkpoint_root / recipe.name / HISTORY
        history.parent.mkdir(parents=True, exist_ok=True)
        history.write_text("epoch,train_nll,valid_nll\n0,,2.5\n1,2.1,1.75\n")
        card = untrained_card(recipe)
        card.metrics.update(nll=1.5 + abs(recipe.training.learning_rate - 0.002), accuracy=0.4)
        card.training.update(minutes=0.1, epochs=2)
        return card

    monkeypatch.setattr(core.training.sweep, "train", train)
    return seen


def test_each_value_of_each_axis_is_tried_once_beside_the_recipes_own() -> None:
    base = settings_of(RECIPE)
    grid = list(one_at_a_time(base))
    assert grid[0] == base
    assert all(sum(settings[name] != base[name] for name in base) == 1 for settings in grid[1:])
    assert len({tuple(settings.items()) for settings in grid}) == len(grid)
    assert {settings["hidden_dim"] for settings in grid} >= {64, 128, 256, 320}


def test_a_study_that_was_cut_short_goes_on(trained: list[Recipe], tmp_path: Path) -> None:
    sweep(RECIPE, trials=2, max_epochs=3, run_root=tmp_path, checkpoint_root=tmp_path)
    rows = sweep(RECIPE, trials=5, max_epochs=3, run_root=tmp_path, checkpoint_root=tmp_path)
    assert len(trained) == len(rows) == 5
    assert {recipe.training.max_epochs for recipe in trained} == {3}
    assert trained[0].training.learning_rate == RECIPE.training.learning_rate
    assert len({recipe.training.learning_rate for recipe in trained}) == 4
    assert (rows[0]["learning_rate"], rows[0]["nll"]) == (0.002, 1.5)


def test_workers_join_a_study(trained: list[Recipe], tmp_path: Path) -> None:
    def work(trials: int | None) -> None:
        sweep(RECIPE, trials, storage=f"sqlite:///{tmp_path}/study.db", run_root=tmp_path, checkpoint_root=tmp_path)

    work(1)
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, [None] * 3))
    grid = {tuple(settings.values()) for settings in one_at_a_time(settings_of(RECIPE))}
    assert {tuple(settings_of(recipe).values()) for recipe in trained} >= grid
    # SQLite may give one trial to two workers that ask in the same moment, as these do all the time
    assert len(trained) < 2 * len(grid), "the work is shared, not done by each"


def test_the_table_holds_a_row_a_trial_the_best_first(trained: list[Recipe], tmp_path: Path) -> None:
    sweep(RECIPE, trials=4, run_root=tmp_path, checkpoint_root=tmp_path)
    rows = list(csv.DictReader((tmp_path / RECIPE.name / SWEEP).open(newline="")))
    assert len(rows) == 4
    assert [float(row["nll"]) for row in rows] == sorted(float(row["nll"]) for row in rows)
    assert all(int(row["parameters"]) > 0 for row in rows)
    curves = list(csv.DictReader((tmp_path / RECIPE.name / SWEEP_CURVES).open(newline="")))
    assert {row["trial"] for row in curves} == {row["trial"] for row in rows}
    assert [row["nll"] for row in curves] == ["2.5", "1.75"] * 4


def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        sweep(RECIPE, storage=f"sqlite:///{tmp_path}/missing/study.db", run_root=tmp_path, checkpoint_root=tmp_path)


def test_a_grid_is_tried_whole_and_the_published_way_beside_it(trained: list[Recipe], tmp_path: Path) -> None:
    recipe = find_recipe("char-lstm")
    sweep(recipe, trials=4, run_root=tmp_path, checkpoint_root=tmp_path)
    rows = sweep(recipe, max_epochs=3, run_root=tmp_path, checkpoint_root=tmp_path)
    units = [(row.get("hidden_dim"), row.get("dropout")) for row in rows if row["trial"] != PUBLISHED]
    assert sorted(units) == [(dim, dropout) for dim in (150, 200, 250) for dropout in (0.1, 0.2, 0.3)]
    published = [recipe.training for recipe in trained if recipe.training.steady]
    assert [(one.length, one.learning_rate, one.weight_decay, one.max_epochs, one.patience) for one in published] == [
        (30, 1e-3, 0.0, 100, 100)
    ]
    assert len(trained) == 10 == len(sweep(recipe, run_root=tmp_path, checkpoint_root=tmp_path))
    table = list(csv.DictReader((tmp_path / recipe.name / SWEEP).open(newline="")))
    assert {row["trial"] for row in table} == {PUBLISHED, *map(str, range(1, 10))}


def test_the_published_way_may_end_when_one_cell_of_the_grid_is_left(
    trained: list[Recipe], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It takes longest: other workers try the grid meanwhile."""
    recipe, train = find_recipe("char-lstm"), core.training.sweep.train

    def slowly(changed: Recipe, *others: object, **options: Any) -> ModelCard:
        if changed.training.steady:
            sweep(recipe, trials=9, max_epochs=3, run_root=tmp_path, checkpoint_root=tmp_path)
        return train(changed, *others, **options)

    monkeypatch.setattr(core.training.sweep, "train", slowly)
    rows = sweep(recipe, max_epochs=3, run_root=tmp_path, checkpoint_root=tmp_path)
    assert len(rows) == 10
    assert sum(row["trial"] == PUBLISHED for row in rows) == 1
    assert len({(one.config.get("hidden_dim"), one.config.get("dropout")) for one in trained}) == 10
