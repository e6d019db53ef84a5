"""A short smoke test of every trained model that the repository carries."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.accompaniment import accompany
from core.checkpoint import (
    CARD,
    CHECKPOINTS,
    HISTORY,
    SONGS,
    SWEEP,
    SWEEP_CURVES,
    TUNES,
    WEIGHTS,
    load_checkpoint,
    read_card,
)
from core.codecs import AbcCharsCodec, StepCodec, beats_of
from core.codecs.pianoroll import HIGHEST, LOWEST, rows_of
from core.codecs.steps import is_regular
from core.data.corpora import CORPORA, EMBEDDED, installed_corpora, pieces_of
from core.data.piece import Piece
from core.evaluation.floors import floors
from core.evaluation.heldout import piece_metrics
from core.formats.abc_check import check_tune
from core.formats.abc_notation import abc_to_score
from core.generate import Generation, blank, generate
from core.listening.excerpts import FromMusic21
from core.piano import opening, write_piano
from core.rhythm import Rhythm
from core.sampling import SamplingConfig
from core.score import Score
from core.tunes import Header, write_tune
from models import ARCHITECTURES
from tests.conftest import MELODY

FOLDERS = sorted(path.parent for path in CHECKPOINTS.glob(f"*/{CARD}"))
MAX_BYTES, MAX_BYTES_IN_ALL = 8_000_000, 40_000_000


def shipped(*kinds: str) -> pytest.MarkDecorator:
    """A test for each model whose name begins with one of ``kinds``."""
    folders = [folder for folder in FOLDERS if folder.name.startswith(kinds)]
    return pytest.mark.parametrize("folder", folders, ids=lambda folder: folder.name)


BEATS, STEPS, VAES, CHARS = "beat-", "step-", "step-vae", "char-"
PIANOS, ROLLS, HANDS = "piano-transformer", "roll-", "piano-accompaniment"


def test_there_are_models_and_they_are_small_together() -> None:
    assert {"beat-rnn.essen", "beat-lstm-echo.essen", "step-lstm-echo.essen", "char-lstm-echo.abc-tunes"} <= {
        folder.name for folder in FOLDERS
    }
    assert sum(path.stat().st_size for path in CHECKPOINTS.rglob("*")) <= MAX_BYTES_IN_ALL


@shipped(BEATS)
def test_it_loads_and_writes_a_melody_of_varied_notes(folder: Path) -> None:
    checkpoint = load_checkpoint(folder.name)
    rhythm = Rhythm((0.0,) * 16, (0.5, 0.25, 0.25, 0.5) * 4)
    settings = SamplingConfig.from_mapping({**checkpoint.card.sampling, "seed": 1})
    made = generate(checkpoint, blank(16), condition=beats_of(rhythm), sampling=settings)
    assert len(made.score.notes) == 16
    assert all(0 <= pitch <= 127 for pitch in made.score.pitches)
    assert 3 <= len(set(made.score.pitches)) <= 16
    assert made.log_likelihood is not None
    assert math.isfinite(made.log_likelihood)
    again = generate(checkpoint, blank(16), condition=beats_of(rhythm), sampling=settings)
    assert torch.equal(made.tokens, again.tokens)


@shipped(STEPS)
def test_it_loads_and_writes_songs(folder: Path) -> None:
    checkpoint = load_checkpoint(folder.name)
    assert isinstance(checkpoint.codec, StepCodec)
    places = checkpoint.codec.places(128, (3, 4), 1.0)

    def song(seed: int) -> Generation:
        settings = SamplingConfig.from_mapping({**checkpoint.card.sampling, "seed": seed})
        return generate(checkpoint, blank(128), condition=places, sampling=settings)

    made = [song(seed) for seed in range(3)]
    assert torch.equal(song(0).tokens, made[0].tokens)
    assert all(len(one.tokens) == 128 or one.tokens[-1] == checkpoint.codec.end_token for one in made)
    notes = [note for one in made for note in one.score.notes]
    assert len(notes) >= 24
    assert len({note.pitch for note in notes}) >= 6
    assert len({note.duration for note in notes}) >= 2


@shipped(CHARS)
def test_it_writes_tunes_that_can_be_read(folder: Path) -> None:
    checkpoint = load_checkpoint(folder.name)
    settings = [SamplingConfig.from_mapping({**checkpoint.card.sampling, "seed": seed}) for seed in (0, 1)]
    *_, first = write_tune(checkpoint, Header(metre="6/8", key="G").prompt(), settings[0], legal=True)
    *_, again = write_tune(checkpoint, Header(metre="6/8", key="G").prompt(), settings[0], legal=True)
    *_, other = write_tune(checkpoint, "", settings[1], legal=True)
    assert first == again != other
    assert check_tune(first).legal
    assert check_tune(other).legal
    score = abc_to_score(first)
    assert score.time_signature == (6, 8)
    assert len(score.notes) >= 12
    assert len(set(score.pitches)) >= 5


@shipped(CHARS)
def test_it_foretells_tunes_better_than_trivial_models(folder: Path) -> None:
    """On the embedded tunes, of which a model of the others knows the language but not the hand."""
    checkpoint = load_checkpoint(folder.name)
    codec = checkpoint.codec
    assert isinstance(codec, AbcCharsCodec)
    tunes = pieces_of("irish", "valid")[::24]
    measured = piece_metrics(checkpoint, tunes)
    characters = sum(len(piece.text) + 1 for piece in tunes)
    assert (measured["num_pieces"], measured["num_tokens"]) == (len(tunes), characters)
    known = [codec.encode_text(piece.text).tokens.tolist() for piece in pieces_of("irish", "train")[::40]]
    shown = [codec.encode_text(piece.text).tokens.tolist() for piece in tunes]
    floor = floors(known, shown, codec.bos_token)
    assert measured["accuracy"] > floor["repeat_last"]["accuracy"]
    assert measured["nll"] < floor["most_frequent"]["nll"]
    if checkpoint.card.corpus == "abc-tunes":
        assert measured["nll"] < floor["5-gram"]["nll"]


@shipped(BEATS)
def test_it_foretells_better_than_trivial_models(folder: Path) -> None:
    """On its own corpus; on the embedded one, which is foreign to it, where that has to be got first."""
    checkpoint = load_checkpoint(folder.name)
    own = checkpoint.card.corpus in installed_corpora()
    tunes = pieces_of(checkpoint.card.corpus if own else EMBEDDED, "valid")[::29]
    pitches = [piece.score.pitches for piece in tunes]
    measured, trivial = piece_metrics(checkpoint, tunes), floors(pitches, pitches, 128)
    assert measured["num_pieces"] == len(tunes)
    for figure in ("accuracy", "clapped_accuracy"):
        assert measured[figure] > trivial["repeat_last"]["accuracy"]
        assert measured[figure] > trivial["most_frequent"]["accuracy"]
    assert measured["nll"] < trivial["most_frequent"]["nll"]
    if own:
        assert measured["accuracy"] == pytest.approx(checkpoint.card.metrics["accuracy"], abs=0.08)


@shipped(STEPS)
def test_it_knows_more_of_songs_than_how_common_symbols_are(folder: Path) -> None:
    checkpoint = load_checkpoint(folder.name)
    pieces = pieces_of(checkpoint.card.corpus, "valid")[::29]
    tunes = [piece.score for piece in pieces if is_regular(piece.score)]
    shares = torch.cat([checkpoint.codec.encode(tune).tokens for tune in tunes]).bincount() / num_steps(folder, tunes)
    entropy = -(shares * shares.clamp_min(1e-9).log()).sum().item()
    measured = piece_metrics(checkpoint, pieces)
    assert measured["nll"] < entropy
    right = "reconstruction" if folder.name.startswith(VAES) else "accuracy"
    assert measured[right] > shares.max()
    assert measured[right] == pytest.approx(checkpoint.card.metrics[right], abs=0.08)


@pytest.fixture(scope="module")
def sonata() -> Score:
    """A movement for the piano, which no model was trained on."""
    return FromMusic21("cpebach/h186.mxl", qpm=60.0).performance(60.0, load_checkpoint)


@shipped(PIANOS, ROLLS)
def test_it_plays_the_piano_on_from_what_it_is_given(folder: Path, sonata: Score) -> None:
    checkpoint = load_checkpoint(folder.name)
    settings = replace(checkpoint.card.sampling_defaults, seed=1)
    begun = opening(sonata, 8.0)
    made = write_piano(checkpoint, 10.0, settings, prompt=begun).score
    assert write_piano(checkpoint, 10.0, settings, prompt=begun).score == made
    assert len(made.notes) - len(begun.notes) >= 8
    assert 4 <= len(set(made.pitches)) <= 88
    assert all(LOWEST <= pitch <= HIGHEST for pitch in made.pitches)


@shipped(PIANOS)
def test_it_foretells_keys_better_than_counts_of_them(folder: Path, sonata: Score) -> None:
    """The keys alone, though the counts are those of this very piece: its even touch no performer's model expects."""
    measured = piece_metrics(load_checkpoint(folder.name), [Piece("h186", sonata, "valid", played=rows_of(sonata))])
    pitches = torch.tensor(sonata.pitches)
    shares = pitches.bincount() / len(pitches)
    assert measured["pitch_nll"] < -(shares * shares.clamp_min(1e-9).log()).sum().item()


