"""The grid that a hand's notes stand on: 16ths, and triplets or 32nds in the beats where they fit clearly better.

Positions are in units of 1/48 quarter from the first bar line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.formats.metre import bar_levels, bar_units

_CELLS = {1: 48, 2: 48, 4: 48, 8: 24, 16: 12, 32: 6}  # by the metre's denominator: what has a grid of its own
_PENALTIES = {12: 0.0, 16: 2.0, 6: 3.0, 8: 5.0}  # of 16ths, triplets, 32nds, sextuplets, in units of misplacement
_APART = 4.0  # of a grid for each hand
_CROWDED = 1000.0  # of notes that no place is left for


@dataclass(frozen=True)
class Grid:
    """``steps`` says how each cell (counted from the first bar line) is divided, where it is not in 16ths."""

    cell: int
    steps: Mapping[int, int]
    time_signature: tuple[int, int]

    def places(self, start: int, end: int) -> Iterator[int]:
        """Every place after ``start``, up to ``end``, in order."""
        for index in range(start // self.cell, -(-end // self.cell)):
            first, step = index * self.cell, self.steps.get(index, min(12, self.cell))
            yield from (place for place in range(first + step, first + self.cell + 1, step) if start < place <= end)

    def nearest(self, time: float, after: int) -> int:
        """The place later than ``after`` that is nearest to ``time``."""
        around = max(int(time), after)
        return min(self.places(after, around + 2 * self.cell), key=lambda place: abs(place - time))

    def level(self, place: int) -> int:
        """How weak a place is in its bar, 0 for bar lines; thirds of a beat are as weak as 32nds."""
        levels = bar_levels(self.time_signature)
        return levels.get(place % bar_units(self.time_signature), max(levels.values()) - 1)


def fit(
    hands: tuple[Iterable[int], Iterable[int]], time_signature: tuple[int, int]
) -> list[tuple[dict[int, int], Grid]]:
    """Where each position of each hand is written, and the hand's grid.

    Both hands share a grid in a cell unless one of their own suits them clearly better, as three against four do.
    """
    cell = _CELLS[time_signature[1]]
    cells = [_by_cell(positions, cell) for positions in hands]
    moved: list[dict[int, int]] = [{}, {}]
    steps: list[dict[int, int]] = [{}, {}]
    for index in sorted(cells[0].keys() | cells[1].keys()):
        inside = [by_cell.get(index, set()) for by_cell in cells]
        for hand, placed in enumerate(_fit_cell(inside, cell)):
            moved[hand] |= {index * cell + offset: index * cell + place for offset, place in placed.items()}
            steps[hand][index] = next(s for s in _steps(cell) if not any(place % s for place in placed.values()))
    return [(moved[hand], Grid(cell, steps[hand], time_signature)) for hand in (0, 1)]


def _by_cell(positions: Iterable[int], cell: int) -> dict[int, set[int]]:
    cells: dict[int, set[int]] = {}
    for position in positions:
        cells.setdefault(position // cell, set()).add(position % cell)
    return cells


def _steps(cell: int) -> list[int]:
    return [step for step in _PENALTIES if cell % step == 0]


def _fit_cell(hands: list[set[int]], cell: int) -> list[dict[int, int]]:
    together, joint = _fit_offsets(set().union(*hands), cell)
    apart = [_fit_offsets(offsets, cell) for offsets in hands]
    if sum(cost for cost, _ in apart) + _APART < together:
        return [placed for _, placed in apart]
    return [{offset: joint[offset] for offset in offsets} for offsets in hands]


def _fit_offsets(offsets: set[int], cell: int) -> tuple[float, dict[int, int]]:
    """The cost of the best grid for offsets within a cell, and each one's place on it."""
    options = []
    for step in _steps(cell):
        placed = _spread(sorted(offsets), step, cell // step)
        misplaced = sum(abs(offset - place) for offset, place in placed.items())
        crowded = len(placed) - len(set(placed.values()))
        options.append((_PENALTIES[step] + misplaced + _CROWDED * crowded, step, placed))
    cost, _, best = min(options, key=lambda option: option[0])
    return cost, best


def _spread(offsets: list[int], step: int, num_places: int) -> dict[int, int]:
    """The nearest places, a different one for each offset as long as there are enough."""
    places: list[int] = []
    for offset in offsets:
        nearest = min(round(offset / step), num_places - 1)
        places.append(max(nearest, places[-1] + 1 if places else 0))
    last = num_places
    for index in reversed(range(len(places))):
        last = places[index] = max(min(places[index], last - 1), 0)
    return {offset: place * step for offset, place in zip(offsets, places, strict=True)}
