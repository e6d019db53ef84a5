"""Recordings of claps with known onsets, made from the sounds of :mod:`core.evaluation.clap_sounds`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.clap_sounds import (
    SAMPLE_RATE,
    Floats,
    Rng,
    convolve,
    excerpt,
    hit,
    hum,
    humming,
    log_uniform,
    room,
    white,
)

MIN_GAP_SEC = 0.1
_LEVEL_SEC = 0.06  # from each onset on: over these, hits are as loud as a signal-to-noise ratio says
_BEATS = (0.25, 1 / 3, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 1.5, 2.0)
KINDS = ("clap", "snap", "tap", "click")
ROOMS = {"moderate": ((0.25, 0.6), (0.0, 8.0)), "far": ((0.6, 1.2), (-6.0, -3.0))}
"""reverberation times in seconds, and decibels of the direct sound above the rest"""


@dataclass(frozen=True)
class Condition:
    """``noise`` is white, hum, humming, speech or none, and lies ``snr_db`` below the hits; ``room`` is of ROOMS."""

    name: str
    noise: str = ""
    snr_db: float = 0.0
    room: str = ""


CONDITIONS = (
    Condition("clean"),
    *(Condition(f"white {snr}", "white", snr) for snr in (20, 10, 5)),
    *(Condition(f"speech {snr}", "speech", snr) for snr in (20, 10, 5)),
    Condition("hum 5", "hum", 5),
    Condition("humming 5", "humming", 5),
    Condition("moderate room", room="moderate"),
    *(Condition(f"moderate, {noise} 10", noise, 10, "moderate") for noise in ("white", "speech")),
    Condition("far room", room="far"),
)


@dataclass(frozen=True, eq=False)
class ClapRecording:
    samples: Floats  # (N,) within -1 to 1
    onset_sec: Floats  # (hits,)
    kind: str
    condition: str
    sample_rate: int = SAMPLE_RATE


def beats(rng: Rng, num_hits: int = 16) -> Floats:
    """(hits,) Onsets of a rhythm at 60 to 200 beats a minute, played 2 % unevenly, at most ten hits a second."""
    beat = 60 / rng.uniform(60, 200)
    gaps = rng.choice(_BEATS, num_hits - 1) * beat * rng.normal(1, 0.02, num_hits - 1)
    return rng.uniform(0.3, 1) + np.r_[0, np.cumsum(np.maximum(gaps, MIN_GAP_SEC))]


def bursts(rng: Rng, num_hits: int = 16) -> Floats:
    """(hits,) Onsets in groups of two to six at six to ten a second, with a pause between the groups."""
    gaps = list[float]()
    while len(gaps) < num_hits - 1:
        gap = 1 / rng.uniform(6, 10)
        gaps += [max(gap * rng.normal(1, 0.02), MIN_GAP_SEC) for _ in range(int(rng.integers(1, 6)))]
        gaps.append(rng.uniform(0.4, 1.2))
    return rng.uniform(0.3, 1) + np.r_[0, np.cumsum(gaps[: num_hits - 1])]


def place(kind: str, onset_sec: Floats, num_samples: int, rng: Rng, range_db: float = 9.0) -> Floats:
    """(N,) One hand's hits, none like another, their peaks within ``range_db``."""
    samples = np.zeros(num_samples)
    for onset in onset_sec:
        start = round(onset * SAMPLE_RATE)
        sound = hit(kind, rng)[: num_samples - start]
        samples[start : start + len(sound)] += sound * 10 ** (-rng.uniform(0, range_db) / 20)
    return samples


def mix(hits: Floats, onset_sec: Floats, noise: Floats, snr_db: float) -> Floats:
    """Hits with a noise of RMS 1 laid under them, ``snr_db`` below the first 60 ms of the hits."""
    during = np.zeros(len(hits), bool)
    for start in np.round(onset_sec * SAMPLE_RATE).astype(int):
        during[start : start + round(_LEVEL_SEC * SAMPLE_RATE)] = True
    level = np.sqrt(np.mean(hits[during] ** 2))
    return hits + noise * level * 10 ** (-snr_db / 20)


def make_recording(
    condition: Condition, kind: str, rng: Rng, utterances: Sequence[Floats] = (), count_in_sec: float = 0.0
) -> ClapRecording:
    """Sixteen hits of one kind; every other recording has bursts. ``utterances`` are for conditions with speech.

    For ``count_in_sec`` there is only the noise.
    """
    onset_sec = count_in_sec + (bursts(rng) if rng.random() < 0.5 else beats(rng))
    num_samples = round((onset_sec[-1] + 1.2) * SAMPLE_RATE)
    samples = place(kind, onset_sec, num_samples, rng)
    if condition.room:
        seconds, decibels = ROOMS[condition.room]
        samples = convolve(samples, room(log_uniform(rng, *seconds), rng.uniform(*decibels), rng))
    if condition.noise:
        noise = {"white": white, "hum": hum, "humming": humming}.get(condition.noise)
        sound = noise(num_samples, rng) if noise else excerpt(utterances, num_samples, rng)
        samples = mix(samples, onset_sec, sound, condition.snr_db)
    samples *= rng.uniform(0.3, 0.95) / np.abs(samples).max()
    return ClapRecording(samples, onset_sec, kind, condition.name)
