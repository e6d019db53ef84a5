"""Whether a tune is legal ABC: it can be read, its bars are as long as its metre, and its repeats are closed.

A bar may be shorter where music has it so: an upbeat, a last bar that is not repeated, and the two parts of a bar that
a repeat sign, an ending or a double bar line divides, which make one whole in the order in which they are played. A
part may also begin with an upbeat where nothing is missing before it: a few tunes in O'Neill's, Ryan's and Aird's
collections do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from typing import NamedTuple

from core.errors import FormatError
from core.formats.abc_layout import Bar, Item, Place, Sound, played_order
from core.formats.abc_notation import read_tune, tune_score
from core.formats.abc_reader import AbcError

NEVER_ENDED = "This repeat begins and never ends: write :| where the players go back."
ENDING_ASTRAY = "This ending is astray: end the one before it with :| and number the endings 1, 2 and so on."
ENDING_MISSING = "Another ending is missing behind this one: number the endings 1, 2 and so on, one for each time."


@dataclass(frozen=True)
class TuneCheck:
    parses: bool
    """whether ``abc_to_score`` reads it"""
    bars_add_up: bool
    repeats_closed: bool
    problem: str = ""
    """one plain sentence on the first thing that is wrong"""
    place: Place | None = None
    """the characters of the text that it is about"""

    @property
    def legal(self) -> bool:
        return self.parses and self.bars_add_up and self.repeats_closed


class Problem(NamedTuple):
    place: Place
    sentence: str


class Measure(NamedTuple):
    """What stands between two bar lines."""

    sounds: list[Sound]
    begins: bool
    """whether a part of the tune may begin with it: it stands behind a repeat sign, an ending or a double bar line"""
    ends: bool
    """whether a part of the tune may end with it"""
    opens: bool
    """whether one does, and not only another ending"""

    @property
    def full(self) -> Fraction:
        """Quarters that it should last."""
        return self.sounds[0].metre.bar

    @property
    def length(self) -> Fraction:
        """Quarters that it lasts; in free metre, and of bars of rest, as many as it should."""
        if self.sounds[0].metre.free or any(sound.fills_bars for sound in self.sounds):
            return self.full
        return sum((sound.length for sound in self.sounds), Fraction(0))

    @property
    def place(self) -> Place:
        return self.sounds[0].places[0][0], self.sounds[-1].places[-1][1]


def check_tune(text: str) -> TuneCheck:
    """What is right and wrong about the one tune in ``text``; of several, about the first. Raises nothing."""
    try:
        tune = read_tune(text)
        tune_score(tune)
    except FormatError as error:
        place = error.place if isinstance(error, AbcError) else None
        return TuneCheck(False, False, False, str(error), place)
    voices = [voice.items for voice in tune.voices]
    bars = [problem for voice in voices for problem in wrong_bars(voice)]
    repeats = [problem for voice in voices for problem in (*open_repeats(voice), *wrong_endings(voice))]
    first = min([*bars, *repeats], default=None)
    return TuneCheck(True, not bars, not repeats, first.sentence if first else "", first.place if first else None)


def wrong_bars(items: list[Item]) -> Iterator[Problem]:
    """The bars of a voice that are longer than their metre, or shorter without reason."""
    measures = measures_of(items)
    lengths = [measure.length for measure in measures]
    whole = {i for i, measure in enumerate(measures) if lengths[i] == measure.full}
    whole |= divided_bars(measures, lengths, played_next(items, measures))
    upbeats = {i for i, measure in enumerate(measures) if i - 1 in whole and may_lead_in(measure)}
    right = whole | upbeats | {0}
    if not ends_in_repeat(items):
        right.add(len(measures) - 1)
    for i, measure in enumerate(measures):
        full = measure.full
        if lengths[i] > full or i not in right:
            yield Problem(measure.place, f"This bar lasts {lengths[i]} instead of {full} quarters: change its notes.")


def ends_in_repeat(items: list[Item]) -> bool:
    """Whether the players go back behind the last bar: what it lacks is then to be found where they go."""
    *_, last = runs_of(items)
    return isinstance(last, Bar) and last.repeats_back > 0


def may_lead_in(measure: Measure) -> bool:
    """Whether it may be an upbeat of a part: no more than half a bar, behind which the part goes on."""
    return measure.opens and not measure.ends and 2 * measure.length <= measure.full


def divided_bars(measures: list[Measure], lengths: list[Fraction], turns: dict[int, set[int]]) -> set[int]:
    """The bars that make a whole one with what is played before or after them: two or three parts of a divided bar.

    The last bar of a part goes with the part's own upbeat too, as it does when the part is played again.
    """
    follows: dict[int, set[int]] = {}
    upbeat = 0
    for i, measure in enumerate(measures):
        if measure.ends:
            follows[i] = {upbeat} | turns.get(i, set())
        elif measure.begins:
            upbeat = i
    pairs = [(i, j) for i in follows for j in follows[i]]
    chains = [*pairs, *((i, j, k) for i, j in pairs for k in follows.get(j, ()))]
    return {i for chain in chains if sum(lengths[j] for j in chain) == measures[chain[0]].full for i in chain}


def measures_of(items: list[Item]) -> list[Measure]:
    """The bars of a voice, in the order in which they are written; bar lines with no music between them are one."""
    measures: list[Measure] = []
    begins = opens = False
    for run in runs_of(items):
        if isinstance(run, Bar):
            opens = bool(run.repeats_back or run.repeats_from or run.double) and not run.passes
            begins = opens or bool(run.passes)
            if measures:
                measures[-1] = measures[-1]._replace(ends=begins)
        else:
            measures.append(Measure(run, begins, ends=False, opens=opens))
    return measures


def played_next(items: list[Item], measures: list[Measure]) -> dict[int, set[int]]:
    """The bars that are played after each bar."""
    number = {id(sound): i for i, measure in enumerate(measures) for sound in measure.sounds}
    first = {id(measure.sounds[0]) for measure in measures}
    turns: dict[int, set[int]] = {}
    for before, after in pairwise(map(id, played_order(items, expand_repeats=True))):
        if after in first:
            turns.setdefault(number[before], set()).add(number[after])
    return turns


def open_repeats(items: list[Item]) -> Iterator[Problem]:
    """The repeats of a voice that are begun and never ended."""
    opened: Place | None = None
    for line in lines_of(items):
        if line.repeats_back:
            opened = None
        if line.repeats_from:
            if opened:
                yield Problem(opened, NEVER_ENDED)
            opened = line.place
    if opened:
        yield Problem(opened, NEVER_ENDED)


def wrong_endings(items: list[Item]) -> Iterator[Problem]:
    """The endings of a voice that belong to no repeat, and those behind which another is missing."""
    endings: dict[int, Place] = {}
    for line in [*lines_of(items), Bar(repeats_from=True)]:
        if line.repeats_from or 1 in line.passes:
            if len(endings) == 1 or set(endings) != set(range(1, len(endings) + 1)):
                yield Problem(max(endings.values()), ENDING_MISSING)
            endings = {}
        if line.passes:
            if line.passes & endings.keys() or not (line.repeats_back or 1 in line.passes):
                yield Problem(line.place, ENDING_ASTRAY)
            endings |= dict.fromkeys(line.passes, line.place)


def lines_of(items: list[Item]) -> Iterator[Bar]:
    return (run for run in runs_of(items) if isinstance(run, Bar))


def runs_of(items: list[Item]) -> Iterator[list[Sound] | Bar]:
    """The music between bar lines, and bar lines; those with no music between them are one."""
    for _, run in groupby(items, key=type):
        together = list(run)
        if sounds := [item for item in together if isinstance(item, Sound)]:
            yield sounds
        else:
            yield joined([item for item in together if isinstance(item, Bar)])


def joined(lines: list[Bar]) -> Bar:
    return Bar(
        repeats_back=max(line.repeats_back for line in lines),
        repeats_from=any(line.repeats_from for line in lines),
        double=any(line.double for line in lines),
        passes=frozenset().union(*(line.passes for line in lines)),
        place=(lines[0].place[0], lines[-1].place[1]),
    )
