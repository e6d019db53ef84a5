"""A melody as people type it, for a model that writes step by step.

Words between blanks, commas or bar lines. As notes: ``G4 A4/2 B4*1.5 r`` are a quarter, an eighth, a dotted quarter and
a quarter rest; a MIDI number may stand for a name. Step by step, as soon as one word is ``_``: ``67 _ _ _ 69 _ r r``,
each word a step of the grid, ``_`` holding what is before it, and a ``/`` at the end, if there is one, says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from core.codecs.base import CodecError
from core.codecs.steps import END, HELD, REST, StepCodec
from core.formats.pitch_names import PitchError, parse_pitch, pitch_name

MAX_TEXT = 20_000
MAX_STEPS = 2048
LONG = re.compile(r"[^*/]+\*\d{4,}(?:\.\d*)?(?:/\d+)?")
"""a word whose length ``WORD`` has no room for"""
WORD = re.compile(r"([^*/]+)(?:\*(\d{1,3}(?:\.\d{1,4})?))?(?:/(\d{1,3}))?")
SEPARATORS = re.compile(r"[\s,;|]+")
STEP_TEXT_HELP = (
    "A name with its octave lasts a quarter: G4, F#4, Bb3; r is a rest. *2 makes it twice as long, *1.5 dots it, "
    "/2 makes it an eighth. Or step by step: 67 _ _ _ 69 _ r r, where each word is a sixteenth and _ holds."
)


def parse_steps(text: str, codec: StepCodec) -> tuple[str, ...]:
    """The symbols of a melody as it is typed; raises ``CodecError`` that names the wrong word and its place."""
    if len(text) > MAX_TEXT:
        raise CodecError("That is too much text for a melody to go on from; give fewer notes.")
    words = [word for word in SEPARATORS.split(text) if word]
    while words and words[-1] == END:
        words.pop()
    symbols: list[str] = []
    stepwise = HELD in words
    for place, word in enumerate(words, 1):
        symbols += step(word, place, symbols, codec) if stepwise else note(word, place, codec)
        if len(symbols) > MAX_STEPS:
            raise CodecError(f"The melody is longer than {MAX_STEPS * codec.step:g} quarters; give fewer notes.")
    if not any(map(str.isdigit, symbols)):
        raise CodecError("There is no note to go on from; give at least one, such as G4.")
    return tuple(symbols)


def step(word: str, place: int, before: Sequence[str], codec: StepCodec) -> list[str]:
    """The symbol of one word that is a step."""
    if word == HELD:
        if not before:
            raise CodecError(f"Word {place}, {HELD!r}, has no note to hold; begin with one.")
        return [REST if before[-1] == REST else HELD]
    if "*" in word or "/" in word:
        raise CodecError(f"Word {place}, {word[:20]!r}, has a length; beside {HELD} every word is one step.")
    return [sound(word, place, codec)]


def note(word: str, place: int, codec: StepCodec) -> list[str]:
    """The symbols of one word that is a note or a rest with its length."""
    if LONG.fullmatch(word):
        raise CodecError(
            f"Word {place}, {word[:20]!r}, lasts too long; use {MAX_STEPS * codec.step:g} quarters at most."
        )
    match = WORD.fullmatch(word)
    what, times, parts = match.groups() if match else (word, None, None)
    symbol = sound(what, place, codec)
    length = Fraction(times or 1) / Fraction(codec.step) / (int(parts or 1) or MAX_STEPS**2)  # by 0: no length either
    if length.denominator != 1 or not length:
        raise CodecError(
            f"Word {place}, {word[:20]!r}, does not last a whole number of {grid(codec)}; use *2, *1.5, /2 or /4."
        )
    return [symbol, *[REST if symbol == REST else HELD] * (int(length) - 1)]


def sound(word: str, place: int, codec: StepCodec) -> str:
    """The symbol of a pitch or a rest."""
    if word.lower() == REST:
        return REST
    try:
        pitch = parse_pitch(word)
    except PitchError as error:
        sentence = str(error)
        raise CodecError(f"In word {place}, {sentence[0].lower()}{sentence[1:]}") from None
    if str(pitch) not in codec.vocabulary:
        low, high = codec.reach
        raise CodecError(
            f"Word {place}, {word[:20]!r}, is out of the model's range; "
            f"use notes from {pitch_name(low)} to {pitch_name(high)}."
        )
    return str(pitch)


def steps_to_text(symbols: Sequence[str], codec: StepCodec) -> str:
    """Notes with their lengths, which ``parse_steps`` reads as the same symbols."""
    words: list[tuple[str, int]] = []
    for symbol in symbols:
        if words and (symbol == HELD or symbol == words[-1][0] == REST):
            words[-1] = (words[-1][0], words[-1][1] + 1)
        else:
            words.append((symbol, 1))
    return " ".join(named(symbol) + length_text(num * Fraction(codec.step)) for symbol, num in words)


def named(symbol: str) -> str:
    return symbol if symbol == REST else pitch_name(int(symbol)).replace("♯", "#").replace("♭", "b")


def length_text(quarters: Fraction) -> str:
    """``*3/2`` for one and a half; nothing for a quarter."""
    times, parts = quarters.as_integer_ratio()
    return f"*{times}" * (times != 1) + f"/{parts}" * (parts != 1)


def grid(codec: StepCodec) -> str:
    """What musicians call the steps."""
    return "sixteenths" if codec.step == 0.25 else f"steps of {codec.step:g} quarters"
