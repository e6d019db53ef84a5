from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.melody import extract_melody
from core.data.melody.voice import (
    CHORD_SEC,
    LEGATO_SEC,
    MIN_COVERAGE,
    OVERLAP_COST,
    Weights,
    best_line,
    log_odds,
    sounding_sec,
    voice_melody,
)
from core.data.melody.voice_examples import Example, example_of, in_disguise, read_pop_songs
from core.data.melody.voice_features import FAR, features_of, in_order
from core.data.melody.voice_training import Settings, VoiceScorer, batch_of, note_f1, train
from core.data.pop909 import Song
from core.errors import InputError
from core.evaluation.melody import agreement, flat, measure
from core.score import Note, Score
from tests.conftest import MELODY

NOTES = st.lists(
    st.tuples(
        st.integers(0, 400).map(lambda n: n / 50),
        st.integers(1, 150).map(lambda n: n / 50),
        st.integers(0, 127),
        st.integers(1, 127),
    ),
    max_size=60,
    unique_by=lambda note: (note[0], note[2]),
)


def arrays(notes):
    onset, duration, pitch, velocity = np.array(notes, float).reshape(-1, 4).T
    return onset, onset + duration, pitch.astype(np.int64), velocity.astype(np.int64)


def chords(num_chords: int, seed: int) -> Example:
    """Three voices whose highest is the melody."""
    rng = np.random.default_rng(seed)
    tops = rng.integers(70, 84, num_chords)
    pitch = np.stack([tops, tops - rng.integers(3, 9, num_chords), tops - rng.integers(12, 24, num_chords)], axis=1)
    onset = np.repeat(np.arange(num_chords) * 0.5, 3)
    notes = np.stack([onset, onset + 0.45, pitch.ravel(), rng.integers(50, 90, 3 * num_chords)], axis=1)
    return Example(notes, np.tile([True, False, False], num_chords))


def soprano_and_chorale(number: str) -> tuple[Score, Score]:
    from music21 import corpus

    parts = [list(part.flatten().notes) for part in corpus.parse(f"bach/{number}").parts]
    voices = [tuple(Note(float(n.offset), float(n.quarterLength), n.pitch.midi) for n in part) for part in parts]
    return Score(voices[0], qpm=72), Score(tuple(itertools.chain(*voices)), qpm=72)


# the network's melody


def test_of_nothing_there_is_no_melody():
    for melody in (voice_melody(*arrays([])), voice_melody(*arrays([(1.0, 0.0, 60, 64), (float("nan"), 1, 60, 64)]))):
        assert len(melody.index) == len(melody.onset_sec) == len(melody.offset_sec) == 0


@settings(max_examples=60)
@given(NOTES, st.randoms(use_true_random=False))
def test_a_melody_is_a_line_of_the_notes_given_whatever_their_order(notes, random):
    onset, offset, pitch, velocity = arrays(notes)
    melody = voice_melody(onset, offset, pitch, velocity)
    assert (melody.onset_sec == onset[melody.index]).all()
    assert (np.diff(melody.onset_sec) > CHORD_SEC - 1e-9).all()
    assert (melody.offset_sec > melody.onset_sec).all()
    assert (melody.offset_sec <= offset[melody.index]).all()
    assert (melody.offset_sec[:-1] <= melody.onset_sec[1:]).all()
    shuffled = random.sample(notes, len(notes))
    again = voice_melody(*arrays(shuffled))
    assert [shuffled[i] for i in again.index] == [notes[i] for i in melody.index]


@pytest.mark.parametrize("number", ["bwv273", "bwv336", "bwv48.7"])
def test_the_soprano_of_a_chorale_is_its_melody(number):
    soprano, chorale = soprano_and_chorale(number)
    for score in (chorale, replace(chorale, qpm=100), chorale.transposed(-5)):
        true = replace(soprano, qpm=score.qpm)
        if score.pitches != chorale.pitches:
            true = true.transposed(-5)
        assert agreement(true, extract_melody(score, "voice"))[2] > 0.8


def test_a_singing_voice_is_heard_below_a_high_accompaniment():
    line = [64, 65, 67, 65, 64, 62, 60, 62, 64, 67, 69, 67, 65, 64, 62, 60] * 4
    melody = [Note(i, 0.95, pitch, 100) for i, pitch in enumerate(line)]
    chords_above = [Note(i, 1.9, pitch, 60) for i in range(0, len(line), 2) for pitch in (76, 79, 84)]
    bass = [Note(i, 1.9, pitch, 60) for i in range(0, len(line), 2) for pitch in (36, 43)]
    mixed = Score(tuple(melody + chords_above + bass), qpm=100)
    assert agreement(Score(tuple(melody), qpm=100), extract_melody(mixed, "voice"))[2] > 0.8


