"""Piano music as frames of struck keys, and what they cost."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pretty_midi
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.codecs import CodecError, Encoded, PianoRollCodec, roll_version
from core.codecs.pianoroll import HIGHEST, LOWEST, MAX_FRAMES, Keys, roll_score, struck_sets
from core.score import Note, Score

CHORDS = PianoRollCodec(vocabulary=((), (60,), (60, 64), (72,)))

keys = st.integers(LOWEST, HIGHEST)
sets = st.frozensets(keys, max_size=6).map(lambda found: tuple(sorted(found)))
rolls = st.lists(sets, max_size=40).map(lambda frames: [*frames, (60,)])
"""frames up to one in which a key is struck"""
performances = st.lists(
    st.tuples(st.floats(0, 20), st.floats(0.01, 5), st.integers(0, 127), st.integers(1, 127)), min_size=1, max_size=40
).map(lambda notes: np.array(notes, np.float64))


def rows(*notes: tuple[float, float, int]) -> np.ndarray:
    """(onset_sec, duration_sec, pitch) as a performance."""
    return np.array([(*note, 80) for note in notes], np.float32)


def test_a_frame_is_the_set_of_keys_struck_in_it() -> None:
    score = Score((Note(0, 8, 60), Note(0.2, 1, 64), Note(0.6, 1, 67), Note(0.7, 1, 67), Note(1.2, 2, 60)), qpm=60)
    # five frames a second; at 60 quarters a minute quarters are seconds
    assert PianoRollCodec().struck(score) == [(60,), (64,), (), (67,), (), (), (60,)]
    assert PianoRollCodec(frames_per_sec=2).struck(score) == [(60, 64), (67,), (60,)]


def test_tokens_by_hand() -> None:
    frames: list[Keys] = [(60,), (), (60, 64), (61,), (72,), (60, 64, 67)]
    assert (CHORDS.vocab_size, CHORDS.other_token, CHORDS.bos_token) == (6, 4, 5)
    tokens = CHORDS.tokens_of(frames)
    assert tokens.tolist() == [1, 0, 2, 4, 3, 4]
    assert torch.equal(CHORDS.encode(roll_score(frames, 5)).tokens, tokens)
    decoded = CHORDS.frames(tokens)
    assert [decoded[i] for i in (0, 1, 2, 4)] == [(60,), (), (60, 64), (72,)]
    assert all(decoded[i] not in CHORDS.vocabulary for i in (3, 5))
    assert CHORDS.frames(tokens, given=frames[:4])[:4] == frames[:4]
    assert CHORDS.frames(tokens[:2], given=frames) == frames[:2]


def test_keys_are_held_until_one_near_them_is_struck_and_two_seconds_at_most() -> None:
    frames: list[Keys] = [(40, 60, 72), (), (65,), (66,), (60,), *[()] * 20, (43,)]
    lengths = {(round(note.onset / 0.4), note.pitch): note.duration / 0.4 for note in roll_score(frames, 5).notes}
    assert lengths == pytest.approx(
        {(0, 40): 10, (0, 60): 2, (0, 72): 10, (2, 65): 1, (3, 66): 10, (4, 60): 10, (25, 43): 10}
    )
    assert {note.velocity for note in roll_score(frames, 5).notes} == {80}
    assert {note.velocity for note in roll_version(roll_score(frames, 5), velocity=99).notes} == {99}


def test_pitches_that_a_piano_lacks_move_by_octaves() -> None:
    assert struck_sets(rows((0, 1, 20), (0, 1, 0), (0, 1, 127), (0, 1, 109)), 5) == [(24, 32, 97, 103)]


@given(rolls, st.integers(1, 20))
def test_the_frames_of_a_roll_are_those_it_was_made_of(frames: list[Keys], frames_per_sec: int) -> None:
    score = roll_score(frames, frames_per_sec)
    assert PianoRollCodec(frames_per_sec).struck(score) == frames
    assert roll_version(score, frames_per_sec) == score


@given(performances, st.integers(1, 12))
def test_every_strike_is_carried_and_no_other(performance: np.ndarray, frames_per_sec: int) -> None:
    score = Score(tuple(Note(on * 2, length * 2, int(pitch)) for on, length, pitch, _ in performance))
    carried = roll_version(score, frames_per_sec)
    struck = {(math.floor(note.onset / 2 * frames_per_sec + 1e-3), note.pitch % 12) for note in score.notes}
    assert {(round(note.onset / 2 * frames_per_sec), note.pitch % 12) for note in carried.notes} == struck
    assert all(LOWEST <= note.pitch <= HIGHEST for note in carried.notes)
    assert all(0 < note.duration <= max(4, 2 / frames_per_sec) + 1e-9 for note in carried.notes)


@given(performances)
def test_laws_of_a_codec_with_frames_outside_its_vocabulary(performance: np.ndarray) -> None:
    codec = PianoRollCodec.fitted([performance], num_sets=4)
    score = roll_score(struck_sets(performance, 5), 5)
    encoded = codec.encode(score)
    assert torch.equal(codec.encode(codec.decode(encoded)).tokens, encoded.tokens)
    assert codec.decode(encoded) == codec.canonical(score) == codec.canonical(codec.canonical(score))
    assert roll_score(codec.frames(encoded.tokens, given=codec.struck(score)), 5) == score


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.floats(0.05, 0.95), st.integers(1, 8), st.floats(0, 0.9), keys), max_size=30
    ),
    st.integers(1, 10),
)
def test_frames_are_those_in_which_the_roll_of_pretty_midi_rises(
    notes: list[tuple[int, float, int, float, int]], frames_per_sec: int
) -> None:
    """Notes of at least a frame, with a frame's rest before a key is struck again: else the roll does not fall."""
    sounding: dict[int, int] = {}
    midi, piano = pretty_midi.PrettyMIDI(), pretty_midi.Instrument(0)
    for frame, within, length, more, key in sorted(notes):
        if frame > sounding.get(key, -1):
            onset, offset = frame + within, frame + length + more
            piano.notes.append(pretty_midi.Note(80, key, onset / frames_per_sec, offset / frames_per_sec))
            sounding[key] = frame + length
    midi.instruments.append(piano)
    roll = np.pad(piano.get_piano_roll(fs=frames_per_sec) > 0, ((0, 0), (1, 0))) if piano.notes else np.zeros((128, 1))
    rises = [tuple(np.flatnonzero(column).tolist()) for column in (np.diff(roll.astype(int)) > 0).T]
    played = rows(*((note.start, note.end - note.start, note.pitch) for note in piano.notes)).reshape(-1, 4)
    found = struck_sets(played, frames_per_sec)
    assert found == rises[: len(found)]
    assert not any(rises[len(found) :])


