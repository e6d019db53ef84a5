"""Which written positions fit performed onsets best: a beam search over metres, tempi and note values.

Each hypothesis says where in the bar the last onset stands and follows the tempo with a Kalman filter of its own: its
state is the time of that position and the length of a quarter, and onsets are that time with noise. How large the noise
is, is learned along the way, so the forecast of the next onset is Student's t. A hypothesis is worth the probability of
its note values (:mod:`core.rhythm.metre_prior`; what was heard at the same place a bar earlier is likely to come again)
times that of the onsets given these values.

Shapes: K hypotheses, V note values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.rhythm.metre_prior import GRID, TICKS, VALUES, Floats, MetrePrior

Ints = NDArray[np.int64]

_QUARTERS = VALUES / TICKS  # (V,)
_MAX_METRES, _MAX_POSITIONS = 100, 10_000
_MAX_SURPRISE = 25.0  # squared standard deviations that one onset may add to the noise


@dataclass(frozen=True)
class SearchSettings:
    """Times in seconds, tempi in quarters a minute; deviations are standard deviations."""

    min_qpm: float = 40.0
    max_qpm: float = 200.0
    usual_qpm: float = 115.0
    tempo_octaves: float = 0.3  # deviation from the usual tempo
    tempo_step: float = 1.06  # from one tempo at the start to the next
    drift: float = 0.007  # relative deviation of the tempo after a quarter
    noise: float = 0.02  # deviation of an onset, before any has been heard
    noise_weight: float = 60.0  # how many onsets this expectation is worth
    repeat: tuple[float, ...] = (0.2, 0.1)  # probability of the value that followed the position 1, 2, ... bars ago
    full_bar: float = 0.15  # probability that the last note fills its bar, whatever the metre's expectations
    num_beams: int = 800
    max_gap: float = 16.0  # nats below the best at which a hypothesis is given up


class Alignment(NamedTuple):
    """The best hypothesis."""

    prior: MetrePrior  # of its metre
    start: int  # ticks from the bar line to the first onset
    values: Ints  # (N - 1,) ticks between onsets


class _Beam(NamedTuple):
    """A row for each hypothesis."""

    score: Floats  # log-probability so far
    metre: Ints
    position: Ints  # of the last onset, in ticks from the bar line
    heard: NDArray[np.int8]  # (K, slots, M) indices of the values that last followed each position, or -1
    noise: Floats  # variance of an onset around its beat
    time: Floats  # of the last onset's beat
    quarter: Floats  # seconds
    var_time: Floats
    covariance: Floats
    var_quarter: Floats

    def take(self, rows: Ints) -> _Beam:
        return _Beam._make(column[rows] for column in self)


def align(
    onset_sec: Floats,
    pause_sec: Floats,
    priors: list[MetrePrior],
    settings: SearchSettings,
    accents: Floats | None = None,
) -> Alignment:
    """Find the metre and the note values between successive onsets, N at least 2.

    ``onset_sec`` (N,) rises; the last is where the last note ends. ``pause_sec`` (N,) says by how much the beat itself
    may have stretched before each onset (a standard deviation), 0 where the tempo is kept. ``accents`` (N,), where they
    are known, are how many nats each onset speaks for a bar line, and against the weakest place, beside its time.
    """
    tables = np.full((len(priors), max(prior.bar for prior in priors), len(VALUES)), -np.inf)
    for table, prior in zip(tables, priors, strict=True):
        table[: prior.bar] = prior.log_value
    bars = np.array([prior.bar for prior in priors])
    weights = np.zeros((len(priors), tables.shape[1]))
    for weight, prior in zip(weights, priors, strict=True):
        weight[: prior.bar] = prior.weight
    accents = np.zeros(len(onset_sec)) if accents is None else accents
    beam = _start(float(onset_sec[0]), priors, settings)
    starts, history = beam.position, list[tuple[Ints, Ints]]()
    beam = beam._replace(score=beam.score + accents[0] * weights[beam.metre, beam.position])
    for count, (onset, pause, accent) in enumerate(zip(onset_sec[1:], pause_sec[1:], accents[1:], strict=True)):
        before = beam.position
        heard = settings.noise_weight + count
        beam, parents, choices = _extend(beam, onset, pause, heard, tables, bars, settings, accent * weights)
        history.append((parents, choices))
    row = int((beam.score + _log_ends(beam, before[parents], priors, settings.full_bar)).argmax())
    metre, values = int(beam.metre[row]), list[int]()
    for parents, choices in reversed(history):
        values.append(int(VALUES[choices[row]]))
        row = int(parents[row])
    return Alignment(priors[metre], int(starts[row]), np.array(values[::-1], np.int64))


def _start(onset: float, priors: list[MetrePrior], settings: SearchSettings) -> _Beam:
    """Every likely position in every metre at every tempo."""
    tempo_range = settings.max_qpm / settings.min_qpm
    tempi = np.geomspace(
        settings.min_qpm, settings.max_qpm, 1 + round(np.log(tempo_range) / np.log(settings.tempo_step))
    )
    log_tempo = -0.5 * (np.log2(tempi / settings.usual_qpm) / settings.tempo_octaves) ** 2
    places = [
        (m, p) for m, prior in enumerate(priors) for p in np.flatnonzero(prior.log_start > prior.log_start.max() - 7)
    ]
    metre, position = (np.repeat(column, len(tempi)) for column in np.array(places).T)
    quarter = np.tile(60.0 / tempi, len(places))
    noise = np.full(len(quarter), settings.noise**2)
    return _Beam(
        score=np.repeat([priors[m].log_start[p] for m, p in places], len(tempi)) + np.tile(log_tempo, len(places)),
        metre=metre,
        position=position,
        heard=np.full(
            (len(quarter), 1 + max(prior.bar for prior in priors) // GRID, len(settings.repeat)), -1, np.int8
        ),
        noise=noise,
        time=np.full(len(quarter), onset),
        quarter=quarter,
        var_time=noise,
        covariance=np.zeros(len(quarter)),
        var_quarter=(quarter * np.log(settings.tempo_step) / 2) ** 2,
    )


def _extend(
    beam: _Beam,
    onset: float,
    pause: float,
    weight: float,
    tables: Floats,
    bars: Ints,
    settings: SearchSettings,
    log_accent: Floats,
) -> tuple[_Beam, Ints, Ints]:
    """The best of all hypotheses with all values, with the row of their parent and the index of their value."""
    wander = (settings.drift * beam.quarter) ** 2  # variance that the tempo gains in a quarter
    forecast = beam.time[:, None] + beam.quarter[:, None] * _QUARTERS  # (K, V)
    var_time = (
        beam.var_time[:, None] + (2 * beam.covariance[:, None] + beam.var_quarter[:, None] * _QUARTERS) * _QUARTERS
    )
    var_time += wander[:, None] * _QUARTERS**3 / 3 + pause**2
    spread = var_time + beam.noise[:, None]
    surprise = (onset - forecast) ** 2 / spread
    log_onset = -0.5 * np.log(spread) - 0.5 * (weight + 1) * np.log1p(surprise / weight)
    score = beam.score[:, None] + _log_values(beam, tables, settings.repeat) + log_onset
    places = (beam.position[:, None] + VALUES) % bars[beam.metre, None]  # (K, V)
    score += log_accent[beam.metre[:, None], places]

    rows, columns = _best(score, settings)
    score, forecast, var_time, spread, surprise = (
        grid[rows, columns] for grid in (score, forecast, var_time, spread, surprise)
    )
    parent, quarters, wander = beam.take(rows), _QUARTERS[columns], wander[rows]
    heard, here = parent.heard, (np.arange(len(rows)), parent.position // GRID)
    heard[(*here, slice(1, None))] = heard[(*here, slice(-1))]
    heard[(*here, 0)] = columns
    covariance = parent.covariance + quarters * parent.var_quarter + wander * quarters**2 / 2
    gain_time, gain_quarter = var_time / spread, covariance / spread
    quarter = parent.quarter + gain_quarter * (onset - forecast)
    grown = parent._replace(
        score=score,
        position=(parent.position + VALUES[columns]) % bars[parent.metre],
        noise=parent.noise * (weight + np.minimum(surprise, _MAX_SURPRISE)) / (weight + 1),
        time=forecast + gain_time * (onset - forecast),
        quarter=np.clip(quarter, 55.0 / settings.max_qpm, 65.0 / settings.min_qpm),
        var_time=var_time * (1 - gain_time),
        covariance=covariance * (1 - gain_time),
        var_quarter=parent.var_quarter + wander * quarters - gain_quarter * covariance,
    )
    kept = _distinct(grown, settings.num_beams)
    return grown.take(kept), rows[kept], columns[kept]


def _log_values(beam: _Beam, tables: Floats, repeat: tuple[float, ...]) -> Floats:
    """(K, V) The metre's expectations, mixed with the memory of the bars before."""
    log_values = tables[beam.metre, beam.position]
    memory = beam.heard[np.arange(len(beam.score)), beam.position // GRID]
    for indices, probability in zip(memory.T, repeat, strict=True):
        rows = np.flatnonzero(indices >= 0)
        log_values[rows] += np.log1p(-probability)
        log_values[rows, indices[rows]] = np.logaddexp(log_values[rows, indices[rows]], np.log(probability))
    return log_values


def _log_ends(beam: _Beam, position: Ints, priors: list[MetrePrior], full_bar: float) -> Floats:
    """(K,) Of ending here, the last note at ``position`` (K,)."""
    log_end = np.array([priors[m].log_end[p] for m, p in zip(beam.metre, position, strict=True)])
    log_end += np.log1p(-full_bar)
    return np.where(beam.position == 0, np.logaddexp(log_end, np.log(full_bar)), log_end)


def _best(score: Floats, settings: SearchSettings) -> tuple[Ints, Ints]:
    """Rows and columns of the candidates worth a closer look, the best first."""
    flat = score.ravel()
    chosen = np.flatnonzero(flat > flat.max() - settings.max_gap)
    limit = 3 * settings.num_beams  # many of them will turn out to say the same
    if len(chosen) > limit:
        chosen = chosen[np.argpartition(-flat[chosen], limit)[:limit]]
    chosen = chosen[np.argsort(-flat[chosen], kind="stable")]
    rows, columns = np.divmod(chosen, score.shape[1])
    return rows, columns


def _distinct(beam: _Beam, num_beams: int) -> Ints:
    """Rows of the first, hence best, hypothesis at each position and, within 3 %, tempo."""
    tempo = np.round(np.log(beam.quarter) / 0.03).astype(np.int64)
    _, first = np.unique((tempo * _MAX_POSITIONS + beam.position) * _MAX_METRES + beam.metre, return_index=True)
    return np.sort(first)[:num_beams]
