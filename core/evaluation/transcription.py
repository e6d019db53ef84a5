"""How well performed rhythms are written down: scores are performed with human faults and transcribed again.

``python -m core.evaluation.transcription --corpus pop909 --root DIR`` prints the table.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from core.data.corpora import pieces_of
from core.errors import InputError
from core.evaluation.pop_songs import pop909_passages
from core.rhythm import MAX_NOTES, Rhythm, notate
from core.score import Score

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Floats = NDArray[np.float64]

DRIFT_SEC = (20.0, 60.0)  # the period in which the tempo sways
MIN_INTERVAL_SEC = 0.02
FACTORS = (0.5, 1.0, 2.0)  # between the written tempo and the true one
JITTERS_MS = (10.0, 20.0, 30.0)
DRIFTS = (0.0, 0.05)


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
    """Shares that come back exactly, up to a factor of two in tempo, over monophonic ``scores``.

    ``values`` counts notes whose written duration is right, ``intervals`` those with the right distance to the next
    onset, ``places`` those at the right distance from a bar line of the true metre; ``metres`` counts the scores with
    the right time signature. ``ms_per_64_notes`` is how long it takes.
    """
    rng = np.random.default_rng(seed)
    correct, num_notes, num_scores, seconds = np.zeros(4), 0, 0, 0.0
    for score in scores:
        played = Score(score.notes, qpm=rng.uniform(*qpm_range))
        rhythm = perform(played, jitter_ms / 1000.0, drift, articulation, rng)
        start = time.perf_counter()
        written = notate(rhythm)
        seconds += time.perf_counter() - start
        correct += max((num_correct(score, written, factor) for factor in FACTORS), key=lambda counts: counts[0])
        num_notes, num_scores = num_notes + len(rhythm), num_scores + 1
    totals = np.maximum([num_notes, num_notes - num_scores, num_notes, num_scores], 1)
    return {
        "scores": num_scores,
        "notes": num_notes,
        **dict(zip(("values", "intervals", "places", "metres"), (correct / totals).tolist(), strict=True)),
        "ms_per_64_notes": 64_000 * seconds / max(num_notes, 1),
    }


def num_correct(true: Score, written: Score, factor: float) -> tuple[int, int, int, int]:
    """Values, intervals, places and metres (one or none) that are right once quarters are ``factor`` times as long."""
    value, true_value = (np.array([note.duration for note in score.notes]) for score in (written, true))
    onset, true_onset = (np.array([note.onset for note in score.notes]) for score in (written, true))
    moved = (onset - written.upbeat) * factor - (true_onset - true.upbeat)
    numerator, denominator = written.time_signature
    return (
        _num_zero(value * factor - true_value),
        _num_zero(np.diff(onset * factor - true_onset)),
        _num_zero((moved + true.bar_length / 2) % true.bar_length - true.bar_length / 2),
        int((numerator, denominator / factor) == true.time_signature),
    )


def _num_zero(differences: Floats) -> int:
    return int(np.isclose(differences, 0.0, atol=1e-3).sum())


def scores_of(corpus: str, root: Path | None, split: str = "valid") -> list[Score]:
    """The written melodies to perform; raises ``InputError``."""
    if corpus == "pop909":
        scores = pop909_passages(root, split)
    else:
        scores = [piece.score for piece in pieces_of(corpus, split, root)]
    return [score for score in scores if len(score.notes) <= MAX_NOTES]


def table(scores: Sequence[Score]) -> list[dict[str, float]]:
    """A row for each jitter and drift."""
    return [
        {"jitter_ms": jitter, "drift": drift, **measure_transcription(scores, jitter, drift)}
        for drift in DRIFTS
        for jitter in JITTERS_MS
    ]


@app.command()
def main(
    corpus: Annotated[str, typer.Option(help="essen or pop909.")] = "essen",
    root: Annotated[Path | None, typer.Option(help="Folder of the corpus.")] = None,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    limit: Annotated[int | None, typer.Option(min=1, help="So many scores, from all over the corpus.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list and nothing else.")] = False,
) -> None:
    """How well performed melodies of a corpus are written down."""
    try:
        scores = scores_of(corpus, root, split)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    rows = table(scores[:: -(-len(scores) // limit)] if limit else scores)
    sys.stdout.write(json.dumps(rows) + "\n" if as_json else _as_text(rows))


def _as_text(rows: list[dict[str, Any]]) -> str:
    lines = [" ".join(f"{name:>15}" for name in rows[0])]
    lines += [" ".join(f"{value:15.4g}" for value in row.values()) for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app()
