"""Where the bar lines are, once the beats are known.

The beat search decides on its metre early and by the first notes; the accents of all beats together say better which
of them begin bars, and whether two, three or four make one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.formats.grid import UNITS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# For each metre that a beat can be counted in: how heavy its beats are. The mean is 0, so that accents that are alike
# on all beats speak for none.
_IN_QUARTERS = {(3, 4): (1.0, -0.5, -0.5), (4, 4): (1.0, -0.5, 0.3, -0.8)}
_IN_DOTTED_QUARTERS = {(6, 8): (1.0, -1.0)}


def find_bar_lines(positions: Ints, time_signature: tuple[int, int], accent: Floats) -> tuple[Ints, tuple[int, int]]:
    """Positions from the first bar line that suits the accents (N,) best, and the metre.

    ``positions`` (N,) are in units from a bar line of the metre that the beats were found in.
    """
    compound = time_signature[1] == 8
    beat, metres = (UNITS * 3 // 2, _IN_DOTTED_QUARTERS) if compound else (UNITS, _IN_QUARTERS)
    on_beat = positions % beat == 0
    beats, accents = positions[on_beat] // beat, accent[on_beat]
    options = [
        (float(accents @ _unit(weights)[(beats - first) % len(weights)]), metre, first * beat, len(weights) * beat)
        for metre, weights in metres.items()
        for first in range(len(weights))
    ]
    _, metre, line, bar = max(options, key=lambda option: option[0])
    moved = positions - line
    return moved - moved[0] // bar * bar, metre


def _unit(weights: tuple[float, ...]) -> Floats:
    """Weights of as many beats for any metre to have the same chance by accident."""
    values = np.array(weights)
    return values / np.sqrt(np.mean(values**2))
