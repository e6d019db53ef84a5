"""Sounds to make recordings of claps from: hits of several kinds, rooms, noises and voices, all at SAMPLE_RATE.

Every parameter is drawn from a wide range, because no two hands, tables and rooms are alike. Levels are relative: hits
have a peak of 1, noises an RMS of 1.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

SAMPLE_RATE = 48_000

Floats = NDArray[np.float64]
Rng = np.random.Generator

HIT_SEC = 0.2
VOICES = ("en+f2", "en+m7", "de", "fr", "it+f4", "sv", "en+whisper", "es+m3")
"""of espeak-ng, for measuring; training uses others"""
_BEGINNINGS = " b d g p t k p t k s sh ch f th st sp sk tr kr pl skr z h m n l r w j"  # of syllables; the first is none
_ENDS = "       n t k p st ks ft m s l rt nd ch"


def log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def colored(num_samples: int, rng: Rng, gain: Callable[[Floats], Floats]) -> Floats:
    """Noise with the amplitude ``gain(hertz)`` at each frequency, and an RMS of 1."""
    size = _fast_size(num_samples)
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 1.0)
    noise = np.fft.irfft(np.fft.rfft(rng.normal(size=size)) * gain(hertz), size)[:num_samples]
    return noise / max(np.sqrt(np.mean(noise**2)), 1e-12)


def _fast_size(num_samples: int) -> int:
    """The least size of the form 2^n or 3 * 2^n that holds so many samples: other transforms may be slow."""
    power = 1 << max(num_samples - 1, 1).bit_length()
    return 3 * power // 4 if 3 * power // 4 >= num_samples else power


def band_gain(low: float, high: float, order: int) -> Callable[[Floats], Floats]:
    """A Butterworth band's amplitude."""
    return lambda hertz: 1 / np.sqrt((1 + (low / hertz) ** (2 * order)) * (1 + (hertz / high) ** (2 * order)))


# Hits


def _burst(rng: Rng, low: float, high: float, decay_sec: float, attack_sec: float) -> Floats:
    """A band of noise that rises within ``attack_sec`` and falls by e in ``decay_sec``."""
    num_samples = round(HIT_SEC * SAMPLE_RATE)
    time = np.arange(num_samples) / SAMPLE_RATE
    noise = colored(num_samples, rng, band_gain(low, high, int(rng.integers(1, 4))))
    return noise * np.exp(-time / decay_sec) * np.minimum(1, time / attack_sec)


def _modes(rng: Rng, hertz: Floats, decay_sec: Floats, attack_sec: float) -> Floats:
    """Damped oscillations, the lower the louder on average."""
    time = np.arange(round(HIT_SEC * SAMPLE_RATE)) / SAMPLE_RATE
    phases = rng.uniform(0, 2 * np.pi, len(hertz))
    level = rng.uniform(0.3, 1, len(hertz)) * (hertz.min() / hertz) ** rng.uniform(0, 1)
    waves = np.sin(2 * np.pi * hertz[:, None] * time + phases[:, None]) * np.exp(-time / decay_sec[:, None])
    return level @ waves * np.minimum(1, time / attack_sec)


def clap(rng: Rng) -> Floats:
    """Two palms, which do not meet at one instant, and the air between them, which rings where they are cupped."""
    attack = log_uniform(rng, 0.0002, 0.0015)
    hit = _burst(rng, log_uniform(rng, 400, 1600), log_uniform(rng, 2500, 9000), log_uniform(rng, 0.004, 0.025), attack)
    if rng.random() < 0.5:
        cup = _modes(rng, np.array([log_uniform(rng, 350, 1400)]), np.array([log_uniform(rng, 0.003, 0.012)]), attack)
        hit += rng.uniform(0.3, 1.5) * cup * np.abs(hit).max()
    for _ in range(int(rng.integers(0, 3))):
        delay = round(rng.uniform(0.0004, 0.004) * SAMPLE_RATE)
        hit[delay:] += rng.uniform(0.2, 0.8) * hit[:-delay]
    return hit


def snap(rng: Rng) -> Floats:
    """A finger that strikes the palm: short and bright."""
    low = log_uniform(rng, 1000, 3200)
    hit = _burst(rng, low, low * rng.uniform(1.8, 5), log_uniform(rng, 0.002, 0.012), log_uniform(rng, 0.0002, 0.001))
    if rng.random() < 0.4:
        ring = _modes(rng, np.array([low * rng.uniform(1, 1.5)]), np.array([log_uniform(rng, 0.002, 0.008)]), 0.0004)
        hit += rng.uniform(0.3, 1.2) * ring * np.abs(hit).max()
    return hit


