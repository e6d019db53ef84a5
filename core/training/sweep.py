"""Hyper-parameter studies with Optuna: one setting at a time, as published tables have it, then a search; or a grid.

Any number of machines can work on one study: name the same database for each.
"""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna

from core.checkpoint import CHECKPOINTS, HISTORY, SWEEP, SWEEP_CURVES, ModelCard, build_model
from core.errors import InputError
from core.storage import write_whole
from core.training.loop import train, untrained_card
from core.training.recipe import Recipe

# the heartbeat by which a killed trial is known; its interface is pinned with the package
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)

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
_UNITS: dict[str, tuple[Any, ...]] = {"hidden_dim": (150, 200, 250), "dropout": (0.1, 0.2, 0.3)}
GRIDS: dict[str, dict[str, tuple[Any, ...]]] = {"char-rnn": _UNITS, "char-lstm": _UNITS}
"""the whole grids of two reports on character models, by architecture; studies of these try all of a grid, no more"""
REPORTS_EPOCHS = 100
REPORTS: dict[str, Any] = {
    "length": 30,
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "batch_size": 64,
    "steady": True,
    "max_epochs": REPORTS_EPOCHS,
    "patience": REPORTS_EPOCHS,
}
"""how those reports trained: on random slices of 30 characters, from a state of nought, with Adam, to the end"""
PUBLISHED = "as published"
FIGURES = ("nll", "accuracy", "epochs", "minutes", "parameters")
"""of a trial, by the names that the database has for them"""
CURVE = "curve"
"""under which the database keeps a trial's losses, epoch by epoch"""
HEARTBEAT_SEC = 60
"""after two of which without a sign a trial counts as killed"""


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
    searched for. Where there is a grid it is tried whole, and so is the way in which its reports trained, in all of
    their epochs. The minutes are those of the clock: on a busy machine they end sooner, and rows of fewer epochs
    compare with none. A study that was cut short goes on where it stopped. Returns and saves, beside the checkpoint, a
    row a finished trial, the best first. Raises ``InputError`` when the database cannot be opened.
    """
    folder = run_root / "sweeps" / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    study = open_study(recipe, storage or f"sqlite:///{folder / 'study.db'}")

    def objective(trial: optuna.Trial) -> float:
        if PUBLISHED in trial.user_attrs:
            settings, minutes = REPORTS, None
        else:
            chosen = {name: trial.suggest_categorical(name, values) for name, values in axes_of(recipe).items()}
            settings, minutes = {**chosen, "max_epochs": max_epochs}, max_minutes
        changed = recipe.changed([f"{name}={value:g}" for name, value in settings.items()])
        place = folder / f"trial-{trial.number}"
        found = figures(train(changed, corpus_root, minutes, run_root=place, checkpoint_root=place), changed)
        for name, value in {**found, CURVE: curve_of(place / recipe.name / HISTORY)}.items():
            trial.set_user_attr(name, value)
        return float(found["nll"])

    wanted = num_settings(recipe) if trials is None else trials
    while num_begun(study) < wanted:
        # SQLite may give one trial to two workers; what the first of them found stands
        try:
            study.optimize(objective, n_trials=1)
        except optuna.exceptions.UpdateFinishedTrialError:
            continue
        except KeyError as error:  # when one cell of a grid is left, its sampler asks a trial that has none for its own
            if error.args != ("grid_id",):
                raise
        except ValueError as error:
            if not str(error).startswith("Cannot tell"):
                raise
    rows = rows_of(study)
    target = (checkpoint_root or CHECKPOINTS) / recipe.name
    target.mkdir(parents=True, exist_ok=True)
    write_whole(target / SWEEP, table(rows).encode())
    if curves := curve_rows(study):  # older studies have none
        write_whole(target / SWEEP_CURVES, table(curves).encode())
    return rows


def figures(card: ModelCard, recipe: Recipe) -> dict[str, Any]:
    """What a row tells of a trained model."""
    return {
        "nll": card.metrics["nll"],
        "accuracy": card.metrics.get("accuracy", card.metrics.get("reconstruction")),
        "epochs": card.training["epochs"],
        "minutes": card.training["minutes"],
        "parameters": num_parameters(recipe),
    }


def open_study(recipe: Recipe, storage: str) -> optuna.Study:
    """The study of a recipe in a database, with what is to be tried first."""
    grid = GRIDS.get(recipe.architecture)
    sampler = optuna.samplers.GridSampler(grid, seed=0) if grid else optuna.samplers.TPESampler(seed=0)
    again = optuna.storages.RetryHeartbeatStaleTrialCallback()
    try:
        database = optuna.storages.RDBStorage(
            storage, heartbeat_interval=HEARTBEAT_SEC, heartbeat_stale_trial_callback=again
        )
        study = optuna.create_study(study_name=recipe.name, storage=database, sampler=sampler, load_if_exists=True)
    except Exception as error:  # SQLAlchemy's, of many kinds, and those of the database's own driver
        raise InputError(f"The database {storage!r} cannot be opened; check its address and its driver.") from error
    if study.trials:  # what is to be tried was set down by who came first
        return study
    if grid:
        study.enqueue_trial({}, user_attrs={PUBLISHED: True})
    else:
        for settings in one_at_a_time(settings_of(recipe)):
            study.enqueue_trial(settings, skip_if_exists=True)
    return study


def num_begun(study: optuna.Study) -> int:
    """How many trials are over or being run by anyone; one whose process was killed is to be tried again."""
    optuna.storages.fail_stale_trials(study)
    state = optuna.trial.TrialState
    return len(study.get_trials(deepcopy=False, states=[state.COMPLETE, state.RUNNING]))


def axes_of(recipe: Recipe) -> dict[str, Sequence[Any]]:
    """Every value that a study may try, by setting."""
    grid = GRIDS.get(recipe.architecture)
    return {**grid} if grid else {name: choices(name, present) for name, present in settings_of(recipe).items()}


def num_settings(recipe: Recipe) -> int:
    """How many settings a study tries by itself."""
    grid = GRIDS.get(recipe.architecture)
    return math.prod(map(len, grid.values())) + 1 if grid else len(list(one_at_a_time(settings_of(recipe))))


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
    """A row for each finished trial, the best first, among them the published way of training where it was tried."""
    rows = [
        {"trial": label(trial), **{name: trial.user_attrs.get(name) for name in FIGURES}, **trial.params}
        for trial in finished(study)
    ]
    return sorted(rows, key=lambda row: row["nll"])


def curve_rows(study: optuna.Study) -> list[dict[str, Any]]:
    """A row for each epoch of each finished trial."""
    return [
        {"trial": label(trial), "epoch": epoch, "nll": nll}
        for trial in finished(study)
        for epoch, nll in enumerate(trial.user_attrs.get(CURVE, ()))
    ]


def finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(states=[optuna.trial.TrialState.COMPLETE])


def label(trial: optuna.trial.FrozenTrial) -> int | str:
    return PUBLISHED if PUBLISHED in trial.user_attrs else trial.number


def curve_of(history: Path) -> list[float]:
    """The validation loss of each epoch of a training run of which the curve has it."""
    with history.open(newline="") as lines:
        return [float(row["valid_nll"]) for row in csv.DictReader(lines) if row["valid_nll"]]


def table(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    names = dict.fromkeys(name for row in rows for name in row) or ["trial", "nll"]
    writer = csv.DictWriter(out, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
