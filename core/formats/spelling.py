"""Keys, and how a pitch is spelled in one: what turns note number 70 into B flat in F and A sharp in B.

Names of notes are counted in fifths from C, on the line ... Bb F C G D A E B F# ...: Bb is -2, C is 0, F# is 6.
A key is named as in ``Score.key``: a tonic with an optional ``m`` for minor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.errors import FormatError

_STEPS = "FCGDAEB"  # the natural notes, a fifth apart, from F at -1
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}

# Places on the line of fifths, counted from that of the key signature. These names stand whatever follows: the scale,
# its raised fourth, and in minor the raised third, sixth and seventh.
_FIXED = {False: {-1, 0, 1, 2, 3, 4, 5, 6}, True: {-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}
_LOWEST = {False: -3, True: -2}  # twelve names from here up: Eb to G# in C, Bb to D# in A minor
_FIRST_SHARP = 6  # chromatic notes are sharps from here up, flats twelve places lower

# How often folk melodies sound each degree of the chromatic scale, in percent, from the tonic: B. Aarden,
# Dynamic Melodic Expectancy (2003), counted on the Essen collection.
_MAJOR = (17.77, 0.15, 14.93, 0.16, 19.80, 11.36, 0.29, 22.06, 0.15, 8.15, 0.23, 4.95)
_MINOR = (18.26, 0.74, 14.05, 16.86, 0.70, 14.44, 0.70, 18.62, 4.57, 1.93, 7.38, 1.76)
_TONICS = {
    False: ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    True: ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
_PROFILES = {
    tonic + "m" * minor: np.roll(np.log(profile), pitch_class)
    for minor, profile in ((False, _MAJOR), (True, _MINOR))
    for pitch_class, tonic in enumerate(_TONICS[minor])
}
_LAST_NOTE = 0.15  # melodies rest on their tonic: the last note weighs so much of the whole again


class Key(NamedTuple):
    """A key by its signature: ``fifths`` sharps, or flats when negative."""

    fifths: int
    minor: bool

    @property
    def name(self) -> str:
        step, alter = _step_and_alter(self.fifths + 3 * self.minor)
        return step + {0: "", 1: "#", -1: "b"}[alter] + "m" * self.minor


class Spelled(NamedTuple):
    """A pitch as it is written: ``step`` A to G, ``alter`` in semitones, ``octave`` 4 from middle C up."""

    step: str
    alter: int
    octave: int


def parse_key(name: str) -> Key:
    """Read the name of a key; one beyond seven sharps or flats becomes its enharmonic equal.

    Raises FormatError when the name is not a tonic with an optional ``m``.
    """
    match = re.fullmatch(r"([A-G])([#b]?)(m?)", name)
    if not match:
        raise FormatError(f"The key {name[:20]!r} is not known: write a tonic such as C, F# or Bb, with m for minor.")
    step, accidental, minor = match.groups()
    fifths = _STEPS.index(step) - 1 + 7 * _ACCIDENTALS[accidental] - 3 * bool(minor)
    if abs(fifths) > 7:
        fifths -= 12 if fifths > 0 else -12
    return Key(fifths, bool(minor))


def estimate_key(pitches: Sequence[int], durations: Sequence[float]) -> str:
    """Name the key in which a melody is most likely: by how long each pitch class sounds, and the note it ends on.

    Durations may be in any unit. No notes give C.
    """
    return _likeliest(list(_PROFILES), pitches, durations)


def key_of_signature(fifths: int, pitches: Sequence[int], durations: Sequence[float]) -> str:
    """Name the likelier for these notes of the major and the minor key that share a signature."""
    names = {Key(fifths, minor).name: _enharmonic(Key(fifths, minor)) for minor in (False, True)}
    likeliest = _likeliest(list(names.values()), pitches, durations)
    return next(name for name, profile in names.items() if profile == likeliest)


def spell(pitches: Sequence[int], key: Key) -> list[Spelled]:
    """Write the pitches of a melody as a musician does in this key.

    Notes of the scale keep their names. Other notes lean to where the melody goes: they are sharps when the next pitch
    is a semitone up, flats when it is a semitone down, and otherwise what is usual in the key.
    """
    spelled: list[Spelled] = []
    following = goal = None  # the next note, and the next that differs
    for pitch in reversed(pitches):
        if pitch != following:
            goal = following
        spelled.append(_spell(pitch, goal, key))
        following = pitch
    return spelled[::-1]


def _spell(pitch: int, goal: int | None, key: Key) -> Spelled:
    lowest = key.fifths + _LOWEST[key.minor]
    place = (7 * pitch - lowest) % 12 + _LOWEST[key.minor]
    if place not in _FIXED[key.minor] and goal is not None and abs(goal - pitch) == 1:
        sharp = place if place >= _FIRST_SHARP else place + 12
        place = sharp if goal > pitch else sharp - 12
    step, alter = _step_and_alter(key.fifths + place)
    return Spelled(step, alter, (pitch - alter) // 12 - 1)


def _step_and_alter(fifths: int) -> tuple[str, int]:
    alter, index = divmod(fifths + 1, 7)
    return _STEPS[index], alter


def _enharmonic(key: Key) -> str:
    """Name the key as the profiles do."""
    tonic = 7 * (key.fifths + 3 * key.minor) % 12
    return _TONICS[key.minor][tonic] + "m" * key.minor


def _likeliest(names: Sequence[str], pitches: Sequence[int], durations: Sequence[float]) -> str:
    if not pitches:
        return names[0]
    weights = np.array(durations, dtype=float)
    weights[-1] += _LAST_NOTE * weights.sum()
    heard = np.bincount(np.asarray(pitches) % 12, weights=weights, minlength=12)
    return max(names, key=lambda name: float(heard @ _PROFILES[name]))
