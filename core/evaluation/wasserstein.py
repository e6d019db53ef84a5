"""How far apart two samples of a figure are, and how sure that is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)
"""percentiles"""


class Distance(NamedTuple):
    value: float
    low: float
    high: float


def wasserstein(a: Floats, b: Floats) -> Floats:
    """Wasserstein-1 distance (...,) between samples ``a`` (..., n) and ``b`` (..., m), in the unit of the figure.

    It is the area between the two quantile functions (L. Vaserstein, 1969; C. Villani, Optimal Transport, 2009), both
    constant between the multiples of 1/n and of 1/m: so rows of samples take no loop.
    """
    n, m = a.shape[-1], b.shape[-1]
    edges = np.union1d(np.arange(n + 1) / n, np.arange(m + 1) / m)
    middle = (edges[1:] + edges[:-1]) / 2
    gaps = np.sort(a)[..., (middle * n).astype(int)] - np.sort(b)[..., (middle * m).astype(int)]
    return np.abs(gaps) @ np.diff(edges)


def distance(a: Floats, b: Floats, seed: int = 0) -> Distance | None:
    """Wasserstein-1 distance of two samples with its 95 % bootstrap interval; None when one of them is empty.

    Both samples are drawn again with replacement, ``RESAMPLES`` times; the interval lies between percentiles (B. Efron,
    1979). A distance is never negative and resampling adds noise to it, so that even two samples of one population are
    hardly ever 0 apart: read it beside the distance of such a pair of the same size.
    """
    if not (len(a) and len(b)):
        return None
    rng = np.random.default_rng(seed)
    drawn = wasserstein(rng.choice(a, (RESAMPLES, len(a))), rng.choice(b, (RESAMPLES, len(b))))
    low, high = np.percentile(drawn, INTERVAL)
    return Distance(float(wasserstein(a, b)), float(low), float(high))
