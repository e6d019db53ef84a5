"""Find the neuron: which units of a network tell where a concept is true.

Shapes: T tokens of a piece, N of several, U units of all layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.errors import InputError
from core.inspection.activations import activations
from core.inspection.concept import Concept, Labels
from core.inspection.layers import token_units
from core.inspection.precision import Floats, average_precision
from core.inspection.subject import Subject

NUM_FOUND = 20
AROUND = 12
"""tokens that an excerpt shows on either side of its peak"""


class Found(NamedTuple):
    """A unit that tells where a concept is true."""

    layer: str
    unit: int
    sign: int
    """1 where high values say so, -1 where low ones do"""
    precision_train: float
    """average precision on the pieces by which the unit was chosen"""
    precision_valid: float | None
    """the same on others, which is what counts; None where there are none, or the concept is never true there"""
    shuffled: float | None
    """that of the unit that is chosen in the same way by labels that mean nothing: see ``shuffled``"""
    base_rate: float
    """share of the tokens for which the concept is true, which is what chance earns: of validation, else of training"""


class Read(NamedTuple):
    """What the units of a model did while it read some pieces; found once, it serves every search."""

    subjects: tuple[Subject, ...]
    units: dict[str, int]
    """of each layer, in the order of the columns"""
    values: Floats
    """(N, U) the pieces one after another, the layers side by side"""

    def column(self, layer: str, unit: int) -> int:
        names = list(self.units)
        return sum(self.units[name] for name in names[: names.index(layer)]) + unit

    def unit(self, column: int) -> tuple[str, int]:
        """The layer and number of the unit in a column."""
        for layer, num in self.units.items():
            if column < num:
                return layer, column
            column -= num
        raise IndexError("no such column")

    def labels(self, concept: Concept) -> list[Labels]:
        """Of each piece (T,)."""
        return [concept.label(subject) for subject in self.subjects]


class Excerpt(NamedTuple):
    """A passage in which a unit says most strongly what it stands for."""

    piece: int
    """index of the subject"""
    peak: int
    """the token"""
    start: int
    stop: int
    """of the tokens shown"""
    values: NDArray[np.float32]
    """(stop - start,) of the unit"""


def read(checkpoint: Checkpoint, subjects: Sequence[Subject]) -> Read:
    """Has the model read every piece once, each from a fresh state.

    Dimensions of a latent space are left out: concepts are of single tokens, and those have one value for a window.
    """
    units = token_units(checkpoint.model)
    rows = [values.numpy() for values in activations(checkpoint, [subject.encoded for subject in subjects])]
    nothing = np.empty((0, sum(units.values())), dtype=np.float32)
    return Read(tuple(subjects), units, np.concatenate([nothing, *rows], dtype=np.float32))


def rank_units(concept: Concept, train: Read, valid: Read, seed: int = 0, num: int = NUM_FOUND) -> list[Found]:
    """Units by average precision in ``train``, the best first, scored in ``valid``.

    The same tokens, labels and ``seed`` give the same. Raises ``InputError`` where the concept is true of no token, or
    of all.
    """
    rng = np.random.default_rng(seed)
    sides = [side.labels(concept) for side in (train, valid)]
    truth, turned = (
        [np.concatenate(labels) if labels else np.zeros(0, bool) for labels in side]
        for side in (sides, [shuffled(labels, rng) for labels in sides])
    )
    if not truth[0].any() or truth[0].all():
        what = "all tokens of these pieces are" if truth[0].any() else "no token of these pieces is"
        raise InputError(f"For {concept.title!r} {what} marked; choose another concept, or other pieces.")
    precision, chance = average_precision(train.values, truth[0], turned[0])  # (2, U) each
    best = precision.max(axis=0)
    columns = np.argsort(-best, kind="stable")[:num]
    lucky = int(chance.max(axis=0).argmax())
    scored = average_precision(valid.values[:, [*columns, lucky]], truth[1], turned[1])
    baseline = known(scored[1, int(chance[:, lucky].argmax()), -1])
    base_rate = float((truth[1] if truth[1].any() else truth[0]).mean())
    found = []
    for place, column in enumerate(columns.tolist()):
        low = int(precision[:, column].argmax())
        own = float(precision[low, column]), known(scored[0, low, place])
        found.append(Found(*train.unit(column), 1 - 2 * low, *own, baseline, base_rate))
    return found


def known(precision: float) -> float | None:
    return None if np.isnan(precision) else float(precision)


def shuffled(labels: Sequence[Labels], rng: np.random.Generator) -> list[Labels]:
    """Labels that say nothing of the tokens, yet are true as often, and as long at a stretch, as those given.

    Those of each piece are turned round by chance: single ones drawn from a hat would be no match for units that keep
    their value over long stretches.
    """
    return [np.roll(one, int(rng.integers(1, max(2, len(one))))) for one in labels]


def excerpts(found: Found, pieces: Read, num: int = 6) -> list[Excerpt]:
    """The ``num`` passages that excite a unit most, in the sense of its sign; none overlap, the strongest first."""
    values = pieces.values[:, pieces.column(found.layer, found.unit)]
    lengths = [len(subject.labels) for subject in pieces.subjects]
    starts = np.cumsum([0, *lengths])
    free = np.ones(len(values), dtype=bool)
    passages: list[Excerpt] = []
    for token in np.argsort(-found.sign * values, kind="stable").tolist():
        if len(passages) == num:
            break
        if not free[token]:
            continue
        piece = int(np.searchsorted(starts, token, side="right")) - 1
        first, end = int(starts[piece]), int(starts[piece + 1])
        start, stop = max(first, token - AROUND), min(end, token + AROUND + 1)
        free[max(first, start - AROUND) : min(end, stop + AROUND)] = False
        passages.append(Excerpt(piece, token - first, start - first, stop - first, values[start:stop]))
    return passages
