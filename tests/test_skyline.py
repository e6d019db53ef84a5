"""The skyline of a polyphonic score."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.formats.skyline import melody_line
from core.score import Note, Score

SECOND = 2.0  # quarters at the default 120 a minute


def line(*notes: tuple[float, float, int]) -> list[tuple[float, float, int]]:
    kept = melody_line(Score(tuple(Note(*note) for note in notes))).notes
    return [(note.onset, note.duration, note.pitch) for note in kept]


def test_the_highest_of_a_chord():
    assert line((0, 1, 60), (0, 1, 64), (0, 1, 67), (1, 1, 62), (1, 2, 65)) == [(0, 1, 67), (1, 2, 65)]


def test_a_lower_note_under_a_sounding_one_is_dropped():
    assert line((0, 4, 72), (1, 1, 60), (2, 2, 64)) == [(0, 4, 72)]


def test_a_held_note_is_cut_by_a_higher_one_but_still_covers_what_is_below():
    assert line((0, 4, 72), (1, 1, 76), (2, 1, 60)) == [(0, 1, 72), (1, 1, 76)]


def test_a_lower_note_in_a_rest_of_the_upper_voice_is_heard():
    assert line((0, 1, 72), (0, 4, 48), (1, 1, 55), (2, 1, 74)) == [(0, 1, 72), (1, 1, 55), (2, 1, 74)]


def test_a_repeated_note_is_struck_again():
    assert line((0, 2, 72), (1, 1, 72)) == [(0, 1, 72), (1, 1, 72)]


def test_a_rolled_chord_is_one_note():
    assert line((0, 1, 60), (0.01 * SECOND, 1, 64), (0.025 * SECOND, 1, 67)) == [(0.05, 1, 67)]


def test_a_voice_doubled_in_unison_is_one_voice():
    assert line((0, 1, 67), (0.01 * SECOND, 1, 67), (1, 1, 65)) == [(0, 1, 67), (1, 1, 65)]


def test_a_falling_legato_line_keeps_its_notes():
    overlap = 0.04 * SECOND
    assert line((0, 1 + overlap, 67), (1, 1 + overlap, 65), (2, 1, 64)) == [(0, 1, 67), (1, 1, 65), (2, 1, 64)]


def test_velocity_and_what_surrounds_the_notes_stay():
    score = Score((Note(0, 1, 60, 50), Note(0, 1, 72, 99)), qpm=90, key="F", time_signature=(3, 4), title="T")
    kept = melody_line(score)
    assert kept.notes == (Note(0, 1, 72, 99),)
    assert (kept.qpm, kept.key, kept.time_signature, kept.title) == (90, "F", (3, 4), "T")


def test_nothing_from_nothing():
    assert melody_line(Score(())).notes == ()


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0.001, 4), st.integers(0, 127)), max_size=60))
def test_a_monophonic_score_is_its_own_line(steps):
    notes, now = [], 0.0
    for rest, duration, pitch in steps:
        notes.append(Note(now + rest, duration, pitch))
        now = notes[-1].offset
    score = Score(tuple(notes))
    assert melody_line(score) == score


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0.01, 4), st.integers(40, 90)), min_size=1, max_size=60))
def test_a_line_is_monophonic_and_made_of_the_notes(triples):
    score = Score(tuple(Note(*triple) for triple in triples))
    kept = melody_line(score).notes
    assert kept
    assert all(before.offset <= after.onset + 1e-9 for before, after in itertools.pairwise(kept))
    assert {(n.onset, n.pitch) for n in kept} <= {(n.onset, n.pitch) for n in score.notes}
    assert max(n.pitch for n in kept) == max(score.pitches)
    assert melody_line(melody_line(score)) == melody_line(score)


@pytest.mark.parametrize("num_notes", [20_000])
def test_a_wall_of_notes_is_no_trouble(num_notes):
    score = Score(tuple(Note(i * 1e-4, 100, 30 + i % 80) for i in range(num_notes)))
    assert 0 < len(melody_line(score).notes) < num_notes
