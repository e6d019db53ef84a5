from __future__ import annotations

import math
from contextlib import suppress
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rhythm import MAX_NOTES, Rhythm, RhythmError, csv_to_rhythm, rhythm_to_csv
from core.score import Note, Score, monophonic

rests = st.floats(0, 60)
durations = st.floats(0.01, 60)
rhythms = st.lists(st.tuples(rests, durations), min_size=1, max_size=40).map(
    lambda beats: Rhythm(*zip(*beats, strict=True))
)


def test_times_follow_from_rests_and_durations() -> None:
    rhythm = Rhythm((0.5, 0.0, 0.25), (1.0, 0.5, 0.25))
    assert rhythm.onset_sec == (0.5, 1.5, 2.25)
    assert rhythm.offset_sec == (1.5, 2.0, 2.5)
    assert rhythm.total_sec == 2.5
    assert len(rhythm) == 3


@pytest.mark.parametrize(
    ("rest_sec", "duration_sec", "said"),
    [
        ((), (), "empty"),
        ((0, 0), (1,), "2 and 1"),
        ((0, -0.1), (1, 1), "Note 2"),
        ((0, 61), (1, 1), "Note 2"),
        ((0, 0, 0), (1, 1, 0), "Note 3"),
        ((0,), (0.009,), "Note 1"),
        ((0,), (60.1,), "Note 1"),
        ((0,), (math.nan,), "Note 1"),
        ((math.nan,), (1,), "Note 1"),
        ((math.inf,), (1,), "Note 1"),
        ((0,) * (MAX_NOTES + 1), (1,) * (MAX_NOTES + 1), "2001 notes"),
    ],
)
def test_what_is_no_rhythm_is_refused(rest_sec: tuple[float, ...], duration_sec: tuple[float, ...], said: str) -> None:
    with pytest.raises(RhythmError, match=said):
        Rhythm(rest_sec, duration_sec)


def test_from_score_keeps_the_top_of_a_chord_and_cuts_at_the_next_onset() -> None:
    score = Score((Note(0, 3, 60), Note(0, 1.5, 67), Note(1, 1, 65), Note(3, 1, 64)), qpm=120)
    rhythm = Rhythm.from_score(score)
    assert rhythm.rest_sec == (0, 0, 0.5)
    assert rhythm.duration_sec == (0.5, 0.5, 0.5)


def test_from_score_survives_notes_of_no_length() -> None:
    rhythm = Rhythm.from_score(Score((Note(0, 0, 60), Note(1, 1e-6, 60)), qpm=60))
    assert rhythm.duration_sec == (0.01, 0.01)


@given(st.lists(st.tuples(st.floats(0, 0.03), st.floats(0, 0.1), st.integers(50, 70)), min_size=1, max_size=40))
def test_a_rhythm_has_a_note_for_each_of_the_melody(steps: list[tuple[float, float, int]]) -> None:
    """However close together they are struck."""
    onsets = accumulate(step[0] for step in steps)
    score = Score(tuple(Note(onset, step[1], step[2]) for onset, step in zip(onsets, steps, strict=True)), qpm=60)
    line = monophonic(score)
    rhythm = Rhythm.from_score(score)
    assert len(rhythm) == len(line.notes)
    assert rhythm.onset_sec == pytest.approx([note.onset for note in line.notes], abs=1e-5)
    assert Rhythm.from_score(line) == rhythm


def test_an_empty_score_is_no_rhythm() -> None:
    with pytest.raises(RhythmError, match="empty"):
        Rhythm.from_score(Score(()))


def test_claps_last_until_the_next() -> None:
    rhythm = Rhythm.from_onsets([3.0, 3.5, 4.0, 5.0])
    assert rhythm.rest_sec == (0, 0, 0, 0)
    assert rhythm.duration_sec == (0.5, 0.5, 1.0, 0.5)
    assert Rhythm.from_onsets([3.0, 3.5], last=2).duration_sec == (0.5, 2.0)
    assert len(Rhythm.from_onsets([7.0])) == 1


