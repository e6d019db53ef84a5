"""Units are found for what they do, and by what others would earn by chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import core.inspection.pieces
from core.codecs import Encoded
from core.data.piece import Piece
from core.errors import InputError
from core.inspection import (
    Concept,
    Found,
    Read,
    Subject,
    by_hand,
    excerpts,
    rank_units,
    read,
    sample,
    subject,
)
from core.inspection.concept import Labels
from core.inspection.pieces import LONGEST, corpus_of, told
from core.inspection.precision import BLOCK, average_precision
from core.inspection.search import AROUND, shuffled
from core.score import Note, Score
from tests.conftest import MELODY, tiny_checkpoint

MAJOR = (0, 2, 4, 5, 7, 9, 11)
FIRST_OF_FOUR = Concept("First of four", "", lambda subject: np.arange(len(subject.labels)) % 4 == 0)


def by_definition(values: list[float], labels: list[bool]) -> float:
    """Over the true tokens, the mean share of true ones among all whose value is as high or higher."""
    shares = []
    for value, label in zip(values, labels, strict=True):
        if label:
            above = [other for v, other in zip(values, labels, strict=True) if v >= value]
            shares.append(sum(above) / len(above))
    return float(np.mean(shares))


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=30).filter(lambda x: any(b for _, b in x)))
def test_average_precision_is_what_its_definition_says(tokens: list[tuple[int, bool]]) -> None:
    values, labels = [float(v) for v, _ in tokens], [label for _, label in tokens]
    found = average_precision(np.array([values], dtype=np.float32).T, np.array(labels))[0, :, 0]
    assert found[0] == pytest.approx(by_definition(values, labels))
    assert found[1] == pytest.approx(by_definition([-v for v in values], labels))


def test_average_precision_of_many_units_is_that_of_each() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, BLOCK + 3)).astype(np.float32)
    labels = rng.random(40) < 0.3
    together = average_precision(values, labels, ~labels)
    assert together.shape == (2, 2, BLOCK + 3)
    for unit in (0, BLOCK - 1, BLOCK, BLOCK + 2):
        assert together[0, 0, unit] == pytest.approx(by_definition(values[:, unit].tolist(), labels.tolist()))


def test_a_constant_unit_earns_the_base_rate_and_a_perfect_one_everything() -> None:
    labels = np.arange(100) % 5 == 0
    values = np.stack([np.zeros(100), labels, -1.0 * labels], axis=1).astype(np.float32)
    np.testing.assert_allclose(average_precision(values, labels)[0], [[0.2, 1.0, 0.2], [0.2, 0.2, 1.0]])


def some_read(num: int, seed: int, planted: int = 7, sign: float = 1.0) -> Read:
    """Pieces of random units, one of which tells the first token of every four, not quite perfectly."""
    rng = np.random.default_rng(seed)
    length = 40
    subjects = tuple(
        Subject(Encoded(torch.zeros(length, dtype=torch.int64)), ("a",) * length, None) for _ in range(num)
    )
    values = rng.normal(size=(num * length, 10)).astype(np.float32)
    truth = np.tile(np.arange(length) % 4 == 0, num)
    values[:, planted] = sign * (3 * truth + values[:, planted])
    return Read(subjects, {"low": 6, "high": 4}, values)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_planted_unit_is_found_and_stands_out_from_chance(sign: int) -> None:
    found = rank_units(FIRST_OF_FOUR, some_read(20, 0, sign=sign), some_read(20, 1, sign=sign))
    best, second = found[:2]
    assert (best.layer, best.unit, best.sign) == ("high", 1, sign)
    assert best.precision_valid is not None
    assert best.precision_valid > 0.9
    assert best.base_rate == 0.25
    assert best.shuffled == pytest.approx(0.25, abs=0.06)
    assert second.precision_train < 0.35
    assert len(found) == 10
    assert [one.precision_train for one in found] == sorted((one.precision_train for one in found), reverse=True)


def test_units_are_chosen_on_training_pieces_alone() -> None:
    """A unit that tells the concept in validation pieces only is not the one that is chosen."""
    found = rank_units(FIRST_OF_FOUR, some_read(20, 0, planted=2), some_read(20, 1, planted=5))
    assert found[0][:2] == ("low", 2)
    assert found[0].precision_valid == pytest.approx(0.25, abs=0.06)


def test_the_same_seed_finds_the_same() -> None:
    train, valid = some_read(3, 0), some_read(3, 1)
    assert rank_units(FIRST_OF_FOUR, train, valid, seed=5) == rank_units(FIRST_OF_FOUR, train, valid, seed=5)


def test_shuffled_labels_are_turned_round() -> None:
    labels = [np.arange(30) < 5, np.zeros(4, bool), np.ones(1, bool)]
    turned = shuffled(labels, np.random.default_rng(0))
    assert [one.sum() for one in turned] == [5, 0, 1]
    assert not (turned[0] == labels[0]).all()
    begins = np.diff(np.append(turned[0], turned[0][0]).astype(int)) > 0
    assert begins.sum() == 1  # one stretch still, round the corner if need be


@pytest.mark.parametrize(
    ("truth", "words"), [(False, "no token of these pieces is"), (True, "all tokens of these pieces are")]
)
def test_a_concept_that_tells_nothing_apart_is_refused(truth: bool, words: str) -> None:
    concept = Concept("Something", "", lambda subject: np.full(len(subject.labels), truth))
    with pytest.raises(InputError, match=words):
        rank_units(concept, some_read(2, 0), some_read(2, 1))
    with pytest.raises(InputError):
        rank_units(FIRST_OF_FOUR, some_read(0, 0), some_read(2, 1))


def test_a_passage_that_was_marked_by_hand_is_searched_for_without_others() -> None:
    train = some_read(1, 0)
    found = rank_units(by_hand([0, 4, 8, 12, 400]), train, some_read(0, 1))
    assert found[0].precision_valid is None
    assert found[0].shuffled is None
    assert found[0].base_rate == pytest.approx(0.1)


def test_excerpts_are_where_a_unit_is_strongest() -> None:
    pieces = some_read(3, 0)
    values = pieces.values[:, 9]
    values[:] = 0.0
    values[[0, 3, 39, 40, 119]] = [5.0, 4.0, 3.0, 2.5, 1.0]
    found = Found("high", 3, 1, 1.0, None, None, 0.1)
    passages = excerpts(found, pieces, num=4)
    assert [(one.piece, one.peak, one.start, one.stop) for one in passages] == [
        (0, 0, 0, AROUND + 1),  # token 3 stands in it
        (0, 39, 39 - AROUND, 40),
        (1, 0, 0, AROUND + 1),
        (2, 39, 39 - AROUND, 40),
    ]
    assert passages[1].values.tolist() == [*[0.0] * AROUND, 3.0]
    values[50] = -9.0
    [lowest] = excerpts(found._replace(sign=-1), pieces, num=1)
    assert (lowest.piece, lowest.peak) == (1, 10)


def test_the_units_of_real_networks_are_searched() -> None:
    """The network reads a held note by a token of its own, so some unit follows it even untrained."""
    checkpoint = tiny_checkpoint("step-lstm-echo")
    songs = [subject(checkpoint, MELODY.transposed(by)) for by in range(6)]
    held = Concept("Held", "", lambda subject: np.array([label == "_" for label in subject.labels]))
    found = rank_units(held, read(checkpoint, songs[:4]), read(checkpoint, songs[4:]), num=3)
    assert len(found) == 3
    assert found[0].precision_valid is not None
    assert found[0].precision_valid > found[0].base_rate + 0.1
    pieces = read(checkpoint, songs)
    assert pieces.unit(pieces.column(found[0].layer, found[0].unit)) == found[0][:2]
    assert pieces.values.shape == (6 * 33, 12 + 12 + 7)


@pytest.fixture
def small_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of every corpus: tunes in D for training, in E for validation."""
    keys = {"train": ("D", 2), "valid": ("E", 4)}

    def pieces(_corpus: str, split: str, _root: object = None) -> list[Piece]:
        key, up = keys[split]
        lengths = range(10, 30)
        scales = (tuple(Note(i, 1, 60 + up + MAJOR[i % 7]) for i in range(length)) for length in lengths)
        return [Piece(str(i), Score(notes, qpm=77, key=key)) for i, notes in enumerate(scales)]

    monkeypatch.setattr(core.inspection.pieces, "pieces_of", pieces)


