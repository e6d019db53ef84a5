from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import core.checkpoint
import core.evaluation.heldout
import core.training.loop
from core.checkpoint import CARD, HISTORY, WEIGHTS, load_checkpoint, read_card
from core.codecs import BeatCodec, StepCodec
from core.codecs.steps import is_regular
from core.data.corpora import pieces_of
from core.data.datasets import num_slices
from core.data.piece import Piece
from core.errors import InputError
from core.evaluation.heldout import piece_metrics, read_pieces
from core.evaluation.metrics import DISTRIBUTIONS
from core.formats.midi import score_to_midi
from core.likelihood import evaluate
from core.recipes import RECIPES, find_recipe
from core.score import Note, Score
from core.training.history import FIELDS, LOGS, history_csv
from core.training.loop import train
from core.training.module import NextTokenModule
from core.training.recipe import AdversarialSettings, Recipe, TrainingSettings
from models import ARCHITECTURES
from tests.conftest import TINY, tiny_checkpoint

TWO_NOTES = Score((Note(0, 1, 60), Note(1, 1, 67)))


def tiny_recipe(max_epochs: int = 2, **settings: float) -> Recipe:
    return Recipe(
        name="beat-rnn.essen",
        title="A small RNN",
        description="For tests.",
        architecture="beat-rnn",
        corpus="essen",
        codec=BeatCodec(),
        config=TINY["beat-rnn"],
        training=TrainingSettings(max_epochs=max_epochs, batch_size=4, length=32, **settings),  # type: ignore[arg-type]
        sampling={"temperature": 0.9},
    )


def give_pieces(monkeypatch: pytest.MonkeyPatch, pieces: list[Piece]) -> None:
    def pieces_of_split(corpus: str, split: str, root: Path | None = None) -> list[Piece]:
        return pieces

    monkeypatch.setattr(core.training.loop, "pieces_of", pieces_of_split)
    monkeypatch.setattr(core.evaluation.heldout, "pieces_of", pieces_of_split)


@pytest.fixture
def dozen(monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    """The corpus is twelve folk songs."""
    pieces = pieces_of("essen", "train")[:12]
    give_pieces(monkeypatch, pieces)
    return pieces


def rows_of(history: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(history)))


