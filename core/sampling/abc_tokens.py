"""The tokens that the music of a tune is made of in ABC, as far as they are written before their end."""

from __future__ import annotations

from functools import lru_cache

from core.sampling.abc_bars import MULTIPLIERS, Voice

NOTES = frozenset("ABCDEFGabcdefg")
RESTS = frozenset("zx")
ACCIDENTALS = frozenset(("^", "^^", "_", "__", "="))
DECORATIONS = frozenset("HIJKLMNOPQRSTUVWhijklmnopqrstuvw")
ALONE = frozenset("HOS")
"""those of them that may mark a bar line: fermata, coda, segno"""
PROMISES = (DECORATIONS - ALONE) | frozenset("(.~")
"""what belongs to the note behind it"""
LINE_FIELDS = frozenset("HKLMNOPQRSTVWZw")
INLINE_FIELDS = frozenset("KLMNPQRT")
STRICT = frozenset("KLM")
"""fields whose values are read"""
SIGNS = ("|", "||", "|]", "|:|", "[|", "[|]", "|:", "[|:", "||:", ":|", ":||", ":|]", "::", ":|:", ":||:")
LENGTH_BEGINNINGS = frozenset(text[:length] for text in MULTIPLIERS for length in range(len(text) + 1))
QUOTED = {
    "grace": ("}", 16, NOTES | frozenset("^_=,'/2348 ~")),
    "quotation": ('"', 16, frozenset(map(chr, range(32, 127))) - frozenset('"%|')),
    "name": ("!", 16, frozenset(map(chr, range(33, 127))) - frozenset("!|:[]%+")),
    "old name": ("+", 16, frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.()<>")),
}
"""what is passed over up to a closing sign: that, how many characters may stand before it, and which; a quotation
is short and holds no bar line, as 5,475 of people's 5,482 are: a network that forgets to close it writes music there"""
OPENING = {"{": "grace", '"': "quotation", "!": "name", "+": "old name", "(": "paren", "[": "bracket"}
OPENING |= {"\\": "backslash", "%": "comment"}
NOT_NOTES = frozenset(" \n|:<>-)%\\`")
"""what begins no note, nor anything that may stand between a promise and its note"""
COUNTED = NOTES | RESTS | frozenset("|:<>")
"""what notes, rests and bar lines begin with, and broken rhythms"""
LINE_ENDS = "\\%"
"""those of them behind which nothing comes but the end of the line"""
PLAIN = NOTES | RESTS | frozenset("^_=,'/0123456789|:]")
"""the characters of bare music"""
MAX_OCTAVES, MAX_CHORD = 3, 6
"""marks of a note, and notes of a chord"""
MAX_NAME, MAX_VOICES = 12, 16
"""characters of a voice's name, and how many voices there may be"""
MAX_IDLE, MAX_TEXT = 48, 200
"""signs between two that bars count, and characters of a field or of a comment within the music: where a bar is not
full a tune cannot end, and a network that has begun to write spaces, or words, may go on so"""
SOME = "…"
"""in place of a text that does not matter"""


def multiplier(text: str) -> str:
    """What stands behind the octave marks of a note."""
    return text.lstrip(",'")


def times(unit: int, text: str) -> int:
    """``unit`` as often as a multiplier says; 0 where that is none, or shorter than can be counted."""
    length = unit * MULTIPLIERS.get(text, 0)
    return int(length) if length == int(length) else 0


@lru_cache(maxsize=4096)
def continued(unit: int, text: str) -> tuple[int, ...]:
    """The lengths of all multipliers that begin with ``text``."""
    return tuple(filter(None, (times(unit, known) for known in MULTIPLIERS if known.startswith(text))))


@lru_cache(maxsize=4096)
def writable(voice: Voice, unit: int, text: str) -> bool:
    """Whether a sound fits whose multiplier begins with ``text``."""
    return any(voice.sound(length) for length in continued(unit, text))


def tuplet(voice: Voice, text: str) -> Voice | None:
    """The voice in the tuplet ``3``, ``3:2:4`` ..."""
    numbers = [int(number or 0) for number in text.split(":")]
    return voice.tuplet_of(*numbers)


def leads_to_sign(voice: Voice, text: str) -> bool:
    """Whether a sign that begins with ``text`` may stand here, with or without an ending behind it."""
    signs = [sign for sign in SIGNS if sign.startswith(text)]
    return any(voice.bar_sign(sign, ending) for sign in signs for ending in (0, voice.due))
