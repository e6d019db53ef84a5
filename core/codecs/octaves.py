"""Pitches out of a range, moved into it by octaves."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

OCTAVE = 12

Pitch = TypeVar("Pitch", int, NDArray[np.int64])
"""one, or many"""


def within(pitch: Pitch, lowest: int, highest: int) -> Pitch:
    """Moved by as few octaves as it takes; where the range is less than one it may come to lie below ``lowest``."""
    pitch = pitch + (pitch < lowest) * ((lowest - pitch + OCTAVE - 1) // OCTAVE * OCTAVE)
    return pitch - (pitch > highest) * ((pitch - highest + OCTAVE - 1) // OCTAVE * OCTAVE)
