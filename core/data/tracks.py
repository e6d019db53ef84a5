"""The notes of a corpus's MIDI files as arrays.

symusic reads all of MAESTRO in about a second, where pure Python takes minutes. It is for the files of a corpus, which
were checked when they were published; what a user uploads goes through ``core.formats.midi``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FormatError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Track:
    """N notes in the order of their onsets."""

    name: str
    onset: Integers
    """(N,) ticks, as all times here"""
    duration: Integers
    """(N,) at least 1"""
    pitch: Integers
    velocity: Integers


@dataclass(frozen=True)
class MidiTracks:
    """A MIDI file's tracks of notes, drums left out."""

    tracks: tuple[Track, ...]
    ticks_per_quarter: int
    tempo_tick: Integers
    """(T,) ascending, the first 0: where each tempo begins"""
    tempo_sec: Floats
    """(T,) seconds of a quarter"""
    time_signature: tuple[int, int]
    """the first"""

    def seconds(self, tick: Integers) -> Floats:
        """When ``tick`` sounds, by the tempi before it."""
        tick_sec = self.tempo_sec / self.ticks_per_quarter
        starts = np.append(0.0, np.cumsum(np.diff(self.tempo_tick) * tick_sec[:-1]))
        part = np.searchsorted(self.tempo_tick, tick, side="right") - 1
        return starts[part] + (tick - self.tempo_tick[part]) * tick_sec[part]

    def mixed(self) -> Track:
        """All tracks as one."""
        every = (
            np.concatenate([np.zeros(0, np.int64), *(getattr(track, name) for track in self.tracks)])
            for name in ("onset", "duration", "pitch", "velocity")
        )
        return in_order("", *every)


def read_tracks(path: Path) -> MidiTracks:
    """Reads a file of a corpus; raises ``FormatError`` where it is damaged."""
    import symusic

    try:
        score: Any = symusic.Score(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise FormatError(f"The file {path} is missing or damaged; unpack its corpus again.") from error
    tempi = {0: 0.5, **{tempo.time: tempo.mspq / 1e6 for tempo in score.tempos}}
    metres = [(signature.numerator, signature.denominator) for signature in score.time_signatures]
    tracks = []
    for track in score.tracks:
        if not track.is_drum:
            notes = {name: values.astype(np.int64) for name, values in track.notes.numpy().items()}
            tracks.append(in_order(track.name, notes["time"], notes["duration"], notes["pitch"], notes["velocity"]))
    return MidiTracks(
        tuple(tracks),
        score.ticks_per_quarter,
        np.array(sorted(tempi)),
        np.array([tempi[tick] for tick in sorted(tempi)]),
        metres[0] if metres else (4, 4),
    )


def in_order(name: str, onset: Integers, duration: Integers, pitch: Integers, velocity: Integers) -> Track:
    """Notes sorted by onset, then pitch; those that do not last are left out."""
    order = np.lexsort((pitch, onset))
    order = order[duration[order] > 0]
    return Track(name, onset[order], duration[order], pitch[order], velocity[order])