def tap(rng: Rng) -> Floats:
    """Fingers or knuckles on a table top: the modes of the plate under a short knock."""
    base = log_uniform(rng, 80, 450)
    hertz = base * np.sort(rng.uniform(1, rng.uniform(3, 12), int(rng.integers(3, 9))))
    decay = log_uniform(rng, 0.006, 0.045) * (hertz.min() / hertz) ** rng.uniform(0.2, 0.8)
    body = _modes(rng, hertz, decay, log_uniform(rng, 0.0003, 0.002))
    low = log_uniform(rng, 300, 2000)
    knock = _burst(rng, low, low * rng.uniform(2, 6), log_uniform(rng, 0.001, 0.006), log_uniform(rng, 0.0002, 0.001))
    return body / np.abs(body).max() + log_uniform(rng, 0.05, 1.2) * knock / np.abs(knock).max()


def click(rng: Rng) -> Floats:
    """A tongue that lets go of the palate: one or two resonances of the mouth, gliding."""
    time = np.arange(round(HIT_SEC * SAMPLE_RATE)) / SAMPLE_RATE
    hertz, decay = log_uniform(rng, 600, 2600), log_uniform(rng, 0.003, 0.02)
    glide = rng.uniform(-0.35, 0.35) * hertz * (1 - np.exp(-time / 0.01))
    phase = 2 * np.pi * np.cumsum(hertz + glide) / SAMPLE_RATE
    rise = np.minimum(1, time / log_uniform(rng, 0.0003, 0.002))
    wave = np.sin(phase) + rng.uniform(0, 0.6) * np.sin(rng.uniform(1.7, 3.2) * phase)
    noise = _burst(rng, hertz, hertz * rng.uniform(2, 5), log_uniform(rng, 0.001, 0.005), 0.0003)
    return wave * np.exp(-time / decay) * rise + rng.uniform(0.05, 0.7) * noise / np.abs(noise).max()


def knock(rng: Rng) -> Floats:
    """Sticks, pens, lids, thighs: any modes with any noise."""
    hertz = np.array([log_uniform(rng, 200, 5000) for _ in range(int(rng.integers(1, 6)))])
    attack = log_uniform(rng, 0.0002, 0.002)
    body = _modes(rng, hertz, np.array([log_uniform(rng, 0.003, 0.04) for _ in hertz]), attack)
    low = log_uniform(rng, 150, 3000)
    noise = _burst(rng, low, low * rng.uniform(1.5, 8), log_uniform(rng, 0.002, 0.03), attack)
    return body / np.abs(body).max() + log_uniform(rng, 0.1, 10) * noise / np.abs(noise).max()


HITS: dict[str, Callable[[Rng], Floats]] = {"clap": clap, "snap": snap, "tap": tap, "click": click, "knock": knock}


def hit(kind: str, rng: Rng) -> Floats:
    """(N,) One hit, which starts at sample 0 and has a peak of 1."""
    sound = HITS[kind](rng)
    return sound / np.abs(sound).max()


# Rooms


def room(reverberation_sec: float, direct_db: float, rng: Rng) -> Floats:
    """(N,) The response of a room whose sound falls by 60 dB in ``reverberation_sec``, highs faster than lows.

    The direct sound comes at sample 0, ``direct_db`` above all the rest together; then a few early reflections; then
    a tail of noise, which grows while reflections get denser.
    """
    num_samples = round(min(reverberation_sec, 2.0) * SAMPLE_RATE)
    time = np.arange(num_samples) / SAMPLE_RATE
    tail = np.zeros(num_samples)
    for low, high, factor in ((20, 500, 1.15), (500, 2500, 1.0), (2500, 20000, rng.uniform(0.5, 0.9))):
        band = colored(num_samples, rng, band_gain(low, high, 2)) * np.sqrt((high - low) ** rng.uniform(0.6, 1))
        tail += band * 10 ** (-3 * time / (reverberation_sec * factor))
    tail *= np.minimum(1, time / rng.uniform(0.004, 0.03)) / np.abs(tail).max()
    for _ in range(int(rng.integers(2, 8))):
        arrival = round(rng.uniform(0.001, 0.03) * SAMPLE_RATE)
        tail[arrival] += rng.choice([-1, 1]) * rng.uniform(0.5, 3)
    tail[0] = 0
    tail *= 10 ** (-direct_db / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1
    return tail


def convolve(sound: Floats, response: Floats) -> Floats:
    """The sound in a room, cut to its own length."""
    size = _fast_size(len(sound) + len(response) - 1)
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]


