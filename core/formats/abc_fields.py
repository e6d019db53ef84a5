"""The values of ABC's information fields: metre (M:), unit note length (L:), key (K:) and tempo (Q:).

Lengths are fractions of a quarter note. Every function raises `FormatError` without a place; the caller knows the line.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from core.errors import FormatError
from core.formats.spelling import Key

DEFAULT_QPM = 120.0
MAX_LENGTH_QUARTERS = 64
MAX_DENOMINATOR = 1024
MIN_QPM, MAX_QPM = 4.0, 2000.0

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
MAX_FIFTHS = 7
_ORDER_OF_SHARPS = "FCGDAEB"
# Steps on the circle of fifths from the major key on the same tonic.
_MODES = {"ion": 0, "maj": 0, "mix": -1, "dor": -2, "aeo": -3, "min": -3, "m": -3, "phr": -4, "loc": -5, "lyd": 1}
_MINOR_MODES = {"dor", "aeo", "min", "m", "phr", "loc"}

_METRE = re.compile(r"\(?(\d{1,3}(?:\+\d{1,3}){0,7})\)?/(\d{1,4})")
_KEY = re.compile(r"([A-G])([#b]?)[ \t]*(?:(maj|ion|mix|dor|phr|loc|lyd|aeo|min)[a-z]*|(m))?(?![a-z])", re.IGNORECASE)
_KEY_WITHOUT_TONIC = re.compile(r"(?:none|treble|alto|tenor|bass|perc)\b|clef|[\^_=]|$", re.IGNORECASE)
_KEY_ACCIDENTAL = re.compile(r"(\^{1,2}|_{1,2}|=)([A-Ga-g])")
_NUMBER = r"(\d{1,6}(?:\.\d{1,6})?)"
_TEMPO = re.compile(
    r"((?:\d{1,4}/\d{1,4}[ \t]+){0,7}\d{1,4}/\d{1,4}|C\d{0,3})[ \t]*=[ \t]*" + _NUMBER + "|" + _NUMBER + r"[ \t]*$"
)
_LENGTH = re.compile(r"(\d*)(/*)(\d*)")


class Metre(NamedTuple):
    numerator: int
    denominator: int
    free: bool = False

    @property
    def bar(self) -> Fraction:
        """Quarters in a full bar."""
        return Fraction(4 * self.numerator, self.denominator)

    @property
    def compound(self) -> bool:
        return self.numerator % 3 == 0 and self.numerator > 3


FREE_METRE = Metre(4, 4, free=True)


class KeySignature(NamedTuple):
    """``name`` as `Score.key` has it; ``alterations`` in semitones for each of the seven steps that has one."""

    name: str
    alterations: dict[str, int]


def parse_metre(text: str) -> Metre:
    """``4/4``, ``C``, ``C|``, ``(2+3)/8``; of several the first; ``none`` and anything without a metre is free."""
    text = text.strip()
    if text.startswith("C"):
        return Metre(2, 2) if text.startswith("C|") else Metre(4, 4)
    match = _METRE.search(text)
    if match is None:
        return FREE_METRE
    numerator, denominator = sum(map(int, match[1].split("+"))), int(match[2])
    if not (1 <= numerator <= 64 and denominator in (1, 2, 4, 8, 16, 32, 64)):
        raise FormatError(f"the metre {match[0]} is none that can be played, so write one such as 3/4")
    return Metre(numerator, denominator)


def parse_unit(text: str) -> Fraction:
    """The unit note length of ``1/8``, in quarters."""
    match = re.match(r"[ \t]*(\d{1,4})(?:[ \t]*/[ \t]*(\d{1,4}))?", text)
    numerator, denominator = (int(match[1]), int(match[2] or 1)) if match else (0, 0)
    if numerator == 0 or not 0 < denominator <= MAX_DENOMINATOR:
        raise FormatError("the unit note length is not a fraction, so write one such as L:1/8")
    return Fraction(4 * numerator, denominator)


def default_unit(metre: Metre) -> Fraction:
    """A sixteenth where the bar is shorter than three quarters of a whole note, else an eighth; in quarters."""
    return Fraction(1, 2) if metre.free or metre.bar >= 3 else Fraction(1, 4)


def key_alterations(fifths: int) -> dict[str, int]:
    """The alteration in semitones of each step that ``fifths`` sharps (flats if negative) alter."""
    altered = {step: (fifths - i + 6) // 7 for i, step in enumerate(_ORDER_OF_SHARPS)}
    return {step: alteration for step, alteration in altered.items() if alteration}


@lru_cache(maxsize=256)
def parse_key(text: str) -> KeySignature:
    """``G``, ``F#m``, ``A dorian``, ``D exp _b``, ``HP``, ``none``.

    Dorian, phrygian and locrian are named as the minor key with the same accidentals, other modes as the major key.
    """
    text = text.strip()
    if text[:2] in ("HP", "Hp"):  # the Highland bagpipe: written without, or with two sharps
        return KeySignature("C", {}) if text[1] == "P" else KeySignature("D", key_alterations(2))
    match = _KEY.match(text)
    if match is None or not match[1].isupper():
        if not _KEY_WITHOUT_TONIC.match(text):
            raise FormatError(f"{text[:20]!r} is no key, so write one such as K:G or K:Ador")
        return KeySignature("C", _explicit_accidentals(text))
    mode = "maj" if match[4] == "M" else (match[3] or match[4] or "maj").lower()
    fifths = _ORDER_OF_SHARPS.index(match[1]) - 1 + 7 * {"#": 1, "b": -1, "": 0}[match[2].lower()] + _MODES[mode]
    explicit = text[match.end() :]
    if "exp" in explicit.split():  # nothing but what is written here
        fifths = 0
    name = _name(fifths, mode in _MINOR_MODES)
    return KeySignature(name, key_alterations(fifths) | _explicit_accidentals(explicit))


def _name(fifths: int, minor: bool) -> str:
    if abs(fifths) > MAX_FIFTHS:  # nobody writes eight sharps: four flats sound the same
        fifths -= 12 if fifths > 0 else -12
    return Key(fifths, minor).name


def _explicit_accidentals(text: str) -> dict[str, int]:
    words = [word for word in text.split() if word[0] in "^_="]  # clef=... begins with a letter
    found = [pair for word in words for pair in _KEY_ACCIDENTAL.findall(word)]
    return {step.upper(): ACCIDENTALS[sign] for sign, step in found}


def parse_tempo(text: str, unit: Fraction) -> float:
    """Quarters a minute of ``1/4=100``, ``"Slow" 3/8=60`` or, counted in unit notes, ``120``; 120.0 if only words."""
    match = _TEMPO.search(re.sub(r'"[^"]*"', "", text).strip())
    if match is None:
        return DEFAULT_QPM
    beat = _beat(match[1], unit) if match[1] else unit
    qpm = float(beat) * float(match[2] or match[3])
    if not MIN_QPM <= qpm <= MAX_QPM:
        raise FormatError("the tempo cannot be played, so write one such as Q:1/4=120")
    return qpm


def _beat(text: str, unit: Fraction) -> Fraction:
    if text.startswith("C"):  # the old way: C3=40, so many unit notes
        return unit * int(text[1:] or 1)
    lengths = [[int(number) for number in part.split("/")] for part in text.split()]
    if any(denominator == 0 for _, denominator in lengths):
        raise FormatError("the beat of the tempo is not a note length, so write one such as Q:1/4=120")
    return sum((Fraction(4 * n, d) for n, d in lengths), Fraction(0))


@lru_cache(maxsize=1024)
def parse_length(text: str) -> Fraction:
    """The multiplier behind a note: ``2``, ``3/2``, ``/`` (a half), ``//`` (a quarter), empty (one)."""
    match = _LENGTH.fullmatch(text)
    if match is None or max(map(len, match.groups())) > 4:
        raise FormatError("the note length is out of bounds, so write one such as 2 or 3/2")
    numerator = int(match[1] or 1)
    # A number divides once; without one each slash halves.
    denominator = int(match[3]) * 2 ** (len(match[2]) - 1) if match[3] else 2 ** len(match[2])
    if numerator == 0 or not 0 < denominator <= MAX_DENOMINATOR:
        raise FormatError("the note length is out of bounds, so write one such as 2 or 3/2")
    return Fraction(numerator, denominator)
