"""A score written as ABC: the working part of `abc_notation.score_to_abc`."""

from __future__ import annotations

import re
from fractions import Fraction

from core.errors import FormatError
from core.formats.abc_fields import ACCIDENTALS, MAX_QPM, MIN_QPM, key_alterations
from core.formats.bars import Bar, Symbol, score_to_bars
from core.formats.grid import UNITS
from core.formats.metre import bar_units
from core.formats.spelling import Spelled, parse_key, spell
from core.score import Score

MAX_TITLE = 200
BARS_A_LINE = 4

_UNIT = UNITS // 2  # L:1/8
_SIGNS = {alteration: sign for sign, alteration in ACCIDENTALS.items()}


def write_abc(score: Score) -> str:
    """The one tune of `score_to_abc`."""
    bars = score_to_bars(score)
    writer = _Writer(score)
    lines: dict[int, list[str]] = {}
    for bar in bars:
        lines.setdefault(max(bar.number - 1, 0) // BARS_A_LINE, []).append(writer.bar(bar))
    music = " |\n".join(" | ".join(line) for line in lines.values())
    return f"{_header(score)}{music} |]\n"


def _header(score: Score) -> str:
    if not MIN_QPM <= score.qpm <= MAX_QPM:
        raise FormatError(f"The tempo {score.qpm} cannot be written: set it to between {MIN_QPM:g} and {MAX_QPM:g}.")
    numerator, denominator = score.time_signature
    fields = {
        "X": "1",
        "T": _title(score.title),
        "M": f"{numerator}/{denominator}",
        "L": "1/8",
        "Q": f"1/4={score.qpm:.6g}",
        "K": parse_key(score.key).name,
    }
    # Without the version older rules hold, by which programs may forget accidentals within the bar.
    return "%abc-2.1\n" + "".join(f"{letter}:{text}\n" for letter, text in fields.items())


def _title(text: str) -> str:
    """One line; the signs that begin a comment or an escape in ABC are escaped."""
    return re.sub(r"([\\%])", r"\\\1", " ".join(text[:MAX_TITLE].split()))


class _Writer:
    """Writes bar after bar; knows what accidentals hold."""

    def __init__(self, score: Score) -> None:
        key = parse_key(score.key)
        self._pitches = score.pitches
        self._spelled = spell(score.pitches, key)
        self._signature = key_alterations(key.fifths)
        self._bar_length = bar_units(score.time_signature)
        numerator, denominator = score.time_signature
        self._beat = 12 * UNITS // denominator if numerator % 3 == 0 and denominator >= 8 else UNITS
        self._accidentals: dict[str, int] = {}  # of this bar, by step and by written pitch

    def bar(self, bar: Bar) -> str:
        """The symbols of one bar, those within a beat joined so that they are beamed."""
        if not bar.symbols:
            return "z" + _length(self._bar_length)
        self._accidentals.clear()
        text = ""
        for index, symbol in enumerate(bar.symbols):
            space = "" if symbol.start % self._beat else " "
            tuplet = _tuplet(bar.symbols[index:]) if symbol.opens else ""
            text += space + tuplet + self._symbol(symbol)
        return text.lstrip()

    def _symbol(self, symbol: Symbol) -> str:
        length = _length(symbol.length * 3 // 2 if symbol.triplet else symbol.length)
        # From low to high; a pitch that sounds twice is written once.
        by_pitch = sorted(symbol.heads, key=lambda head: self._pitches[head.note])
        heads = {self._spelled[head.note]: head.last for head in by_pitch}
        if not heads:
            return "z" + length
        held = [spelled for spelled, last in heads.items() if not last]
        if len(heads) == len(held) or not held:  # one tie for all
            names = "".join(self._name(spelled) for spelled in heads)
            return (f"[{names}]" if len(heads) > 1 else names) + length + ("-" if held else "")
        names = "".join(self._name(spelled) + ("-" if spelled in held else "") for spelled in heads)
        return f"[{names}]{length}"

    def _name(self, spelled: Spelled) -> str:
        """``^f'``: an accidental holds for its step in every octave, yet is repeated for those who think otherwise."""
        step, alter, octave = spelled
        name = step + "," * (4 - octave) if octave <= 4 else step.lower() + "'" * (octave - 5)
        in_key = self._signature.get(step, 0)
        shown = any(self._accidentals.get(scope, in_key) != alter for scope in (step + "*", name))
        if shown:
            self._accidentals |= {step + "*": alter, name: alter}
        return _SIGNS[alter] + name if shown else name


def _length(units: int) -> str:
    """``3/2`` for three 16ths, nothing for the unit length."""
    length = Fraction(units, _UNIT)
    numerator = "" if length.numerator == 1 else str(length.numerator)
    return numerator if length.denominator == 1 else f"{numerator}/{length.denominator}"


def _tuplet(symbols: tuple[Symbol, ...]) -> str:
    """What stands before the first of three in the time of two."""
    count = next(i for i, symbol in enumerate(symbols, start=1) if symbol.closes)
    return "(3" if count == 3 else f"(3:2:{count}"