@pytest.mark.usefixtures("small_corpus")
def test_pieces_come_from_the_side_of_the_split_that_is_asked_for() -> None:
    checkpoint = tiny_checkpoint("beat-rnn")
    train = sample(checkpoint, "train", num_pieces=5)
    again = sample(checkpoint, "train", num_pieces=5)
    assert [one.labels for one in train] == [one.labels for one in again]
    assert len(train) == 5
    for one in sample(checkpoint, "valid", num_pieces=5):
        assert one.score is not None
        assert one.score.key == "E"
        assert one.score.qpm == 120  # as the model was told of written melodies
    few = sample(checkpoint, "train", num_tokens=60)
    assert 1 < len(few) < 7
    assert sum(len(one.labels) for one in few) <= 60


def test_without_its_corpus_a_model_is_shown_another() -> None:
    chars, beats = tiny_checkpoint("char-lstm"), tiny_checkpoint("beat-rnn")
    assert corpus_of(chars._replace(card=replace(chars.card, corpus="abc-songs"))) == "irish"
    assert corpus_of(beats._replace(card=replace(beats.card, corpus="maestro"))) == "essen"
    assert corpus_of(beats) == "essen"


@pytest.mark.usefixtures("small_corpus")
def test_of_a_performance_its_beginning_is_a_piece_and_without_any_a_sentence_says_what_is_missing() -> None:
    rows = np.array([(i / 8, 0.2, 60 + i % 12, 70) for i in range(900)], np.float32)
    [one] = told(tiny_checkpoint("piano-transformer"), "piano", [Piece("1", Score(()), played=rows)], 0)
    assert len(one.labels) == LONGEST
    assert one.score is not None
    assert len(one.score.notes) == LONGEST / 4
    with pytest.raises(InputError, match="no music that this model reads"):
        sample(tiny_checkpoint("piano-transformer"), "valid")


@pytest.mark.usefixtures("small_corpus")
def test_models_of_one_key_are_shown_pieces_in_it() -> None:
    checkpoint = tiny_checkpoint("step-bilstm")
    checkpoint = checkpoint._replace(card=replace(checkpoint.card, training={"common_key": True}))
    for one in sample(checkpoint, "valid", num_pieces=3):
        assert one.score is not None
        assert one.score.key == "C"
        assert {pitch % 12 for pitch in one.score.pitches} == set(MAJOR)


def test_labels_by_hand_stay_within_a_piece() -> None:
    told = subject(tiny_checkpoint("beat-rnn"), Score((Note(0, 1, 60), Note(1, 1, 62))))
    marked: Labels = by_hand([1, 5, -1]).label(told)
    assert marked.tolist() == [False, True]