def test_a_run_leaves_weights_card_and_history(tmp_path: Path, dozen: list[Piece]) -> None:
    card = train(tiny_recipe(), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    folder = tmp_path / "beat-rnn.essen"
    assert {path.name for path in folder.iterdir()} == {WEIGHTS, CARD, HISTORY}
    assert {tensor.dtype for tensor in load_file(folder / WEIGHTS).values()} == {torch.float16}
    rows = rows_of((folder / HISTORY).read_text())
    assert tuple(rows[0]) == (*FIELDS, "clapped_nll", "clapped_accuracy")
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert all(math.isfinite(float(value)) for row in rows for value in row.values())

    assert card.metrics["num_pieces"] == 12
    assert card.metrics["num_tokens"] == sum(len(piece.score.notes) for piece in dozen)
    assert {"nll", "accuracy", "clapped_nll", "clapped_accuracy"} <= set(card.metrics)
    assert {"minutes", "epochs", "best_epoch", "device", "precision", "seed", "learning_rate"} <= set(card.training)
    assert card.training["epochs"] == 2
    loaded = load_checkpoint("beat-rnn", tmp_path)
    assert loaded.card == card
    measured = piece_metrics(loaded, dozen)
    assert measured == pytest.approx(card.metrics, abs=0.01)  # the card measured before the weights were halved


def test_the_saved_weights_are_those_of_the_best_epoch(tmp_path: Path, dozen: list[Piece]) -> None:
    card = train(tiny_recipe(4, learning_rate=0.02), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    losses = [float(row["valid_nll"]) for row in rows_of((tmp_path / card.name / HISTORY).read_text())]
    assert card.training["best_epoch"] == losses.index(min(losses))
    assert (card.metrics["nll"] + card.metrics["clapped_nll"]) / 2 == pytest.approx(min(losses), abs=0.05)


def test_training_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tuple(Note(0.5 * i, 0.5, (60, 62, 64, 67)[i % 4]) for i in range(32))
    give_pieces(monkeypatch, [Piece(str(i), Score(notes), "train", "") for i in range(16)])
    recipe = replace(tiny_recipe(25, learning_rate=0.02), config={"embed_dim": 16, "hidden_dim": 32, "dropout": 0.0})
    card = train(recipe, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    losses = [float(row["train_nll"]) for row in rows_of((tmp_path / card.name / HISTORY).read_text())]
    assert losses[0] > 3.5
    assert losses[-1] < 1.0
    assert card.metrics["accuracy"] > 0.85


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, dozen: list[Piece], monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(self: NextTokenModule) -> None:
        if self.current_epoch == 2:
            raise RuntimeError("power cut")

    monkeypatch.setattr(NextTokenModule, "on_train_epoch_start", power_cut)
    with pytest.raises(RuntimeError, match="power cut"):
        train(tiny_recipe(4), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    assert not (tmp_path / "beat-rnn.essen").exists()
    before = rows_of(history_csv(tmp_path / "runs" / "beat-rnn.essen" / LOGS))
    monkeypatch.undo()
    give_pieces(monkeypatch, dozen)

    started = list[int]()
    monkeypatch.setattr(NextTokenModule, "on_train_epoch_start", lambda self: started.append(self.current_epoch))
    card = train(tiny_recipe(4), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    assert started == [2, 3]
    rows = rows_of((tmp_path / card.name / HISTORY).read_text())
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    assert rows[:2] == before


def test_a_run_may_begin_with_trained_weights(
    tmp_path: Path, dozen: list[Piece], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(tiny_recipe(), run_root=tmp_path / "a", checkpoint_root=tmp_path)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path)
    further = tiny_recipe(learning_rate=0.0)
    card = train(further, run_root=tmp_path / "b", checkpoint_root=tmp_path / "out", begin_with="beat-rnn.essen")
    assert card.metrics["nll"] == pytest.approx(first.metrics["nll"], abs=1e-3), "it learned nothing more"
    assert str(card.training["command"]).endswith("--begin-with beat-rnn.essen")


def test_the_card_tells_the_command_with_what_was_set(tmp_path: Path, dozen: list[Piece]) -> None:
    recipe = tiny_recipe(1).changed(["seed=1", "hidden_dim=12"])
    card = train(recipe, max_minutes=5, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    command = "python -m core train beat-rnn.essen --max-minutes 5 --set seed=1 --set hidden_dim=12"
    assert card.training["command"] == command
    assert card.training["precision"] == "bf16 mixed"


def test_a_run_is_not_continued_with_other_settings(tmp_path: Path, dozen: list[Piece]) -> None:
    train(tiny_recipe(1), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    for other in (["hidden_dim=16"], ["learning_rate=0.5"]):
        with pytest.raises(InputError, match="other settings"):
            train(tiny_recipe(1).changed(other), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    longer = train(tiny_recipe(1).changed(["max_epochs=2"]), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    assert longer.training["epochs"] == 2


def test_a_run_too_short_for_an_epoch_says_so(tmp_path: Path, dozen: list[Piece]) -> None:
    with pytest.raises(InputError, match="more minutes"):
        train(tiny_recipe(), max_minutes=1e-9, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    assert not (tmp_path / "beat-rnn.essen").exists()


def test_settings_can_be_changed_by_name() -> None:
    changed = find_recipe("beat-rnn").changed(["batch_size=8", "hidden_dim=40", "dropout=0.5", "learning_rate=1e-4"])
    assert changed.training.batch_size == 8
    assert changed.training.learning_rate == 1e-4
    assert changed.config == {"hidden_dim": 40, "dropout": 0.5}
    assert find_recipe("beat-rnn").changed([]) == find_recipe("beat-rnn")


@pytest.mark.parametrize(
    "assignment",
    ["colour=3", "hidden_dim", "=3", "hidden_dim=", "hidden_dim=wide", "hidden_dim=1.5", "hidden_dim=0", "dropout=-1",
     "dropout=1.5", "learning_rate=nan", "learning_rate=[]", "batch_size=-4", "seed=true", "vocab_size=12"],
)  # fmt: skip
def test_wrong_settings_are_one_sentence(assignment: str) -> None:
    with pytest.raises(InputError) as raised:
        find_recipe("beat-rnn").changed([assignment])
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_recipes_name_their_network_and_corpus(recipe: Recipe) -> None:
    network, corpus = recipe.name.split(".")
    assert corpus == recipe.corpus
    assert recipe.architecture in ARCHITECTURES
    if recipe.adversarial:
        assert recipe.architecture == recipe.adversarial.base
        assert find_recipe(f"{recipe.adversarial.base}.{corpus}").config == recipe.config
    else:
        assert network == recipe.architecture
    assert find_recipe(recipe.name) is recipe
    json.dumps(recipe.config | recipe.sampling)


def test_unknown_recipes_are_said() -> None:
    with pytest.raises(InputError, match=r"beat-rnn\.essen"):
        find_recipe("beat")


def test_figures_are_those_of_a_hand_computation() -> None:
    checkpoint = tiny_checkpoint("beat-rnn")
    beats = torch.tensor([[[0.0, 0.5], [0.0, 0.5]]])  # two quarters at 120
    with torch.no_grad():
        logits = checkpoint.model(torch.tensor([[128, 60]]), beats)[0, :, :128]
    chances = [[math.exp(x) for x in row] for row in logits.tolist()]
    nll = -sum(math.log(row[pitch] / sum(row)) for row, pitch in zip(chances, (60, 67), strict=True)) / 2
    hits = sum(row.index(max(row)) == pitch for row, pitch in zip(chances, (60, 67), strict=True)) / 2
    metrics = piece_metrics(checkpoint, [Piece("", TWO_NOTES)])
    assert metrics["num_pieces"] == 1
    assert metrics["num_tokens"] == 2
    assert metrics["nll"] == pytest.approx(nll, abs=1e-4)
    assert metrics["accuracy"] == hits

    likeliest = chances[0].index(max(chances[0]))
    hit = Score((Note(0, 1, likeliest), Note(1, 1, 67)))
    assert piece_metrics(checkpoint, [Piece("", hit)])["accuracy"] >= 0.5


def test_every_token_counts_once_however_long_its_piece() -> None:
    checkpoint = tiny_checkpoint()
    codec = checkpoint.codec
    long = Score(tuple(Note(i, 1, 60 + i % 5) for i in range(50)))
    one, other = (evaluate(checkpoint, [codec.encode(score)]) for score in (TWO_NOTES, long))
    both = evaluate(checkpoint, [codec.encode(score) for score in (TWO_NOTES, long)])
    assert (both.num_pieces, both.num_tokens) == (2, 52)
    assert both.nll == pytest.approx((2 * one.nll + 50 * other.nll) / 52)
    with pytest.raises(ValueError, match="no tokens"):
        evaluate(checkpoint, [])


def test_own_music_is_read_from_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "folder.mid").mkdir()
    (tmp_path / "a.mid").write_bytes(score_to_midi(TWO_NOTES))
    (tmp_path / "deep" / "b.MID").write_bytes(score_to_midi(TWO_NOTES.transposed(2)))
    (tmp_path / "notes.txt").write_text("not music")
    assert [piece.score.pitches for piece in read_pieces(tmp_path)] == [(60, 67), (62, 69)]
    assert [piece.score.pitches for piece in read_pieces(tmp_path / "a.mid")] == [(60, 67)]


def test_own_music_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no music files"):
        read_pieces(tmp_path)
    with pytest.raises(InputError, match=r"missing\.mid"):
        read_pieces(tmp_path / "missing.mid")
    (tmp_path / "good.mid").write_bytes(score_to_midi(TWO_NOTES))
    (tmp_path / "bad.mid").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InputError, match=r"bad\.mid"):
        read_pieces(tmp_path)
    (tmp_path / "bad.mid").write_bytes(score_to_midi(Score(())))
    with pytest.raises(InputError, match=r"bad\.mid: There are no notes"):
        read_pieces(tmp_path)


@pytest.mark.parametrize(("num_notes", "num"), [(1, 1), (128, 1), (200, 2), (1280, 10)])
def test_a_long_piece_is_shown_as_often_as_its_notes_deserve(num_notes: int, num: int) -> None:
    assert num_slices(num_notes, 128) == num


def test_a_model_of_steps_is_trained_on_strided_windows_and_measured_on_all(tmp_path: Path, dozen: list[Piece]) -> None:
    recipe = replace(
        tiny_recipe(),
        name="step-bilstm.essen",
        architecture="step-bilstm",
        config={**TINY["step-bilstm"], "stride": 7},
        codec=StepCodec(),
    )
    card = train(recipe, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    scores = [piece.score for piece in dozen if is_regular(piece.score)]
    assert card.metrics.keys() == {"num_pieces", "num_tokens", "nll", "accuracy"}
    num_tokens = sum(len(StepCodec().encode(score).tokens) for score in scores)
    assert (card.metrics["num_pieces"], card.metrics["num_tokens"]) == (len(scores), num_tokens)
    assert (card.training["train_pieces"], card.training["train_tokens"]) == (len(scores), num_tokens)
    rows = rows_of((tmp_path / recipe.name / HISTORY).read_text())
    assert tuple(rows[0]) == FIELDS
    loaded = load_checkpoint(recipe.name, tmp_path)
    assert loaded.codec == StepCodec()


def test_a_game_goes_on_from_trained_weights_and_tells_its_curve(tmp_path: Path, dozen: list[Piece]) -> None:
    train(tiny_recipe(), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    recipe = replace(
        tiny_recipe(2, learning_rate=1e-3),
        name="beat-gan-rnn.essen",
        adversarial=AdversarialSettings(base="beat-rnn", length=8),
    )
    card = train(recipe, run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    assert card.training["adversarial"]["base"] == "beat-rnn"
    base, tuned = (load_file(tmp_path / name / WEIGHTS) for name in ("beat-rnn.essen", "beat-gan-rnn.essen"))
    assert base.keys() == tuned.keys()
    moved = max((base[name].float() - tuned[name].float()).abs().max().item() for name in base)
    assert 0 < moved < 0.1
    rows = rows_of((tmp_path / "beat-gan-rnn.essen" / HISTORY).read_text())
    assert all(0 <= float(row["discriminator_accuracy"]) <= 1 for row in rows)
    assert card.metrics["base_nll"] == read_card(tmp_path / "beat-rnn.essen").metrics["nll"]
    assert all(0 < card.metrics[f"{prefix}{name}_distance"] < 1 for prefix in ("", "base_") for name in DISTRIBUTIONS)
