"""Hyper-parameter studies with Optuna: first one setting at a time, as published tables have it, then a search.

Any number of machines can work on one study: name the same database for each.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import optuna

from core.checkpoint import CHECKPOINTS, SWEEP, build_model, write_whole
from core.errors import InputError
from core.training.loop import train, untrained_card
from core.training.recipe import Recipe

AXES: dict[str, tuple[Any, ...]] = {
    "learning_rate": (3e-4, 1e-3, 2e-3, 4e-3),
    "length": (16, 32, 64, 128),
    "embed_dim": (16, 32, 64, 128),
    "hidden_dim": (64, 128, 208, 320),
    "dim": (48, 96, 144),
    "num_layers": (1, 2, 3),
    "num_heads": (1, 2, 4, 8),
    "dropout": (0.0, 0.1, 0.2, 0.3),
}
"""what a study varies, where the network has it: the axes of tables 2 to 4 of 'Everybody Compose', and dropout"""


def sweep(
    recipe: Recipe,
    trials: int | None = None,
    max_epochs: int = 8,
    max_minutes: float = 4.0,
    storage: str | None = None,
    corpus_root: Path | None = None,
    run_root: Path = Path("runs"),
    checkpoint_root: Path | None = None,
) -> list[dict[str, Any]]:
    """Trains ``recipe`` under one setting after another; every trial in ``max_epochs`` epochs, cut at ``max_minutes``.

    ``trials`` None tries each value of each axis once, the others as the recipe has them; more trials than these are
    searched for. A study that was cut short goes on where it stopped. Returns and saves, beside the checkpoint, a row
    a finished trial, the best first. Raises ``InputError`` when the database cannot be opened.
    """
    folder = run_root / "sweeps" / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    study = open_study(recipe.name, storage or f"sqlite:///{folder / 'study.db'}")
    base = settings_of(recipe)
    grid = list(one_at_a_time(base))
    for settings in grid:
        study.enqueue_trial(settings, skip_if_exists=True)
    wanted = len(grid) if trials is None else trials

    def objective(trial: optuna.Trial) -> float:
        chosen = {name: trial.suggest_categorical(name, choices(name, base[name])) for name in base}
        changed = recipe.changed([f"{name}={value}" for name, value in chosen.items()])
        changed = replace(changed, training=replace(changed.training, max_epochs=max_epochs))
        place = folder / f"trial-{trial.number}"
        card = train(changed, corpus_root, max_minutes, run_root=place, checkpoint_root=place)
        trial.set_user_attr("accuracy", card.metrics.get("accuracy", card.metrics.get("reconstruction")))
        trial.set_user_attr("minutes", card.training["minutes"])
        trial.set_user_attr("parameters", num_parameters(changed))
        return card.metrics["nll"]

    done = len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]))
    if wanted > done:
        study.optimize(objective, n_trials=wanted - done)
    rows = rows_of(study)
    target = (checkpoint_root or CHECKPOINTS) / recipe.name
    target.mkdir(parents=True, exist_ok=True)
    write_whole(target / SWEEP, table(rows).encode())
    return rows


def open_study(name: str, storage: str) -> optuna.Study:
    try:
        return optuna.create_study(
            study_name=name, storage=storage, sampler=optuna.samplers.TPESampler(seed=0), load_if_exists=True
        )
    except Exception as error:  # SQLAlchemy's, of many kinds, and those of the database's own driver
        raise InputError(f"The database {storage!r} cannot be opened; check its address and its driver.") from error


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """The value that ``recipe`` has on every axis that it knows."""
    known = {**asdict(recipe.training), **untrained_card(recipe).config}
    return {name: known[name] for name in AXES if name in known}


def choices(name: str, present: Any) -> list[Any]:
    return sorted({*AXES[name], present})


def one_at_a_time(base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The settings ``base``, then those that differ from them on one axis."""
    yield base
    for name, present in base.items():
        yield from ({**base, name: value} for value in choices(name, present) if value != present)


def num_parameters(recipe: Recipe) -> int:
    model, _ = build_model(untrained_card(recipe))
    return sum(parameter.numel() for parameter in model.parameters())


def rows_of(study: optuna.Study) -> list[dict[str, Any]]:
    """A row for each finished trial, the best first."""
    finished = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    rows = [{"trial": t.number, "nll": t.value, **t.user_attrs, **t.params} for t in finished]
    return sorted(rows, key=lambda row: row["nll"])


def table(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["trial", "nll"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
