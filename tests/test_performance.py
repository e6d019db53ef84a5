from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.data.corpora import pieces_of
from core.data.performance import (
    CLAPPED,
    CLEAN,
    MIN_DURATION_SEC,
    MIN_INTERVAL_SEC,
    PLAYED,
    WRITTEN,
    Floats,
    Performer,
    Replay,
)
from core.data.windows import PADDING, START, BeatDataset, Item, collate, transposition
from core.score import Note, Score
from tests.conftest import MELODY

EVEN = Score(tuple(Note(i, 1, 60 + i % 7) for i in range(400)), qpm=77)
STEADY = (100.0, 100.0)


def onsets(beats: Floats) -> Floats:
    return np.cumsum(beats.sum(axis=1)) - beats[:, 1]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_clean_is_the_written_times_at_120() -> None:
    beats = CLEAN.perform(MELODY, rng())
    assert onsets(beats) == pytest.approx([0.5 * note.onset for note in MELODY.notes])
    assert beats[:, 1] == pytest.approx([0.5 * note.duration for note in MELODY.notes])
    assert beats[:, 0] == pytest.approx([0, 0, 0, 0, 0.25, 0, 0.25])


def test_jitter_has_the_deviation_asked_for() -> None:
    performer = Performer(qpm=STEADY, jitter_sec=(0.02, 0.02), as_written=0.0, clapped=1.0)
    errors = onsets(performer.perform(EVEN, rng())) - 0.6 * np.arange(400)
    errors -= errors.mean()
    assert errors.std() == pytest.approx(0.02, rel=0.15)
    assert abs(np.corrcoef(errors[:-1], errors[1:])[0, 1]) < 0.2  # errors do not add up


def test_tempo_is_drawn_evenly_on_a_logarithmic_scale() -> None:
    performer = Performer(qpm=(50, 200), jitter_sec=(0, 0), as_written=1.0)
    tempi = [60 / performer.perform(EVEN, rng(seed))[0, 1] for seed in range(400)]
    assert 50 <= min(tempi) < 55
    assert 185 < max(tempi) <= 200
    assert np.median(tempi) == pytest.approx(100, rel=0.1)


def test_clapped_notes_last_until_the_next() -> None:
    beats = CLAPPED.perform(MELODY, rng())
    assert beats[:, 0] == pytest.approx(np.append(beats[0, 0], np.zeros(6)), abs=1e-12)


def test_detached_notes_are_shorter_than_written_and_attacked_on_time() -> None:
    performer = Performer(qpm=STEADY, jitter_sec=(0, 0), as_written=0.0, clapped=0.0)
    shares = []
    for seed in range(50):
        beats = performer.perform(EVEN, rng(seed))
        assert onsets(beats) == pytest.approx(0.6 * np.arange(400))
        shares.append((beats[:, 1] / 0.6).mean())
        assert beats[:, 1].max() <= 0.6 + 1e-9
        assert beats[:, 1].min() >= 0.35 * 0.85 * 0.6 - 1e-9
    assert min(shares) < 0.5 < 0.85 < max(shares)


def test_the_three_styles_come_in_the_shares_asked_for() -> None:
    with_rest = Score((Note(0, 1, 60), Note(2, 1, 60), Note(3, 1, 60)))
    performer = Performer(qpm=STEADY, jitter_sec=(0, 0), as_written=0.5, clapped=0.25)
    rests = [performer.perform(with_rest, rng(seed))[1, 0] for seed in range(600)]
    assert np.mean(np.isclose(rests, 0.0)) == pytest.approx(0.25, abs=0.06)
    assert np.mean(np.isclose(rests, 0.6)) == pytest.approx(0.5, abs=0.06)


melodies = st.lists(st.tuples(st.floats(0, 3), st.floats(0.01, 4)), min_size=1, max_size=40).map(
    lambda pairs: Score(
        tuple(
            Note(sum(rest + held for rest, held in pairs[:i]) + pairs[i][0], pairs[i][1], 60) for i in range(len(pairs))
        )
    )
)


@given(melodies, st.integers(0, 1000))
def test_no_performance_loses_the_order_or_overlaps(score: Score, seed: int) -> None:
    for performer in (CLEAN, CLAPPED, Performer(jitter_sec=(0.1, 0.3))):
        beats = performer.perform(score, rng(seed))
        assert beats.shape == (len(score.notes), 2)
        assert np.isfinite(beats).all()
        assert (beats[:, 0] >= 0).all()
        assert (beats[:, 1] >= MIN_DURATION_SEC - 1e-9).all()
        assert (np.diff(onsets(beats)) >= MIN_INTERVAL_SEC - 1e-9).all()


def test_a_seed_fixes_a_performance() -> None:
    performer = Performer()
    assert np.array_equal(performer.perform(MELODY, rng(3)), performer.perform(MELODY, rng(3)))
    assert not np.array_equal(performer.perform(MELODY, rng(3)), performer.perform(MELODY, rng(4)))


