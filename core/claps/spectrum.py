"""What the clap network hears: how loud each band of frequencies is, every 4 ms.

The window is as long as one period of the lowest frequency that it tells apart, whatever the sample rate, so that the
levels of a sound are the same at 8 kHz as at 96 kHz, up to the bands that a low rate cannot carry; these are silent.

Shapes: N samples, T frames, B bands.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NUM_BANDS = 20
MIN_HZ, MAX_HZ = 60.0, 16_000.0
HOP_SEC = 0.004
WINDOW_SEC = 512 / 48_000
FLOOR_DB = -100.0


class BandSpectrum:
    """Levels of mel bands [1] in decibels; a sine of full scale has about 0 dB in its band.

    [1] S. S. Stevens, J. Volkmann and E. B. Newman, A scale for the measurement of the psychological magnitude pitch,
        JASA 8 (1937).
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.hop = round(HOP_SEC * sample_rate)
        self.size = round(WINDOW_SEC * sample_rate)
        self._window, self._bands = _tables(sample_rate, self.size)

    def num_frames(self, num_samples: int) -> int:
        """How many whole windows fit into so many samples."""
        return max((num_samples - self.size) // self.hop + 1, 0)

    def levels(self, samples: Floats) -> Floats:
        """(N,) -> (T, B); frame t begins at sample ``t * hop``."""
        count = self.num_frames(len(samples))
        if not count:
            return np.zeros((0, NUM_BANDS), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.size)[:: self.hop][:count]
        power = np.abs(np.fft.rfft(frames * self._window, axis=1)) ** 2
        decibels = 10 * np.log10(power @ self._bands + 10 ** (FLOOR_DB / 10))
        return decibels.astype(np.float32)


@lru_cache(maxsize=8)
def _tables(sample_rate: int, size: int) -> tuple[Floats, Floats]:
    """(size,) the window, scaled, and (size // 2 + 1, B) the triangular weights of the bands; both are only read."""
    window = np.hanning(size + 1)[:-1]
    window *= 2 / window.sum()
    corners = 700 * (10 ** (np.linspace(_mel(MIN_HZ), _mel(MAX_HZ), NUM_BANDS + 2) / 2595) - 1)
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    hertz = np.fft.rfftfreq(size, 1 / sample_rate)[:, None]
    weights = np.clip(np.minimum((hertz - low) / (centre - low), (high - hertz) / (high - centre)), 0, None)
    return window.astype(np.float32), weights.astype(np.float32)


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))
