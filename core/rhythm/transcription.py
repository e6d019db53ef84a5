"""From performed seconds to notation: tempo, metre and note values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.rhythm.beat_search import Alignment, Ints, SearchSettings, align
from core.rhythm.metre_prior import GRID, TICKS, Floats, MetrePrior, all_priors, metre_priors
from core.rhythm.performed import Rhythm, RhythmError
from core.score import Note, Score

PITCH = 60  # a rhythm has no pitches yet
MAX_BAR_QUARTERS = 16
TEMPO_RANGE = (20.0, 400.0)

_PLAYABLE_SEC = (0.08, 2.0)  # usual intervals that some tempo gives simple values to
_KEPT_SEC = 4.0  # in a longer interval nobody counts the beats any more
_RELEASE_NOISE_SEC = 0.03  # standard deviation of a release
_USUAL_QUANTILE = 0.6  # of the held parts of the values; the lower ones are of notes before rests
_REST_PENALTY = 3.0  # nats against a rest, rather than a note that is let go early
_SIXTEENTH_REST_PENALTY = 6.0


def notate(
    rhythm: Rhythm,
    qpm: float | None = None,
    time_signature: tuple[int, int] | None = None,
    upbeat: float | None = None,
) -> Score:
    """Write down a performed rhythm: the score's note i is note i of the rhythm, in quarters of the metre.

    Tempo, metre and upbeat (in quarters) are found unless they are given; the performance may be uneven and its tempo
    may drift. A written note lasts until the next unless it is followed by a silence too long for a manner of playing,
    which becomes a rest; a silence before the first note is left out. All notes are on middle C. Pauses, and notes
    longer than two bars of 4/4, are shortened. Raises RhythmError if the tempo, metre or upbeat given cannot be used.
    """
    held = np.array(rhythm.duration_sec)
    intervals = np.diff(rhythm.onset_sec)
    articulation = _articulation(held[:-1] / intervals)
    intervals = np.append(intervals, held[-1] / articulation[0])  # as if a further note followed the last
    stretch = 1.0 if qpm else _stretch(intervals)
    found = align(
        np.append(0.0, np.cumsum(intervals * stretch)),
        np.append(0.0, _pauses(intervals * stretch, articulation[1])),
        _priors(time_signature, upbeat),
        _settings(qpm),
    )
    tick = _tick(intervals, found.values)
    written = _without_rests(found, intervals, held, tick, articulation)
    starts = np.append(0, np.cumsum(found.values[:-1]))
    notes = (Note(float(s), float(w), PITCH) for s, w in zip(starts / TICKS, written / TICKS, strict=True))
    return Score(
        tuple(notes),
        qpm=qpm or float(np.clip(round(60 / (tick * TICKS)), *TEMPO_RANGE)),
        time_signature=found.prior.time_signature,
        upbeat=(-found.start % found.prior.bar) / TICKS,
    )


def _priors(time_signature: tuple[int, int] | None, upbeat: float | None) -> list[MetrePrior]:
    priors = metre_priors(_checked_metre(time_signature)) if time_signature else all_priors()
    if upbeat is None:
        return priors
    fitting = [prior for prior in priors if 0 <= upbeat * TICKS < prior.bar - 0.5]
    if not fitting:
        raise RhythmError("The upbeat must be shorter than a bar, and not less than nothing.")
    return [prior.starting_at(-round(upbeat * TICKS) % prior.bar) for prior in fitting]


def check_reading(
    qpm: float | None = None, time_signature: tuple[int, int] | None = None, upbeat: float | None = None
) -> None:
    """Raises RhythmError where ``notate`` would because of a tempo, metre or upbeat that cannot be used."""
    _settings(qpm)
    _priors(time_signature, upbeat)


def parse_time_signature(text: str) -> tuple[int, int]:
    """``"3/4"`` as (3, 4); raises RhythmError on what is no metre."""
    numerator, slash, denominator = text.strip().partition("/")
    if not (slash and len(text) <= 7 and numerator.isdecimal() and denominator.isdecimal()):
        raise RhythmError(f"The metre {text[:20]!r} cannot be read: give one such as 3/4 or 6/8.")
    return _checked_metre((int(numerator), int(denominator)))


def _checked_metre(time_signature: tuple[int, int]) -> tuple[int, int]:
    numerator, denominator = time_signature
    if denominator not in (1, 2, 4, 8, 16) or not 1 <= numerator <= MAX_BAR_QUARTERS * denominator // 4:
        raise RhythmError(f"A bar of {numerator}/{denominator} cannot be used: choose one such as 3/4 or 6/8.")
    return numerator, denominator


def _settings(qpm: float | None) -> SearchSettings:
    if qpm is None:
        return SearchSettings()
    if not TEMPO_RANGE[0] <= qpm <= TEMPO_RANGE[1]:
        raise RhythmError("The tempo must be {:g} to {:g} quarters a minute.".format(*TEMPO_RANGE))
    return replace(SearchSettings(), min_qpm=qpm / 1.1, max_qpm=qpm * 1.1, usual_qpm=qpm, tempo_octaves=0.05)


def _articulation(ratios: Floats) -> tuple[float, float]:
    """Which part of its value a note is usually held, and the standard deviation of that."""
    if not len(ratios):
        return 1.0, 0.05
    usual = float(np.quantile(ratios, _USUAL_QUANTILE))
    spread = 1.5 * float(np.median(np.abs(ratios[ratios > 0.75 * usual] - usual)))
    return max(usual, 0.1), min(max(spread, 0.05), 0.25)


def _stretch(intervals: Floats) -> float:
    """What a performance in slow or fast motion is multiplied by, so that its values come out as usual ones."""
    usual = float(np.median(intervals))
    return float(np.clip(usual, *_PLAYABLE_SEC)) / usual


def _pauses(intervals: Floats, spread: float) -> Floats:
    """How far the beat may stretch in each interval; the last one is known from a release alone."""
    pauses = 0.5 * np.maximum(intervals - _KEPT_SEC, 0.0)
    pauses[-1] += _RELEASE_NOISE_SEC + spread * intervals[-1]
    return pauses


def _tick(intervals: Floats, values: Ints) -> float:
    """Seconds in a tick on average, pauses aside."""
    usual = np.median(intervals / values)
    steady = np.abs(intervals / values - usual) <= 0.25 * usual
    return float(intervals[steady].sum() / values[steady].sum()) if steady.any() else float(usual)


def _without_rests(
    found: Alignment, intervals: Floats, held: Floats, tick: float, articulation: tuple[float, float]
) -> Ints:
    """(N,) Ticks that each note is written with: its value less the rest after it."""
    usual, spread = articulation
    ticks_sec = np.clip(intervals / found.values, tick / 1.25, tick * 1.25)
    sounding = held / ticks_sec / usual
    noise = _RELEASE_NOISE_SEC / ticks_sec
    written = found.values.copy()
    for index in np.flatnonzero((sounding < found.values - GRID) & (found.values % GRID == 0)):
        value = int(found.values[index])
        choices = np.arange(GRID, value + 1, GRID)
        deviation = (sounding[index] - choices) / np.hypot(spread * np.minimum(choices, 2 * TICKS), noise[index])
        penalty = np.where(choices % (2 * GRID) == value % (2 * GRID), _REST_PENALTY, _SIXTEENTH_REST_PENALTY)
        penalty[-1] = 0.0
        written[index] = choices[np.argmin(deviation**2 / 2 + penalty)]
    return written