def test_a_chord_of_thousands_and_a_note_of_hours_do_no_harm():
    crowd = [(0.0, 1.0, i % 128, 64) for i in range(3000)]
    assert len(voice_melody(*arrays(crowd)).index) <= 1
    assert len(voice_melody(*arrays([(0.0, 1e5, 60, 64), *((i / 2, 0.4, 72, 64) for i in range(40))])).index) <= 41


def test_a_line_is_its_own_melody():
    assert extract_melody(MELODY, "voice").notes == MELODY.notes
    assert len(voice_melody(*arrays([(0.0, 1.0, 20, 1)])).index) == 1


def test_a_strange_piece_has_a_melody_too():
    low = [(i / 2, 0.5, pitch, 64) for i in range(60) for pitch in (24 + i % 5, 31 + i % 7, 36 + i % 3)]
    onset, offset, pitch, velocity = arrays(low)
    melody = voice_melody(onset, offset, pitch, velocity)
    assert (melody.offset_sec - melody.onset_sec).sum() >= MIN_COVERAGE * 30


def test_silence_is_no_sounding_time():
    notes = in_order(*arrays([(1.0, 2.0, 60, 64), (1.5, 0.5, 64, 64), (5.0, 1.0, 60, 64)]))[1]
    assert sounding_sec(notes) == pytest.approx(3.0)


# the line


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 60), st.integers(-20, 20).map(lambda n: n / 7)),
        min_size=1,
        max_size=8,
    )
)
def test_no_line_is_worth_more_than_the_best(notes):
    notes = sorted(notes, key=lambda note: note[0])
    onset, duration, value = np.array(notes, float).T
    onset, offset = onset / 50, (onset + duration) / 50

    def worth(line: tuple[int, ...]) -> float:
        total = value[list(line)].sum()
        for before, after in itertools.pairwise(line):
            if onset[before] >= onset[after] - CHORD_SEC:
                return -np.inf
            total -= OVERLAP_COST * np.clip(offset[before] - onset[after] - LEGATO_SEC, 0, 1)
        return total

    lines = itertools.chain.from_iterable(itertools.combinations(range(len(notes)), n) for n in range(9))
    found = tuple(best_line(value, onset, offset).tolist())
    assert worth(found) == pytest.approx(max(worth(line) for line in lines))


def test_the_line_goes_on_behind_a_crowd():
    onset = np.array([0.0, *[1.0] * 40, 2.0, *[3.0] * 40])
    assert best_line(np.ones(82), onset, onset + 0.5).tolist()[::2] == [0, 41]


# the features


def test_features_of_a_chord_over_a_held_note():
    notes = [(0.0, 2.0, 48, 80), (0.0, 0.5, 60, 40), (0.51, 0.5, 64, 60), (0.5, 0.5, 72, 60)]
    order, ordered = in_order(*arrays(notes))
    assert order.tolist() == [0, 1, 2, 3]
    assert ordered.chord.tolist() == [0, 0, 1, 1]
    values, before, after = features_of(ordered)
    top, bottom, rank, size, above, below, over_all, over_held, under_held, num_held = values[:, :10].T
    assert top.tolist() == [0, 1, 0, 1]
    assert bottom.tolist() == [1, 0, 1, 0]
    assert (rank * 4).tolist() == [1, 0, 1, 0]
    assert (size * 4).tolist() == [2, 2, 2, 2]
    np.testing.assert_allclose(above * 12, [12, FAR, 8, FAR], rtol=1e-6)
    np.testing.assert_allclose(below * 12, [FAR, 12, FAR, 8], rtol=1e-6)
    np.testing.assert_allclose(over_all * 12, [12, 0, 8, 0], rtol=1e-6)
    np.testing.assert_allclose(over_held * 12, [-FAR, -FAR, -16, -24], rtol=1e-6)
    np.testing.assert_allclose(under_held * 12, [FAR, FAR, -16, -24], rtol=1e-6)
    assert (num_held * 4).tolist() == [0, 0, 1, 1]
    assert before.tolist() == [4, 4, 1, 1]
    assert after.tolist() == [2, 2, 4, 4]


