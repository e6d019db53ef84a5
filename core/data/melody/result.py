"""What every method of melody extraction gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Melody:
    """One note at a time, in the order of time: M notes chosen from N."""

    index: NDArray[np.int64]
    """(M,) which of the N notes"""
    onset_sec: Floats
    """(M,)"""
    offset_sec: Floats
    """(M,) the note's own, or the next onset where that comes first"""
