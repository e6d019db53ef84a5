"""Bars that add up and repeats that are closed: what one voice of a tune allows next, sound by sound.

Lengths are whole numbers of 64ths of a whole note. Nothing shorter is written, so whatever room is left can be filled.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from core.formats.abc_fields import MAX_LENGTH_QUARTERS, Metre
from core.formats.abc_layout import bar_line

GRID = 16
"""parts of a quarter"""
MAX_SOUND = MAX_LENGTH_QUARTERS * GRID
FREE_BAR = 48 * GRID
"""the longest where there is no metre"""
MAX_BROKEN = 3
MAX_TIES, MAX_TIED = 4, 6 * GRID
"""that follow each other, and the length of a sound that is tied: what they join stays below MAX_SOUND"""
TUPLET_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
"""notes: in the time of so many; the others depend on the metre"""

MULTIPLIERS = {
    "": Fraction(1),
    "//": Fraction(1, 4),
    **{str(n): Fraction(n) for n in range(2, 17)},
    **{f"{n or ''}/": Fraction(n or 1, 2) for n in (0, 3, 5, 7)},
    **{f"{n if n > 1 else ''}/{d}": Fraction(n, d) for n in range(1, 16, 2) for d in (2, 4, 8, 16, 32, 64)},
}
"""what may stand behind a note, and how many times the unit that means"""


class Tuplet(NamedTuple):
    """``p`` notes in the time of ``q``."""

    p: int = 1
    q: int = 1
    left: int = 0
    """sounds still to come"""
    written: int = 0
    """length of those that there are, as if there were no tuplet"""


class Voice(NamedTuple):
    """One voice at one moment. Every method gives what becomes of it, or None where that could not be made good."""

    full: int
    """length of a bar"""
    unit: int
    free: bool = False
    """without a metre: bars of any length"""
    compound: bool = False
    filled: int = 0
    """of the bar at hand, tuplets that are not complete left aside"""
    owed: int = 0
    """what the bar before, which was a short one, lacks; 0 where it was full"""
    must: bool = False
    """whether the bar at hand has to be what is owed"""
    upbeat: int = 0
    """of the section, which its last bar may complete"""
    pickup: int = 0
    """the upbeat of the tune"""
    opening: bool = True
    """whether the bar at hand is the first of its section"""
    begun: bool = False
    """whether a bar has come before"""
    last: int = 0
    """length of the last sound, 0 where an ending begins"""
    breakable: bool = False
    """whether it may become part of a broken rhythm"""
    broken: tuple[int, int] = (1, 1)
    """what the next sound's length is multiplied by, numerator and denominator"""
    tuplet: Tuplet = Tuplet()
    tied: bool = False
    ties: int = 0
    repeat: bool = False
    """whether a repeat has been opened and not closed"""
    ending: int = 0
    """the number of the ending at hand; below zero that of one which has to come at once"""

    @property
    def room(self) -> int:
        return (self.owed if self.must else self.full) - self.filled

    @property
    def short(self) -> bool:
        """Whether a bar that ended here would lack something, or be too long for what it completes."""
        return self.begun and not self.free and self.filled not in (0, self.full, self.owed)

    @property
    def between(self) -> bool:
        """Whether nothing has to come at once."""
        hollow = self.ending and not self.last
        return not (self.tuplet.left or self.broken[1] > 1 or self.tied or self.ending < 0 or hollow)

    @property
    def due(self) -> int:
        """The number of the ending that may come next."""
        return self.ending + 1 if self.ending >= 0 else -self.ending

    @property
    def complete(self) -> bool:
        """Whether the tune may end here, in or behind a bar that adds up, or behind the last, which may be short."""
        whole = self.filled in (0, self.full, self.owed) or self.free
        return whole and self.between and not self.repeat and self.ending != 1

    @property
    def possible(self) -> bool:
        """Whether there is a way to go on. Sounds as short as can be fill any room, and complete any tuplet."""
        p, q, left, written = self.tuplet
        shortest = self.broken[0] if self.broken[1] > 1 else 0
        if not left:
            return shortest <= self.room
        if left == 1:
            return any(self.sound(length) for length in lengths(self.unit))
        period = p // math.gcd(p, q)
        total = math.ceil((written + max(shortest, 1) + left - 1) / period) * period
        return total * q // p <= self.room

    def sound(self, written: int) -> Voice | None:
        """A note, chord or rest, ``written`` so long."""
        numerator, denominator = self.broken
        length, rest = divmod(written * numerator, denominator)
        if rest or not 0 < length <= MAX_SOUND or self.ending < 0:
            return None
        after = self._replace(
            broken=(1, 1), last=length, breakable=True, tied=False, ties=self.ties + 1 if self.tied else 0
        )
        after = after.in_tuplet(length) if self.tuplet.left else after._replace(filled=self.filled + length)
        return after if after.possible else None

    def in_tuplet(self, length: int) -> Voice:
        """The last of a tuplet's sounds makes it part of the bar; one that falls off the grid, a bar too full."""
        p, q, left, written = self.tuplet
        if left > 1:
            return self._replace(tuplet=Tuplet(p, q, left - 1, written + length))
        total, rest = divmod((written + length) * q, p)
        filled = self.filled + (total if not rest else MAX_SOUND * p)
        return self._replace(tuplet=Tuplet(), filled=filled, breakable=False)

    def tuplet_of(self, p: int, q: int = 0, num: int = 0) -> Voice | None:
        """``(p:q:num``."""
        if p < 2 or self.tuplet.left or self.broken[1] > 1 or self.ending < 0:
            return None
        q = q or TUPLET_TIME.get(p, 3 if self.compound else 2)
        after = self._replace(tuplet=Tuplet(p, q, num or p), breakable=False)
        return after if after.possible else None

    def break_rhythm(self, signs: str) -> Voice | None:
        """``>``, ``<<`` ... behind a sound."""
        if not self.breakable or len(signs) > MAX_BROKEN:
            return None
        halved = 2 ** len(signs)
        first, second = (2 * halved - 1, 1) if signs[0] == ">" else (1, 2 * halved - 1)
        length, rest = divmod(self.last * first, halved)
        if rest:
            return None
        after = self._replace(broken=(second, halved), breakable=False)
        if self.tuplet.left:
            written = self.tuplet.written + length - self.last
            after = after._replace(tuplet=self.tuplet._replace(written=written))
        else:
            after = after._replace(filled=self.filled + length - self.last)
        return after if after.possible else None

    def tie(self) -> Voice | None:
        """``-`` behind a sound of the bar at hand."""
        nothing = self.tied or not (self.filled or self.tuplet.written)
        if nothing or self.ties >= MAX_TIES or self.last > MAX_TIED:
            return None
        return self._replace(tied=True, breakable=False)

    def bar_sign(self, text: str, ending: int = 0) -> Voice | None:
        """A bar line or a repeat sign (empty: none), and the number of the ending that begins behind it (0: none)."""
        sign = bar_line(text, None)
        back, strong = sign.repeats_back > 0, bool(sign.repeats_back or sign.repeats_from or sign.double)
        if self.tuplet.left or self.broken[1] > 1 or (back and (self.tied or not self.filled)):
            return None
        after = self.in_form(back, sign.repeats_from, strong, ending)
        if after is None or (self.filled and not text):
            return None
        if (
            self.short
            and not text.startswith(":")
            and self.filled not in (self.full - self.upbeat, self.full - self.pickup)
        ):
            return None  # a | is hardly ever the first half of a || where the bar is not full
        if ending:
            after = after._replace(last=0)
        elif not self.filled and self.ending and not self.last:
            return None
        if self.filled:
            last_ending = self.ending > 1 and not after.ending  # it goes on, not back to the upbeat
            return after._replace(upbeat=0 if last_ending else self.upbeat).in_next_bar(back, strong, ending)
        if not strong or after.ending:
            return after
        opening = self.opening or back or sign.repeats_from or not after.repeat  # within a repeat no part begins
        return after._replace(upbeat=0, opening=opening)

    def in_form(self, back: bool, from_here: bool, strong: bool, ending: int) -> Voice | None:
        """The repeats and endings behind a sign: a first ending is repeated from, and the second follows at once."""
        now, repeat = self.ending, self.repeat and not back
        if ending:
            if from_here or ending != self.due or back != (now > 0):
                return None
        elif now < 0 or (now == 1 and strong and (from_here or not back)):
            return None
        elif strong:
            ending = -2 if now == 1 else 0
        else:
            ending = now
        if from_here and repeat:
            return None
        return self._replace(repeat=repeat or from_here, ending=ending)

    def in_next_bar(self, back: bool, strong: bool, ending: int) -> Voice | None:
        """A new bar, if the one at hand adds up.

        It may be the tune's upbeat. Before a strong sign it may be short, if it completes the upbeat of its section or
        the next bar completes it; where players go back or endings meet, only if it completes the upbeat.
        """
        whole = not self.short
        completes = self.filled + self.upbeat == self.full
        meets_ending = bool(ending) or self.ending < 0
        if not whole and (self.must or not strong or not (completes if back else not meets_ending)):
            return None
        owed = 0 if whole or meets_ending else self.full - self.filled
        new_section = strong and not self.ending
        upbeat = self.filled if self.opening and self.filled < self.full else self.upbeat
        return self._replace(
            filled=0,
            owed=owed,
            must=owed > 0 and not completes,
            upbeat=0 if new_section else upbeat,
            pickup=self.pickup if self.begun else self.filled % self.full,
            opening=new_section and (back or not self.repeat),
            begun=True,
            breakable=False,
        )

    def in_metre(self, metre: Metre) -> Voice | None:
        """From here on in another metre, between two bars that need nothing of each other."""
        if self.filled or self.must or not self.between:
            return None
        return self._replace(full=bar_of(metre), free=metre.free, compound=metre.compound, owed=0, upbeat=0)

    def in_unit(self, unit: Fraction) -> Voice | None:
        """From here on with another unit note length, in quarters."""
        length = unit * GRID
        if length.denominator != 1 or length.numerator.bit_count() != 1 or length > 4 * GRID or not self.between:
            return None
        return self._replace(unit=int(length))


def voice_in(metre: Metre, unit: Fraction) -> Voice | None:
    """A voice that has nothing yet; None for a unit, in quarters, in which 64ths cannot be written."""
    return Voice(bar_of(metre), 1, metre.free, metre.compound).in_unit(unit)


def bar_of(metre: Metre) -> int:
    return FREE_BAR if metre.free else int(metre.bar * GRID)


@lru_cache(maxsize=16)
def lengths(unit: int) -> tuple[int, ...]:
    """Every length that can be written behind a letter, where a letter alone is ``unit`` long."""
    written = {unit * multiplier for multiplier in MULTIPLIERS.values()}
    return tuple(sorted(int(length) for length in written if length.denominator == 1 and length <= MAX_SOUND))
