from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.accompaniment import accompany, moved_key, share_in_key
from core.checkpoint import Checkpoint
from core.codecs import ArrangementCodec, CodecError
from core.codecs.arrangement import ACCOMPANIMENT, MELODY, Event, told_events
from core.errors import InputError
from core.sampling import SamplingConfig
from core.score import Note, Score
from tests.conftest import MELODY as SEVEN_NOTES
from tests.conftest import tiny_checkpoint

CODEC = ArrangementCodec()
LONG = Score(tuple(Note(16 * i, 16, 60 + i % 12) for i in range(30)))


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """An untrained network: it says anything that it may."""
    return tiny_checkpoint("piano-accompaniment")


melodies = st.builds(
    lambda steps, metre, upbeat, quarter: Score(
        tuple(
            Note(sum(s[0] + s[1] for s in steps[:i]) * quarter + step[0] * quarter, step[1] * quarter, step[2])
            for i, step in enumerate(steps)
        ),
        time_signature=metre,
        upbeat=upbeat,
    ),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(40, 90)), min_size=1, max_size=12),
    st.sampled_from([(4, 4), (3, 4), (2, 4), (6, 8), (2, 2)]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.25, 1 / 3]),
)


@settings(max_examples=25)
@given(melodies, st.integers(0, 1000))
def test_the_melody_survives_note_for_note(checkpoint: Checkpoint, melody: Score, seed: int) -> None:
    found = accompany(checkpoint, melody, SamplingConfig(seed=seed))
    both, given_notes, kept, alone = (
        [(round(note.onset, 9), round(note.duration, 9), note.pitch) for note in score.notes]
        for score in (found.score, melody, found.melody, found.accompaniment)
    )
    assert sorted(both) == sorted(given_notes + alone)
    assert kept == given_notes
    assert all(note.onset >= 0 and note.offset <= melody.duration + 0.25 for note in found.accompaniment.notes)
    assert replace(found.score, notes=()) == replace(melody, notes=())


def test_the_same_seed_gives_the_same_and_another_something_else(checkpoint: Checkpoint) -> None:
    first, again, other = (accompany(checkpoint, LONG, SamplingConfig(seed=seed)).score for seed in (1, 1, 2))
    assert first == again != other


def test_only_the_notes_of_the_model_count(checkpoint: Checkpoint) -> None:
    found = accompany(checkpoint, LONG, SamplingConfig(seed=3))
    assert found.accompaniment.notes
    assert found.log_likelihood < 0


def test_what_cannot_be_accompanied_is_said(checkpoint: Checkpoint) -> None:
    with pytest.raises(InputError, match="5/4 cannot be accompanied"):
        accompany(checkpoint, replace(SEVEN_NOTES, time_signature=(5, 4)))
    with pytest.raises(InputError, match="no melody"):
        accompany(checkpoint, Score(()))
    with pytest.raises(InputError, match="no texture 'loud'"):
        accompany(checkpoint, SEVEN_NOTES, texture="loud")
    with pytest.raises(InputError, match="does not accompany"):
        accompany(tiny_checkpoint(), SEVEN_NOTES)
    with pytest.raises(InputError, match="longer than 200 bars"):
        accompany(checkpoint, Score((Note(900, 1, 60),)))


def test_the_accompaniment_is_told_a_bar_late_by_hand() -> None:
    melody = Score((Note(0, 1, 67), Note(1, 4, 72)), upbeat=1.0)
    chord = Score((Note(1, 2, 48), Note(1, 4, 52)))
    assert told_events(melody.notes, chord.notes, 16, 3.0) == [
        Event(12, MELODY, 67, 4),
        Event(16, MELODY, 72, 16),
        Event(32, ACCOMPANIMENT, 48, 8),
        Event(32, ACCOMPANIMENT, 52, 16),
    ]


def test_places_are_bars_and_steps_by_hand() -> None:
    events = [Event(12, MELODY, 67, 4), Event(16, MELODY, 72, 16), Event(34, ACCOMPANIMENT, 48, 8)]
    tokens = CODEC.tokens_of(events).view(-1, 4) - torch.tensor(CODEC.starts[:4])
    assert tokens.tolist() == [[12, 0, 46, 3], [16 + 0, 0, 51, 15], [16 + 2, 1, 27, 7]]
    assert CODEC.events_of([0, *CODEC.tokens_of(events).tolist()]) == events


@given(melodies)
def test_the_codec_carries_its_own_music_unchanged(melody: Score) -> None:
    once = CODEC.canonical(replace(melody, time_signature=(4, 4)))
    assert CODEC.canonical(once) == once


def test_tokens_that_are_no_music_are_said() -> None:
    with pytest.raises(CodecError, match="no arrangement"):
        CODEC.events_of([0, 7, 7, 7, 7])


@pytest.mark.parametrize(
    ("key", "way", "moved"),
    [("G", -7, "C"), ("F", -5, "C"), ("Em", 5, "Am"), ("Bb", 2, "C"), ("A", 0, "A"), ("", 3, "")],
)
def test_a_key_moves_with_the_melody(key: str, way: int, moved: str) -> None:
    assert moved_key(key, way) == moved


def test_a_melody_in_another_key_gets_the_same_accompaniment_in_it(checkpoint: Checkpoint) -> None:
    """The model knows one key: what it plays moves along."""
    tune = Score(tuple(Note(4 * i, 4, pitch) for i, pitch in enumerate((60, 64, 67, 72, 71, 67, 65, 60) * 3)))
    low, high = (accompany(checkpoint, score, SamplingConfig(seed=5)) for score in (tune, tune.transposed(4)))
    assert [note.onset for note in low.accompaniment.notes] == [note.onset for note in high.accompaniment.notes]
    steps = zip(low.accompaniment.notes, high.accompaniment.notes, strict=True)
    assert {(b.pitch - a.pitch) % 12 for a, b in steps} == {4}


def test_the_key_that_is_written_counts_where_it_fits() -> None:
    """An estimate of a short tune may err; one that fits better is taken all the same."""
    scale = Score(tuple(Note(i, 1, pitch) for i, pitch in enumerate((67, 69, 71, 72, 74, 76, 78, 79))), key="G")
    assert share_in_key(scale) == 1
    assert share_in_key(replace(scale, key="C")) == 7 / 8
    assert share_in_key(replace(scale, key="Em")) == 1
