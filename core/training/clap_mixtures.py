"""What the clap network learns from: recordings more varied than any that it is measured on.

They are made from the sounds of :mod:`core.evaluation.clap_sounds` with every setting at random: any kinds of hits or
none, any room, noises, hum and voices on top of each other, any microphone, sample rate and level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.evaluation.clap_recordings import beats, bursts, mix
from core.evaluation.clap_sounds import (
    HITS,
    SAMPLE_RATE,
    Floats,
    Rng,
    colored,
    convolve,
    excerpt,
    hit,
    hum,
    humming,
    log_uniform,
    resample,
    room,
    utterance,
)

LANGUAGES = (
    "en-us",
    "en-gb-scotland",
    "es",
    "pl",
    "nl",
    "pt",
    "ru",
    "cs",
    "hi",
    "tr",
    "el",
    "fi",
    "hu",
    "da",
    "ro",
    "ja",
)
VARIANTS = (
    "",
    "+m1",
    "+m2",
    "+m4",
    "+m5",
    "+m8",
    "+f1",
    "+f3",
    "+f5",
    "+croak",
    "+klatt2",
    "+klatt4",
    "+female_whisper",
)
SAMPLE_RATES = (8_000, 16_000, 22_050, 32_000, 44_100)


class Mixture(NamedTuple):
    samples: Floats  # (N,)
    sample_rate: int
    onset_sec: Floats  # (hits,)


def training_utterances(count: int, rng: Rng) -> list[Floats]:
    """Speech in languages and voices that measuring does not use."""
    return [utterance(str(rng.choice(LANGUAGES)) + str(rng.choice(VARIANTS)), rng) for _ in range(count)]


def make_mixture(rng: Rng, utterances: Sequence[Floats]) -> Mixture:
    onset_sec = (bursts if rng.random() < 0.4 else beats)(rng, int(rng.integers(4, 25)))
    num_samples = round((onset_sec[-1] + rng.uniform(0.2, 1.2)) * SAMPLE_RATE)
    samples = _varied_hits(onset_sec, num_samples, rng)
    if rng.random() < 0.6:
        samples = convolve(samples, _any_room(rng))
    noises = _noises(samples, onset_sec, utterances, rng)
    if rng.random() < 0.08:  # nobody claps
        return _through_microphone(noises, onset_sec[:0], rng)
    return _through_microphone(samples + noises, onset_sec, rng)


def _varied_hits(onset_sec: Floats, num_samples: int, rng: Rng) -> Floats:
    """One hand that hits much the same each time, or each time another way, or anything at all."""
    kinds = list(HITS) if rng.random() < 0.15 else [str(rng.choice(list(HITS)))]
    count = len(onset_sec) if rng.random() < 0.5 else int(rng.integers(1, 4))
    sounds = [hit(str(rng.choice(kinds)), rng) for _ in range(count)]
    range_db = rng.uniform(0, 14)
    samples = np.zeros(num_samples)
    for onset in onset_sec:
        start = round(onset * SAMPLE_RATE)
        sound = sounds[int(rng.integers(count))][: num_samples - start]
        samples[start : start + len(sound)] += sound * 10 ** (-rng.uniform(0, range_db) / 20)
    return samples


def _any_room(rng: Rng) -> Floats:
    return room(log_uniform(rng, 0.12, 1.3), rng.uniform(-8, 14), rng)


def _noises(hits: Floats, onset_sec: Floats, utterances: Sequence[Floats], rng: Rng) -> Floats:
    """(N,) A mixture of none to all, each at its own distance from the hits."""
    num_samples = len(hits)
    total = colored(num_samples, rng, np.ones_like) * 10 ** (rng.uniform(-100, -60) / 20)

    def add(noise: Floats, low_db: float, high_db: float) -> None:
        total[:] += mix(hits, onset_sec, noise, rng.uniform(low_db, high_db)) - hits

    if rng.random() < 0.5:
        tilt = rng.choice([0, 0, rng.uniform(-1.2, 0.3)])
        add(colored(num_samples, rng, lambda hertz: hertz**tilt), 2, 35)
    if rng.random() < 0.55:
        speech = excerpt(utterances, num_samples, rng)
        add(convolve(speech, _any_room(rng)) if rng.random() < 0.3 else speech, 0, 30)
    if rng.random() < 0.25:
        add(hum(num_samples, rng), -3, 25)
    if rng.random() < 0.15:
        add(humming(num_samples, rng), 0, 25)
    return total


def _through_microphone(samples: Floats, onset_sec: Floats, rng: Rng) -> Mixture:
    """Coloured, sometimes clipped, at another sample rate, at any level."""
    samples = np.pad(samples, (0, -len(samples) % 4800))  # a length that Fourier transforms are fast at
    if rng.random() < 0.5:
        low, high, tilt = log_uniform(rng, 20, 300), log_uniform(rng, 3500, 40_000), rng.uniform(-0.4, 0.4)
        hertz = np.maximum(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), 20)
        gain = hertz**tilt / np.sqrt((1 + (low / hertz) ** 2) * (1 + (hertz / high) ** 4))
        samples = np.fft.irfft(np.fft.rfft(samples) * gain, len(samples))
    samples = samples / np.abs(samples).max()
    if rng.random() < 0.1:
        limit = rng.uniform(0.15, 0.8)
        samples = np.clip(samples, -limit, limit)
    rate = int(rng.choice(SAMPLE_RATES)) if rng.random() < 0.3 else SAMPLE_RATE
    if rate != SAMPLE_RATE:
        samples = resample(samples, SAMPLE_RATE, rate)
    return Mixture(samples * 10 ** (-rng.uniform(0, 40) / 20), rate, onset_sec)
