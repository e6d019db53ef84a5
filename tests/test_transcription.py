"""Melodies are performed with human faults and written down again; the rhythms are those of Essen folk songs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import cycle, islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.transcription import measure_transcription, num_correct, perform
from core.formats.bars import score_to_bars
from core.rhythm import Rhythm, RhythmError, notate, parse_note_values, parse_time_signature
from core.rhythm.metre_prior import METRES, VALUES, all_priors, count_values, metre_priors
from core.score import Note, Score
from tests.tapped_patterns import TAPPED

SONGS = [
    parse_note_values(text, time_signature=metre)
    for metre, text in [
        ((4, 4), "q | q. e q q | h q q | q q q e e | h qr q | q q q q | h q q | q q q q | h"),
        ((4, 4), "q | q e e q q | q q q q | q e e q e e | q e e q q | q e e q q | q e e q q | q q q q | h"),
        ((4, 4), "e e | q q e e e e | q q q q | q. e q q | q q qr q | q. e q. e | q q q q | q. e q q | q q"),
        ((4, 4), "e e e e q q | e e e e q q | q q q q | q h.r | q. e q q | q. e q q | q. e e e e e | q"),
        ((2, 4), "e | q e e | e e e e | q e e | q er e | q e e | q e e | q e e | q er e | q q | q e e | q e e | q"),
        ((2, 4), "s s | e. s s s s s | q e e | e e s s s s | q er e | e e s s e | q q | q e e | e s s e e | q"),
        (
            (2, 4),
            "e | e. s e e | q e e | e. s e e | q er s s | e e e e | e e e e | e e e e | e e e e | e e s s s s | q",
        ),
        ((3, 4), "q | e e q q | e e q. e | e e q e e | e e e. s e e | e e q q | e e q. e | e e q q | e e q"),
        ((3, 4), "e e e | q q e e | q e er e e | q. e e e | q e e e e | q q e e | q. e e e | q. e e e | q."),
        ((3, 4), "e e | q q e e | q q e e | q q e e | h e e | q q e e | q q e e | q q e e | h"),
        ((6, 8), "q e q e | q e q. | q e q e | q. q. | q e q e | q e q. | q. q. | q e q. | q e q e | q. q. |"),
        ((6, 8), "e | e e e e. s e | q e q e | e. s e e e e | q. q e | e e e e e e | q. q e | e. s e q e | q."),
    ]
]

rhythms = st.lists(
    st.tuples(st.floats(0, 60) | st.just(0.0), st.floats(0.01, 60) | st.floats(0.05, 1)), min_size=1, max_size=30
).map(lambda beats: Rhythm(*zip(*beats, strict=True)))


def intervals(score: Score) -> list[float]:
    return np.diff([note.onset for note in score.notes]).tolist()


def check_notation(score: Score, rhythm: Rhythm) -> None:
    assert len(score.notes) == len(rhythm)
    assert score.notes[0].onset == 0
    assert all(0 < note.duration <= 8 for note in score.notes)
    assert all(a.offset <= b.onset + 1e-9 for a, b in pairwise(score.notes))
    assert 0 <= score.upbeat < score.bar_length
    assert 1 < score.qpm < 1000


@settings(deadline=None, max_examples=50)
@given(rhythms)
def test_every_rhythm_can_be_written(rhythm: Rhythm) -> None:
    check_notation(notate(rhythm), rhythm)


@settings(deadline=None, max_examples=25)
@given(rhythms, st.floats(20, 400), st.sampled_from([(2, 4), (6, 8), (5, 4), (7, 8), (12, 8), (4, 1), (1, 16), (3, 2)]))
def test_every_rhythm_can_be_written_at_any_tempo_in_any_metre(
    rhythm: Rhythm, qpm: float, time_signature: tuple[int, int]
) -> None:
    score = notate(rhythm, qpm=qpm, time_signature=time_signature)
    check_notation(score, rhythm)
    assert (score.qpm, score.time_signature) == (qpm, time_signature)


@pytest.mark.parametrize("duration", [0.01, 0.1, 0.3, 0.5, 1.0, 2.0, 7.0, 60.0])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_equal_claps_are_equal_notes(duration: float, count: int) -> None:
    score = notate(Rhythm((0.0,) * count, (duration,) * count))
    check_notation(score, Rhythm((0.0,) * count, (duration,) * count))
    assert len(set(intervals(score))) <= 1


def test_the_longest_rhythm() -> None:
    song = Rhythm.from_score(SONGS[0])
    rests, durations = (tuple(islice(cycle(secs), 2000)) for secs in (song.rest_sec, song.duration_sec))
    rhythm = Rhythm(rests, durations)
    check_notation(notate(rhythm), rhythm)


def test_the_same_rhythm_is_always_written_the_same() -> None:
    rhythm = perform(SONGS[3], 0.03, 0.05, 0.8, np.random.default_rng(1))
    assert notate(rhythm) == notate(rhythm)


@pytest.mark.parametrize("song", SONGS, ids=range(len(SONGS)))
def test_an_exact_performance_is_written_exactly(song: Score) -> None:
    written = notate(Rhythm.from_score(song), qpm=song.qpm, time_signature=song.time_signature)
    assert [note[:2] for note in written.notes] == [note[:2] for note in song.notes]


@pytest.mark.parametrize(("jitter_ms", "floor"), [(10, 0.98), (20, 0.96), (30, 0.92)])
@pytest.mark.parametrize("drift", [0.0, 0.05])
@pytest.mark.parametrize("articulation", [1.0, 0.8])
def test_values_survive_human_timing(jitter_ms: float, floor: float, drift: float, articulation: float) -> None:
    measured = measure_transcription(SONGS * 2, jitter_ms, drift, articulation=articulation)
    assert measured["notes"] == 2 * sum(len(song.notes) for song in SONGS)
    assert measured["intervals"] >= floor
    assert measured["values"] >= floor - 0.02


def test_triplets_and_dots() -> None:
    text = "q e e q. e | h e3 e3 e3 q | q. e q q | e3 e3 e3 e e h | q q e e q | h. q"
    song = parse_note_values(text.replace(" | ", " "), qpm=90)
    written = notate(Rhythm.from_score(song), qpm=90, time_signature=(4, 4))
    assert intervals(written) == pytest.approx(intervals(song))


def test_staccato_is_no_rest_and_silence_is() -> None:
    song = parse_note_values("q q e e q | q q hr | q q e e q | q q hr", qpm=100)
    legato = notate(Rhythm.from_score(song), time_signature=(4, 4))
    staccato = notate(perform(song, 0.0, 0.0, 0.5, np.random.default_rng(0)), time_signature=(4, 4))
    for written in (legato, staccato):
        assert [note[:2] for note in written.notes] == [note[:2] for note in song.notes]


def test_a_pause_does_not_upset_what_follows() -> None:
    half = [0.3, 0.3, 0.6] * 6
    written = notate(Rhythm((0.0,) * 37, (*half, 50.0, *half)), time_signature=(4, 4))
    steps = intervals(written)
    assert steps[:18] == pytest.approx(np.array(half) / half[0] * steps[0])
    assert steps[19:] == pytest.approx(np.array(half[:-1]) / half[0] * steps[0])


def test_the_tempo_that_is_given_decides_between_readings() -> None:
    rhythm = Rhythm((0.0,) * 16, (0.5,) * 16)
    assert set(intervals(notate(rhythm, qpm=60))) == {0.5}
    assert set(intervals(notate(rhythm, qpm=120))) == {1.0}
    assert set(intervals(notate(rhythm, qpm=240))) == {2.0}


@pytest.mark.parametrize("qpm", [0.0, -60.0, float("nan"), float("inf"), 1e9])
def test_an_impossible_tempo_is_refused(qpm: float) -> None:
    with pytest.raises(RhythmError, match="tempo"):
        notate(Rhythm((0.0,), (1.0,)), qpm=qpm)


@pytest.mark.parametrize("metre", [(0, 4), (4, 3), (4, 0), (99, 4), (-3, 4), (4, 64)])
def test_an_impossible_metre_is_refused(metre: tuple[int, int]) -> None:
    with pytest.raises(RhythmError, match="bar"):
        notate(Rhythm((0.0,), (1.0,)), time_signature=metre)


@pytest.mark.parametrize("text", ["", "3", "3/", "/4", "a/b", "3/4/4", "-3/4", "0/4", "3/5", "3.0/4", "9" * 50 + "/4"])
def test_what_is_no_metre_is_refused(text: str) -> None:
    with pytest.raises(RhythmError):
        parse_time_signature(text)


def test_a_metre_as_text() -> None:
    assert parse_time_signature(" 6/8 ") == (6, 8)


@pytest.mark.parametrize("upbeat", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("metre", [None, (3, 4), (6, 8)])
def test_the_upbeat_that_is_given_is_kept(upbeat: float, metre: tuple[int, int] | None) -> None:
    rhythm = Rhythm((0.0,) * 12, (0.5, 0.5, 0.25, 0.25, 0.5, 1.0) * 2)
    written = notate(rhythm, time_signature=metre, upbeat=upbeat)
    check_notation(written, rhythm)
    assert written.upbeat == pytest.approx(upbeat)


@pytest.mark.parametrize("upbeat", [-1.0, 3.0, 4.0, float("nan"), float("inf")])
def test_an_impossible_upbeat_is_refused(upbeat: float) -> None:
    with pytest.raises(RhythmError, match="upbeat"):
        notate(Rhythm((0.0,), (1.0,)), time_signature=(3, 4), upbeat=upbeat)


def is_read_as(written: Score, meant: Score) -> bool:
    """The same notes at the same places; whether two bars of 2/4 are one of 4/4 is a matter of taste."""
    metres = {written.time_signature, meant.time_signature}
    same_bars = len(metres) == 1 or metres == {(2, 4), (4, 4)}
    bar = min(written.bar_length, meant.bar_length)
    onsets = ([note.onset for note in score.notes] for score in (written, meant))
    return same_bars and (written.upbeat - meant.upbeat) % bar == 0 and bool(np.allclose(*onsets, atol=1e-3))


def is_readable(score: Score) -> bool:
    """No note of more than three noteheads, none shorter than a sixteenth but in a triplet."""
    symbols = [symbol for bar in score_to_bars(score) for symbol in bar.symbols if symbol.heads]
    return max(head.part for symbol in symbols for head in symbol.heads) < 3 and all(
        symbol.triplet or symbol.length >= 12 for symbol in symbols
    )


@cache
def readings(name: str) -> list[Score]:
    """Of a pattern that is tapped at several tempi, in time and held, or less so."""
    styles = [(qpm, style) for qpm in (80, 100, 116) for style in ((0.010, 1.0), (0.015, 0.6))]
    return [
        notate(perform(replace(TAPPED[name], qpm=qpm), jitter, 0.0, hold, np.random.default_rng(qpm)))
        for qpm, (jitter, hold) in styles
    ]


@pytest.mark.parametrize("name", TAPPED)
def test_tapped_patterns_are_readable(name: str) -> None:
    assert all(is_readable(written) for written in readings(name))


def test_tapped_patterns_are_read_as_a_musician_would() -> None:
    read = {name: np.mean([is_read_as(w, song) for w in readings(name)]) for name, song in TAPPED.items()}
    assert np.mean(list(read.values())) >= 0.9, {name: share for name, share in read.items() if share < 1}


def test_rests_after_early_releases_are_rests() -> None:
    song = parse_note_values("4x(q qr e e q |) w", qpm=100)
    written = notate(perform(song, 0.01, 0.0, 0.7, np.random.default_rng(2)))
    assert [note.duration for note in written.notes[:-1]] == [note.duration for note in song.notes[:-1]]


def test_places_are_counted_from_the_bar_line() -> None:
    true = parse_note_values("q | q q e e q | h", time_signature=(4, 4))
    shifted = replace(true, upbeat=2.0)
    faster = Score(tuple(Note(n.onset / 2, n.duration / 2, 60) for n in true.notes), time_signature=(4, 8), upbeat=0.5)
    assert num_correct(true, true, 1.0) == (7, 6, 7, 1)
    assert num_correct(true, shifted, 1.0) == (7, 6, 0, 1)
    assert num_correct(true, faster, 2.0) == (7, 6, 7, 1)
    assert num_correct(true, faster, 1.0)[0] == 0


@pytest.mark.parametrize("metre", [*METRES, (5, 4), (2, 2), (9, 8), (12, 8), (3, 8)])
def test_expectations_are_probabilities(metre: tuple[int, int]) -> None:
    for prior in metre_priors(metre):
        assert prior.time_signature == metre
        assert 0 < np.exp(prior.log_start).sum() <= 1 + 1e-9
        assert np.exp(prior.log_end).sum() == pytest.approx(1)
        assert np.exp(prior.log_value).sum(axis=1) == pytest.approx(np.ones(prior.bar))


def test_all_metres_together_are_one_expectation() -> None:
    assert sum(np.exp(prior.log_start).sum() for prior in all_priors()) == pytest.approx(1)


def test_counts_are_of_positions_and_values() -> None:
    table = count_values([parse_note_values("e | q e e | h", time_signature=(2, 4))])["2/4"]
    assert np.flatnonzero(table["starts"]).tolist() == [6]  # an eighth before the bar line, in sixteenths
    assert np.flatnonzero(table["ends"]).tolist() == [0]
    found = {(int(p), int(VALUES[v])) for p, v in zip(*np.nonzero(table["values"]), strict=True)}
    assert found == {(6, 12), (0, 24), (4, 12)}