@shipped(ROLLS)
def test_it_foretells_frames_better_than_counts_of_other_music(folder: Path, sonata: Score) -> None:
    checkpoint = load_checkpoint(folder.name)
    other = FromMusic21("chopin/mazurka06-2.krn").performance(60.0, load_checkpoint)
    known, shown = ([checkpoint.codec.encode(score).tokens.tolist()] for score in (other, sonata))
    measured = piece_metrics(checkpoint, [Piece("h186", sonata, "valid", played=rows_of(sonata))])
    assert measured["token_nll"] < floors(known, shown, checkpoint.codec.vocab_size)["most_frequent"]["nll"]


@shipped(ROLLS)
def test_a_network_of_rolls_takes_less_than_a_megabyte(folder: Path) -> None:
    assert (folder / WEIGHTS).stat().st_size < 1_000_000


@shipped(HANDS)
def test_it_puts_both_hands_under_a_melody(folder: Path) -> None:
    checkpoint = load_checkpoint(folder.name)
    made = accompany(checkpoint, MELODY, replace(checkpoint.card.sampling_defaults, seed=1))
    alone = made.accompaniment.notes
    assert len(alone) >= 8
    assert min(note.pitch for note in alone) < min(MELODY.pitches)
    assert len({note.pitch % 12 for note in alone}) >= 4


