"""How long a note of a piano piece is written.

A pianist lets most notes go before the next and holds others with the pedal, so that how long they sound says little:
what is written mostly lasts until the next note of its voice, and a rest stands only for a silence that is meant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median_high

from core.formats.grid import UNITS
from core.formats.metre import bar_units
from core.piano_notation.beats import Placed
from core.piano_notation.grid import Grid

REACH = 16
"""semitones that a hand spans at most while it holds a note"""
MAX_PITCH = 127
_MAX_BARS = 2  # that a note is written to last
# Up to which distance from the next note, what share of it a note has to sound to be written as long.
_NO_REST = ((UNITS // 2, 0.0), (UNITS, 0.2), (UNITS * 3 // 2, 0.35), (math.inf, 0.5))
_WEAK_END = 0.4  # of a doubling in length, for each level that the place of an end is weaker than a beat
_BEAT_LEVEL = 2


def wanted_ends(
    hand: Mapping[int, tuple[int, ...]], placed: Placed, pitches: Sequence[int], grid: Grid, reach: int
) -> list[tuple[int, ...]]:
    """Until when each note of each of a hand's chords, by their positions, would be held.

    A note that sounds on with the pedal is held as long as the hand can: until it strikes that key again, or one more
    than ``reach`` semitones away.
    """
    longest = _MAX_BARS * bar_units(placed.time_signature)
    starts = list(hand)
    ends = []
    for index, (start, notes) in enumerate(hand.items()):
        chord = []
        for note in notes:
            release = min(float(placed.release[note]), start + longest)
            later = (place for place in starts[index + 1 :] if place < release)
            stops = (place for place in later if not _lets_hold(note, hand[place], pitches, reach))
            chord.append(grid.nearest(next(stops, release), start))
        ends.append(tuple(chord))
    return ends


def _lets_hold(note: int, struck: tuple[int, ...], pitches: Sequence[int], reach: int) -> bool:
    """Whether a hand can hold a note while it strikes others."""
    return all(0 < abs(pitches[other] - pitches[note]) <= reach for other in struck)


def written_end(start: int, wanted: Sequence[int], limit: int, grid: Grid, exact: bool) -> int:
    """Where a chord ends whose notes would be held until ``wanted``, the next one of its voice being at ``limit``.

    With ``exact`` a rest follows whenever the notes end earlier, as in music that was composed on the grid.
    """
    held, gap = min(median_high(wanted), limit) - start, limit - start
    if exact:
        return start + held
    if held >= gap * next(share for distance, share in _NO_REST if gap <= distance):
        return limit
    places = [place for place in grid.places(start, start + 2 * held + UNITS) if place < limit]
    return min([*places, limit], key=lambda place: _misfit(place, start, held, grid))


def _misfit(end: int, start: int, held: int, grid: Grid) -> float:
    return abs(math.log2((end - start) / held)) + _WEAK_END * max(grid.level(end) - _BEAT_LEVEL, 0)
