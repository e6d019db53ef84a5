"""The body of one ABC tune, read token by token into notes: the working part of `abc_notation.abc_to_score`.

A voice is first read as it is written, into an ordered list of sounds and bar lines, then unfolded into the order in
which it is played, then laid out in time. All times are exact fractions of a quarter until the very end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from core.errors import FormatError
from core.formats.abc_fields import (
    ACCIDENTALS,
    MAX_LENGTH_QUARTERS,
    STEPS,
    KeySignature,
    Metre,
    parse_key,
    parse_length,
    parse_metre,
    parse_unit,
)
from core.formats.abc_layout import MAX_NOTES, Item, Place, Sound, bar_line

MAX_BARS_OF_REST = 500
MAX_BROKEN = 3  # A>>>B
MAX_VOICES = 32
MAX_FIELD = 200  # characters of a field that are looked at

_PITCH = r"(?:\^{1,2}|_{1,2}|=)?[A-Ga-g][,']{0,9}"
_MULTIPLIER = r"\d*/*\d*"
_TOKEN = re.compile(
    rf"""
      ^[ \t]*(?P<field_line>[A-Za-z]:(?![|:]).*)
    | (?P<note>{_PITCH})(?P<note_length>{_MULTIPLIER})
    | (?P<space>[ \t`\\]+)
    | (?P<bar>(?:\[(?=\|))?(?:[:|]*\|[:|]*|::+)(?:\]|\[\|?(?=[ \t]*$|[|:]))?|^:) (?:\[?(?P<after_bar>\d[\d,-]*))?
    | [zx](?P<rest>{_MULTIPLIER})
    | (?P<tie>-)
    | \[(?P<field>[A-Za-z]:[^\]]*)\]
    | \[[ \t]*(?P<ending>\d[\d,-]*)
    | \[(?P<chord>[^\[\]|]*)\](?P<chord_length>{_MULTIPLIER})
    | (?P<broken>>+|<+)
    | \((?P<tuplet>\d+(?::\d*){{0,2}})
    | [ZX](?P<bars>\d*)
    | (?P<decoration> [()] | \{{[^{{}}]*\}} | "[^"]*" | ![^!\s|:\[\]]+! | \+[A-Za-z0-9.()<>]+\+ | [.~!H-WYh-wy*$\#@;?] )
    """,
    re.VERBOSE,
)
_CHORD_TOKEN = re.compile(
    rf'(?P<pitch>{_PITCH})(?P<length>{_MULTIPLIER})(?P<tie>-?)|[ \t.~()]|"[^"]*"|![^!]*!|[H-Wh-w]'
)
_TUPLET_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # notes: in the time of so many; the others depend on the metre
_UNCLOSED = {"[": "]", "{": "}", '"': '"'}


class AbcError(FormatError):
    """What is no ABC, and the characters of the text that are to blame; None where something is missing."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.place = place


class Line(NamedTuple):
    number: int
    start: int
    """of its first character in the text"""
    text: str


@dataclass
class Voice:
    """What has been read of one voice, and the state that the next token depends on."""

    metre: Metre
    unit: Fraction
    key: KeySignature
    propagation: str = "pitch"
    items: list[Item] = field(default_factory=list)
    num_notes: int = 0
    _accidentals: dict[str, int] = field(default_factory=dict)  # of the bar, by step, or by step and octave
    _tied: dict[str, int] = field(default_factory=dict)  # written pitch -> sounding pitch, of the last sound
    _last: Sound | None = None  # what a tie or a broken rhythm refers back to
    _last_written: tuple[str, ...] = ()
    _broken: Fraction | None = None  # factor for the next sound
    _tuplet: Fraction = Fraction(1)
    _in_tuplet: int = 0  # sounds still to come

    def fresh(self) -> Voice:
        """A voice in the state of this one, without its music."""
        return Voice(self.metre, self.unit, self.key, self.propagation)

    def read(self, match: re.Match[str], start: int) -> None:
        """Take one token of the line that starts at character ``start``."""
        kind = match.lastgroup
        place = start + match.start(), start + match.end()
        if kind == "note_length":
            written = match["note"]
            self._sound(parse_length(match["note_length"]), (written,), (place,))
        elif kind in ("bar", "after_bar", "ending"):
            self._bar(match["bar"] or "", match["after_bar"] or match["ending"], place)
        elif kind == "tie":
            self._tie()
        elif kind == "rest":
            self._sound(parse_length(match["rest"]), (), (place,))
        elif kind == "chord_length":
            self._chord(match["chord"], parse_length(match["chord_length"]), start + match.start("chord"))
        elif kind == "broken":
            self._break(match["broken"])
        elif kind == "tuplet":
            self._start_tuplet(match["tuplet"])
        elif kind == "bars":
            self._rest_bars(match["bars"], place)

    def set_field(self, letter: str, text: str) -> None:
        """A field inside the tune; those that say nothing about the notes are passed over."""
        if letter == "M":
            self.metre = parse_metre(text)
        elif letter == "L":
            self.unit = parse_unit(text)
        elif letter == "K":
            self.key = parse_key(text)
            self._accidentals.clear()
        elif letter == "I" and (match := re.match(r"[ \t]*propagate-accidentals[ \t]+(not|octave|pitch)\b", text)):
            self.propagation = match[1]

    def _pitch(self, written: str) -> int:
        if not written[0].isalpha():
            name = written.lstrip("^_=")
            alteration = ACCIDENTALS[written[: -len(name)]]
            if self.propagation != "not":
                self._accidentals[self._scope(name)] = alteration
            return _sounding(name, alteration)
        if written in self._tied:  # a tie carries the accidental over the bar line
            return self._tied[written]
        step = written[0].upper()
        alteration = self._accidentals.get(self._scope(written), self.key.alterations.get(step, 0))
        return _sounding(written, alteration)

    def _scope(self, name: str) -> str:
        """What an accidental holds for: the standard says the step in every octave unless told otherwise."""
        return name if self.propagation == "octave" else name[0].upper()

    def _sound(self, multiplier: Fraction, written: tuple[str, ...], places: tuple[Place, ...]) -> None:
        length = multiplier * self.unit
        if self._broken is not None:
            length *= self._broken
            self._broken = None
        if self._in_tuplet:
            length *= self._tuplet
            self._in_tuplet -= 1
        if length > MAX_LENGTH_QUARTERS:
            raise FormatError("the note is too long, so write a shorter one")
        pitches = tuple([self._pitch(name) for name in written])
        self.num_notes += len(pitches)
        if self.num_notes > MAX_NOTES:
            raise FormatError(f"the tune has more than {MAX_NOTES} notes, so cut it")
        self._tied = {}
        self._last, self._last_written = Sound(length, pitches, places, self.metre), written
        self.items.append(self._last)

    def _chord(self, text: str, multiplier: Fraction, start: int) -> None:
        written, lengths, places, held, position = [], [], [], [], 0
        while position < len(text):
            match = _CHORD_TOKEN.match(text, position)
            if match is None:
                raise FormatError(f"{text[position]!r} has no place in a chord, so write notes only, as in [ceg]")
            position = match.end()
            if match["pitch"]:
                written.append(match["pitch"])
                lengths.append(match["length"])
                places.append((start + match.start(), start + match.end("length")))
                held += [len(written) - 1] if match["tie"] else []
        if not written:
            raise FormatError("the chord is empty, so write notes between its brackets, as in [ceg]")
        length = multiplier * parse_length(lengths[0])  # the first note's length is the chord's
        self._sound(length, tuple(written), tuple(places))
        self._hold(held)

    def _tie(self) -> None:
        if self._last is not None:
            self._hold(range(len(self._last.pitches)))

    def _hold(self, indices: Iterable[int]) -> None:
        assert self._last is not None
        for i in indices:
            self._tied[self._last_written[i].lstrip("^_=")] = self._last.pitches[i]
        self._last.tied = frozenset(self._tied.values())

    def _break(self, signs: str) -> None:
        if self._last is None or self._broken is not None or len(signs) > MAX_BROKEN:
            raise FormatError(f"{signs[:4]!r} has to stand between two notes, so move it")
        short = Fraction(1, 2 ** len(signs))
        first, self._broken = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        self._last.length *= first

    def _start_tuplet(self, text: str) -> None:
        numbers = [int(part[:3] or 0) for part in text.split(":")] + [0, 0]
        p, q, r = numbers[:3]
        q = q or _TUPLET_TIME.get(p, 3 if self.metre.compound else 2)
        r = r or p
        if not (2 <= p <= 32 and q <= 32 and r <= 64):
            raise FormatError(f"({text[:12]} is no tuplet, so write one such as (3abc")
        self._tuplet, self._in_tuplet = Fraction(q, p), r

    def _rest_bars(self, text: str, place: Place) -> None:
        count = int(text[:5] or 1)
        if count > MAX_BARS_OF_REST:
            raise FormatError(f"the rest is longer than {MAX_BARS_OF_REST} bars, so write a shorter one")
        self._last, self._tied = None, {}
        self.items.append(Sound(self.metre.bar * count, (), (place,), self.metre, fills_bars=True))

    def _bar(self, text: str, ending: str | None, place: Place) -> None:
        self._accidentals.clear()
        self.items.append(bar_line(text, ending)._replace(place=place))


@lru_cache(maxsize=1024)
def _sounding(name: str, alteration: int) -> int:
    octave = (1 if name[0].islower() else 0) + name.count("'") - name.count(",")
    pitch = 60 + 12 * octave + STEPS[name[0].upper()] + alteration
    if not 0 <= pitch <= 127:
        raise FormatError(f"{name} lies outside what MIDI can play, so write it in another octave")
    return pitch


def read_body(lines: Iterable[Line], start: Voice) -> list[Voice]:
    """The voices of lines of music and fields; ``start`` is how the header leaves each. Raises ``AbcError``."""
    voices = {"": start.fresh()}
    voice = voices[""]
    for number, begins, line in lines:
        column, match = 0, None
        try:
            while column < len(line):
                match = _TOKEN.match(line, column)
                if match is None:
                    raise FormatError(_complaint(line[column]))
                if match.lastgroup not in ("field", "field_line"):
                    voice.read(match, begins)
                elif (text := match[match.lastgroup]).startswith("V:"):
                    voice = _voice(voices, text, start)
                else:
                    voice.set_field(text[0], text[2:MAX_FIELD])
                column = match.end()
        except FormatError as error:
            place = begins + column, begins + (match.end() if match else column + 1)
            raise AbcError(f"Line {number}, column {column + 1} of the tune: {error}.", place) from None
    return [voice for voice in voices.values() if voice.items] or [voice]


def _voice(voices: dict[str, Voice], text: str, start: Voice) -> Voice:
    """The voice that ``V:name ...`` goes on with, a new one if need be."""
    name = text[2:MAX_FIELD].split(maxsplit=1)[:1]
    voice = voices.setdefault(name[0] if name else "", start.fresh())
    if len(voices) > MAX_VOICES:
        raise FormatError(f"the tune has more than {MAX_VOICES} voices, so leave some out")
    return voice


def _complaint(character: str) -> str:
    if character in _UNCLOSED:
        return f"{character} is never closed, so add a {_UNCLOSED[character]}"
    if character.isdecimal():
        return f"there is no note before the length {character}, so write one"
    return f"{character!r} is not ABC notation, so remove it"
