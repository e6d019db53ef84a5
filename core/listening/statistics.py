"""What can be said of ratings: means and shares with their intervals, tests between makers.

Answers of one listener hang together, so the listener is the unit: what somebody says of several excerpts by one maker
counts as its mean, once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean, stdev

CONFIDENCE = 0.95
Scores = Mapping[str, Mapping[str, float]]
"""by maker, then by listener"""


@dataclass(frozen=True)
class Interval:
    """A mean or a share with its 95 % confidence interval, which too few values do not have."""

    value: float
    low: float | None
    high: float | None
    number: int


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean of one or more values, with Student's t interval where there are two."""
    from scipy.stats import t

    number, mean = len(values), fmean(values)
    if number < 2:
        return Interval(mean, None, None, number)
    half = float(t.ppf((1 + CONFIDENCE) / 2, number - 1)) * stdev(values) / math.sqrt(number)
    return Interval(mean, mean - half, mean + half, number)


def share_interval(shares: Sequence[float]) -> Interval:
    """``mean_interval`` of one or more shares, each of one listener, as far as it lies within 0 and 1."""
    found = mean_interval(shares)
    if found.low is None or found.high is None:
        return found
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


@dataclass(frozen=True)
class Finding:
    """What a test of the hypothesis that several makers are rated alike has found."""

    name: str
    statistic: float
    p: float
    number: int
    """listeners who heard them all"""


def rank_test(scores: Scores) -> Finding | None:
    """Friedman's test over the listeners who heard every maker; of two makers Wilcoxon's; None where it is too early.

    M. Friedman, JASA 1937; ties are corrected for.
    """
    from scipy.stats import friedmanchisquare

    makers = sorted(scores)
    listeners = in_common(scores, makers)
    if len(makers) < 2 or len(listeners) < 2:
        return None
    if len(makers) == 2:
        return signed_rank(scores, makers[0], makers[1])
    columns = [[scores[maker][listener] for listener in listeners] for maker in makers]
    if all(len(set(row)) == 1 for row in zip(*columns, strict=True)):  # every listener rates all alike
        return Finding("Friedman", 0.0, 1.0, len(listeners))
    found = friedmanchisquare(*columns)
    return Finding("Friedman", float(found.statistic), float(found.pvalue), len(listeners))


def signed_rank(scores: Scores, one: str, other: str) -> Finding | None:
    """Wilcoxon's signed-rank test over the listeners who heard both (F. Wilcoxon, Biometrics Bulletin 1945).

    Listeners who rate both alike are left out, as Wilcoxon did. None where nobody heard both.
    """
    from scipy.stats import wilcoxon

    listeners = in_common(scores, [one, other])
    if not listeners:
        return None
    differences = [scores[one][listener] - scores[other][listener] for listener in listeners]
    if not any(differences):
        return Finding("Wilcoxon", 0.0, 1.0, len(listeners))
    found = wilcoxon([difference for difference in differences if difference])
    return Finding("Wilcoxon", float(found.statistic), float(found.pvalue), len(listeners))


def pairwise(scores: Scores) -> list[tuple[str, str, Finding]]:
    """``signed_rank`` for every two makers, p corrected by Holm over all of them, the smallest first."""
    tested = [(one, other, signed_rank(scores, one, other)) for one, other in combinations(sorted(scores), 2)]
    found = sorted(((one, other, test) for one, other, test in tested if test), key=lambda item: item[2].p)
    corrected = holm([test.p for _, _, test in found])
    return [
        (one, other, Finding(test.name, test.statistic, p, test.number))
        for (one, other, test), p in zip(found, corrected, strict=True)
    ]


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted p of ascending ones (S. Holm, Scandinavian Journal of Statistics 1979), never below the one before."""
    adjusted: list[float] = []
    for rank, p in enumerate(ps):
        adjusted.append(max([min(1.0, p * (len(ps) - rank)), *adjusted[-1:]]))
    return adjusted


def in_common(scores: Scores, makers: Sequence[str]) -> list[str]:
    """The listeners who heard all of some makers."""
    return sorted(set.intersection(*(set(scores[maker]) for maker in makers))) if makers else []
