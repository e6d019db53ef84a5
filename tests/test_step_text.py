"""Melodies as people type them for a model that writes step by step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codecs import StepCodec
from core.codecs.step_text import MAX_STEPS, parse_steps, steps_to_text
from core.errors import InputError

CODEC = StepCodec()
LENGTHS = st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 24))
SOUNDS = st.one_of(st.integers(43, 96).map(str), st.just("r"))


@st.composite
def melodies(draw: st.DrawFn) -> tuple[str, ...]:
    symbols = [draw(SOUNDS) for _ in range(draw(st.integers(0, 12)))] + [str(draw(st.integers(43, 96)))]
    return tuple(
        step for symbol in symbols for step in (symbol, *["r" if symbol == "r" else "_"] * (draw(LENGTHS) - 1))
    )


def steps(text: str) -> str:
    return " ".join(parse_steps(text, CODEC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G4", "67 _ _ _"),
        ("G4/2 F#4/4 | Bb4*1.5, r/2; 60*3/4", "67 _ 66 70 _ _ _ _ _ r r 60 _ _"),
        ("67 _ _ _ 69 _ r r", "67 _ _ _ 69 _ r r"),
        ("67 _ _ _ 69 _ r /", "67 _ _ _ 69 _ r"),  # the end of the song says nothing
        ("G4 _ A4 r _ B4", "67 _ 69 r r 71"),  # what is held after a rest is a rest
        ("r G4/4", "r r r r 67"),
    ],
)
def test_what_is_typed(text: str, expected: str) -> None:
    assert steps(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("G4 A4 H4", r"In word 3, 'H4' is not a note: write names"),
        ("G4 200", r"In word 2, the note '200' is out of range"),
        ("G4 C2", r"Word 2, 'C2', is out of the model's range; use notes from G2 to C7\."),
        ("G4 A4/3", r"Word 2, 'A4/3', does not last a whole number of sixteenths"),
        ("G4*0", r"Word 1, 'G4\*0', does not last"),
        ("G4/0", r"Word 1, 'G4/0', does not last"),
        ("G4/2*2", r"In word 1, 'G4/2\*2' is not a note"),
        ("_ G4", r"Word 1, '_', has no note to hold"),
        ("G4 _ A4/2", r"Word 3, 'A4/2', has a length; beside _ every word is one step\."),
        ("G4 / A4", r"In word 2, '/' is not a note"),
        ("r r*2", r"There is no note to go on from"),
        (" | ", r"There is no note to go on from"),
        ("G4*600", r"longer than 512 quarters"),
        ("E4 G4*99999", r"Word 2, 'G4\*99999', lasts too long; use 512 quarters at most\."),
        ("G4 " * 600, r"longer than 512 quarters"),
        ("G" * 20_001, r"too much text"),
    ],
)
def test_the_wrong_word_is_named_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        parse_steps(text, CODEC)
    assert str(caught.value).endswith(".")


@given(melodies())
def test_what_is_written_out_reads_the_same(symbols: tuple[str, ...]) -> None:
    assert parse_steps(steps_to_text(symbols, CODEC), CODEC) == symbols
    assert parse_steps(" ".join((*symbols, "/")), CODEC) == symbols or "_" not in symbols  # without _ they are quarters


@given(st.one_of(st.text(max_size=60), st.text("GAb#4_r/*.|0123 ", max_size=60)))
def test_any_text_is_a_melody_or_a_sentence(text: str) -> None:
    try:
        symbols = parse_steps(text, CODEC)
    except InputError as error:
        sentence = str(error)
    else:
        assert 0 < len(symbols) <= MAX_STEPS
        assert set(symbols) <= set(CODEC.vocabulary) - {"/"}
        assert symbols[0] != "_"
        return
    assert sentence.endswith(".")
    assert "\n" not in sentence
