"""Finds claps while they are heard; a whole recording is a listener that has heard it all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.claps.network import (
    BLOCK,
    FRAMES_AFTER,
    FRAMES_BEFORE,
    HISTORY,
    ClapNetwork,
    block_before,
    context,
    load_network,
    network_inputs,
)
from core.claps.onset import AFTER_SEC, BEFORE_SEC, find_onset
from core.claps.spectrum import NUM_BANDS, BandSpectrum, Floats
from core.errors import InputError

SENSITIVITY_RANGE = 12.0
"""by how much the least and the most sensitive threshold differ, in logits"""
PEAK_FRAMES = 2
"""a clap's likelihood tops that of so many frames on each side"""
MIN_GAP_SEC = 0.055
REHEARSAL_SEC = 3.5
"""of a recording are heard twice, so that the first clap is not judged without knowing the others"""
START_SEC = 0.03
"""in which a recording sets in"""
EDGE_SEC = 0.03
"""of sound is looked at for its peak"""
EDGE_SHARE = 0.5
AFTER_EDGE_SEC = (0.1, 0.15, 0.2, 0.25)
"""when a clap at the very start has died away"""
WARY_SEC = 3.0
"""after a count-in, in which a clap must be more of one than the noises of the count-in"""
WARY_MARGIN, MAX_WARINESS = 1.0, 7.0
"""by how much, in logits, and at most how much it must be: somebody may have clapped along"""
LEVEL_SEC = 0.05
SILENCE_DB = -120.0
MAX_SAMPLE = 1e6  # far above full scale; squares of more would overflow
_KEPT_SEC = 0.25  # more than the oldest sound that may still be asked for
_BLOCK_SEC, _BLOCK_SAMPLES = 10.0, 480_000  # a long recording is heard in parts, which take the same memory at any rate


def find_claps(
    samples: ArrayLike, sample_rate: int, sensitivity: float = 0.5, network: ClapNetwork | None = None
) -> NDArray[np.float64]:
    """(claps,) When claps begin, in ascending seconds.

    Parameters
    ----------
    samples
        (N,) One channel; full scale is 1, any level will do.
    sensitivity
        0 to 1: the higher, the fainter may a clap be, and the more other noises pass for one.
    """
    listener = ClapListener(sample_rate, sensitivity, network)
    sound = _numbers(samples)
    if len(sound):
        sound -= sound.mean()  # an offset would set in with a click
    listener.rehearse(sound[: round(REHEARSAL_SEC * sample_rate)])
    claps = np.array(listener.feed(sound) + listener.finish())
    return claps[1:] if len(claps) and sets_in(sound, sample_rate, claps) else claps


def sets_in(sound: Floats, sample_rate: int, claps: Floats) -> bool:
    """Whether the first clap is but the edge at which a noisy recording sets in.

    It is at the very start, what follows is no softer, and the other claps, if there are any, are louder.
    """
    if claps[0] > START_SEC:
        return False

    def peak(second: float) -> float:
        start = round(second * sample_rate)
        return float(np.abs(sound[start : start + round(EDGE_SEC * sample_rate)]).max(initial=0.0))

    first, others = peak(claps[0]), [peak(clap) for clap in claps[1:]]
    goes_on = np.median([peak(claps[0] + after) for after in AFTER_EDGE_SEC]) > EDGE_SHARE * first
    return bool(goes_on and (not others or first < np.median(others)))


