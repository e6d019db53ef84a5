"""From ABC as it is written to notes in time: repeats and endings are played out, ties joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from core.errors import FormatError
from core.formats.abc_fields import FREE_METRE, MAX_LENGTH_QUARTERS, Metre
from core.score import Note

MAX_NOTES = 20_000
MAX_SOUNDS = 40_000  # notes, chords and rests, with the repeats
MAX_TUNE_QUARTERS = 20_000
MAX_PASSES = 10  # of a repeated section

Place = tuple[int, int]
"""where something is written: from one character of the text up to another"""


@dataclass(slots=True)
class Sound:
    """What starts together; a rest has no pitches."""

    length: Fraction
    pitches: tuple[int, ...] = ()
    places: tuple[Place, ...] = ()  # of each pitch, or of the rest
    metre: Metre = FREE_METRE
    fills_bars: bool = False  # a rest of whole bars
    tied: frozenset[int] = frozenset()  # those held into the next sound


class Bar(NamedTuple):
    """A bar line, or the start of an ending."""

    repeats_back: int = 0  # how often one goes back from here
    repeats_from: bool = False
    double: bool = False
    passes: frozenset[int] = frozenset()  # those in which the ending that starts here is played
    place: Place = (0, 0)


Item = Sound | Bar


@lru_cache(maxsize=256)
def bar_line(text: str, ending: str | None) -> Bar:
    """The bar line written ``text`` (empty: none) and the numbers of the ending behind it, if one starts there."""
    before, _, after = text.partition("|")
    passes = _passes(ending) if ending else frozenset()
    strokes = text.strip(":")
    return Bar(
        repeats_back=min(text.count(":") // 2 if not strokes else before.count(":"), MAX_PASSES - 1),
        repeats_from=text in (":", "::") or after.endswith(":"),
        double=len(strokes) > 1,
        passes=passes,
    )


def _passes(text: str) -> frozenset[int]:
    passes: set[int] = set()
    for part in text.strip(",-").split(","):
        first, _, last = part.partition("-")
        if not (first.isdigit() and (not last or last.isdigit()) and len(part) <= 5):
            raise FormatError(f"{text[:12]!r} does not number an ending, so write one such as [1 or [1,3")
        if int(last or first) > MAX_PASSES:
            raise FormatError(f"an ending for more than {MAX_PASSES} times cannot be played, so write fewer")
        passes.update(range(int(first), int(last or first) + 1))
    return frozenset(passes)


@dataclass
class _Section:
    """Music between repeat signs: a body, then endings each for some of the passes."""

    body: list[Sound] = field(default_factory=list)
    endings: list[tuple[frozenset[int], list[Sound]]] = field(default_factory=list)
    passes: int = 1
    explicit: bool = False  # started by a repeat sign

    def add(self, sound: Sound) -> None:
        (self.endings[-1][1] if self.endings else self.body).append(sound)

    def start_ending(self, passes: frozenset[int]) -> None:
        self.endings.append((passes, []))
        self.passes = max(self.passes, *passes)

    def played(self) -> Iterator[Sound]:
        for number in range(1, self.passes + 1):
            yield from self.body
            for passes, sounds in self.endings:
                if number in passes:
                    yield from sounds


def _sections(items: list[Item]) -> Iterator[_Section]:
    """A voice cut where its repeats begin and end.

    Without a sign for it a repeat goes back to the last double bar or the end of the last repeat.
    """
    section = _Section()
    for i, item in enumerate(items):
        if isinstance(item, Sound):
            section.add(item)
            continue
        if item.repeats_back:
            section.passes = max(section.passes, item.repeats_back + 1)
        more_endings = bool(item.passes) or (
            i + 1 < len(items) and isinstance(following := items[i + 1], Bar) and bool(following.passes)
        )
        ended = item.repeats_back and not more_endings
        ended = ended or (item.double and (section.endings or not section.explicit) and not more_endings)
        if ended or item.repeats_from:
            yield section
            section = _Section(explicit=item.repeats_from)
        if item.passes:
            section.start_ending(item.passes)
    yield section


def played_order(items: list[Item], expand_repeats: bool) -> list[Sound]:
    """The sounds of a voice as they are played, or as they are written."""
    if not expand_repeats:
        return [item for item in items if isinstance(item, Sound)]
    played: list[Sound] = []
    for section in _sections(items):
        for sound in section.played():
            played.append(sound)
            if len(played) > MAX_SOUNDS:
                raise FormatError(f"With its repeats the tune has more than {MAX_SOUNDS} notes and rests: cut it.")
    return played


def lay_out(sounds: list[Sound]) -> list[tuple[Note, Place]]:
    """Notes at their times, tied ones joined, and where each is written, of tied ones the first."""
    laid: list[tuple[Fraction, Fraction, int, Place]] = []
    time = Fraction(0)
    held: dict[int, int] = {}  # pitch -> its index in `laid`
    for sound in sounds:
        still_held: dict[int, int] = {}
        for pitch, own in dict(zip(sound.pitches, sound.places, strict=False)).items():
            if pitch in held:
                index = held[pitch]
                onset, duration, _, place = laid[index]
                laid[index] = (onset, duration + sound.length, pitch, place)
            else:
                index = len(laid)
                laid.append((time, sound.length, pitch, own))
            if pitch in sound.tied:
                still_held[pitch] = index
        held = still_held
        time += sound.length
        if time > MAX_TUNE_QUARTERS:
            raise FormatError("The tune lasts for hours: cut it.")
    if any(duration > MAX_LENGTH_QUARTERS for _, duration, _, _ in laid):
        raise FormatError("Tied notes make one that is too long: tie fewer.")
    return [(Note(float(onset), float(duration), pitch), place) for onset, duration, pitch, place in laid]


def first_bar(items: list[Item]) -> Fraction:
    """Quarters before the first bar line that has music before it; none without such a bar line."""
    length = Fraction(0)
    for item in items:
        if isinstance(item, Sound):
            length += item.length
        elif length:
            return length
    return Fraction(0)
