"""Metre as it is read: how strong each place of a bar is, and which note values keep the beats in sight.

Time is in units of 1/48 quarter from the start of the bar.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from core.errors import FormatError
from core.formats.grid import UNITS

Values = dict[int, tuple[str, int]]  # length in units -> name of the note value, number of dots

_PLAIN = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th")
VALUES: Values = {8 * UNITS >> i: (name, 0) for i, name in enumerate(_PLAIN)}
VALUES |= {length * 3 // 2: (name, 1) for length, (name, _) in VALUES.items() if length % 2 == 0}
TRIPLET_VALUES: Values = {length * 2 // 3: value for length, value in VALUES.items() if length * 2 // 3 >= 2}

_TRIPLET_SPANS = (2 * UNITS, UNITS, UNITS // 2, UNITS // 4)  # three quarters, eighths, 16ths or 32nds in their time
_FINEST = 3


class _Split(NamedTuple):
    values: int
    dots: int
    ends: tuple[int, ...]


def bar_units(time_signature: tuple[int, int]) -> int:
    """Length of a bar in units. Raises FormatError for a metre that cannot be written."""
    numerator, denominator = time_signature
    if not 1 <= numerator <= 64 or denominator not in (1, 2, 4, 8, 16, 32):
        raise FormatError(f"The metre {numerator}/{denominator} cannot be written: use one such as 4/4, 3/4 or 6/8.")
    return numerator * 4 * UNITS // denominator


@lru_cache(maxsize=64)
def bar_levels(time_signature: tuple[int, int]) -> dict[int, int]:
    """Give each place of a bar its level: 0 for the bar lines, more the weaker it is."""
    numerator, denominator = time_signature
    bar = bar_units(time_signature)
    levels = {0: 0, bar: 0}
    _divide_beats(levels, 0, numerator, 4 * UNITS // denominator, 1, compound=numerator & (numerator - 1) != 0)
    return _divide_in_two(levels, 4 * UNITS // denominator)


def _divide_beats(levels: dict[int, int], start: int, beats: int, beat: int, level: int, compound: bool) -> None:
    if beats == 1:
        return
    parts = _parts(beats)
    # In groups of three, and groups of unequal size, no note may hide where a group begins: a gap in levels says so.
    inner = level + 1 if compound and level > 1 and max(parts) == 1 else level
    for part in parts:
        levels.setdefault(start, inner)
        _divide_beats(levels, start, part, beat, level + 1, compound)
        start += part * beat


def _parts(beats: int) -> list[int]:
    """Divide beats into the groups that are counted: 4 in 2+2, 6 in 3+3, 9 in 3+3+3, 7 in 2+2+3."""
    if beats in (2, 3):
        return [1] * beats
    if beats % 2 == 0:
        return [beats // 2] * 2
    if beats % 3 == 0:
        return [3] * (beats // 3)
    return [2] * ((beats - 3) // 2) + [3]


def _divide_in_two(levels: dict[int, int], step: int) -> dict[int, int]:
    """Divide every step in halves, each weaker than all before, down to 64ths."""
    end, weakest = max(levels), max(levels.values())
    while step % 2 == 0 and step // 2 >= 2:
        step //= 2
        weakest += 1
        for place in range(0, end, step):
            levels.setdefault(place, weakest)
    return levels


@lru_cache(maxsize=8)
def triplet_levels(span: int) -> dict[int, int]:
    """Levels within a triplet that fills ``span`` units: its three notes, their halves, and so on."""
    levels = {0: 0, span // 3: 1, 2 * span // 3: 1, span: 0}
    return _divide_in_two(levels, span // 3)


@lru_cache(maxsize=16384)
def split_note(start: int, end: int, time_signature: tuple[int, int]) -> tuple[int, ...]:
    """Cut a note into readable values; returns their ends, the last of which is ``end``.

    One value may hide one place that is one level stronger than its own weaker end, like the off-beat quarter of
    eighth, quarter, eighth; a stronger place, or a second one, is shown by a tie.
    """
    return _split(start, end, bar_levels(time_signature), VALUES, _readable_note).ends


@lru_cache(maxsize=16384)
def split_rest(start: int, end: int, time_signature: tuple[int, int]) -> tuple[int, ...]:
    """Cut a rest, of which one value may hide only places weaker than both its ends."""
    return _split(start, end, bar_levels(time_signature), VALUES, _readable_rest).ends


@lru_cache(maxsize=4096)
def split_in_triplet(start: int, end: int, span: int) -> tuple[int, ...]:
    """Cut a note or rest within a triplet of ``span`` units, in units from the start of the triplet."""
    return _split(start, end, triplet_levels(span), TRIPLET_VALUES, _readable_note).ends


def _readable_note(hidden: list[int], weaker_end: int) -> bool:
    stronger = [level for level in hidden if level < weaker_end]
    return not stronger or stronger == [weaker_end - 1]


def _readable_rest(hidden: list[int], weaker_end: int) -> bool:
    return all(level > weaker_end for level in hidden)


def _split(
    start: int, end: int, levels: dict[int, int], values: Values, readable: Callable[[list[int], int], bool]
) -> _Split:
    """Cut at the strongest places first; of several, where fewest values and then fewest dots come out."""
    inner = {place: level for place, level in levels.items() if start < place < end}
    if end - start in values and readable(list(inner.values()), max(levels[start], levels[end])):
        return _Split(1, values[end - start][1], (end,))
    strongest = min(inner.values())
    options = []
    for place in sorted((place for place, level in inner.items() if level == strongest), reverse=True):
        first = _split(start, place, levels, values, readable)
        second = _split(place, end, levels, values, readable)
        options.append(_Split(first.values + second.values, first.dots + second.dots, first.ends + second.ends))
    return min(options, key=lambda option: (option.values, option.dots))


def triplet_spans(points: set[int], time_signature: tuple[int, int]) -> list[tuple[int, int]]:
    """Find the triplets of a bar, as (start, span) in order, whose notes begin and end at ``points``.

    A point that is no whole number of 64ths lies in a triplet: the longest that holds every point within it.
    """
    spans: list[tuple[int, int]] = []
    reached = 0
    for point in sorted(points):
        if point % _FINEST and point > reached:
            candidates = [(point - point % span, span) for span in _TRIPLET_SPANS]
            fitting = [c for c in candidates if _keeps_beats(*c, time_signature) and _holds(*c, points)]
            spans.append((fitting or candidates[-1:])[0])
            reached = sum(spans[-1])
    return spans


def _keeps_beats(start: int, span: int, time_signature: tuple[int, int]) -> bool:
    levels = bar_levels(time_signature)
    end = start + span
    if start not in levels or end not in levels:
        return False
    return all(levels[p] >= max(levels[start], levels[end]) for p in levels if start < p < end)


def _holds(start: int, span: int, points: set[int]) -> bool:
    inside = {point - start for point in points if start < point < start + span}
    third, sixth = span // 3, span // 6
    if all(point % third == 0 for point in inside):
        return True
    # A beat's triplet may have its notes halved; two triplets of half its length are plainer where notes meet in the
    # middle but not on both its thirds, and for six even notes.
    in_halves = 3 * sixth in inside and (not {third, 2 * third} <= inside or {sixth, 5 * sixth} <= inside)
    return span <= UNITS and not in_halves and all(point % max(4, sixth) == 0 for point in inside)
