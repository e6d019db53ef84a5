"""What may be written in those fields of a tune that its bars depend on, or that the reader is strict about."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

from core.errors import FormatError
from core.formats.abc_fields import parse_key, parse_metre, parse_tempo, parse_unit

_LOWER = "m maj major min minor mix mixolydian dor dorian phr phrygian lyd lydian loc locrian aeo aeolian ion ionian"
_MODES = ("", *_LOWER.split(), *_LOWER.title().split())
_DENOMINATORS = ((2, 4), (4, 8), (8, 15), (16, 16))
"""of metres, each with the highest numerator"""
_BEATS = ("", "1/16=", "1/8=", "2/8=", "3/8=", "1/4=", "2/4=", "3/4=", "1/2=", "1/1=")

LONG = 60
"""characters, behind which a value has no more spaces or quotations: the reader does not look at all of a long one"""
WORDS = {
    "M": frozenset(("C", "C|", "none", *(f"{n}/{d}" for d, most in _DENOMINATORS for n in range(1, most + 1)))),
    "L": frozenset(f"1/{2**n}" for n in range(6)),
    "K": frozenset(("HP", "Hp", "none", *map("".join, product("ABCDEFG", ("", "#", "b"), _MODES)))),
    "Q": frozenset(f"{beat}{number}" for beat in _BEATS for number in range(40, 301)),
}
"""by the letter of a field, values that the reader understands; behind a key other things may stand"""


@cache
def beginnings(letter: str) -> frozenset[str]:
    return frozenset(word[:length] for word in WORDS[letter] for length in range(len(word) + 1))


def leads_on(letter: str, text: str) -> bool:
    """Whether ``text`` is the beginning of one of the WORDS, or one and what may stand behind it."""
    if len(text) > LONG and (text.endswith(" ") or (letter == "Q" and text.count('"') % 2)):
        return False
    word, space, rest = unquoted(letter, text).lstrip(" ").partition(" ")
    if not space:
        return word in beginnings(letter)
    return word in WORDS[letter] and (letter == "K" or not rest.strip(" "))


def is_value(letter: str, text: str) -> bool:
    """Whether ``text`` is one of the WORDS, and what may stand behind it; a tempo may also be told in words alone."""
    bare = unquoted(letter, text).strip(" ")
    if letter == "Q":
        return text.count('"') % 2 == 0 and (bare in WORDS[letter] or (not bare and '"' in text))
    return (bare.partition(" ")[0] if letter == "K" else bare) in WORDS[letter]


def unquoted(letter: str, text: str) -> str:
    """Of a tempo, what stands outside of quotation marks."""
    return "".join(text.split('"')[::2]) if letter == "Q" else text


def meaning(letter: str, text: str) -> Any:
    """The metre, unit, key or tempo that the reader takes ``text`` for; None where it complains."""
    try:
        if letter == "M":
            return parse_metre(text)
        if letter == "L":
            return parse_unit(text)
        return parse_key(text) if letter == "K" else parse_tempo(text, parse_unit("1/32"))
    except FormatError:
        return None
