"""The laws of every codec, on real tunes."""

from __future__ import annotations

import random
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.codecs import CODECS, AbcCharsCodec, BeatCodec, Codec, CodecError, Encoded, StepCodec
from core.codecs.octaves import within
from core.codecs.steps import DURATIONS, is_regular
from core.data.corpora import load_corpus
from core.score import Note, Score
from tests.conftest import MELODY

every_codec = pytest.mark.parametrize("codec", [codec() for codec in CODECS.values()], ids=list(CODECS))


@pytest.fixture(scope="module")
def tunes() -> list[Score]:
    pieces = list(load_corpus("essen"))
    return [
        replace(piece.score, qpm=qpm)
        for piece, qpm in zip(random.Random(0).sample(pieces, 300), range(40, 340), strict=True)
    ]


@every_codec
def test_decoding_gives_the_canonical_score(codec: Codec, tunes: list[Score]) -> None:
    for score in tunes:
        assert codec.decode(codec.encode(score)) == codec.canonical(score)


@every_codec
def test_encoding_what_was_decoded_gives_the_same_tokens(codec: Codec, tunes: list[Score]) -> None:
    for score in tunes:
        encoded = codec.encode(score)
        again = codec.encode(codec.decode(encoded))
        assert torch.equal(again.tokens, encoded.tokens)
        assert (again.condition is None) == (encoded.condition is None)
        if encoded.condition is not None:
            assert torch.equal(again.condition, encoded.condition)


@every_codec
def test_tokens_are_of_the_vocabulary_and_never_the_start_token(codec: Codec, tunes: list[Score]) -> None:
    for score in tunes:
        tokens = codec.encode(score).tokens
        assert tokens.dtype == torch.int64
        assert 0 <= tokens.min() <= tokens.max() < codec.vocab_size
        assert codec.bos_token not in tokens


@every_codec
def test_a_codec_is_its_fields(codec: Codec) -> None:
    assert CODECS[codec.name](**asdict(codec)) == codec


def test_beats_by_hand() -> None:
    encoded = BeatCodec().encode(MELODY)  # 100 quarters a minute: 0.6 seconds each
    assert encoded.tokens.tolist() == [67, 69, 71, 72, 71, 67, 62]
    assert encoded.condition is not None
    rests, durations = encoded.condition.T.tolist()
    assert rests == [0, 0, 0, 0, 0.3, 0, 0.3]
    assert durations == [0.6, 0.3, 0.3, 0.6, 0.3, 1.2, 0.9]


def test_beats_keep_only_the_melody() -> None:
    """What the codec does not carry is gone, and nothing else: times, to the microsecond, and pitches stay."""
    score = Score((Note(0, 4, 48, 99), Note(0, 2, 60), Note(1, 1, 55), Note(3, 1, 64)), qpm=60, key="Em", title="x")
    canonical = BeatCodec().canonical(score)
    assert canonical == Score((Note(0, 2, 60), Note(2, 2, 55), Note(6, 2, 64)), qpm=120)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.02, 5), st.integers(0, 127)), min_size=1, max_size=30))
def test_beats_of_any_performance(beats: list[tuple[float, float, int]]) -> None:
    now, notes = 0.0, []
    for rest, duration, pitch in beats:
        notes.append(Note(now + rest, duration, pitch))
        now += rest + duration
    codec, score = BeatCodec(), Score(tuple(notes), qpm=60)
    decoded = codec.decode(codec.encode(score))
    assert decoded.pitches == score.pitches
    for after, before in zip(decoded.notes, score.notes, strict=True):
        assert after.onset / 2 == pytest.approx(before.onset, abs=2e-6)
        assert after.duration / 2 == pytest.approx(before.duration, abs=2e-6)
    assert codec.canonical(decoded) == decoded


