from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.codecs import CodecError, Encoded, PianoCodec
from core.codecs.fields import NUM_FIELDS
from core.codecs.piano import DURATION, PITCH, SHIFT, VELOCITY, duration_values, shift_values
from core.recipes import PIANO
from core.score import Note, Score
from models.piano_transformer import PianoTransformerConfig

CODEC = PianoCodec()
CHORD = Score((Note(1.0, 2.0, 60, 64), Note(1.0, 2.0, 64, 81), Note(1.5, 0.5, 67, 127)), qpm=120)

notes = st.lists(
    st.builds(Note, st.floats(0, 60), st.floats(0.05, 20), st.integers(0, 127), st.integers(1, 127)),
    min_size=1,
    max_size=60,
)


def fields(score: Score) -> torch.Tensor:
    """(N, 4) The value of each field of each note."""
    return CODEC.encode(score).tokens[1:-1].view(-1, NUM_FIELDS) - torch.tensor(CODEC.starts[:NUM_FIELDS])


def test_a_chord_and_a_note_by_hand() -> None:
    first, second, third = fields(CHORD)
    assert [first[PITCH], second[PITCH], third[PITCH]] == [60 - 21, 64 - 21, 67 - 21]
    assert [first[VELOCITY], second[VELOCITY], third[VELOCITY]] == [64 // 4, 81 // 4, 127 // 4]
    assert [first[SHIFT], second[SHIFT], third[SHIFT]] == [0, 0, 25], "a quarter of a second, in hundredths"
    assert duration_values()[third[DURATION]] == pytest.approx(0.25, rel=0.06)


def test_the_style_comes_first_and_the_end_last() -> None:
    tokens = CODEC.encode(CHORD).tokens.tolist()
    assert tokens[0] == CODEC.kind_token("any") == 0
    assert tokens[-1] == CODEC.end_token
    assert len(tokens) == 1 + 3 * NUM_FIELDS + 1


def test_what_is_decoded_sounds_like_what_was_encoded() -> None:
    back = CODEC.canonical(CHORD)
    assert back.pitches == (60, 64, 67)
    assert [note.onset for note in back.notes] == [0.0, 0.0, 0.5], "from the first note on"
    assert all(abs(note.velocity - given.velocity) <= 3 for note, given in zip(back.notes, CHORD.notes, strict=True))


@given(notes)
def test_the_codec_carries_its_own_music_unchanged(given_notes: list[Note]) -> None:
    once = CODEC.canonical(Score(tuple(given_notes)))
    assert CODEC.canonical(once) == once
    assert len(once.notes) == len(given_notes)


@given(st.lists(st.floats(0.001, 7.9), min_size=1, max_size=200))
def test_rounding_errors_do_not_add_up(shifts: list[float]) -> None:
    onset = np.cumsum(shifts)
    played = np.stack([onset, np.full_like(onset, 0.1), np.full_like(onset, 60), np.full_like(onset, 64)], axis=1)
    back = CODEC.score_of([0, *CODEC.notes_tokens(played).tolist()])
    told = np.array([note.onset for note in back.notes]) * 60 / back.qpm
    assert np.abs(told - (onset - onset[0])).max() <= shift_values()[-1] - shift_values()[-2], "of the coarsest shift"


@pytest.mark.parametrize(("pitch", "found"), [(5, 29), (20, 32), (21, 21), (108, 108), (109, 97), (127, 103)])
def test_keys_that_no_piano_has_move_by_octaves(pitch: int, found: int) -> None:
    assert CODEC.canonical(Score((Note(0, 1, pitch),))).pitches == (found,)


def test_a_note_that_is_not_whole_is_left_out_and_what_is_no_note_is_said() -> None:
    tokens = CODEC.encode(CHORD).tokens
    assert len(CODEC.decode(Encoded(tokens[: 1 + NUM_FIELDS + 2])).notes) == 1
    with pytest.raises(CodecError, match="no piano music"):
        CODEC.decode(Encoded(tokens.roll(1)))


def test_an_unknown_style_is_said() -> None:
    with pytest.raises(CodecError, match="no style 'Nobody'"):
        CODEC.kind_token("Nobody")


def test_the_network_knows_the_fields_of_the_codec() -> None:
    config = PianoTransformerConfig(CODEC.vocab_size, **PIANO.config)
    assert (config.num_styles, config.num_values) == (len(CODEC.styles), CODEC.num_values)
    assert sum(config.num_values) + config.num_styles + 1 == CODEC.vocab_size
