from __future__ import annotations

import math

import numpy as np
import pytest

from core.data.corpora import pieces_of
from core.evaluation.floors import START, NGram, contexts, floors


def test_floors_by_hand() -> None:
    found = floors([[60, 60, 60, 62]], [[60, 60, 62], [60]], 128)
    # three of the four held-out notes are 60; add-one smoothing gives it (3 + 1) / (4 + 128), and 62 (1 + 1) / 132
    assert found["most_frequent"]["accuracy"] == 0.75
    assert found["most_frequent"]["nll"] == pytest.approx(-(3 * math.log(4 / 132) + math.log(2 / 132)) / 4, abs=1e-4)
    assert found["repeat_last"] == {"accuracy": 0.25}  # a first note repeats nothing


def test_witten_bell_by_hand() -> None:
    ngram = NGram([(60, 60, 62)], 2, 128)
    nothing = np.full(128, 1 / 128)
    # no context: 60 twice and 62 once, two kinds of followers in three; then 60: one of each, two kinds in two
    alone = 2 * nothing
    alone[[60, 62]] += [2, 1]
    assert ngram.probs(()) == pytest.approx(alone / 5)
    after = 2 * alone / 5
    after[[60, 62]] += [1, 1]
    assert ngram.probs((60,)) == pytest.approx(after / 4)
    assert ngram.probs((62,)) == pytest.approx(alone / 5)  # followed by nothing: the shorter context decides


def test_contexts_begin_before_the_first_note() -> None:
    assert contexts((60, 62), 3) == [((START, START), 60), ((START, 60), 62)]


def test_a_memory_of_four_notes_tells_apart_what_a_shorter_one_cannot() -> None:
    learnt = [(60, 64, 64, 64, 65), (62, 64, 64, 64, 67)] * 20
    assert (
        floors(learnt, learnt, 128)["5-gram"]["accuracy"] == 0.9
    )  # only the first note is a guess, right every other time


def test_probabilities_sum_to_one_and_allow_every_pitch() -> None:
    scores = [piece.score for piece in pieces_of("essen", "train")[:50]]
    ngram = NGram([score.pitches for score in scores], 5, 128)
    for context in [(), (67,), (67, 69), (START,) * 4, scores[0].pitches[:4], (1, 2, 3, 4)]:
        probs = ngram.probs(context)
        assert probs.sum() == pytest.approx(1.0)
        assert probs.min() > 0


def test_on_folk_songs_each_floor_is_above_the_one_below() -> None:
    train, valid = ([piece.score.pitches for piece in pieces_of("essen", split)] for split in ("train", "valid"))
    found = floors(train[:1500], valid[:200], 128)
    accuracy = [found[name]["accuracy"] for name in ("most_frequent", "repeat_last", "5-gram")]
    assert 0.1 < accuracy[0] < accuracy[1] < accuracy[2] < 0.5
    assert found["5-gram"]["nll"] < found["most_frequent"]["nll"] < math.log(128)