def test_steps_by_hand() -> None:
    codec = StepCodec()
    score = Score((Note(0, 1, 67), Note(1, 0.5, 69), Note(2, 0.25, 71)), time_signature=(3, 4), upbeat=1.0)
    encoded = codec.encode(score)
    assert " ".join(codec.vocabulary[token] for token in encoded.tokens) == "67 _ _ _ 69 _ r r 71 /"
    assert encoded.condition is not None
    assert encoded.condition[:, 0].tolist() == [2, 2.25, 2.5, 2.75, 0, 0.25, 0.5, 0.75, 1, 1.25]
    assert encoded.condition[:, 1:].unique(dim=0).tolist() == [[3, 4]]
    assert codec.decode(encoded) == score


def test_steps_of_music_that_they_do_not_carry() -> None:
    codec = StepCodec()
    triplet = Score((Note(0, 1 / 12, 60), Note(1 / 12, 1 / 12, 62), Note(1 / 6, 1 / 12, 64), Note(0.25, 0.75, 20)))
    assert codec.canonical(triplet).notes == (Note(0, 0.25, 62), Note(0.25, 0.75, 44))
    with pytest.raises(CodecError, match="'H'"):
        codec.tokens_of(["60", "_", "H"])
    loose = codec.tokens_of(["_", "r", "_", "60", "/", "62"])
    assert codec.decode(Encoded(loose)).notes == (Note(0.75, 0.25, 60),)  # nothing is held, and nothing follows the end


def test_songs_of_plain_values_are_told_apart(tunes: list[Score]) -> None:
    assert is_regular(Score((Note(0, 1.5, 60), Note(2, 0.5, 62))))
    assert not is_regular(Score((Note(0, 1 / 3, 60), Note(1 / 3, 2 / 3, 62))))
    assert not is_regular(Score((Note(0, 1, 60), Note(1.125, 1, 62))))
    codec, regular = StepCodec(), [tune for tune in tunes if is_regular(tune)]
    assert len(regular) > len(tunes) / 2
    for tune in regular:  # nothing of theirs is lost
        assert {note.duration for note in tune.notes} <= DURATIONS
        assert [note[:2] for note in codec.canonical(tune).notes] == [note[:2] for note in tune.notes]


def test_characters_by_hand() -> None:
    codec = AbcCharsCodec()
    assert (codec.vocab_size, codec.end_token, codec.bos_token) == (98, 96, 97)
    text = "X:1\nK:G\nGA|"
    tokens = codec.encode_text(text).tokens
    assert tokens.tolist() == [57, 27, 18, 0, 44, 27, 40, 0, 40, 34, 93, 96]
    assert codec.text_of(tokens) == codec.text_of([*tokens.tolist(), 34, 35]) == text
    assert codec.text_of(tokens[:-1]) == text
    assert codec.text_of([]) == ""


def test_characters_of_a_score_are_a_tune_as_collections_write_it() -> None:
    codec = AbcCharsCodec()
    text = codec.text_of(codec.encode(replace(MELODY, title="Été")).tokens)
    assert text.startswith("X:1\nT:?t?\nM:")
    assert not text.endswith("\n")
    assert codec.canonical(MELODY).pitches == MELODY.pitches


@given(st.text(max_size=60))
def test_characters_of_any_text(text: str) -> None:
    codec = AbcCharsCodec()
    written = codec.text_of(codec.encode_text(text).tokens)
    assert set(written) <= set(codec.alphabet)
    assert written == codec.plain(text) == codec.plain(written)


def test_characters_that_are_no_music() -> None:
    codec = AbcCharsCodec()
    with pytest.raises(CodecError, match="K:"):
        codec.decode(codec.encode_text("no tune"))
    with pytest.raises(CodecError, match="0 to 95"):
        codec.text_of([1, codec.bos_token])


@given(st.lists(st.integers(0, 127), min_size=1), st.integers(20, 60), st.integers(11, 60))
def test_pitches_out_of_range_move_by_octaves_to_its_nearest_end(pitches: list[int], lowest: int, width: int) -> None:
    moved = [within(pitch, lowest, lowest + width) for pitch in pitches]
    for before, after in zip(pitches, moved, strict=True):
        same_name = [pitch for pitch in range(lowest, lowest + width + 1) if (pitch - before) % 12 == 0]
        assert after == min(same_name, key=lambda pitch: abs(pitch - before))
    assert within(np.array(pitches), lowest, lowest + width).tolist() == moved
