"""How many of a model's tunes are legal ABC, how long they are, and what of them stands in the training tunes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.data.tune_texts import body_start
from core.formats.abc_check import check_tune
from core.tunes import Draft, drafts

TEMPERATURES = (0.2, 0.5, 0.8, 1.0, 1.2)
LENGTHS = (8, 12, 16, 24)
"""characters of the passages that are looked for in training"""
BASE = np.uint64(1_000_003)


@dataclass(frozen=True)
class TuneFigures:
    """Of some tunes; shares are from 0 to 1."""

    temperature: float | None
    """at which a model drew them; None: people wrote them"""
    legal_only: bool
    """whether only legal ABC was let through"""
    num: int
    ended: float
    """by themselves"""
    parses: float
    bars_add_up: float
    repeats_closed: float
    legal: float
    """all of these at once"""
    characters: float
    """median length"""
    copied_8: float
    """of the passages of so many characters of the music, without the header, those that stand in a training tune"""
    copied_12: float
    copied_16: float
    copied_24: float


class Passages:
    """Every passage of each of ``LENGTHS`` of the music of some tunes."""

    def __init__(self, texts: Iterable[str]) -> None:
        numbers = [as_numbers(text[body_start(text) :]) for text in texts]
        self.known = {length: np.unique(np.concatenate([hashes(one, length) for one in numbers])) for length in LENGTHS}

    def shares(self, texts: Iterable[str]) -> dict[int, float]:
        """For each length the share of the passages of the music of ``texts`` that stand here too."""
        numbers = [as_numbers(text[body_start(text) :]) for text in texts]
        found = {length: np.concatenate([hashes(one, length) for one in numbers]) for length in LENGTHS}
        return {n: float(np.isin(one, self.known[n]).mean()) if len(one) else 0.0 for n, one in found.items()}


def as_numbers(text: str) -> NDArray[np.uint64]:
    return np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8).astype(np.uint64)


def hashes(numbers: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """A number for every passage of ``length`` characters: a polynomial in them, modulo 2^64."""
    if len(numbers) < length:
        return np.empty(0, dtype=np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, length)
    powers = np.cumprod(np.full(length, BASE, dtype=np.uint64))
    return (windows * powers).sum(axis=1, dtype=np.uint64)


def figures_of(
    tunes: Sequence[Draft], known: Passages, temperature: float | None = None, legal_only: bool = False
) -> TuneFigures:
    """Of at least one tune."""
    texts = [tune.text for tune in tunes]
    checks = [check_tune(text) for text in texts]
    shares = known.shares(texts)

    def share(values: Iterable[bool]) -> float:
        return round(sum(values) / len(tunes), 4)

    return TuneFigures(
        temperature=temperature,
        legal_only=legal_only,
        num=len(tunes),
        ended=share(tune.ended for tune in tunes),
        parses=share(check.parses for check in checks),
        bars_add_up=share(check.bars_add_up for check in checks),
        repeats_closed=share(check.repeats_closed for check in checks),
        legal=share(check.legal and tune.ended for check, tune in zip(checks, tunes, strict=True)),
        characters=median(map(len, texts)),
        **{f"copied_{n}": round(value, 4) for n, value in shares.items()},
    )


def tune_figures(
    checkpoint: Checkpoint,
    train: Sequence[str],
    held_out: Sequence[str],
    num: int,
    temperatures: Sequence[float] = TEMPERATURES,
    on_row: Callable[[TuneFigures], None] = lambda _: None,
) -> list[TuneFigures]:
    """A row for people's ``held_out`` tunes, then two for each temperature: free, and with legal ABC alone.

    The ``num`` tunes of a row have the seeds 0, 1, 2 ..., and are drawn from nothing, with the card's settings
    but for the temperature, and with what keeps every tune from endless repetition.
    """
    known = Passages(train)
    own = checkpoint.card.sampling_defaults
    rows = [figures_of([Draft(text, 0, 0, 0.0, True) for text in held_out], known)]
    on_row(rows[0])
    for temperature in temperatures:
        for legal in (False, True):
            settings = [replace(own, temperature=temperature, seed=seed) for seed in range(num)]
            tunes = [last(drafts(checkpoint, "", one, legal=legal)) for one in settings]
            rows.append(figures_of(tunes, known, temperature, legal))
            on_row(rows[-1])
    return rows


def last(grown: Iterable[Draft]) -> Draft:
    *_, whole = grown
    return whole


def figures_to_csv(rows: Sequence[TuneFigures]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(TuneFigures)], lineterminator="\n")
    writer.writeheader()
    writer.writerows([asdict(row) for row in rows])
    return out.getvalue().encode()
