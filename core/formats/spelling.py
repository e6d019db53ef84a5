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
_LEADING = 8  # the raised seventh of minor
_FIRST_SHARP = 6  # chromatic notes are sharps from here up, flats twelve places lower

# How often music sounds each degree of the chromatic scale, in percent, from the tonic: J. Albrecht and D. Shanahan,
# The Use of Large Corpora to Train a New Type of Key-Finding Algorithm, Music Perception 31 (2013). Counted on pieces
# from Bach to Brahms, they find more keys of tunes, and many more of piano music, than counts of folk melodies.
_MAJOR = (23.8, 0.6, 11.1, 0.6, 13.7, 9.4, 1.6, 21.4, 0.9, 8.0, 0.8, 8.1)
_MINOR = (22.0, 0.6, 10.4, 12.3, 1.9, 10.3, 1.2, 21.4, 6.2, 2.2, 6.1, 5.2)
_TONICS = {
    False: ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    True: ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
_PROFILES = {
    tonic + "m" * minor: np.roll(np.log(profile), pitch_class)
    for minor, profile in ((False, _MAJOR), (True, _MINOR))
    for pitch_class, tonic in enumerate(_TONICS[minor])
}
# Music sets out from its tonic, in the bass if not in the melody, and rests on it; what is cut off ends anywhere. These
# notes weigh so much of the whole again: of 0, 0.05, 0.1, 0.15 and 0.2 what finds most keys of the folk songs, dance
# tunes and performances that models train on.
_FIRST_NOTE, _LAST_NOTE = 0.1, 0.05


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
    """Name the key in which music is most likely: by how long each pitch class sounds, and the notes at its ends.

    ``pitches`` are in the order in which they sound, of notes together the lowest first. Durations may be in any unit.
    No notes give C.
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
    is a semitone up, flats when it is a semitone down, and otherwise what is usual in the key. Double accidentals are
    for the leading note of minor keys, and for notes that lean.
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
    step_to_goal = 0 if goal is None else goal - pitch
    if place not in _FIXED[key.minor] and abs(step_to_goal) == 1:
        sharp = place if place >= _FIRST_SHARP else place + 12
        place = sharp if step_to_goal > 0 else sharp - 12
    step, alter = _step_and_alter(key.fifths + place)
    if abs(alter) == 2 and step_to_goal != alter // 2 and not (key.minor and place == _LEADING):
        step, alter = _step_and_alter(key.fifths + place - 6 * alter)
    return Spelled(step, alter, (pitch - alter) // 12 - 1)


def _step_and_alter(fifths: int) -> tuple[str, int]:
    alter, index = divmod(fifths + 1, 7)
    return _STEPS[index], alter


def _enharmonic(key: Key) -> str:
    """Name the key as the profiles do."""
    tonic = 7 * (key.fifths + 3 * key.minor) % 12
    return _TONICS[key.minor][tonic] + "m" * key.minor


def _likeliest(names: Sequence[str], pitches: Sequence[int], durations: Sequence[float]) -> str:
    """The first of ``names`` must be a major key: it is what no notes give."""
    if not pitches:
        return names[0]
    weights = np.array(durations, dtype=float)
    total = weights.sum()
    weights[0] += _FIRST_NOTE * total
    weights[-1] += _LAST_NOTE * total
    heard = np.bincount(np.asarray(pitches) % 12, weights=weights, minlength=12)
    # Where folk songs leave out the tonic of the key found, collectors name the same one for 43 of 54 in major, which
    # keep to its fifth, and for none of 9 in minor.
    silent = {tonic + "m" for tonic, sounds in zip(_TONICS[True], heard, strict=True) if not sounds}
    return max((name for name in names if name not in silent), key=lambda name: float(heard @ _PROFILES[name]))