def test_a_codec_is_fitted_to_performances() -> None:
    often, seldom = (0, 0.2, 60), [(0.2, 0.2, 60), (0.2, 0.2, 64)]
    one = rows(often, *seldom, (0.6, 0.2, 72), (0.6, 0.2, 76))
    codec = PianoRollCodec.fitted([one, rows(often), rows(often, (0.3, 0.2, 60), (0.3, 0.2, 64))], num_sets=3)
    assert codec.vocabulary == ((), (60,), (60, 64))  # silence first, then by how common they are
    # six frames with keys, beside the one that is taken for granted, of two and a half keys spread over all
    assert codec.key_probs[60 - LOWEST] == pytest.approx((5 + 2.5 / 88) / 7, rel=1e-5)
    assert codec.key_probs[72 - LOWEST] == pytest.approx((1 + 2.5 / 88) / 7, rel=1e-5)
    assert codec.key_probs[0] == pytest.approx(2.5 / 88 / 7, rel=1e-5)
    whole = PianoRollCodec.fitted([one])
    assert set(whole.vocabulary) == {(), (60,), (60, 64), (72, 76)}
    assert len(whole.key_probs) == 88
    assert PianoRollCodec.fitted([]).vocabulary == ((),)


def test_keys_drawn_are_outside_the_vocabulary_and_alike_where_the_music_is_alike() -> None:
    tokens = torch.tensor([4, 0, 4, 1, 4, 4])
    drawn = CHORDS.frames(tokens)
    assert CHORDS.frames(tokens[:3]) == drawn[:3]
    assert CHORDS.frames(torch.tensor([0, *tokens]))[1:] != drawn
    assert len({drawn[i] for i in (0, 2, 4, 5)}) == 4
    assert not {drawn[i] for i in (0, 2, 4, 5)} & set(CHORDS.vocabulary)


