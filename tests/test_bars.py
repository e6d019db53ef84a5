"""Note values as a musician reads them: bars, ties, rests and triplets."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from core.formats.bars import MAX_BARS, Bar, score_to_bars
from core.formats.grid import UNITS, snap
from core.formats.metre import bar_levels
from core.score import Note, Score
from tests.essen import essen_scores

METRES = [
    (4, 4),
    (3, 4),
    (2, 4),
    (6, 8),
    (2, 2),
    (3, 8),
    (9, 8),
    (12, 8),
    (5, 4),
    (7, 8),
    (3, 2),
    (5, 8),
    (6, 4),
    (4, 1),
]
SIGNS = {"whole": "1", "half": "2", "quarter": "4", "eighth": "8", "16th": "16", "32nd": "32", "64th": "64"}


def melody(*lengths: float, metre: tuple[int, int] = (4, 4), upbeat: float = 0) -> Score:
    """Notes of these lengths one after the other; a negative length is a rest."""
    notes, now = [], 0.0
    for length in lengths:
        if length > 0:
            notes.append(Note(now, length, 60 + len(notes) % 5))
        now += abs(length)
    return Score(tuple(notes), time_signature=metre, upbeat=upbeat)


def written(bar: Bar) -> str:
    """``4 8~ 8 r4``: a note value each, ``~`` for a tie to the next, ``r`` for rests, triplets in brackets."""
    words = []
    for symbol in bar.symbols:
        value, dots = symbol.value
        tied = any(not head.last for head in symbol.heads)
        word = ("" if symbol.heads else "r") + SIGNS[value] + "." * dots + "~" * tied
        words.append("[" * symbol.opens + word + "]" * symbol.closes)
    return " ".join(words)


def bars(*lengths: float, metre: tuple[int, int] = (4, 4), upbeat: float = 0) -> str:
    return " | ".join(written(bar) for bar in score_to_bars(melody(*lengths, metre=metre, upbeat=upbeat)))


def test_long_notes_are_tied_in_readable_values() -> None:
    assert bars(2.5, 1.5) == "2~ 8 4."
    assert bars(0.5, 3.5) == "8 4.~ 2"
    assert bars(3, 3, 2) == "2. 4~ | 2 2"
    assert bars(5, 3) == "1~ | 4 2."
    assert bars(1.25, 0.75, 2) == "4~ 16 8. 2"


def test_syncopations_show_the_middle_of_the_bar() -> None:
    assert bars(0.5, 1, 0.5, 2) == "8 4 8 2"
    assert bars(1, 2, 1) == "4 2 4"
    assert bars(1.5, 1, 1.5) == "4. 8~ 8 4."
    assert bars(0.5, 1, 1, 1, 0.5) == "8 4 8~ 8 4 8"
    assert bars(0.75, 0.5, 0.75, 2) == "8. 16~ 16 8. 2"


def test_compound_beats_stay_in_sight() -> None:
    assert bars(1, 1, 1, metre=(6, 8)) == "4 8~ 8 4"
    assert bars(1, 0.5, 1.5, metre=(6, 8)) == "4 8 4."
    assert bars(2, 1, metre=(6, 8)) == "4.~ 8 4"
    assert bars(4.5, metre=(9, 8)) == "2.~ 4."
    assert bars(3, 3, metre=(12, 8)) == "2. 2."


def test_uneven_metres() -> None:
    assert bars(5, metre=(5, 4)) == "2~ 2."
    assert bars(1, 1, 1.5, metre=(7, 8)) == "4 4 4."
    assert bars(0.5, 1, 2, metre=(7, 8)) == "8 8~ 8 8~ 4."


def test_rests_fill_what_notes_leave() -> None:
    assert bars(1) == "4 r4 r2"
    assert bars(1, -2, 1) == "4 r4 r4 4"
    assert bars(-1, 1, 1, metre=(3, 4)) == "r4 4 4"
    assert bars(1, -2, metre=(3, 4)) == "4 r4 r4"
    assert bars(0.5, -2.5, metre=(6, 8)) == "8 r8 r8 r4."
    assert bars(4, -4, 4) == "1 |  | 1"  # a silent bar has one rest of its own kind


def test_upbeat() -> None:
    score = melody(0.5, 1.5, 1.5, 0.5, metre=(6, 8), upbeat=0.5)
    upbeat, first, second = score_to_bars(score)
    assert [upbeat.number, first.number, second.number] == [0, 1, 2]
    assert upbeat.start == 2.5 * UNITS
    assert [written(bar) for bar in (upbeat, first, second)] == ["8", "4. 4.", "8 r8 r8 r4."]


def test_triplets() -> None:
    third = 1 / 3
    assert bars(third, third, third, 1, 2) == "[8 8 8] 4 2"
    assert bars(2 * third, third, third, 2 * third, 2) == "[4 8] [8 4] 2"
    assert bars(2 * third, 2 * third, 2 * third, 2) == "[4 4 4] 2"
    assert bars(0.5, third / 2, third / 2, third / 2, 3) == "8 [16 16 16] 2."
    assert bars(third, -third, third, 3) == "[8 r8 8] 2."
    assert bars(third, third, third + 1, 2) == "[8 8 8~] 4 2"
    assert bars(third, third / 2, third / 2, third, 3) == "[8 16 16 8] 2."
    assert bars(*[third / 2] * 6, 3) == "[16 16 16] [16 16 16] 2."


def test_triplets_within_compound_beats() -> None:
    sixth = 1 / 6
    assert bars(sixth, sixth, sixth, 1, 1.5, metre=(6, 8)) == "[16 16 16] 4 4."


def test_chords_are_tied_where_voices_move() -> None:
    (bar,) = score_to_bars(Score((Note(0, 2, 67), Note(0, 1, 60), Note(1, 1, 62), Note(2, 2, 60))))
    assert [[head.note for head in symbol.heads] for symbol in bar.symbols] == [[0, 1], [1, 2], [3]]
    assert [head.last for head in bar.symbols[0].heads] == [True, False]


def test_a_note_ends_where_its_pitch_is_struck_again() -> None:
    (bar,) = score_to_bars(Score((Note(0, 4, 60), Note(2, 2, 60))))
    assert written(bar) == "2 2"


def test_times_off_the_grid_move_to_it() -> None:
    assert bars(1.02, 0.97, 2.01) == "4 4 2"
    assert bars(0.335, 0.33, 0.335, 3) == "[8 8 8] 2."
    for number in range(1, 97):  # whatever is played, nobody has to read 64ths
        assert "64" not in bars(number / 48 + 0.137, 0.31, metre=(3, 4))


def test_notes_as_short_as_64ths_are_written_as_they_are() -> None:
    assert bars(0.5, 1 / 8, 1 / 16, 1 / 16, 0.25, 3) == "8 32 64 64 16 2."
    assert bars(0.75, 1 / 12, 1 / 12, 1 / 12, 3) == "8. [32 32 32] 2."


def test_the_shortest_notes_are_still_written() -> None:
    score = Score((Note(0, 0.001, 60), Note(1, 0, 62), Note(1.001, 0.001, 64)))
    heads = [head for bar in score_to_bars(score) for symbol in bar.symbols for head in symbol.heads]
    assert {head.note for head in heads} == {0, 1, 2}


def test_a_score_without_notes_is_a_silent_bar() -> None:
    assert score_to_bars(Score(())) == [Bar(1, 0, ())]


@pytest.mark.parametrize("time", [math.nan, math.inf, -1.0, 1e300, 4.0 * MAX_BARS])
def test_times_that_are_none(time: float) -> None:
    with pytest.raises(FormatError):
        score_to_bars(Score((Note(time, 1, 60),)))
    with pytest.raises(FormatError):
        score_to_bars(Score((Note(0, time, 60),)))


@pytest.mark.parametrize("metre", [(0, 4), (-3, 4), (4, 0), (4, 3), (4, 64), (1000, 4)])
def test_metres_that_cannot_be_written(metre: tuple[int, int]) -> None:
    with pytest.raises(FormatError, match="metre"):
        score_to_bars(Score((Note(0, 1, 60),), time_signature=metre))


@pytest.mark.parametrize("upbeat", [-1.0, 4.0, math.nan])
def test_upbeats_that_are_none(upbeat: float) -> None:
    with pytest.raises(FormatError, match="upbeat"):
        score_to_bars(Score((Note(0, 1, 60),), upbeat=upbeat))


def test_a_crowd_of_notes_is_refused() -> None:
    with pytest.raises(FormatError, match="too many notes"):
        score_to_bars(Score(tuple(Note(i / 4, 100, i % 128) for i in range(3000))))


def check_bars(score: Score) -> None:
    """Every bar is full, values are readable, and the noteheads of a note add up to its length."""
    bar_length = round(score.bar_length * UNITS)
    lengths = [0] * len(score.notes)
    parts: list[list[int]] = [[] for _ in score.notes]
    for index, bar in enumerate(score_to_bars(score)):
        place = bar.start
        assert place == 0 or index == 0
        for symbol in bar.symbols:
            assert symbol.start == place
            assert symbol.value
            place += symbol.length
            for head in symbol.heads:
                lengths[head.note] += symbol.length
                parts[head.note].append(head.part)
                assert head.part < 1 or len(parts[head.note]) == head.part + 1
        assert place == bar_length or not bar.symbols
    assert all(part == list(range(len(part))) and part for part in parts)
    for note, length in zip(score.notes, lengths, strict=True):
        assert length == pytest.approx(note.duration * UNITS, abs=1e-6)


def test_essen_tunes_fill_their_bars() -> None:
    for score in essen_scores():
        check_bars(score)


@st.composite
def melodies(draw: st.DrawFn) -> Score:
    """Melodies as they are written: 32nds, triplets of any kind, rests, upbeats, every metre."""
    beats = [[1], [0.5, 0.5], [0.75, 0.25], [1 / 8] * 8, [1 / 3] * 3, [2 / 3, 1 / 3], [1 / 6] * 6, [0.5, *[1 / 6] * 3]]
    lengths = [length for beat in draw(st.lists(st.sampled_from(beats), min_size=1, max_size=24)) for length in beat]
    joined: list[float] = []  # some notes are held into the next, so that values cross beats and bars
    for length in lengths:
        if joined and draw(st.integers(0, 3)) == 0:
            joined[-1] += length
        else:
            joined.append(length)
    ends = [round(sum(joined[: i + 1]) * UNITS) / UNITS for i in range(len(joined))]
    pitches = draw(st.lists(st.integers(36, 96), min_size=len(joined), max_size=len(joined)))
    notes = [Note(start, end - start, p) for start, end, p in zip([0, *ends], ends, pitches, strict=False)]
    sounding = [note for note in notes if draw(st.integers(0, 5))] or notes
    metre = draw(st.sampled_from(METRES))
    bar_length = metre[0] * 4 / metre[1]
    upbeat = draw(st.sampled_from([0, 0, 0.5, 1, 1.5]))
    return Score(tuple(sounding), time_signature=metre, upbeat=upbeat if upbeat < bar_length else 0)


@given(melodies())
def test_written_melodies_fill_their_bars(score: Score) -> None:
    check_bars(score)


@given(
    st.lists(st.tuples(st.floats(0, 40), st.floats(0, 9), st.integers(0, 127)), max_size=12),
    st.sampled_from(METRES),
    st.floats(0, 0.49),
)
def test_any_notes_at_all_can_be_written(notes, metre: tuple[int, int], upbeat: float) -> None:
    score = Score(tuple(Note(*note) for note in notes), time_signature=metre, upbeat=upbeat)
    heads = {head.note for bar in score_to_bars(score) for symbol in bar.symbols for head in symbol.heads}
    assert heads == set(range(len(notes)))
    for bar in score_to_bars(score):
        assert all(symbol.value for symbol in bar.symbols)


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 200)), max_size=20), st.sampled_from([192, 144, 72, 168])
)
def test_snapping_moves_nothing_far(spans: list[tuple[int, int]], bar: int) -> None:
    placed = snap([(start, start + length) for start, length in spans], bar)
    assert all(abs(place - time) <= 4 for time, (place, _) in placed.items())


@pytest.mark.parametrize("metre", METRES)
def test_bar_lines_are_the_strongest_places(metre: tuple[int, int]) -> None:
    levels = bar_levels(metre)
    strongest = {place for place, level in levels.items() if level == 0}
    assert strongest == {0, metre[0] * 4 * UNITS // metre[1]}
