"""Windows of songs, and the training and figures of variational auto-encoders on them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import core.evaluation.heldout
import core.training.latent
import core.training.loop
from core.checkpoint import HISTORY, WEIGHTS, list_cards, load_checkpoint
from core.codecs import StepCodec
from core.data.passages import (
    RandomPassages,
    barred,
    held_out_passages,
    in_any_key,
    in_common_key,
    window_at,
    window_starts,
)
from core.data.piece import Piece
from core.errors import InputError
from core.evaluation.heldout import piece_metrics
from core.recipes import find_recipe
from core.score import Note, Score
from core.training.history import FIELDS
from core.training.latent import LatentModule
from core.training.loop import train
from core.training.recipe import LatentSettings, Recipe, TrainingSettings
from tests.conftest import TINY, tiny_model

CODEC = StepCodec()
END, HELD, REST = CODEC.tokens_of(["/", "_", "r"]).tolist()
W = 16


def song(*pitches: int, upbeat: float = 0.0, time_signature: tuple[int, int] = (4, 4)) -> Score:
    """Half a quarter each."""
    notes = tuple(Note(0.5 * i, 0.5, pitch) for i, pitch in enumerate(pitches))
    return Score(notes, upbeat=upbeat, time_signature=time_signature)


TUNES = [song(*(60 + step + i for step in (0, 2, 4, 5, 7, 5, 4, 2) * 2)) for i in range(8)]

# windows


def test_an_upbeat_is_a_bar_that_begins_with_rests() -> None:
    found = barred(CODEC, song(60, 62, 64, upbeat=1.0, time_signature=(3, 4)))
    assert (found.bar, found.lead) == (12, 8)
    notes = [token for symbol in ("60", "62", "64") for token in (int(CODEC.tokens_of([symbol])), HELD)]
    assert found.tokens.tolist() == [REST] * 8 + notes + [END]
    assert barred(CODEC, song(60)).lead == 0


def test_a_window_that_is_longer_than_the_song_is_filled_with_ends() -> None:
    whole = barred(CODEC, song(60, 62))
    assert window_at(CODEC, whole, 0, 8).tolist() == [*whole.tokens.tolist(), END, END, END]
    assert window_at(CODEC, whole, 2, 2).tolist() == whole.tokens[2:4].tolist()


def test_windows_begin_on_bar_lines_and_are_half_full_at_least() -> None:
    whole = barred(CODEC, song(*[60] * 22))  # 45 tokens
    assert list(window_starts(whole, W, whole.bar)) == [0, 16, 32]
    assert list(window_starts(barred(CODEC, song(*[60] * 19)), W, 16)) == [0, 16]  # 39 tokens
    assert list(window_starts(barred(CODEC, song(60)), W, 16)) == [0]


def test_every_counted_step_counts_once_and_none_is_invented() -> None:
    scores = [
        song(*[60] * 31, upbeat=1.0),
        song(*[60] * 9, time_signature=(3, 4)),
        song(60, 62, time_signature=(6, 8), upbeat=1.0),
    ]
    tokens, counted = held_out_passages(scores, CODEC, W)
    assert tokens.shape == counted.shape == (7, W)
    # the first whole, 63 steps; the second 16 of 19, for the next bar line is 24; the third 5 of 5
    assert counted.sum() == 63 + 16 + 5
    assert (tokens[~counted] == REST).sum() == 12 + 8
    assert (tokens[counted] == END).sum() == 2
    assert held_out_passages([], CODEC, W).tokens.shape == (0, W)


def test_training_windows_are_passages_of_the_songs_in_any_key() -> None:
    own = {tuple(window_at(CODEC, barred(CODEC, tune), 0, W).tolist()) for tune in TUNES}
    as_they_are = RandomPassages(TUNES, CODEC, W, transposed=0.0)
    assert len(as_they_are) == 16  # of 33 tokens each
    seen = {tuple(as_they_are[i].tolist()) for i in range(16)}
    assert seen & own
    torch.manual_seed(1)
    moved = RandomPassages(TUNES[:1], CODEC, W, transposed=1.0)
    first = {int(moved[0][0]) for _ in range(60)}
    assert min(first) == int(CODEC.tokens_of(["54"]))
    assert max(first) == int(CODEC.tokens_of(["66"]))


def test_a_window_of_silence_is_the_same_in_every_key() -> None:
    silence = torch.full((W,), REST)
    assert torch.equal(in_any_key(silence, np.array(CODEC.pitches), np.random.default_rng(0)), silence)


def test_in_a_common_key_tunes_that_differ_by_it_alone_are_one() -> None:
    tunes = [replace(song(*(pitch + up for pitch in (60, 62, 64))), key=key) for up, key in ((0, "C"), (2, "D"))]
    assert len({score.notes for score in in_common_key(tunes)}) == 1


# training


def tiny_recipe(architecture: str = "step-vae-sequence", max_epochs: int = 2, **settings: float) -> Recipe:
    return Recipe(
        name=f"{architecture}.essen", title="A small VAE", description="For tests.", architecture=architecture,
        corpus="essen", codec=CODEC, config=TINY[architecture], latent=LatentSettings(beta=0.1, warm_up=0.5),
        training=TrainingSettings(max_epochs=max_epochs, batch_size=4, length=W, weight_decay=0.0, **settings),  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def tunes(monkeypatch: pytest.MonkeyPatch) -> list[Score]:
    """The corpus is a handful of scales."""
    give_tunes(monkeypatch)
    return TUNES


def give_tunes(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [Piece(str(i), tune, "train", "") for i, tune in enumerate(TUNES)]
    for module in (core.training.loop, core.training.latent, core.evaluation.heldout):
        monkeypatch.setattr(module, "pieces_of", lambda *_: pieces)


def pieces(scores: list[Score]) -> list[Piece]:
    return [Piece("", score) for score in scores]


def rows_of(history: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(history.read_text())))


def test_a_run_in_one_key_is_measured_in_that_key(tmp_path: Path, tunes: list[Score]) -> None:
    recipe = tiny_recipe("step-vae", 1)
    recipe = replace(recipe, training=replace(recipe.training, common_key=True))
    card = train(recipe, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    trained = load_checkpoint(card.name, tmp_path)
    in_d = [replace(tune.transposed(2), key="D") for tune in tunes]
    assert piece_metrics(trained, pieces(in_d)) == piece_metrics(trained, pieces(tunes))


@pytest.mark.parametrize("architecture", ["step-vae", "step-vae-sequence"])
def test_a_run_leaves_a_checkpoint_whose_card_tells_of_the_bound(
    architecture: str, tmp_path: Path, tunes: list[Score]
) -> None:
    recipe = tiny_recipe(architecture)
    if architecture == "step-vae":
        recipe = replace(recipe, latent=LatentSettings(bernoulli=True, stairs=True, free_nats=0.1))
    card = train(recipe, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    figures = {
        "num_pieces",
        "num_windows",
        "num_tokens",
        "nll",
        "bound_samples",
        "reconstruction",
        "kl",
        "active_units",
    }
    assert card.metrics.keys() == figures
    assert (card.metrics["num_pieces"], card.metrics["num_windows"]) == (8, 16)
    assert card.metrics["num_tokens"] == 8 * 32
    assert card.metrics["bound_samples"] == 64
    assert card.training["latent"] == {"beta": recipe.latent.beta} | card.training["latent"]  # type: ignore[union-attr]
    assert tuple(rows_of(tmp_path / card.name / HISTORY)[0]) == (*FIELDS, "active_units")
    assert list_cards(tmp_path) == [card]
    measured = piece_metrics(load_checkpoint(card.name, tmp_path), pieces(tunes))
    assert measured == pytest.approx(card.metrics, abs=0.02)  # the card measured before the weights were halved
    with pytest.raises(InputError, match="note values"):
        piece_metrics(load_checkpoint(card.name, tmp_path), pieces([Score((Note(0, 0.3, 60),))]))


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, tunes: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(self: LatentModule) -> None:
        if self.current_epoch == 2:
            raise RuntimeError("power cut")

    monkeypatch.setattr(LatentModule, "on_train_epoch_start", power_cut)
    with pytest.raises(RuntimeError, match="power cut"):
        train(tiny_recipe(max_epochs=4), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    monkeypatch.undo()
    give_tunes(monkeypatch)
    other = replace(tiny_recipe(max_epochs=4), latent=LatentSettings(beta=0.2))
    with pytest.raises(InputError, match="other settings"):
        train(other, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    card = train(tiny_recipe(max_epochs=4), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    assert [row["epoch"] for row in rows_of(tmp_path / card.name / HISTORY)] == ["0", "1", "2", "3"]


def test_a_vae_of_few_tunes_gets_them_back(tmp_path: Path, tunes: list[Score]) -> None:
    wide = {"hidden_dim": 48, "latent_dim": 8}
    recipe = replace(tiny_recipe("step-vae", 25, learning_rate=0.02), config={**TINY["step-vae"], **wide})
    recipe = replace(recipe, training=replace(recipe.training, transposed=0.0, patience=25))
    card = train(recipe, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    assert card.metrics["reconstruction"] > 0.95
    assert card.metrics["active_units"] >= 2
    assert card.metrics["nll"] < 1.0
    assert (tmp_path / card.name / WEIGHTS).stat().st_size < 1_500_000


def test_the_weight_of_the_divergence_rises_and_the_rate_falls_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = LatentSettings(beta=0.4, warm_up=0.5, stairs=True)
    module = LatentModule(tiny_model("step-vae", 58), TrainingSettings(), settings)  # type: ignore[arg-type]
    seen = []
    for progress in (0.0, 0.25, 0.5, 1.0):
        monkeypatch.setattr(LatentModule, "progress", progress)
        seen.append((module.beta, module.rate))
    assert seen == [(0.0, 1.0), (0.2, 0.5), (0.4, 0.125), (0.4, 1 / 64)]


@pytest.mark.parametrize("name", ["step-vae", "step-vae-sequence"])
def test_the_networks_of_the_recipes_are_small(name: str) -> None:
    from core.checkpoint import build_model
    from core.training.loop import untrained_card

    model, _ = build_model(untrained_card(find_recipe(name)))
    assert sum(weight.numel() for weight in model.parameters()) * 2 < 1_500_000
