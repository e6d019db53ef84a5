"""How strongly each stroke of a performance is accented.

Beats are where a pianist strikes more keys, a bass note or harder, and lets the next note wait: the saliences of
S. Dixon, Automatic Extraction of Tempo and Beat from Expressive Performances, JNMR 30 (2001).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.score import Score

Floats = NDArray[np.float64]

_AROUND = 8  # strokes on either side that a stroke is compared with
_CHORD, _BASS, _LOUD, _LONG = 1.0, 1.0, 0.6, 1.0  # nats
_OCTAVES, _VELOCITIES = 12.0, 16.0


def accents(score: Score, onset_sec: Floats, strokes: Sequence[tuple[int, ...]]) -> Floats:
    """(N,) in nats, about 0 on average around each stroke."""
    chord = np.array([np.log2(len(notes)) for notes in strokes])
    lowest = np.array([min(score.notes[note].pitch for note in notes) for notes in strokes])
    loudest = np.array([max(score.notes[note].velocity for note in notes) for notes in strokes])
    waits = np.log2(np.maximum(np.diff(onset_sec, append=onset_sec[-1] + 0.5), 0.03))
    return (
        _CHORD * _relative(chord)
        + _BASS * np.clip(-_relative(lowest) / _OCTAVES, -1, 2)
        + _LOUD * np.clip(_relative(loudest) / _VELOCITIES, -2, 2)
        + _LONG * np.clip(_relative(waits), -1, 2)
    )


def _relative(values: Floats) -> Floats:
    """(N,) values less the mean of those around them."""
    window = np.ones(2 * _AROUND + 1)
    totals, counts = (np.convolve(row, window, mode="same") for row in (values, np.ones(len(values))))
    return values - totals[: len(values)] / counts[: len(values)]