def test_keys_are_drawn_as_often_as_they_are_likely() -> None:
    codec = replace(CHORDS, vocabulary=((),), key_probs=tuple(np.linspace(0.01, 0.2, 88).tolist()))
    drawn = Counter(key for seed in range(3000) for key in codec.drawn(seed))
    within = codec.share_within  # silence is drawn again, so that every key is that much likelier
    expected = np.array(codec.key_probs) / (1 - within)
    found = np.array([drawn[key] for key in range(LOWEST, HIGHEST + 1)]) / 3000
    assert np.abs(found - expected).max() < 0.04
    assert np.corrcoef(found, expected)[0, 1] > 0.98


def test_other_nats_by_hand() -> None:
    probs = [1e-9] * 88
    probs[60 - LOWEST], probs[64 - LOWEST] = 0.5, 0.25
    codec = PianoRollCodec(vocabulary=((), (60,)), key_probs=tuple(probs))
    # the keys drawn make () with 3/8 and (60,) with 3/8, so that (64,) and (60, 64) have half of the rest each
    assert codec.other_nll([(), (60,), (60,)]) == 0
    assert codec.other_nll([(64,)]) == pytest.approx(math.log(2))
    assert codec.other_nll([(64,), (), (60, 64)]) == pytest.approx(2 * math.log(2))
    assert codec.other_nll([]) == 0


def unigram_nll(codec: PianoRollCodec, frames: list[Keys]) -> float:
    """Nats a frame of the tokens by how common they are, and of the keys that they leave open."""
    tokens = codec.tokens_of(frames)
    shares = tokens.bincount(minlength=codec.vocab_size).double() / len(tokens)
    return (-shares[tokens].log().sum().item() + codec.other_nll(frames)) / len(frames)


@given(
    st.lists(st.sampled_from([(), (60,), (62,), (60, 64), (48, 60), (48, 52, 55), (72,)]), max_size=60).map(
        lambda frames: [*frames, (60,)]
    )
)
def test_a_smaller_vocabulary_is_never_rewarded(frames: list[Keys]) -> None:
    performance = rows(*((0.2 * place, 0.2, key) for place, struck in enumerate(frames) for key in struck))
    figures = [unigram_nll(PianoRollCodec.fitted([performance], num_sets=size), frames) for size in range(1, 9)]
    assert all(fine <= coarse + 1e-9 for coarse, fine in pairwise(figures))


def test_what_is_no_roll_is_said() -> None:
    with pytest.raises(CodecError, match="0 to 4"):
        CHORDS.decode(Encoded(torch.tensor([1, CHORDS.bos_token])))
    with pytest.raises(CodecError, match="too long"):
        roll_version(Score((Note(2.0 * MAX_FRAMES / 5 + 1, 1, 60),)))
    with pytest.raises(CodecError, match="too small"):
        replace(CHORDS, key_probs=(1e-12,) * 88).frames(torch.tensor([4]))
    assert roll_version(Score(())) == Score(())
    assert CHORDS.encode(Score(())).tokens.tolist() == []


@given(st.sets(st.sets(st.integers(LOWEST, HIGHEST), min_size=1, max_size=6).map(lambda keys: tuple(sorted(keys)))))
def test_a_card_gives_the_codec_back(sets: set[tuple[int, ...]]) -> None:
    codec = PianoRollCodec(7, ((), *sorted(sets)))
    stored = json.loads(json.dumps(codec.to_json()))
    assert PianoRollCodec.from_json(stored) == codec


def test_a_card_has_two_digits_a_key() -> None:
    assert CHORDS.to_json()["vocabulary"] == ",3c,3c40,48"


@pytest.mark.parametrize("text", [None, 5, ",3", ",3c x", ",zz"])
def test_a_vocabulary_that_is_none_is_refused(text: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        PianoRollCodec.from_json({**CHORDS.to_json(), "vocabulary": text})