# Noises


def white(num_samples: int, rng: Rng) -> Floats:
    return rng.normal(size=num_samples)


def hum(num_samples: int, rng: Rng) -> Floats:
    """Mains at 50 or 60 Hz with harmonics, as bad cables and fridges make it."""
    period = SAMPLE_RATE // int(rng.choice([50, 60]))
    harmonics = np.arange(1, int(rng.integers(4, 30)))
    level = harmonics ** -rng.uniform(0.5, 1.5) * rng.uniform(0.2, 1, len(harmonics))
    angles = 2 * np.pi * harmonics[:, None] * np.arange(period) / period
    wave = level @ np.sin(angles + rng.uniform(0, 2 * np.pi, (len(harmonics), 1)))
    return np.resize(wave / np.sqrt(np.mean(wave**2)), num_samples)


def humming(num_samples: int, rng: Rng) -> Floats:
    """Somebody hums a tune: notes with harmonics, vibrato and soft attacks, one into the other."""
    steps = rng.integers(-7, 8, num_samples // 8000 + 2)
    lengths = np.round(rng.uniform(0.17, 0.9, len(steps)) * SAMPLE_RATE).astype(int)
    note = np.repeat(np.arange(len(steps)), lengths)[:num_samples]
    glide = np.hanning(round(rng.uniform(0.02, 0.1) * SAMPLE_RATE))
    glide /= glide.sum()
    pitch = convolve(steps[note].astype(np.float64), glide)
    loudness = convolve(rng.uniform(0.3, 1, len(steps))[note], glide)
    vibrato = 0.2 * np.sin(2 * np.pi * 5.5 * np.arange(num_samples) / SAMPLE_RATE)
    hertz = rng.uniform(100, 300) * 2 ** ((pitch + vibrato) / 12)
    phase, slope = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE, rng.uniform(0.8, 2.5)
    wave = loudness * sum(harmonic**-slope * np.sin(harmonic * phase) for harmonic in range(1, 7))
    return wave / np.sqrt(np.mean(wave**2))


def utterance(voice: str, rng: Rng, num_words: int = 40) -> Floats:
    """(N,) espeak-ng says made-up words; raises InputError where it is not installed."""
    import soundfile

    if shutil.which("espeak-ng") is None:
        raise InputError("Recordings with speech need espeak-ng; install it with 'apt-get install espeak-ng'.")
    words = ["".join(_syllable(rng) for _ in range(int(rng.integers(1, 4)))) for _ in range(num_words)]
    text = " ".join(word + (rng.choice([".", ",", "?"]) if rng.random() < 0.15 else "") for word in words)
    speed, pitch = int(rng.integers(120, 230)), int(rng.integers(20, 80))
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    said = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    speech, rate = soundfile.read(io.BytesIO(said))
    return resample(speech, rate, SAMPLE_RATE)


def _syllable(rng: Rng) -> str:
    return str(rng.choice(_BEGINNINGS.split(" ")) + rng.choice(list("aeiou")) + rng.choice(_ENDS.split(" ")))


def resample(sound: Floats, rate: int, new_rate: int) -> Floats:
    """Band-limited, by its Fourier series."""
    num_samples = round(len(sound) * new_rate / rate)
    return np.fft.irfft(np.fft.rfft(sound), num_samples) * (num_samples / len(sound))


def excerpt(utterances: Sequence[Floats], num_samples: int, rng: Rng) -> Floats:
    """A random part of one utterance, over and over where it is short; where somebody speaks, its RMS is 1."""
    speech = utterances[int(rng.integers(len(utterances)))]
    speech = np.resize(np.roll(speech, -int(rng.integers(len(speech)))), num_samples)
    sounding = np.abs(speech) > 0.02 * np.abs(speech).max()
    return speech / np.sqrt(np.mean(speech[sounding] ** 2))