@pytest.mark.parametrize("onsets", [[], [1.0, 1.0], [2.0, 1.0], [0.0, math.nan]])
def test_impossible_claps_are_refused(onsets: list[float]) -> None:
    with pytest.raises(RhythmError):
        Rhythm.from_onsets(onsets)


def test_taps_start_at_zero_and_do_not_overlap() -> None:
    rhythm = Rhythm.from_taps([(10.0, 10.25), (10.5, 11.5), (11.0, 11.25)])
    assert rhythm.rest_sec == (0, 0.25, 0)
    assert rhythm.duration_sec == (0.25, 0.5, 0.25)
    with pytest.raises(RhythmError):
        Rhythm.from_taps([(0.0, math.inf)])
    with pytest.raises(RhythmError, match="empty"):
        Rhythm.from_taps([])


@given(rhythms, st.floats(20, 300))
def test_a_score_and_back(rhythm: Rhythm, qpm: float) -> None:
    score = rhythm.to_score([60] * len(rhythm), qpm)
    assert [note.onset * 60 / qpm for note in score.notes] == pytest.approx(rhythm.onset_sec)
    again = Rhythm.from_score(score)
    assert again.rest_sec == pytest.approx(rhythm.rest_sec, abs=1e-6)
    assert again.duration_sec == pytest.approx(rhythm.duration_sec, abs=1e-6)


def test_the_first_notes_of_a_rhythm() -> None:
    rhythm = Rhythm((0.0, 0.5), (1.0, 2.0))
    assert rhythm.cut(1) == Rhythm((0.0,), (1.0,))
    assert rhythm.cut(9) == rhythm


@given(rhythms)
def test_csv_reads_back_exactly(rhythm: Rhythm) -> None:
    assert csv_to_rhythm(rhythm_to_csv(rhythm)) == rhythm


@pytest.mark.parametrize(
    "text",
    [
        b"rest_sec,duration_sec\n0.5,1\n0,0.25\n",
        b"\xef\xbb\xbfrest_sec,duration_sec\r\n0.5,1\r\n0,0.25\r\n",
        b"rest_sec;duration_sec\r\n0,5;1\r\n0;0,25",
        b"Rest_sec ; Duration_sec\n 0.5 ; 1 \n\n 0 ; .25 \n\n",
        b"0.5, 1\n0, 2.5e-1",
        b'"0.5","1"\n"0","0.25"',
        b"0,5\t1\n0\t0,25",
        "\ufeffrest_sec,duration_sec\n0.5,1\n0,0.25",
    ],
)
def test_csv_as_spreadsheets_write_it(text: str | bytes) -> None:
    assert csv_to_rhythm(text) == Rhythm((0.5, 0.0), (1.0, 0.25))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty"),
        (b"rest_sec,duration_sec\n", "empty"),
        (b"rest_sec,duration_sec\n0,1\n0,nan", "Row 3"),
        (b"0,inf", "Row 1"),
        (b"0,1e999", "Row 1"),
        (b"-1,1", "Row 1"),
        (b"0,0", "Row 1"),
        (b"0,1\n\nla,1", "Row 3: 'la'"),
        (b"0,1,2", "two cells, not 3"),
        (b"1\n2", "two cells, not 1"),
        (b"duration_sec,rest_sec\n1,0", "Row 1"),
        (b"\xff\xfe0\x00,\x001\x00", "not text"),
        (b"0,1\n" * 2001, "2001 notes"),
        (b"0,1\n" * 300_000, "too large"),
    ],
)
def test_csv_that_is_no_rhythm(text: bytes, said: str) -> None:
    with pytest.raises(RhythmError, match=said):
        csv_to_rhythm(text)


@given(st.one_of(st.text(), st.binary()))
def test_csv_of_anything_is_a_rhythm_or_a_sentence(text: str | bytes) -> None:
    with suppress(RhythmError):  # any other exception fails the test
        csv_to_rhythm(text)