@settings(max_examples=30)
@given(NOTES.filter(bool))
def test_features_are_finite_and_know_no_clock(notes):
    onset, offset, pitch, velocity = arrays(notes)
    onset, offset = np.round(onset * 50) / 64, np.round(offset * 50) / 64  # exact in binary: ties stay ties
    now, later = (features_of(in_order(onset + t, offset + t, pitch, velocity)[1]) for t in (0, 1024))
    assert np.isfinite(now.values).all()
    np.testing.assert_allclose(now.values, later.values, atol=1e-4)


# training


def test_numpy_and_torch_hear_the_same():
    songs = [chords(20, seed) for seed in range(3)] + [chords(1, 7)]
    batch = batch_of(songs)
    torch.manual_seed(0)
    scorer = VoiceScorer(batch.values.shape[1], 8, 6)
    weights = Weights(*(getattr(scorer, name).detach().numpy() for name in Weights._fields))
    alone = [log_odds(features_of(in_order(*arrays_of(song))[1]), weights) for song in songs]
    np.testing.assert_allclose(np.concatenate(alone), scorer(batch).detach().numpy(), atol=1e-5)


def arrays_of(song: Example):
    onset, offset, pitch, velocity = song.notes.T
    return onset, offset, pitch.astype(np.int64), velocity.astype(np.int64)


def test_training_learns():
    songs, valid = [chords(30, seed) for seed in range(12)], [chords(30, seed) for seed in range(50, 54)]
    scorer = train(songs, {"valid": valid}, Settings(12, 2, epochs=8, songs_per_step=4, learning_rate=0.02))
    assert note_f1(scorer, [batch_of([song]) for song in valid]) > 0.95


def test_a_seed_makes_the_same_weights():
    songs = [chords(10, seed) for seed in range(3)]
    first, second = (train(songs, {}, Settings(4, 1, epochs=2)).weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_a_disguise_keeps_the_melody():
    song = chords(80, 1)
    for seed in range(40):
        other = in_disguise(song, np.random.default_rng(seed))
        assert len(other.notes) == len(other.is_melody)
        assert np.isfinite(other.notes).all()
        assert (other.notes[:, 1] > other.notes[:, 0]).all()
        assert 1 <= other.is_melody.sum() <= song.is_melody.sum()
        if len(other.notes) == len(song.notes):
            assert (other.is_melody == song.is_melody).all()
            assert len(set(other.notes[:, 2] - song.notes[:, 2])) == 1


def test_an_example_knows_the_notes_of_the_melody():
    mixed = Score((*MELODY.notes, *(note._replace(pitch=note.pitch - 12) for note in MELODY.notes)), MELODY.qpm)
    example = example_of(Song(mixed, MELODY))
    assert example.is_melody.sum() == len(MELODY.notes)
    assert tuple(example.notes[example.is_melody, 2]) == MELODY.pitches
    assert example.notes[-1, 1] == pytest.approx(MELODY.duration * 60 / MELODY.qpm)


def test_a_missing_split_is_one_sentence(tmp_path):
    (tmp_path / "metadata.csv").write_text("file,split\n")
    with pytest.raises(InputError, match="no songs of the train split"):
        read_pop_songs(tmp_path, "train")


# measuring


def test_agreement_counts_notes_of_the_right_pitch_within_50_ms():
    late = [
        note._replace(onset=note.onset + by) for note, by in zip(MELODY.notes, [0.08, 0.09, 0, 0, 0, 0, 0], strict=True)
    ]
    late[2] = late[2]._replace(pitch=60)  # 100 quarters a minute: 0.08 quarters are 48 ms, 0.09 are 54
    precision, recall, f1 = agreement(MELODY, replace(MELODY, notes=tuple(late[:6])))
    assert (precision, recall) == pytest.approx((4 / 6, 4 / 7))
    assert f1 == pytest.approx(2 * 4 / 13)


def test_measuring_averages_over_songs():
    song = Song(MELODY, MELODY)
    empty = Score((Note(0, 1, 20),), MELODY.qpm)
    rows = measure([song, song], {"all": lambda score: score, "none": lambda _: empty})
    assert [(row["method"], row["precision"], row["recall"], row["F1"]) for row in rows] == [
        ("all", 1, 1, 1),
        ("none", 0, 0, 0),
    ]
    assert {note.velocity for note in flat(MELODY).notes} == {64}
