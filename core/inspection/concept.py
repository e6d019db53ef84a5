"""What a concept is: something that can be said of every token of a piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.inspection.subject import Subject

Labels = NDArray[np.bool_]


class Concept(NamedTuple):
    title: str
    help: str
    label: Callable[[Subject], Labels]
    """of which tokens (T,) it is true"""


def mark(subject: Subject, places: Iterable[int]) -> Labels:
    """(T,) True at ``places``."""
    labels = np.zeros(len(subject.labels), dtype=bool)
    labels[list(places)] = True
    return labels


def by_hand(places: Iterable[int]) -> Concept:
    """What somebody has marked in a piece; of any other piece it says nothing."""
    chosen = frozenset(places)
    return Concept(
        "Marked by hand",
        "The tokens that were marked.",
        lambda subject: mark(subject, (place for place in chosen if 0 <= place < len(subject.labels))),
    )