def num_steps(folder: Path, tunes: Sequence[Score]) -> int:
    codec = load_checkpoint(folder.name).codec
    return sum(len(codec.encode(tune).tokens) for tune in tunes)


@shipped("")
def test_its_card_tells_all(folder: Path) -> None:
    card = read_card(folder)
    assert card.architecture in ARCHITECTURES
    assert card.license == CORPORA[card.corpus].license
    assert card.title
    assert card.description
    assert card.training["minutes"] > 0
    assert card.training["device"]
    assert card.training["best_epoch"] < card.training["epochs"]


@shipped(BEATS)
def test_the_figures_of_a_card_are_of_every_held_out_note(folder: Path) -> None:
    card = read_card(folder)
    if card.corpus in installed_corpora():
        held_out = pieces_of(card.corpus, "valid")
        assert card.metrics["num_pieces"] == len(held_out)
        assert card.metrics["num_tokens"] == sum(len(piece.score.notes) for piece in held_out)
    for name in ("", "clapped_"):
        assert 0.2 < card.metrics[f"{name}accuracy"] < 1
        assert 0 < card.metrics[f"{name}nll"] < math.log(128)


@shipped(STEPS)
def test_the_figures_of_a_card_are_of_every_held_out_song_that_the_codec_carries(folder: Path) -> None:
    card = read_card(folder)
    held_out = [piece.score for piece in pieces_of(card.corpus, "valid") if is_regular(piece.score)]
    assert card.metrics["num_pieces"] == len(held_out)
    if folder.name.startswith(VAES):  # of windows from the first bar line on
        assert 0.9 < card.metrics["num_tokens"] / num_steps(folder, held_out) < 1
        assert card.metrics["active_units"] >= 12
    else:
        assert card.metrics["num_tokens"] == num_steps(folder, held_out)


@shipped("")
def test_it_is_small_and_whole(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} - {SWEEP, SWEEP_CURVES, SONGS, TUNES} == {CARD, WEIGHTS, HISTORY}
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MAX_BYTES
    with (folder / HISTORY).open(newline="") as lines:
        epochs = [int(row["epoch"]) for row in csv.DictReader(lines)]
    assert epochs == list(range(read_card(folder).training["epochs"]))
