"""The very sample at which a hit begins, as seismologists pick the arrival of a wave.

The background just before is foretold by linear prediction; what it does not foretell is small noise up to the onset
and large noise after it. Where the two meet best is the onset: the minimum of Akaike's criterion [1, 2].

[1] N. Maeda, A method for reading and checking phase time in auto-processing system of seismic wave data, Zisin 38
    (1985).
[2] R. Sleeman and T. van Eck, Robust automatic P-phase picking, Physics of the Earth and Planetary Interiors 113
    (1999).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.claps.spectrum import Floats

BEFORE_SEC, AFTER_SEC = 0.035, 0.016
"""what must be heard around a rough onset"""
_SEARCH_SEC = (-0.014, 0.010)
_BACKGROUND_SEC = 0.027
_ORDER = 16
_LOADING = 1e-3  # keeps the prediction of silence and pure tones well defined
_TINY = 1e-20


def find_onset(sound: Floats, sample_rate: int) -> int:
    """The sample of ``sound`` (N,), BEFORE_SEC + AFTER_SEC around a rough onset, at which the hit begins."""
    middle = round(BEFORE_SEC * sample_rate)
    first, last = (middle + round(seconds * sample_rate) for seconds in _SEARCH_SEC)
    surprise = _prediction_error(sound.astype(np.float64), round(_BACKGROUND_SEC * sample_rate))
    energy = np.cumsum(surprise**2)
    total, num_samples = energy[-1], len(sound)
    onsets = np.arange(first, last)
    floor = 1e-9 * total / num_samples + _TINY  # digital silence has no logarithm
    before = energy[onsets - 1] / onsets + floor
    after = (total - energy[onsets - 1]) / (num_samples - onsets) + floor
    criterion = onsets * np.log(before) + (num_samples - onsets) * np.log(after)
    return int(onsets[np.argmin(criterion)])


def _prediction_error(sound: NDArray[np.float64], num_background: int) -> NDArray[np.float64]:
    """(N,) Each sample less what those before it foretell, as learned from the first ``num_background`` samples."""
    background = sound[:num_background] * np.hanning(num_background)
    correlation = np.correlate(background, background, "full")[num_background - 1 : num_background + _ORDER]
    correlation[0] = correlation[0] * (1 + _LOADING) + _TINY
    lags = np.abs(np.subtract.outer(np.arange(_ORDER), np.arange(_ORDER)))
    predictor = np.linalg.solve(correlation[lags], correlation[1:])
    return np.convolve(sound, np.concatenate([[1.0], -predictor]))[: len(sound)]
