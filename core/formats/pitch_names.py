"""Pitches as people write them: ``G4``, ``F#3``, ``Bb5``, or a MIDI number."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import InputError
from core.formats.spelling import parse_key, spell

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "##": 2, "♯♯": 2, "x": 2, "b": -1, "♭": -1, "bb": -2, "♭♭": -2, "♮": 0}
SIGNS = {-2: "♭♭", -1: "♭", 0: "", 1: "♯", 2: "♯♯"}
NAME = re.compile(r"([A-Ga-g])(##|♯♯|bb|♭♭|[#♯x♭b♮]?)(-?\d{1,2})")
NUMBER = re.compile(r"\d{1,4}")
MAX_TEXT = 20_000


class PitchError(InputError):
    """A word that names no pitch."""


def pitch_names(pitches: Sequence[int], key: str) -> list[str]:
    """The notes of a melody, named as its score in ``key`` writes them: see ``spell``."""
    return [f"{note.step}{SIGNS[note.alter]}{note.octave}" for note in spell(pitches, parse_key(key))]


def pitch_name(pitch: int, key: str = "C") -> str:
    """``60`` is ``C4``; a black key has the name that is usual in ``key``."""
    return pitch_names((pitch,), key)[0]


def parse_pitch(word: str) -> int:
    """A MIDI note number from a name or a number; raises ``PitchError``."""
    if NUMBER.fullmatch(word):
        pitch = int(word)
    elif match := NAME.fullmatch(word):
        step, accidental, octave = match.groups()
        pitch = 12 * (int(octave) + 1) + STEPS[step.upper()] + ACCIDENTALS[accidental]
    else:
        raise PitchError(
            f"{word[:20]!r} is not a note: write names with their octave, such as G4, F#4 or Bb3, or MIDI numbers."
        )
    if not 0 <= pitch <= 127:
        raise PitchError(f"The note {word[:20]!r} is out of range: use C-1 to G9, which are the MIDI numbers 0 to 127.")
    return pitch


def parse_pitches(text: str) -> tuple[int, ...]:
    """The pitches of ``G4 A4 B4`` or ``67, 69, 71``; raises ``PitchError`` that names the wrong word."""
    if len(text) > MAX_TEXT:
        raise PitchError("That is too much text for a row of notes; give fewer notes.")
    return tuple(parse_pitch(word) for word in re.split(r"[\s,;|]+", text.strip()) if word)
