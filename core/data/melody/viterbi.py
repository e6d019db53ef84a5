"""The melody of a polyphonic performance, as MAESTRO's melodies are defined: frozen, so that figures never move.

The method is the melody inference of Magenta's note-seq (I. Simon and others, 2020). Time is cut into frames at every
onset and offset. In each frame the melody rests, begins a note or sustains one; of all such sequences the likeliest is
found by the Viterbi algorithm.

- It rests in silence alone, begins a note where one of that pitch begins, and sustains none whose pitch is struck anew.
- A second of it costs a factor of 1e-15 while a higher pitch sounds, and another while its own pitch does not.
- After a rest all 128 pitches are equally likely. After a note comes a rest with probability 0.1, else a note whose
  interval of d semitones weighs 1 / (1 + (d / 2)^2).

The pedal is not heard. A melody note may outlast the note that it began with, until the next one begins. Of equally
likely ways to a note the one from a rest is taken, else from the lowest pitch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.data.melody.result import Melody

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NUM_PITCHES = 128
REST_PROB = 0.1
"""that a note is followed by a rest"""
TO_REST = np.log(REST_PROB)
INTERVAL_SCALE = 2.0
"""semitones at which an interval weighs half of a repeated note"""
VIOLATION = np.log(1e-15)
"""log-likelihood of a second that breaks a rule"""
BLOCK = 4096
"""frames whose costs are in memory at one time"""
REST = 0
"""the state; state s > 0 holds pitch number s - 1 of those that occur"""


class Frames(NamedTuple):
    """A performance of P different pitches in F frames, with its K different (frame, pitch) onsets."""

    time_sec: Floats
    """(F + 1,) where the frames begin, and where the last one ends"""
    pitches: Integers
    """(P,) ascending"""
    start: Integers
    """(N,) the first frame of each note"""
    end: Integers
    """(N,) the frame after its last"""
    state: Integers
    """(N,) its state, 1 to P"""


class Line(NamedTuple):
    """The paths that the search has followed, each onset or rest an entry that names the one before it."""

    frame: list[int]
    state: list[int]
    parent: list[int]
    """entry before, -1 at the start"""

    def add(self, frame: int, state: int, parent: int) -> int:
        self.frame.append(frame)
        self.state.append(state)
        self.parent.append(parent)
        return len(self.frame) - 1

    def back_from(self, entry: int) -> list[int]:
        """The entries that lead up to ``entry``, in the order of time."""
        path = []
        while entry >= 0:
            path.append(entry)
            entry = self.parent[entry]
        return path[::-1]


def viterbi_melody(onset_sec: Floats, offset_sec: Floats, pitch: Integers) -> Melody:
    """The likeliest melody of N notes: indices of those that begin its notes, and the times that these last.

    Parameters
    ----------
    onset_sec, offset_sec
        (N,) from 0 up, in any order; notes that do not last, or have no finite times, are not heard.
    pitch
        (N,) MIDI note numbers, 0 to 127.
    """
    heard = np.flatnonzero((offset_sec > onset_sec) & np.isfinite(onset_sec) & np.isfinite(offset_sec))
    if not len(heard):
        return Melody(heard, np.empty(0), np.empty(0))
    frames = frames_of(onset_sec[heard], offset_sec[heard], pitch[heard])
    begun, state, until = likeliest(frames)
    # the note that begins where a melody note does, on its pitch
    order = np.lexsort((frames.state, frames.start))
    width = len(frames.pitches) + 1
    places = (frames.start * width + frames.state)[order]
    index = heard[order[np.searchsorted(places, begun * width + state)]]
    return Melody(index, frames.time_sec[begun], frames.time_sec[until])


def frames_of(onset_sec: Floats, offset_sec: Floats, pitch: Integers) -> Frames:
    time_sec = np.unique(np.concatenate([[0.0], onset_sec, offset_sec]))
    pitches, number = np.unique(pitch, return_inverse=True)
    start, end = np.searchsorted(time_sec, onset_sec), np.searchsorted(time_sec, offset_sec)
    return Frames(time_sec, pitches.astype(np.int64), start, end, number + 1)


def likeliest(frames: Frames) -> tuple[Integers, Integers, Integers]:
    """(M,) each: in which frame a melody note begins, its state, and the frame in which it is over."""
    arrive = arrivals(frames.pitches)
    line = Line([], [], [])
    latest = [-1] * (len(frames.pitches) + 1)  # the entry of the line by which each state was reached
    value = np.full(len(latest), -np.inf)  # log-likelihood of the best path to each state
    value[REST] = 0.0
    for frame, (stay, onsets) in enumerate(costs(frames)):
        before, value = value, value + stay
        if onsets:
            reached = []
            for state, cost in onsets:
                ways = before + arrive[state - 1]
                source = int(ways.argmax())
                value[state] = ways[source] + cost
                reached.append((state, line.add(frame, state, latest[source])))
            for state, entry in reached:
                latest[state] = entry
        elif stay[REST] == 0.0:  # silence
            source = int(before[1:].argmax()) + 1
            rested = before[source] + TO_REST
            if rested > value[REST]:
                value[REST] = rested
                latest[REST] = line.add(frame, REST, latest[source])
    path = line.back_from(latest[int(value.argmax())])
    begun, states = (np.array([of[entry] for entry in path], np.int64) for of in (line.frame, line.state))
    until = np.append(begun[1:], len(frames.time_sec) - 1)
    is_note = states > REST
    return begun[is_note], states[is_note], until[is_note]


def arrivals(pitches: Integers) -> Floats:
    """(P, 1 + P): log-probability that each of ``pitches`` begins after each state."""
    every = np.arange(NUM_PITCHES)
    weight = 1 / (1 + ((every[:, None] - every) / INTERVAL_SCALE) ** 2)
    after_note = weight / weight.sum(axis=1, keepdims=True) * (1 - REST_PROB)
    after_rest = np.full((len(pitches), 1), 1 / NUM_PITCHES)
    return np.log(np.hstack([after_rest, after_note[np.ix_(pitches, pitches)].T]))


def costs(frames: Frames) -> Iterator[tuple[Floats, list[tuple[int, float]]]]:
    """For each frame the log-likelihoods (1 + P,) of staying in each state, and of its onsets as (state, it)."""
    num_frames, num_states = len(frames.time_sec) - 1, len(frames.pitches) + 1
    sounding = np.zeros(num_states, np.int64)  # notes a state's pitch is held by, where a block begins
    second = np.diff(frames.time_sec) * VIOLATION
    for first in range(0, num_frames, BLOCK):
        size = min(BLOCK, num_frames - first)
        began, ended = (
            changes(frames, at - first, size).reshape(size, num_states) for at in (frames.start, frames.end)
        )
        held = sounding + np.cumsum(began - ended, axis=0)
        sounding = held[-1]
        missing = held == 0
        top = np.where(missing.all(axis=1), REST, num_states - 1 - np.argmin(missing[:, ::-1], axis=1))
        higher = np.arange(num_states) < top[:, None]
        broken = second[first : first + size, None]
        stay = broken * (higher.astype(np.int8) + missing)
        stay[began > 0] = -np.inf
        stay[:, REST] = np.where(top == REST, 0.0, -np.inf)
        onsets: list[list[tuple[int, float]]] = [[] for _ in range(size)]
        rows, states = np.nonzero(began)
        penalties = broken[rows, 0] * higher[rows, states]
        for row, state, penalty in zip(rows.tolist(), states.tolist(), penalties.tolist(), strict=True):
            onsets[row].append((state, penalty))
        yield from zip(stay, onsets, strict=True)


def changes(frames: Frames, row: Integers, size: int) -> Integers:
    """(size * (1 + P),): how many notes have each of ``size`` rows and each state."""
    num_states = len(frames.pitches) + 1
    here = (row >= 0) & (row < size)
    return np.bincount(row[here] * num_states + frames.state[here], minlength=size * num_states)
