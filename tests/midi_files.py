"""MIDI files of several tracks, as the corpora have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mido

TicksNote = tuple[int, int, int, int]
"""(onset tick, duration, pitch, velocity)"""


def write_tracks(
    path: Path,
    tracks: dict[str, Sequence[TicksNote]],
    tempi: Sequence[tuple[int, int]] = ((0, 500_000),),
    resolution: int = 480,
) -> Path:
    """``tempi`` are (tick, microseconds of a quarter)."""
    conductor = [(tick, mido.MetaMessage("set_tempo", tempo=tempo)) for tick, tempo in tempi]
    file = mido.MidiFile(ticks_per_beat=resolution, tracks=[in_deltas(conductor)])
    for name, notes in tracks.items():
        events = [(0, mido.MetaMessage("track_name", name=name))]
        for onset, duration, pitch, velocity in notes:
            events.append((onset, mido.Message("note_on", note=pitch, velocity=velocity)))
            events.append((onset + duration, mido.Message("note_off", note=pitch)))
        file.tracks.append(in_deltas(events))
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)
    return path


def in_deltas(events: Sequence[tuple[int, mido.Message]]) -> mido.MidiTrack:
    track, now = mido.MidiTrack(), 0
    for tick, message in sorted(events, key=lambda event: (event[0], event[1].type == "note_on")):
        track.append(message.copy(time=tick - now))
        now = tick
    return track
