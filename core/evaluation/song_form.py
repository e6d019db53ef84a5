"""Whether a song holds together: keeps its key and its scale, repeats itself, and comes home.

Each figure is a number from one melody, or None where the melody is too short for it to be defined. Bars are counted
from the first bar line: an upbeat is part of none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from core.evaluation.metrics import pitch_class_distribution
from core.formats.spelling import estimate_key, parse_key
from core.score import Note, Score

WINDOW_BARS = 4
LAGS = (2, 4, 8)
"""bars between what is compared in ``repetition``"""

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_TOLERANCE = 1e-6  # quarters


def bars(song: Score) -> list[tuple[Note, ...]]:
    """The notes that begin in each bar, their onsets counted from its bar line; the last bar may be incomplete."""
    length = song.bar_length
    num_bars = math.ceil((song.duration - song.upbeat - _TOLERANCE) / length)
    found: list[list[Note]] = [[] for _ in range(num_bars)]
    for note in song.notes:
        place = math.floor((note.onset - song.upbeat + _TOLERANCE) / length)
        if place >= 0:
            found[place].append(note._replace(onset=note.onset - song.upbeat - place * length))
    return [tuple(bar) for bar in found]


def key_of(notes: Sequence[Note]) -> str:
    return estimate_key([note.pitch for note in notes], [note.duration for note in notes])


def key_stability(song: Score) -> float | None:
    """Share of the 4-bar windows, one from every bar line, whose likeliest key is that of the whole song.

    The finder is ``estimate_key``, so that written songs, which name no key, are measured as printed ones are. Windows
    without a note are left out; there is none in fewer than 4 bars.
    """
    in_bars = bars(song)
    windows = [sum(in_bars[i : i + WINDOW_BARS], ()) for i in range(len(in_bars) - WINDOW_BARS + 1)]
    keys = [key_of(window) for window in windows if window]
    return keys.count(key_of(song.notes)) / len(keys) if keys else None


def scale_consistency(song: Score) -> float | None:
    """The largest share of notes that one major or natural minor scale holds.

    As ``muspy.scale_consistency`` (Dong and others, ISMIR 2020), after O. Mogren, C-RNN-GAN (2016). Twelve scales are
    enough: a minor scale has the notes of its relative major.
    """
    classes = [pitch % 12 for pitch in song.pitches]
    scales = [{(tonic + degree) % 12 for degree in _MAJOR} for tonic in range(12)]
    return max(sum(note in scale for note in classes) for scale in scales) / len(classes) if classes else None


def pitch_class_entropy(song: Score) -> float | None:
    """Entropy of how often each pitch class begins, in bits: 0 when there is one, log2(12) when all are alike.

    As ``muspy.pitch_class_entropy``, after Wu and Yang, The Jazz Transformer on the Front Line (ISMIR 2020).
    """
    shares = pitch_class_distribution([song.pitches])
    shares = shares[shares > 0]
    return float((shares * np.log2(1 / shares)).sum()) if len(shares) else None


def repetition(song: Score) -> float | None:
    """How much of a bar was already in the bar 2, 4 and 8 before it: the mean over those lags that fit into the song.

    Two bars are as similar as the (place in the bar, pitch) of their notes have in common: common ones over all, from
    0 to 1. Pitches count as they sound, not as they move: a sequence a step higher is no repetition. Nothing is said of
    two bars in which no note begins, nor of songs of fewer than 3 bars.
    """
    contents = [{(round(note.onset, 4), note.pitch) for note in bar} for bar in bars(song)]
    of_lags = [similarity for lag in LAGS if (similarity := self_similarity(contents, lag)) is not None]
    return sum(of_lags) / len(of_lags) if of_lags else None


def self_similarity(contents: Sequence[set[tuple[float, int]]], lag: int) -> float | None:
    """Mean Jaccard index of each bar's content with that of the bar ``lag`` bars before."""
    pairs = [(a, b) for a, b in zip(contents, contents[lag:], strict=False) if a or b]
    return sum(len(a & b) / len(a | b) for a, b in pairs) / len(pairs) if pairs else None


def final_on_tonic(song: Score) -> float | None:
    """1 when the last note is the tonic of the song's likeliest key, in any octave, else 0."""
    if not song.notes:
        return None
    key = parse_key(key_of(song.notes))
    tonic = 7 * (key.fifths + 3 * key.minor) % 12
    return float(song.pitches[-1] % 12 == tonic)


class Figure(NamedTuple):
    title: str
    meaning: str
    of: Callable[[Score], float | None]


FIGURES: dict[str, Figure] = {
    "key_stability": Figure("Key stability", "share of 4-bar windows in the key of the whole song", key_stability),
    "scale_consistency": Figure(
        "Scale consistency", "largest share of notes in one major or minor scale", scale_consistency
    ),
    "pitch_class_entropy": Figure(
        "Pitch-class entropy", "bits; how evenly the pitch classes occur", pitch_class_entropy
    ),
    "repetition": Figure("Repetition", "how much of a bar stood 2, 4 and 8 bars before", repetition),
    "final_on_tonic": Figure("Ends on the tonic", "whether the last note is the tonic", final_on_tonic),
}
