from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rhythm import NOTE_VALUES_HELP, RhythmError, parse_note_values


def durations(text: str) -> list[float]:
    return [note.duration for note in parse_note_values(text).notes]


@pytest.mark.parametrize(
    ("text", "quarters"),
    [
        ("w h q e s t", [4, 2, 1, 0.5, 0.25, 0.125]),
        ("whole half quarter eighth sixteenth thirty-second", [4, 2, 1, 0.5, 0.25, 0.125]),
        ("Q, E E", [1, 0.5, 0.5]),
        ("q. e h..", [1.5, 0.5, 3.5]),
        ("e3 e3 e3 q3", [1 / 3, 1 / 3, 1 / 3, 2 / 3]),
        ("h~e q~q~q", [2.5, 3]),
        ("1/4 1/8 3/8", [1, 0.5, 1.5]),
        ("3/8 1/8 1/4", [1.5, 0.5, 1]),
        ("e 3/4 h", [0.5, 3, 2]),
        ("1 0.5 .5 1.25", [1, 0.5, 0.5, 1.25]),
        ("2x(q e e) h", [1, 0.5, 0.5, 1, 0.5, 0.5, 2]),
        ("2x(q 2x(e))", [1, 0.5, 0.5, 1, 0.5, 0.5]),
    ],
)
def test_words(text: str, quarters: list[float]) -> None:
    assert durations(text) == pytest.approx(quarters)


@pytest.mark.parametrize("text", ["q qr q", "q rq q", "q r1/4 q", "q 1r q", "q er er q", "q quarterr q"])
def test_rests(text: str) -> None:
    assert [note.onset for note in parse_note_values(text).notes] == [0, 2]


def test_a_short_first_bar_is_the_upbeat() -> None:
    score = parse_note_values("e e | q q q | h. |", qpm=90, time_signature=(3, 4))
    assert (score.upbeat, score.qpm, score.time_signature) == (1, 90, (3, 4))
    assert parse_note_values("q q q q | w").upbeat == 0


def test_a_note_may_be_held_over_the_bar_line() -> None:
    assert len(parse_note_values("q q q q~q q q q | w").notes) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("| |", "empty"),
        ("qr hr", "only rests: type at least one note"),
        ("3/4 q q q", r"Word 1, '3/4', reads like a metre: choose it under Metre, or write 3 for so many quarters"),
        ("6/8", "metre"),
        ("q q x q", "Word 3, 'x'"),
        ("q q~", "Word 2"),
        ("q~qr", "Word 1, 'q~qr', ties"),
        ("0 q", "Word 1"),
        ("1/0", "Word 1"),
        ("q -1", "Word 2"),
        ("9999", "Word 1"),
        ("q q q q | q q | q", r"Word 8, '\|'.*4/4.* 2 quarters"),
        ("2x(q q", r"Word 1, '2x\(', is not closed"),
        ("q )", "Word 2"),
        ("9999x(9999x(9999x(q)))", "too long"),
        ("q " * 2001, "2001 notes"),
        ("q" * 60_000, "too long"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, said: str) -> None:
    with pytest.raises(RhythmError, match=said):
        parse_note_values(text)


@given(st.text(alphabet="whqest3.r~|x()/ 0129", max_size=40))
def test_anything_typed_is_a_score_or_a_sentence(text: str) -> None:
    with suppress(RhythmError):  # any other exception fails the test
        assert all(note.duration > 0 for note in parse_note_values(text).notes)


def test_the_help_line_is_true() -> None:
    examples = ["q.", "qr", "e3", "h~e", "|", "2x(q e e)", "1/8", "1.5"]
    assert all(example in NOTE_VALUES_HELP for example in examples)
    assert len(parse_note_values(" ".join(e for e in examples if e != "|")).notes) == 11