@given(st.lists(st.integers(43, 96), min_size=1, max_size=60), st.integers(0, 1000))
def test_transposition_keeps_the_range_of_voices(pitches: list[int], seed: int) -> None:
    moved = np.array(pitches) + transposition(np.array(pitches), rng(seed))
    assert 43 <= moved.min() <= moved.max() <= 96
    assert abs(moved[0] - pitches[0]) <= 6


def test_transposition_reaches_every_key_and_leaves_alone_what_has_no_room() -> None:
    assert {transposition(np.array([60, 72]), rng(seed)) for seed in range(300)} == set(range(-6, 7))
    assert {transposition(np.array([40, 100]), rng(seed)) for seed in range(20)} == {0}


@pytest.mark.parametrize(("transposed", "kept"), [(0.0, 1.0), (0.5, 0.5 + 0.5 / 13), (1.0, 1 / 13)])
def test_a_share_of_the_training_slices_is_in_any_key(transposed: float, kept: float) -> None:
    slices = BeatDataset([MELODY], WRITTEN.training, length=len(MELODY.notes), transposed=transposed)
    torch.manual_seed(0)
    moves = [int(slices[0][0][0]) - MELODY.pitches[0] for _ in range(1500)]
    assert moves.count(0) / len(moves) == pytest.approx(kept, abs=0.04)
    assert set(moves) <= set(range(-6, 7))


def test_sets_for_measuring_are_the_same_on_every_visit() -> None:
    scores = [piece.score for piece in pieces_of("essen", "valid")[:20]]
    one, other = BeatDataset(scores, CLAPPED), BeatDataset(scores, CLAPPED)
    torch.manual_seed(1)
    first = [one[i] for i in range(20)]
    torch.manual_seed(2)
    again = [other[i] for i in reversed(range(20))][::-1]
    for i, (a, b) in enumerate(zip(first, again, strict=True)):
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[1], b[1])
        assert a[0].tolist() == list(scores[i].pitches)  # whole, in its own key
    assert not torch.equal(first[0][1], BeatDataset(scores, CLAPPED, seed=1)[0][1])


def test_training_slices_vary_in_place_key_and_performance() -> None:
    dataset = BeatDataset([EVEN], Performer(), length=16)
    torch.manual_seed(0)
    visits = [dataset[0] for _ in range(40)]
    for pitches, beats, *_ in visits:
        assert pitches.dtype == torch.int64
        assert beats.dtype == torch.float32
        assert pitches.shape == (16,)
        assert beats.shape == (16, 2)
        steps = pitches.diff().tolist()
        assert set(steps) <= {1, -6}  # a slice of the melody, all notes moved alike
    assert len({tuple(pitches.tolist()) for pitches, *_ in visits}) > 20
    assert len({beats.sum().item() for _, beats, *_ in visits}) == 40
    torch.manual_seed(0)
    assert torch.equal(dataset[0][0], visits[0][0])  # the seed of a run fixes them


PLAYED_FAST = Score((Note(0.5, 0.004, 60), Note(0.51, 0.5, 62), Note(1.2, 1, 64)), qpm=120)


def test_what_was_played_keeps_its_very_times() -> None:
    """Also where two notes are 5 ms apart, and one lasts 2 ms."""
    expected = [[0.25, 0.002], [0.003, 0.25], [0.095, 0.5]]
    assert Replay().perform(PLAYED_FAST, rng()) == pytest.approx(np.array(expected))
    assert PLAYED.clean == Replay()
    assert (Performer(), CLEAN, CLAPPED) == WRITTEN


def test_replays_are_stretched_as_one() -> None:
    given, replayed = Replay().perform(MELODY, rng()), Replay((0.5, 2.0))
    factors = []
    for seed in range(200):
        ratios = replayed.perform(MELODY, rng(seed))[given > 0] / given[given > 0]
        assert ratios == pytest.approx(ratios[0])
        factors.append(ratios[0])
    assert 0.5 <= min(factors) < 0.55
    assert 1.8 < max(factors) <= 2.0
    assert np.median(factors) == pytest.approx(1.0, rel=0.15)


def test_a_played_melody_is_clapped_at_its_own_tempo() -> None:
    beats = PLAYED.clapped.perform(MELODY, rng())
    assert beats[:, 0] == pytest.approx(0)
    assert onsets(beats) == pytest.approx([0.5 * note.onset for note in MELODY.notes])


def test_short_melodies_are_shown_whole_in_training() -> None:
    pitches, beats, *_ = BeatDataset([MELODY], CLEAN, length=100)[0]
    assert len(pitches) == len(beats) == 7
    assert pitches.diff().tolist() == [2, 2, 1, -1, -4, -5]


def test_batches_are_padded_behind_the_end() -> None:
    batch = collate(
        [Item(torch.tensor([60, 62, 64]), torch.ones(3, 2)), Item(torch.tensor([70]), torch.ones(1, 2), 69)]
    )
    assert batch.tokens.tolist() == [[60, 62, 64], [70, PADDING, PADDING]]
    assert batch.condition is not None
    assert batch.condition.shape == (2, 3, 2)
    assert batch.condition[1, 1:].sum() == 0
    assert batch.lengths.tolist() == [3, 1]
    assert batch.before.tolist() == [START, 69]
