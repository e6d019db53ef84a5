"""The melody of a polyphonic performance, as a small network learned to hear it.

The network gives each note the log-odds that it belongs to the melody. It reads the notes in their order, each with
those some places before and after it, farther in every layer, with the notes that it continues and is continued by, so
that it follows voices, and with a summary of the whole piece. It was trained (``voice_training``) on POP909, where the
singer's melody is a track of its own, and on part songs, with velocities often flattened or disturbed, so that it does
not lean on them. What is chosen is the line with the greatest sum of log-odds less a cost for notes that sound on into
the next. Leaps cost nothing: a penalty was tried and lost, for the network has weighed them already.

How sure the network is depends on how much a piece is like those that it knows; which of its notes are likelier does
so less. A line that is silent for most of a piece is therefore drawn again with all notes made likelier.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.data.melody.result import Melody
from core.data.melody.voice_features import (
    CHORD_SEC,
    LEGATO_SEC,
    Features,
    Floats,
    Integers,
    Notes,
    features_of,
    in_order,
)

WEIGHTS_PATH = Path(__file__).with_name("voice_weights.npz")
BIASES = (0.8, 1.2, 1.6, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
"""added to the log-odds, one after the other until the line covers enough; the first was chosen on POP909"""
MIN_COVERAGE = 0.5
"""the share of a piece's sounding time that its melody should sound; less than in most songs"""
MIN_LOG_ODDS = -2.5
"""notes below this, bias included, are not considered"""
OVERLAP_COST = 2.0
"""of each second for which a note sounds on into the next, up to one second"""
LOOKBACK = 12
"""how many notes back the one before may lie at this cost; any that lies farther costs nothing"""

Floats32 = NDArray[np.float32]


class Weights(NamedTuple):
    """Of a network with F features, L layers and width D."""

    enter: Floats32
    """(F, D)"""
    enter_bias: Floats32
    """(D,)"""
    listen: Floats32
    """(L, 5, D, D): to the note itself, that 2^l places earlier and later, the one it continues and its continuation"""
    listen_bias: Floats32
    """(L, D)"""
    gate: Floats32
    """(L, D): what makes a note count in the summary"""
    gate_bias: Floats32
    """(L,)"""
    summary: Floats32
    """(L, D, D)"""
    leave: Floats32
    """(D,)"""
    leave_bias: Floats32
    """()"""


def voice_melody(onset_sec: Floats, offset_sec: Floats, pitch: Integers, velocity: Integers) -> Melody:
    """The melody of N notes, given in any order; notes that do not last are not heard.

    Parameters
    ----------
    onset_sec, offset_sec
        (N,)
    pitch, velocity
        (N,) MIDI numbers, 0 to 127
    """
    heard = np.flatnonzero(np.isfinite(onset_sec) & np.isfinite(offset_sec) & (offset_sec > onset_sec))
    if not len(heard):
        return Melody(heard, np.empty(0), np.empty(0))
    order, notes = in_order(onset_sec[heard], offset_sec[heard], pitch[heard], velocity[heard])
    if is_line(notes):
        return Melody(heard[order], notes.onset_sec, _cut(notes.onset_sec, notes.offset_sec))
    odds = log_odds(features_of(notes), load_weights())
    enough_sec = MIN_COVERAGE * sounding_sec(notes)
    for bias in BIASES:
        chosen = _line_of(odds + bias, notes)
        onset = notes.onset_sec[chosen]
        offset = _cut(onset, notes.offset_sec[chosen])
        if np.sum(offset - onset) >= enough_sec:
            break
    return Melody(heard[order[chosen]], onset, offset)


def is_line(notes: Notes) -> bool:
    """Whether no note begins while another sounds: then there is nothing to choose."""
    alone = np.diff(notes.chord) > 0
    return bool(np.all(alone & (notes.offset_sec[:-1] <= notes.onset_sec[1:] + LEGATO_SEC)))


def sounding_sec(notes: Notes) -> float:
    """How long there is any sound."""
    order = np.argsort(notes.onset_sec)
    onset, until = notes.onset_sec[order], np.maximum.accumulate(notes.offset_sec[order])
    return float(until[-1] - onset[0] - np.maximum(onset[1:] - until[:-1], 0).sum())


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    with np.load(WEIGHTS_PATH, allow_pickle=False) as stored:
        return Weights(*(stored[name].astype(np.float32) for name in Weights._fields))


def log_odds(features: Features, weights: Weights) -> Floats:
    """(N,) that each note is of the melody."""
    heard = np.maximum(features.values @ weights.enter + weights.enter_bias, 0)
    for layer in range(len(weights.listen)):
        heard += np.maximum(_listen(heard, features, weights, layer), 0)
    return (heard @ weights.leave + weights.leave_bias).astype(np.float64)


def _listen(heard: Floats32, features: Features, weights: Weights, layer: int) -> Floats32:
    """(N, D) What a layer makes of all notes; a neighbour that does not exist is silent."""
    itself, earlier, later, before, after = weights.listen[layer]
    gate = 1 / (1 + np.exp(-np.clip(heard @ weights.gate[layer] + weights.gate_bias[layer], -30, 30)))
    summary = gate @ heard / (gate.sum() + 1)
    out: Floats32 = heard @ itself + (summary @ weights.summary[layer] + weights.listen_bias[layer])
    distance = 2**layer
    out[distance:] += heard[:-distance] @ earlier
    out[:-distance] += heard[distance:] @ later
    padded = np.vstack([heard, np.zeros_like(heard[:1])])
    out += padded[features.before] @ before
    out += padded[features.after] @ after
    return out


def _cut(onset_sec: Floats, offset_sec: Floats) -> Floats:
    """Offsets no later than the next onset."""
    return np.minimum(offset_sec, np.append(onset_sec[1:], np.inf))


def _line_of(value: Floats, notes: Notes) -> Integers:
    likely = np.flatnonzero(value > MIN_LOG_ODDS)
    likely = likely[np.argsort(notes.onset_sec[likely], kind="stable")]
    return likely[best_line(value[likely], notes.onset_sec[likely], notes.offset_sec[likely])]


def best_line(value: Floats, onset_sec: Floats, offset_sec: Floats) -> Integers:
    """(M,) which of n notes, in order of their onsets, make the line of the greatest value, by dynamic programming.

    Of notes that begin within ``CHORD_SEC`` it takes one at most.
    """
    num_early = np.searchsorted(onset_sec, onset_sec - CHORD_SEC)  # these begin early enough to come before
    total = value.copy()  # of the best line that ends with each note
    previous = np.full(len(value), -1)
    champion = [-1]  # which total is the greatest among the first k, for each k
    for note, (end, start_sec) in enumerate(zip(num_early.tolist(), onset_sec.tolist(), strict=True)):
        if end:
            first = max(end - LOOKBACK, 0)
            overlap_sec = np.clip(offset_sec[first:end] - start_sec - LEGATO_SEC, 0, 1)
            ways = total[first:end] - OVERLAP_COST * overlap_sec
            source = first + int(ways.argmax())
            gain = ways[source - first]
            if first and total[champion[first]] > gain:
                source = champion[first]
                gain = total[source]
            if gain > 0:
                total[note] += gain
                previous[note] = source
        champion.append(note if note == 0 or total[note] > total[champion[-1]] else champion[-1])
    return _back_from(champion[-1], total, previous)


def _back_from(note: int, total: Floats, previous: Integers) -> Integers:
    line = []
    while note >= 0 and total[note] > 0:
        line.append(note)
        note = int(previous[note])
    return np.array(line[::-1], np.int64)
