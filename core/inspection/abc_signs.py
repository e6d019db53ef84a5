"""The signs of a tune in ABC notation, one by one, whether or not they make a tune."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from core.data.tune_texts import body_start

FIELD, TITLE, KEY = "field", "title", "key"
NOTE, REST, BAR, GAP, LINE_END = "note", "rest", "bar", "gap", "line end"
ACCIDENTAL, OCTAVE, LENGTH = "accidental", "octave", "length"
CHORD, GRACE, TUPLET, SLUR, TIE, BROKEN, DECORATION = "chord", "grace", "tuplet", "slur", "tie", "broken", "decoration"

_SIGNS = {
    FIELD: r"^[A-Za-z]:(?![|:]).*|\[[A-Za-z]:[^\]\n]*\]?|%.*",
    CHORD: r'"[^"\n]*"?',
    GRACE: r"\{[^}\n]*\}?",
    DECORATION: r"![^!|\n]*!|[~.](?=[\^_=A-Ga-g])",
    BAR: r"\[?[|:]*\|[|:\]]*(?:\[?\d(?:[,-]\d)*)?|::|\[\d(?:[,-]\d)*",
    TUPLET: r"\(\d(?::\d?){0,2}",
    ACCIDENTAL: r"[\^_=]+(?=[A-Ga-g])",
    NOTE: r"[A-Ga-g]",
    REST: r"[zxZ]",
    OCTAVE: r"[,']+",
    LENGTH: r"\d+(?:/+\d*)?|/+\d*",
    BROKEN: r"[<>]+",
    TIE: r"-",
    SLUR: r"[()]",
    GAP: r"[ ]+",
    LINE_END: r"\n",
}
_MUSIC = re.compile("|".join(f"(?P<{name.replace(' ', '_')}>{form})" for name, form in _SIGNS.items()), re.MULTILINE)
_HEADER = re.compile(r"(?P<letter>[A-Za-z]):(?P<text>.*)")
_THICK = re.compile(r"\|\||:|\[\||\|\]")
_STAFF = "CDEFGAB"


class Sign(NamedTuple):
    kind: str
    start: int
    """the index of its first character"""
    text: str

    @property
    def stop(self) -> int:
        return self.start + len(self.text)

    @property
    def places(self) -> range:
        """Of its characters."""
        return range(self.start, self.stop)

    @property
    def ends_part(self) -> bool:
        """Whether it is a bar line at which a part of the tune begins or ends."""
        return self.kind == BAR and bool(_THICK.search(self.text))


def header_lines(text: str) -> Iterator[Sign]:
    """The lines above the music, without their ends; their kind is ``TITLE``, ``KEY`` or ``FIELD``."""
    start = 0
    for line in text[: body_start(text)].splitlines(keepends=True):
        match = _HEADER.match(line)
        kind = {"T": TITLE, "K": KEY}.get(match["letter"] if match else "", FIELD)
        yield Sign(kind, start, line.rstrip("\n"))
        start += len(line)


def music_signs(text: str) -> Iterator[Sign]:
    """The signs below the header; characters that are none of them are left out."""
    for match in _MUSIC.finditer(text, body_start(text)):
        yield Sign((match.lastgroup or "").replace("_", " "), match.start(), match[0])


def staff_places(signs: list[Sign]) -> Iterator[tuple[Sign, int]]:
    """The notes among ``signs``, and how high each stands on the staff, in steps above C."""
    for sign, after in zip(signs, [*signs[1:], None], strict=False):
        if sign.kind != NOTE:
            continue
        marks = after.text if after and after.kind == OCTAVE else ""
        octave = sign.text.islower() + marks.count("'") - marks.count(",")
        yield sign, 7 * octave + _STAFF.index(sign.text.upper())
