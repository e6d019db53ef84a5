"""A short smoke test of every trained model that the repository carries."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
import torch

from core.checkpoint import CARD, CHECKPOINTS, HISTORY, SONGS, SWEEP, WEIGHTS, load_checkpoint, read_card
from core.codecs import beats_of
from core.data.corpora import CORPORA, EMBEDDED, installed_corpora, pieces_of
from core.evaluation.floors import floors
from core.evaluation.heldout import melody_metrics
from core.generate import blank, generate
from core.rhythm import Rhythm
from core.sampling import SamplingConfig
from models import ARCHITECTURES

FOLDERS = sorted(path.parent for path in CHECKPOINTS.glob(f"*/{CARD}"))
shipped = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
MAX_BYTES, MAX_BYTES_IN_ALL = 8_000_000, 40_000_000


def test_there_are_models_and_they_are_small_together() -> None:
    assert {"beat-rnn.essen", "beat-lstm-local.essen", "beat-lstm-echo.essen"} <= {folder.name for folder in FOLDERS}
    assert sum(path.stat().st_size for path in CHECKPOINTS.rglob("*")) <= MAX_BYTES_IN_ALL


@shipped
def test_it_loads_and_writes_a_melody_of_varied_notes(folder: Path) -> None:
    checkpoint = load_checkpoint(folder.name)
    rhythm = Rhythm((0.0,) * 16, (0.5, 0.25, 0.25, 0.5) * 4)
    settings = SamplingConfig.from_mapping({**checkpoint.card.sampling, "seed": 1})
    made = generate(checkpoint, blank(16), condition=beats_of(rhythm), sampling=settings)
    assert len(made.score.notes) == 16
    assert all(0 <= pitch <= 127 for pitch in made.score.pitches)
    assert 3 <= len(set(made.score.pitches)) <= 16
    assert math.isfinite(made.log_likelihood)
    again = generate(checkpoint, blank(16), condition=beats_of(rhythm), sampling=settings)
    assert torch.equal(made.tokens, again.tokens)


@shipped
def test_it_foretells_better_than_trivial_models(folder: Path) -> None:
    """On its own corpus; on the embedded one, which is foreign to it, where that has to be got first."""
    checkpoint = load_checkpoint(folder.name)
    own = checkpoint.card.corpus in installed_corpora()
    tunes = [piece.score for piece in pieces_of(checkpoint.card.corpus if own else EMBEDDED, "valid")[::29]]
    measured, trivial = melody_metrics(checkpoint, tunes), floors(tunes, tunes)
    assert measured["num_pieces"] == len(tunes)
    for figure in ("accuracy", "clapped_accuracy"):
        assert measured[figure] > trivial["repeat_last_pitch"]["accuracy"]
        assert measured[figure] > trivial["most_frequent_pitch"]["accuracy"]
    assert measured["nll"] < trivial["most_frequent_pitch"]["nll"]
    if own:
        assert measured["accuracy"] == pytest.approx(checkpoint.card.metrics["accuracy"], abs=0.08)


@shipped
def test_its_card_tells_all(folder: Path) -> None:
    card = read_card(folder)
    assert card.architecture in ARCHITECTURES
    assert card.license == CORPORA[card.corpus].license
    assert card.title
    assert card.description
    assert card.training["minutes"] > 0
    assert card.training["device"]
    assert card.training["best_epoch"] < card.training["epochs"]
    if card.corpus in installed_corpora():
        held_out = pieces_of(card.corpus, "valid")
        assert card.metrics["num_pieces"] == len(held_out)
        assert card.metrics["num_tokens"] == sum(len(piece.score.notes) for piece in held_out)
    for name in ("", "clapped_"):
        assert 0.2 < card.metrics[f"{name}accuracy"] < 1
        assert 0 < card.metrics[f"{name}nll"] < math.log(128)


@shipped
def test_it_is_small_and_whole(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} - {SWEEP, SONGS} == {CARD, WEIGHTS, HISTORY}
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MAX_BYTES
    with (folder / HISTORY).open(newline="") as lines:
        epochs = [int(row["epoch"]) for row in csv.DictReader(lines)]
    assert epochs == list(range(read_card(folder).training["epochs"]))