class ClapListener:
    """A detector that is fed sound as it comes and reports each clap once, some 60 ms after it began.

    What it finds does not depend on how the sound is cut into pieces. Memory is bounded. One listener belongs to one
    stream, and to one thread at a time. ``sensitivity`` is that of :func:`find_claps`. Nobody claps in the first
    ``count_in_sec``: what sounds like it is speech or another noise of the room, and is not reported.
    """

    def __init__(
        self,
        sample_rate: int,
        sensitivity: float = 0.5,
        network: ClapNetwork | None = None,
        count_in_sec: float = 0.0,
    ) -> None:
        if not 0 <= sensitivity <= 1:
            raise InputError("The sensitivity must be from 0 to 1.")
        self._spectrum = BandSpectrum(sample_rate)
        self._network = network or load_network()
        self._threshold = (0.5 - sensitivity) * SENSITIVITY_RANGE
        hop, half = self._spectrum.hop, self._spectrum.size // 2
        self._lead = half + (FRAMES_BEFORE + 2) * hop + round(BEFORE_SEC * sample_rate)
        self._num_samples, self._origin = 0, self._lead
        self._samples = np.zeros(self._lead, np.float32)  # silence precedes the first
        self._levels = np.zeros((0, NUM_BANDS), np.float32)
        self._logits = np.full((self._lead - half) // hop - 1, -np.inf, np.float32)  # no clap begins in that silence
        self._first_sample = self._first_level = self._first_logit = 0  # of those kept, since the silence began
        self._last_clap = -math.inf
        self._count_in_sec = count_in_sec
        self._wariness = -math.inf  # in logits

    @property
    def seconds(self) -> float:
        """How much was fed."""
        return self._num_samples / self._spectrum.sample_rate

    @property
    def level(self) -> float:
        """Loudness of the newest 50 ms in dBFS, 0 being an RMS of full scale and SILENCE_DB the least."""
        newest = self._samples[-round(LEVEL_SEC * self._spectrum.sample_rate) :].astype(np.float64)
        return 10 * math.log10(max(float(np.mean(newest**2)), 10 ** (SILENCE_DB / 10)))

    def feed(self, samples: ArrayLike) -> list[float]:
        """The claps that ``samples`` (N,) make certain, in seconds since the first sample ever fed.

        Samples that are not numbers are taken for silence.
        """
        sound = np.asarray(samples, np.float32)
        self._num_samples += len(sound)
        size = min(round(_BLOCK_SEC * self._spectrum.sample_rate), _BLOCK_SAMPLES)
        starts = range(0, len(sound), size)
        return [clap for start in starts for clap in self._hear(_numbers(sound[start : start + size]))]

    def rehearse(self, samples: ArrayLike) -> None:
        """Gets to know hands and room by ``samples`` (N,), whose claps are not reported; then time begins anew.

        What follows seems to come after as much sound as is usual, lest it begin like a clap.
        """
        self.feed(samples)
        if not self._num_samples:
            return
        usual = np.median(self._levels, axis=0)
        num_heard = self._first_level + len(self._levels)
        self._hear(np.zeros(self._lead, np.float32))  # longer than a clap takes to become certain
        self._origin, self._num_samples, self._last_clap = self._first_sample + len(self._samples), 0, -math.inf
        first_without_gap = -(-self._origin // self._spectrum.hop)
        gap = np.tile(usual, (first_without_gap - num_heard, 1))
        self._levels = np.concatenate([self._levels[: num_heard - self._first_level], gap])

    def finish(self) -> list[float]:
        """The claps that were not yet certain when the sound ended; nothing may be fed afterwards."""
        tail = (FRAMES_AFTER + PEAK_FRAMES + 1) * self._spectrum.hop + self._spectrum.size
        return [clap for clap in self._hear(np.zeros(tail, np.float32)) if clap < self.seconds]

    def _hear(self, sound: Floats) -> list[float]:
        self._samples = np.concatenate([self._samples, sound])
        self._extend_levels()
        self._extend_logits()
        claps = [clap for frame in self._peaks() if (clap := self._clap_at(frame)) is not None]
        self._forget()
        return claps

    def _extend_levels(self) -> None:
        next_frame = self._first_level + len(self._levels)
        unheard = self._samples[next_frame * self._spectrum.hop - self._first_sample :]
        self._levels = np.concatenate([self._levels, self._spectrum.levels(unheard)])

    def _extend_logits(self) -> None:
        """Of every frame whose patch is complete."""
        frames = np.arange(self._first_logit + len(self._logits), self._first_level + len(self._levels) - FRAMES_AFTER)
        if len(frames):
            kept = frames - self._first_level
            inputs = network_inputs(self._levels, kept, context(self._levels)[block_before(kept)])
            self._logits = np.concatenate([self._logits, self._network.logits(inputs)])

    def _peaks(self) -> list[int]:
        """Frames that top the threshold and their neighbours, among those whose neighbours are all known by now."""
        width = 2 * PEAK_FRAMES + 1
        if len(self._logits) < width:
            return []
        around = np.lib.stride_tricks.sliding_window_view(self._logits, width)
        is_peak = (around.argmax(axis=1) == PEAK_FRAMES) & (around[:, PEAK_FRAMES] > self._threshold)
        return [int(frame) for frame in np.flatnonzero(is_peak) + self._first_logit + PEAK_FRAMES]

    def _clap_at(self, frame: int) -> float | None:
        """When the clap begins that is likeliest at ``frame``; None where it is an echo of the last, or a noise."""
        rate = self._spectrum.sample_rate
        middle = frame * self._spectrum.hop + self._spectrum.size // 2
        start = middle - round(BEFORE_SEC * rate)
        kept = start - self._first_sample
        onset = start + find_onset(self._samples[kept : kept + round((BEFORE_SEC + AFTER_SEC) * rate)], rate)
        clap = max((onset - self._origin) / rate, 0.0)
        if clap - self._last_clap < MIN_GAP_SEC or self._is_noise(clap, float(self._logits[frame - self._first_logit])):
            return None
        self._last_clap = clap
        return clap

    def _is_noise(self, clap: float, logit: float) -> bool:
        """Whether it is a noise of the count-in, or one like these while few claps are known to compare it with."""
        if clap < self._count_in_sec:
            self._wariness = min(max(self._wariness, logit + WARY_MARGIN), MAX_WARINESS)
            return True
        return clap < self._count_in_sec + WARY_SEC and logit < self._wariness

    def _forget(self) -> None:
        """Drops what no later frame needs."""
        num_logits = max(len(self._logits) - 2 * PEAK_FRAMES, 0)
        self._logits, self._first_logit = self._logits[num_logits:], self._first_logit + num_logits
        next_frame = self._first_logit + len(self._logits)
        num_levels = max(next_frame - HISTORY - self._first_level, 0) // BLOCK * BLOCK
        self._levels, self._first_level = self._levels[num_levels:], self._first_level + num_levels
        num_samples = max(len(self._samples) - round(_KEPT_SEC * self._spectrum.sample_rate), 0)
        self._samples, self._first_sample = self._samples[num_samples:], self._first_sample + num_samples


def _numbers(samples: ArrayLike) -> Floats:
    """(N,) A copy in which what is no number is silence."""
    sound = np.array(samples, np.float32)
    sound[~np.isfinite(sound)] = 0.0
    return np.clip(sound, -MAX_SAMPLE, MAX_SAMPLE, out=sound)
