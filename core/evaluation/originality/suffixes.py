"""Where a sequence of numbers holds the longest pieces of another.

A suffix array (Manber and Myers, 'Suffix arrays: a new method for on-line string searches', 1990): all suffixes of the
text in order, so that those which begin alike stand together. However monotonous text and query are, a search takes
time proportional to the query's length times the logarithm of the text's.

Shapes: N numbers of the text, Q places in a query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from core.evaluation.originality.fingerprints import Ints

END, LOWEST, HIGHEST = 0, -1, 1 << 32
"""END stands in a text where no match goes on; a query ends below or above every number of it"""
CHUNK = 16
"""numbers compared at once, and the padding that lets it be done at the end"""


@dataclass(frozen=True, eq=False)
class Suffixes:
    """A text of numbers from 1 to 2**31 - 1, and END between its parts, made ready to be searched."""

    text: Ints  # (N + CHUNK,), padded with END
    order: Ints  # (N,): where each suffix begins, the least first
    heads: Ints  # (N,): the first number of each

    @classmethod
    def of(cls, text: Ints) -> Self:
        order = sort_suffixes(text)
        return cls(np.append(text, np.full(CHUNK, END)), order, text[order])

    def longest(self, query: Ints) -> Ints:
        """(Q,) How much of the text's best place the query has in common with it, from each of its own places on.

        A LOWEST in the query ends what stands before it.
        """
        places = np.arange(len(query))
        query = np.append(query, np.full(CHUNK, LOWEST))
        low = self.num_before(query, places)
        if not len(self.order):
            return low
        beside = (self.order[np.maximum(low - 1, 0)], self.order[np.minimum(low, len(self.order) - 1)])
        return np.maximum(*(common(self.text, place, query, places) for place in beside))

    def where(self, part: Ints) -> Ints:
        """Every place of ``part`` in the text, in order."""
        first, last = (
            self.num_before(np.append(part, np.full(CHUNK, end)), np.zeros(1, dtype=np.int64))[0]
            for end in (LOWEST, HIGHEST)
        )
        return np.sort(self.order[first:last])

    def num_before(self, query: Ints, places: Ints) -> Ints:
        """(Q,) How many suffixes of the text are less than those of the query, which is padded, at ``places``."""
        low, high = (np.searchsorted(self.heads, query[places], side) for side in ("left", "right"))
        while len(open_ := np.flatnonzero(low < high)):
            middle = (low[open_] + high[open_]) // 2
            here, there = self.order[middle], places[open_]
            same = common(self.text, here, query, there)
            less = self.text[here + same] < query[there + same]
            low[open_[less]], high[open_[~less]] = middle[less] + 1, middle[~less]
        return low


def sort_suffixes(text: Ints) -> Ints:
    """(N,) Where each suffix of ``text`` begins, the least first.

    Sorted by 2 numbers, 4, 8, ...: those that are still alike by the rank of what follows what is known to be alike.
    """
    size, width = len(text), 1
    base = max(size, int(text.max(initial=0))) + 2
    order, rank, tied = np.arange(size), text.copy(), np.arange(size)
    while len(tied):
        alike = order[tied]
        after = np.where(alike + width < size, rank[np.minimum(alike + width, size - 1)] + 1, 0)
        keys = rank[alike] * base + after
        by_key = np.argsort(keys)
        order[tied], keys = alike[by_key], keys[by_key]
        new = np.append(True, keys[1:] != keys[:-1])
        rank[order[tied]] = tied[new][np.cumsum(new) - 1]
        tied = tied[~(new & np.append(new[1:], True))]
        width *= 2
    return order


def common(a: Ints, a_places: Ints, b: Ints, b_places: Ints) -> Ints:
    """(Q,) How many numbers ``a`` and ``b``, which are padded differently, have in common from their places on."""
    lengths = np.zeros(len(a_places), dtype=np.int64)
    going, offsets = np.arange(len(a_places)), np.arange(CHUNK)
    while len(going):
        from_a, from_b = a_places[going] + lengths[going], b_places[going] + lengths[going]
        differ = a[from_a[:, None] + offsets] != b[from_b[:, None] + offsets]
        some = differ.any(axis=1)
        lengths[going] += np.where(some, differ.argmax(axis=1), CHUNK)
        going = going[~some]
    return lengths
