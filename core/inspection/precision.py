"""How well numbers tell where something is true: average precision, of many units at once.

Shapes: N tokens, U units.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.inspection.concept import Labels

Floats = NDArray[np.float32]
BLOCK = 128
"""units that are sorted together, so that memory does not grow with their number"""


class Ranking:
    """The tokens in the order of each unit's values; it is the same for whatever is asked of them."""

    def __init__(self, values: Floats) -> None:
        """``values`` (N, U)."""
        columns = np.ascontiguousarray(values.T)  # (U, N)
        self.order = np.argsort(-columns, axis=1).astype(np.int32)
        ranked = np.take_along_axis(columns, self.order, axis=1)
        places = np.arange(len(values), dtype=np.int32)
        differs = ranked[:, 1:] != ranked[:, :-1]
        always = np.ones((len(columns), 1), dtype=bool)
        last_place = len(values) - 1
        self.tie_ends = ends(np.append(differs, always, axis=1), places, last_place)
        """(U, N) the last place of those that share a value"""
        self.reversed_tie_ends = ends(np.append(differs[:, ::-1], always, axis=1), places, last_place)
        """the same from the lowest value up"""

    def average_precision(self, labels: Labels) -> NDArray[np.float64]:
        """(2, U) Of units whose high values stand for true ``labels`` (N,), and of those whose low values do.

        The mean, over the true tokens, of the share of true ones among all that rank as high. Tokens with the same
        value rank the same, so that a unit that is always nought gets the share of true tokens, not what their order
        makes of it. NaN where none is true.
        """
        hits = labels[self.order]
        return np.stack([mean_precision(hits, self.tie_ends), mean_precision(hits[:, ::-1], self.reversed_tie_ends)])


def ends(last: NDArray[np.bool_], places: NDArray[np.int32], last_place: int) -> NDArray[np.int32]:
    """(U, N) For each place the first from there on at which ``last`` is true."""
    marked = np.where(last, places, np.int32(last_place))
    return np.minimum.accumulate(marked[:, ::-1], axis=1)[:, ::-1]


def mean_precision(hits: NDArray[np.bool_], tie_ends: NDArray[np.int32]) -> NDArray[np.float64]:
    """(U,) Of ``hits`` (U, N) in the order of rank."""
    found = np.cumsum(hits, axis=1, dtype=np.int32)
    precision = np.take_along_axis(found, tie_ends, axis=1) / (tie_ends + 1.0)
    with np.errstate(invalid="ignore"):
        return np.where(hits, precision, 0.0).sum(axis=1) / hits.sum(axis=1)


def average_precision(values: Floats, *labels: Labels) -> NDArray[np.float64]:
    """(L, 2, U) Of each of several ``labels`` (N,); see ``Ranking.average_precision``."""
    blocks = []
    for start in range(0, values.shape[1], BLOCK):
        ranking = Ranking(values[:, start : start + BLOCK])
        blocks.append(np.stack([ranking.average_precision(one) for one in labels]))
    return np.concatenate(blocks, axis=2)
