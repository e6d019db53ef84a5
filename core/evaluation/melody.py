"""How well the melody of a polyphonic performance is found.

``python -m core.evaluation.melody [--root DIR] [--split test] [--json]`` prints a table over POP909, all tracks of a
song mixed, against its MELODY track. A note is found when its pitch is right and its onset within 50 ms; the figures
are means over songs of mir_eval's note metrics without offsets [1], and notes a second from score to score.

[1] C. Raffel et al., mir_eval: a transparent implementation of common MIR metrics, ISMIR (2014).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.melody import extract_melody
from core.data.pop909 import METADATA, Song, pop909_folder, read_song, read_splits
from core.errors import InputError
from core.evaluation.claps import developers_tool, table
from core.formats.skyline import melody_line
from core.score import Score

ONSET_TOLERANCE_SEC = 0.05
FLAT_VELOCITY = 64

Method = Callable[[Score], Score]
Row = dict[str, str | float]


def flat(score: Score) -> Score:
    """Every note as loud as every other, as in most files that nobody has played."""
    return replace(score, notes=tuple(note._replace(velocity=FLAT_VELOCITY) for note in score.notes))


METHODS: dict[str, Method] = {
    "skyline": melody_line,
    "viterbi": lambda score: extract_melody(score, "viterbi"),
    "voice": lambda score: extract_melody(score, "voice"),
    "voice, flat velocities": lambda score: extract_melody(flat(score), "voice"),
}


def songs_of(root: Path | None, split: str) -> Iterator[Song]:
    """One split of POP909; raises ``InputError``."""
    folder = pop909_folder(root)
    names = [name for name, of in read_splits(folder / METADATA) if of == split]
    if not names:
        raise InputError(f"POP909 has no {split} split; choose train, valid or test.")
    return (read_song(folder / name) for name in names)


def measure(songs: Iterable[Song], methods: Mapping[str, Method]) -> list[Row]:
    """A row for each method: precision, recall and F1, each the mean over ``songs``, and notes a second."""
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in methods}
    seconds = dict.fromkeys(methods, 0.0)
    num_notes = 0
    for song in songs:
        num_notes += len(song.mixed.notes)
        for name, method in methods.items():
            start = time.perf_counter()
            found = method(song.mixed)
            seconds[name] += time.perf_counter() - start
            figures[name].append(agreement(song.melody, found))
    return [
        {
            "method": name,
            **dict(zip(("precision", "recall", "F1"), np.mean(figures[name], axis=0).round(4).tolist(), strict=True)),
            "notes/s": round(num_notes / max(seconds[name], 1e-9)),
        }
        for name in methods
    ]


def agreement(true: Score, found: Score) -> tuple[float, float, float]:
    """Precision, recall and F1 of the notes of ``found``."""
    transcription = developers_tool("mir_eval").transcription
    precision, recall, f1, _ = transcription.precision_recall_f1_overlap(
        *_intervals(true), *_intervals(found), onset_tolerance=ONSET_TOLERANCE_SEC, offset_ratio=None
    )
    return float(precision), float(recall), float(f1)


def _intervals(score: Score) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Onsets and offsets (N, 2) in seconds, pitches (N,) in hertz."""
    quarters = np.array([(note.onset, note.offset) for note in score.notes]).reshape(-1, 2)
    return quarters * 60 / score.qpm, 440 * 2 ** ((np.array(score.pitches) - 69) / 12)


def main() -> None:
    """The command line; bad input is one sentence on standard error and exit code 2."""
    parser = argparse.ArgumentParser(description="Measure how well melodies are found.")
    parser.add_argument("--root", type=Path, help="the folder of POP909, or the one that holds it")
    parser.add_argument("--split", default="test")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        rows = measure(songs_of(options.root, options.split), METHODS)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    sys.stdout.write((json.dumps(rows) if options.json else table(rows)) + "\n")


if __name__ == "__main__":
    main()
