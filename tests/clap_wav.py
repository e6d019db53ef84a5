"""Recordings of claps whose times are known."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import soundfile

RATE = 48_000


def clap_samples(times: Sequence[float], seconds: float, level: float = 0.7) -> np.ndarray:
    """Bursts of noise that begin at `times` and die away within 8 ms, in a room that is nearly quiet."""
    noise = np.random.default_rng(0)
    samples = noise.normal(0, 0.001, round(seconds * RATE))
    decay = np.exp(-np.arange(round(0.06 * RATE)) / RATE / 0.008)
    for time in times:
        start = round(time * RATE)
        burst = noise.normal(size=len(decay)) * decay
        place = samples[start : start + len(burst)]
        place += level * (burst / np.abs(burst).max())[: len(place)]
    return samples.astype(np.float32)


def clap_wav(times: Sequence[float], seconds: float, level: float = 0.7) -> bytes:
    return wav(clap_samples(times, seconds, level))


def wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()
