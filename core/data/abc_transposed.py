"""A tune in ABC on another degree of the scale, letter by letter: what else is written stays as it is."""

from __future__ import annotations

import re

from core.errors import FormatError
from core.formats.abc_fields import ACCIDENTALS, parse_key

LETTERS = "CDEFGAB"
SIGNS = {alteration: sign for sign, alteration in ACCIDENTALS.items()}
_KEY = re.compile(r"([A-G])([#b]?)(.*)", re.DOTALL)
_FIELD_LINE = re.compile(r"[A-Za-z]:(?![|:])")
_PART = re.compile(
    r"""(?P<key>\[K:[^\]\n]*\])
      | (?P<chord>"[A-G])
      | (?P<kept>\[[A-Za-z]:[^\]\n]*\] | "[^"\n]*" | ![^!\n]*! | \+[^+\n]*\+ | %.*)
      | (?P<sign>\^{1,2}|_{1,2}|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)""",
    re.VERBOSE,
)


def transposed_text(text: str, degrees: int) -> str:
    """``text`` so many degrees higher, or lower, in the key there that has the fewest accidentals.

    A scale moves with its key, and an accidental raises or lowers what it did. A tune with chord symbols, or without
    a key on a letter, comes back as it was.
    """
    if not degrees:
        return text
    try:
        return Transposition(degrees).of(text)
    except FormatError:
        return text


class Transposition:
    """The keys that hold, before and after, while a tune is read."""

    def __init__(self, degrees: int) -> None:
        self.degrees = degrees
        self.before: dict[str, int] = {}
        self.after: dict[str, int] = {}

    def of(self, text: str) -> str:
        lines = text.split("\n")
        is_music = False
        for i, line in enumerate(lines):
            if line.startswith("K:"):
                lines[i], is_music = "K:" + self.key(line[2:]), True
            elif is_music and not _FIELD_LINE.match(line):
                lines[i] = _PART.sub(self.part, line)
        return "\n".join(lines)

    def key(self, text: str) -> str:
        """The key ``text`` on its new degree; raises ``FormatError`` where it has no letter."""
        name = text.lstrip()
        match = _KEY.match(name)
        if match is None:
            raise FormatError("There is no letter in this key; write one such as G.")
        letter = LETTERS[(LETTERS.index(match[1]) + self.degrees) % 7]
        moved = min(
            (letter + sign + match[3] for sign in ("", "#", "b")), key=lambda key: len(parse_key(key).alterations)
        )
        self.before, self.after = parse_key(name).alterations, parse_key(moved).alterations
        return text[: len(text) - len(name)] + moved

    def part(self, match: re.Match[str]) -> str:
        if match["chord"]:
            raise FormatError("There are chord symbols in this tune; take them out.")
        if match["key"]:
            return f"[K:{self.key(match['key'][3:-1])}]"
        return match[0] if match["kept"] else self.note(match["sign"] or "", match["letter"], match["octave"])

    def note(self, sign: str, letter: str, octave: str) -> str:
        step = letter.upper()
        height = LETTERS.index(step) + 7 * (letter.islower() + octave.count("'") - octave.count(",")) + self.degrees
        moved = LETTERS[height % 7]
        if sign:
            change = ACCIDENTALS[sign] - self.before.get(step, 0)
            sign = SIGNS[min(2, max(-2, self.after.get(moved, 0) + change))]
        octaves = height // 7
        return sign + (moved + "," * -octaves if octaves < 1 else moved.lower() + "'" * (octaves - 1))
