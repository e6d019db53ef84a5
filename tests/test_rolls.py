"""Piano rolls as data, the networks that read them, and how these are trained and measured."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import core.evaluation.heldout
import core.training.loop
from core.checkpoint import load_checkpoint
from core.codecs import PianoRollCodec
from core.codecs.pianoroll import HIGHEST, LOWEST
from core.data.datasets import source_of, training_slices, validation_sets
from core.data.piece import Piece
from core.data.rolls import RollDataset, frames_of, num_frames
from core.data.windows import START
from core.errors import InputError
from core.evaluation.heldout import piece_metrics
from core.generate import blank, generate
from core.recipes import ROLL_NETWORKS, find_recipe
from core.score import Note, Score
from core.training.loop import fitted, train, training_pieces
from core.training.recipe import Recipe
from models import ARCHITECTURES
from tests.conftest import TINY, tiny_checkpoint

CORPUS = "maestro-piano"
MAX_BYTES = 600_000
every_network = pytest.mark.parametrize("name", ROLL_NETWORKS)


def performance(seed: int, num_notes: int = 80) -> Piece:
    """A walk over a few chords, never quite in time."""
    rng = np.random.default_rng(seed)
    chords = ((60, 64, 67), (65, 69, 72), (67, 71, 74), (48,), (55, 59))
    rows = [
        (0.4 * place + rng.uniform(0, 0.1), rng.uniform(0.1, 1.5), pitch, rng.integers(30, 100))
        for place in range(num_notes // 2)
        for pitch in (chords[(place // 4 + seed) % 5] if rng.random() < 0.8 else (rng.integers(40, 90),))
    ]
    played = np.array(sorted(rows), np.float32)
    return Piece(f"walk {seed}", Score(()), "train", played=played)


PIECES = [performance(seed) for seed in range(8)]


@pytest.fixture
def given_pieces(monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    def pieces_of_split(corpus: str, split: str, root: Path | None = None) -> list[Piece]:
        return PIECES[:6] if split == "train" else PIECES[6:]

    monkeypatch.setattr(core.training.loop, "pieces_of", pieces_of_split)
    monkeypatch.setattr(core.evaluation.heldout, "pieces_of", pieces_of_split)
    return PIECES


def tiny_recipe(name: str = "roll-gru", *settings: str) -> Recipe:
    recipe = find_recipe(f"{name}.{CORPUS}")
    changed = recipe.changed(["max_epochs=2", "batch_size=4", "length=40", "num_pieces=4", *settings])
    return replace(changed, config=dict(TINY[name]))


def test_slices_are_cut_out_of_the_whole() -> None:
    codec = PianoRollCodec.fitted([piece.played for piece in PIECES if piece.played is not None], num_sets=12)
    whole = [codec.tokens_of(frames_of(piece, 5)) for piece in PIECES]
    (held_out,) = validation_sets(codec, CORPUS, PIECES).values()
    for i, tokens in enumerate(whole):
        item = held_out[i]
        assert torch.equal(item.tokens, tokens)
        assert (item.condition.shape, item.before) == ((len(tokens), 0), START)
        assert num_frames(PIECES[i], 5) == len(tokens)
    slices = training_slices(codec, CORPUS, PIECES, 30, transposed=0.0)
    assert len(slices.lengths) == len(slices.dataset) > len(PIECES)  # type: ignore[arg-type]
    torch.manual_seed(0)
    for i, length in enumerate(slices.lengths):
        tokens, _, before, *_ = slices.dataset[i]
        assert len(tokens) == length == 30
        assert any(is_within(torch.tensor([*([before] * (before != START)), *tokens]), piece) for piece in whole)


def is_within(part: torch.Tensor, whole: torch.Tensor) -> bool:
    return len(part) <= len(whole) and bool((whole.unfold(0, len(part), 1) == part).all(dim=1).any())


def test_transposed_slices_stay_on_the_keyboard_and_keep_their_chords() -> None:
    low, high = LOWEST + 1, HIGHEST - 2
    piece = Piece("", Score((Note(0, 1, low), Note(0, 1, high), Note(2, 1, 60))), "train")
    codec = PianoRollCodec(
        vocabulary=((), *((low + i, high + i) for i in range(-1, 3)), *((60 + i,) for i in range(-1, 3)))
    )
    items = RollDataset([piece], codec, length=99, transposed=1.0)
    torch.manual_seed(0)
    seen = {tuple(items[0].tokens.tolist()) for _ in range(60)}
    assert seen == {(1 + i, 0, 0, 0, 0, 5 + i) for i in range(4)}  # from a semitone down to two up
    assert tuple(RollDataset([piece], codec)[0].tokens.tolist()) == (2, 0, 0, 0, 0, 6)


def test_pieces_without_notes_play_no_part() -> None:
    source = source_of(PianoRollCodec(), CORPUS)
    assert source.keeps(PIECES[0])
    assert source.keeps(Piece("written", Score((Note(0, 1, 60),))))
    assert not source.keeps(Piece("silence", Score(())))


def test_the_pieces_that_are_shown_are_chosen_by_the_seed(given_pieces: list[Piece]) -> None:
    recipe = tiny_recipe()
    shown = training_pieces(recipe, None)
    assert len(shown) == len({piece.id for piece in shown}) == 4
    assert training_pieces(recipe, None) == shown != training_pieces(recipe.changed(["seed=1"]), None)
    assert training_pieces(recipe.changed(["num_pieces=0"]), None) == given_pieces[:6]
    assert training_pieces(recipe.changed(["num_pieces=99"]), None) == given_pieces[:6]
    with pytest.raises(InputError, match="num_pieces must be from 0"):
        recipe.changed(["num_pieces=-1"])


def test_frames_may_be_shorter() -> None:
    codec = find_recipe("roll-gru").changed(["frames_per_sec=8"]).codec
    assert isinstance(codec, PianoRollCodec)
    assert codec.frames_per_sec == 8
    with pytest.raises(InputError, match="'frames_per_sec' cannot be set"):
        find_recipe("beat-rnn").changed(["frames_per_sec=8"])
    for name in ROLL_NETWORKS:
        assert find_recipe(name).training.num_pieces == 100


def test_training_makes_the_vocabulary_of_its_own_pieces(given_pieces: list[Piece]) -> None:
    recipe = tiny_recipe()
    codec = fitted(recipe, None).codec
    assert isinstance(codec, PianoRollCodec)
    frames = [keys for piece in training_pieces(recipe, None) for keys in frames_of(piece, 5)]
    assert set(codec.vocabulary) == set(frames) | {()}
    other = find_recipe("beat-rnn")
    assert replace(other, codec=fitted(other, None).codec) == other


@every_network
def test_a_network_is_trained_measured_and_plays(name: str, tmp_path: Path, given_pieces: list[Piece]) -> None:
    card = train(tiny_recipe(name), run_root=tmp_path / "runs", checkpoint_root=tmp_path)
    assert (card.training["train_pieces"], card.metrics["num_pieces"]) == (4, 2)
    frames = [frames_of(piece, 5) for piece in given_pieces[6:]]
    assert card.metrics["num_tokens"] == sum(map(len, frames))
    loaded = load_checkpoint(card.name, tmp_path)
    assert isinstance(loaded.codec, PianoRollCodec)
    open_nats = sum(map(loaded.codec.other_nll, frames))
    assert open_nats > 0  # some of the sets are new
    expected = card.metrics["token_nll"] + open_nats / card.metrics["num_tokens"]
    assert card.metrics["nll"] == pytest.approx(expected, abs=2e-4)
    assert piece_metrics(loaded, given_pieces[6:])["nll"] == pytest.approx(card.metrics["nll"], abs=0.01)
    made = generate(loaded, blank(30))
    assert len(made.tokens) == 30
    assert made.score.notes
    assert generate(loaded, blank(30), sampling=made.sampling).score == made.score


def test_figures_are_those_of_a_hand_computation() -> None:
    checkpoint = tiny_checkpoint("roll-gru")
    codec = checkpoint.codec
    assert isinstance(codec, PianoRollCodec)
    piece = Piece("", Score(()), played=np.array([(0, 1, 60, 80), (0.25, 1, 64, 80), (0.25, 1, 67, 80)], np.float32))
    tokens = [codec.known[60,], codec.other_token]
    with torch.no_grad():
        logits = checkpoint.model(torch.tensor([[codec.bos_token, tokens[0]]]))[0, :, : codec.bos_token]
    token_nll = -logits.log_softmax(dim=-1)[torch.arange(2), tokens].mean().item()
    prob = 2.5 / 88  # of each key; the vocabulary is silence and every key alone
    within = (1 - prob) ** 88 + 88 * prob * (1 - prob) ** 87
    keys_nll = -(2 * math.log(prob) + 86 * math.log1p(-prob) - math.log1p(-within)) / 2
    metrics = piece_metrics(checkpoint, [piece])
    assert (metrics["num_pieces"], metrics["num_tokens"]) == (1, 2)
    assert metrics["token_nll"] == pytest.approx(token_nll, abs=1e-4)
    assert metrics["nll"] == pytest.approx(token_nll + keys_nll, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in ROLL_NETWORKS if name != "roll-transformer"])
def test_networks_of_the_study_are_narrow_and_see_fifty_frames(name: str) -> None:
    model_class, config_class = ARCHITECTURES[name]
    model = model_class(config_class(4097))
    assert model.config.window == 50
    assert 2 * sum(weight.numel() for weight in model.state_dict().values()) <= MAX_BYTES
