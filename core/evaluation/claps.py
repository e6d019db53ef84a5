"""How well claps are found, beside librosa's onset detector on the same recordings.

``python -m core.evaluation.claps [--seed N] [--per-condition K] [--sensitivity S] [--live] [--json]`` prints a table:
the F-measure at 50 ms [1] and the median error of the claps that were found, by condition. With ``--live`` ours hears
each recording as a live microphone brings it, after a count-in, and decides at once.

[1] C. Raffel et al., mir_eval: a transparent implementation of common MIR metrics, ISMIR (2014).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.claps import ClapListener, find_claps
from core.errors import InputError
from core.evaluation.clap_recordings import CONDITIONS, KINDS, ClapRecording, make_recording
from core.evaluation.clap_sounds import VOICES, utterance

TOLERANCE_SEC = 0.05
COUNT_IN_SEC, PACKET_SEC = 1.8, 0.02
"""of a live microphone"""
Detector = Callable[[NDArray[np.float32], int], NDArray[np.float64]]
Row = dict[str, str | float]


class Match(NamedTuple):
    f_measure: float
    error_sec: NDArray[np.float64]  # of each clap that was found: how much later than the true onset


def developers_tool(name: str) -> Any:
    """A package that only measuring needs; raises InputError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        message = f"Measuring needs {name}; install it with 'pip install -r requirements-dev.txt'."
        raise InputError(message) from error


def librosa_default(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    return developers_tool("librosa").onset.onset_detect(y=samples, sr=sample_rate, units="time")


def librosa_tuned(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """With windows as short as ours, and deaf below 1.5 kHz, where voices and hum are."""
    librosa = developers_tool("librosa")
    bands = librosa.feature.melspectrogram(y=samples, sr=sample_rate, n_fft=512, hop_length=128, n_mels=40, fmin=1500)
    strength = librosa.onset.onset_strength(S=librosa.power_to_db(bands), sr=sample_rate)
    return librosa.onset.onset_detect(onset_envelope=strength, sr=sample_rate, hop_length=128, units="time")


def detectors(sensitivity: float = 0.5, live: bool = False) -> dict[str, Detector]:
    def in_recording(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
        return find_claps(samples, sample_rate, sensitivity)

    def as_it_comes(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
        listener = ClapListener(sample_rate, sensitivity, count_in_sec=COUNT_IN_SEC)
        size = round(PACKET_SEC * sample_rate)
        packets = (samples[start : start + size] for start in range(0, len(samples), size))
        return np.array([clap for packet in packets for clap in listener.feed(packet)])

    return {"ours": as_it_comes if live else in_recording, "librosa": librosa_default, "librosa tuned": librosa_tuned}


def match(true_sec: NDArray[np.float64], found_sec: NDArray[np.float64]) -> Match:
    """Each onset counts once, for one found within 50 ms."""
    mir_eval = developers_tool("mir_eval")
    if not len(true_sec) or not len(found_sec):
        return Match(0.0, np.zeros(0))
    f_measure, _, _ = mir_eval.onset.f_measure(true_sec, found_sec, window=TOLERANCE_SEC)
    pairs = mir_eval.util.match_events(true_sec, found_sec, TOLERANCE_SEC)
    return Match(f_measure, np.array([found_sec[found] - true_sec[true] for true, found in pairs]))


def recordings(per_condition: int, seed: int, count_in_sec: float = 0.0) -> Iterator[ClapRecording]:
    """``per_condition`` recordings under each condition, of the kinds of hits in turn."""
    rng = np.random.default_rng(seed)
    utterances = [utterance(voice, rng) for voice in VOICES]
    for condition in CONDITIONS:
        for index in range(per_condition):
            yield make_recording(condition, KINDS[index % len(KINDS)], rng, utterances, count_in_sec)


def measure(
    made: Iterable[ClapRecording], found_by: Mapping[str, Detector], by: Callable[[ClapRecording], str]
) -> list[Row]:
    """A row for each group that ``by`` names: mean F-measure over its recordings, median error over its claps."""
    groups: dict[str, dict[str, list[Match]]] = {}
    for recording in made:
        samples = recording.samples.astype(np.float32)
        for name, detector in found_by.items():
            found = match(recording.onset_sec, detector(samples, recording.sample_rate))
            groups.setdefault(by(recording), {}).setdefault(name, []).append(found)
    return [_row(name, matches) for name, matches in groups.items()]


def _row(group: str, matches: Mapping[str, list[Match]]) -> Row:
    row: Row = {"group": group}
    for name, results in matches.items():
        row[f"{name} F"] = round(float(np.mean([result.f_measure for result in results])), 3)
        errors = np.concatenate([result.error_sec for result in results])
        row[f"{name} error ms"] = round(float(np.median(np.abs(errors))) * 1000, 2) if len(errors) else float("nan")
    return row


def table(rows: list[Row]) -> str:
    """Columns under their names, each as wide as it needs."""
    cells = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def main() -> None:
    """The command line; bad input is one sentence on standard error and exit code 2."""
    parser = argparse.ArgumentParser(description="Measure how well claps are found.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-condition", type=int, default=24, help="recordings under each condition")
    parser.add_argument("--sensitivity", type=float, default=0.5)
    parser.add_argument("--live", action="store_true", help="as from a live microphone")
    parser.add_argument("--kinds", action="store_true", help="a row for each kind of hit in each condition")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        made = recordings(options.per_condition, options.seed, COUNT_IN_SEC if options.live else 0.0)
        by = (lambda r: f"{r.condition}, {r.kind}") if options.kinds else (lambda r: r.condition)
        rows = measure(made, detectors(options.sensitivity, options.live), by)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    sys.stdout.write((json.dumps(rows) if options.json else table(rows)) + "\n")


if __name__ == "__main__":
    main()
