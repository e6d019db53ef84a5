"""What the Neurons page tells a model of piano music: every note with its own tokens, numbered as it is engraved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.checkpoint import Checkpoint
from core.codecs import Codec, PianoRollCodec
from core.codecs.fields import FieldCodec
from core.inspection import Subject, subject
from core.piano_notation import single_strokes
from core.score import Note, Score
from core.ui.neuron_told import MAX_NOTES, all_notes, as_engraved
from core.ui.neuron_why import Source
from tests.conftest import tiny_checkpoint

READERS = [tiny_checkpoint(name) for name in ("piano-transformer", "piano-accompaniment", "roll-gru")]
every_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.codec.name)
performances = some.lists(
    some.tuples(some.integers(0, 500), some.integers(1, 90), some.integers(15, 112)), min_size=1, max_size=25
)


def pitches_at(codec: Codec, told: Subject, note: int) -> tuple[int, ...]:
    """The keys that the tokens of a note name."""
    first, tokens = told.note_tokens[note], told.encoded.tokens.tolist()
    if isinstance(codec, FieldCodec):
        return (codec.pitches[tokens[first + codec.key_field]],)
    assert isinstance(codec, PianoRollCodec)
    known = tokens[first] < codec.other_token
    return codec.vocabulary[tokens[first]] if known else tuple(range(21, 109))


@every_reader
@given(performances)
def test_every_note_has_the_tokens_that_name_it(reader: Checkpoint, played: list[tuple[int, int, int]]) -> None:
    score = single_strokes(Score(tuple(Note(start / 50, length / 50, pitch) for start, length, pitch in played)))
    told = as_engraved(subject(reader, score), score)
    assert told.score is not None
    assert single_strokes(told.score) == told.score, "so an engraving numbers notes as the score does"
    assert len(told.note_tokens) == len(told.score.notes)
    for note, pitch in enumerate(told.score.pitches):
        assert pitch in pitches_at(reader.codec, told, note)


@every_reader
def test_music_that_is_carried_whole_stands_as_it_is(reader: Checkpoint) -> None:
    score = Score(tuple(Note(i / 2, 0.5, pitch) for i in range(8) for pitch in (48 + i, 67 + i)), 90, (3, 4), 1.0, "G")
    told = as_engraved(subject(reader, score), score)
    assert told.score == score
    ordered = [told.note_tokens[note] for note in sorted(range(16), key=lambda note: score.notes[note][:1])]
    assert (ordered == sorted(ordered)) == (reader.codec.name != "arrangement"), "which tells the left hand late"


def test_a_key_struck_twice_within_a_moment_is_one_note_and_of_a_long_piece_the_beginning_is_told() -> None:
    twice = Source("Twice", Score((Note(0, 1, 60), Note(0.01, 2, 60), Note(1, 1, 62))))
    assert all_notes(twice).pitches == (60, 62)
    long = Score(tuple(Note(i, 1, 60 + i % 3) for i in range(900)))
    assert len(all_notes(Source("Long", Score((Note(0, 1, 60),)), whole=long)).notes) == MAX_NOTES
    assert all_notes(Source("Text", text="X:1\nM:2/4\nL:1/4\nK:G\n|:[GB]2:|")).pitches == (67, 71)
