"""How well performed rhythms are written down: scores are performed with human faults and transcribed again."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.rhythm import Rhythm, notate
from core.score import Score

Floats = NDArray[np.float64]

DRIFT_SEC = (20.0, 60.0)  # the period in which the tempo sways
MIN_INTERVAL_SEC = 0.02


def perform(score: Score, jitter_sec: float, drift: float, articulation: float, rng: np.random.Generator) -> Rhythm:
    """A monophonic score as somebody plays it.

    Onsets and releases miss their time by ``jitter_sec`` (a standard deviation), the tempo sways by ``drift`` (0.05 is
    5 % up and down), notes are held for ``articulation`` of their value.
    """
    onsets = np.array([note.onset for note in score.notes])
    offsets = onsets + articulation * np.array([note.duration for note in score.notes])
    quarter = 60.0 / score.qpm
    cycle = rng.uniform(*DRIFT_SEC) / quarter / (2 * np.pi)  # quarters in a radian
    phase = rng.uniform(0, 2 * np.pi)

    def seconds(quarters: Floats) -> Floats:
        sway = drift * cycle * (np.cos(quarters / cycle + phase) - np.cos(phase))
        return quarter * (quarters - sway) + rng.normal(0.0, jitter_sec, len(quarters))

    played, released = seconds(onsets), seconds(offsets)
    played = np.maximum.accumulate(played - MIN_INTERVAL_SEC * np.arange(len(played)))
    played += MIN_INTERVAL_SEC * np.arange(len(played))
    return Rhythm.from_taps(list(zip(played.tolist(), released.tolist(), strict=True)))


def measure_transcription(
    scores: Iterable[Score],
    jitter_ms: float = 20.0,
    drift: float = 0.0,
    qpm_range: tuple[float, float] = (60.0, 180.0),
    articulation: float = 1.0,
    seed: int = 0,
) -> dict[str, float]:
    """Shares of notes that come back exactly, up to a factor of two in tempo, over monophonic ``scores``.

    ``values`` counts notes whose written duration is right, ``intervals`` those with the right distance to the next
    onset, ``metres`` the scores with the right time signature; ``ms_per_64_notes`` is how long it takes.
    """
    rng = np.random.default_rng(seed)
    num_notes, num_intervals, num_scores, values, intervals, metres, seconds = 0, 0, 0, 0, 0, 0, 0.0
    for score in scores:
        played = Score(score.notes, qpm=rng.uniform(*qpm_range))
        rhythm = perform(played, jitter_ms / 1000.0, drift, articulation, rng)
        start = time.perf_counter()
        written = notate(rhythm)
        seconds += time.perf_counter() - start
        true_onsets, onsets = (np.array([note.onset for note in s.notes]) for s in (score, written))
        true_values, written_values = (np.array([note.duration for note in s.notes]) for s in (score, written))
        values += _num_equal(true_values, written_values)
        intervals += _num_equal(np.diff(true_onsets), np.diff(onsets))
        metres += written.time_signature == score.time_signature
        num_notes, num_intervals, num_scores = num_notes + len(rhythm), num_intervals + len(rhythm) - 1, num_scores + 1
    return {
        "scores": num_scores,
        "notes": num_notes,
        "values": values / max(num_notes, 1),
        "intervals": intervals / max(num_intervals, 1),
        "metres": metres / max(num_scores, 1),
        "ms_per_64_notes": 64_000 * seconds / max(num_notes, 1),
    }


def _num_equal(true: Floats, written: Floats) -> int:
    return max(int(np.isclose(written * factor, true, atol=1e-3).sum()) for factor in (0.5, 1.0, 2.0))
