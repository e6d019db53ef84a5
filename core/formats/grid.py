"""The grid of written time: which onsets and ends can be read, and the nearest readable place of those that cannot.

Written time is counted in *units*, 48 to a quarter, which hold 64th notes (3 units) and triplets down to 32nds (4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

UNITS = 48
_CELLS = (48, 24, 12, 6)  # a quarter and what it divides into; each cell has a grid of its own
_STEPS = (16, 12, 8, 6)  # triplet eighths, 16ths, triplet 16ths, 32nds
_SHORT_STEPS = (4, 3)  # triplet 32nds, 64ths: only where there are such notes, not to time other notes more finely
_NEAREST = (8, 6)  # what times that fit no grid are moved to


def snap(notes: Iterable[tuple[int, int]], bar: int) -> dict[int, tuple[int, int]]:
    """Place the start and end of notes, in units from a bar line, on the coarsest grids that hold them.

    Returns for each time its place and the step of the grid there. What fits no grid of its quarter, nor grids of its
    halves or smaller parts, goes to triplet 16ths or 32nds, whichever are nearer.
    """
    quarters: dict[tuple[int, int], set[int]] = defaultdict(set)
    short = set()
    for start, end in notes:
        if end - start in _SHORT_STEPS:
            short |= {start, end}
        for time in (start, end):
            in_bar = time % bar
            in_quarter = in_bar % UNITS
            quarters[time - in_quarter, min(UNITS, bar - in_bar + in_quarter)].add(time)
    placed: dict[int, tuple[int, int]] = {}
    for (quarter, length), times in quarters.items():
        steps = _STEPS if times.isdisjoint(short) else _STEPS + _SHORT_STEPS
        for time, (offset, step) in _snap_quarter({time - quarter for time in times}, length, steps).items():
            placed[quarter + time] = (quarter + offset, step)
    return placed


def _snap_quarter(offsets: set[int], length: int, steps: tuple[int, ...]) -> dict[int, tuple[int, int]]:
    """Do so within a quarter, or what of one is left at the end of a bar."""
    for cell in _CELLS:
        if length % cell == 0:
            by_cell: dict[int, list[int]] = defaultdict(list)
            for offset in offsets:
                by_cell[offset // cell].append(offset % cell)
            grids = {index: _exact_step(inside, cell, steps) for index, inside in by_cell.items()}
            if all(grids.values()):
                return {offset: (offset, grids[offset // cell]) for offset in offsets}
    fitting = [step for step in _NEAREST if length % step == 0]
    nearest = min(fitting, key=lambda step: sum(min(offset % step, -offset % step) for offset in offsets))
    return {offset: (round(offset / nearest) * nearest, nearest) for offset in offsets}


def _exact_step(offsets: list[int], cell: int, steps: tuple[int, ...]) -> int:
    """Return the coarsest step that holds every offset, 0 when there is none."""
    return next((s for s in steps if cell % s == 0 and not any(offset % s for offset in offsets)), 0)
