"""The melody of a polyphonic score by its skyline: what sounds on top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.score import Note, Score

# Hands are not machines: the attacks of one chord are spread, and a legato note outlasts the beginning of the next.
CHORD_SEC = 0.03
LEGATO_SEC = 0.05
_EPSILON = 1e-6  # quarters; notes that only touch do not overlap


def melody_line(score: Score) -> Score:
    """The topmost line as a monophonic score: at each onset the highest pitch, held until the next kept onset.

    A note that starts while a higher one sounds on is dropped. Overlapping notes that start within ``CHORD_SEC`` are
    one chord, and a higher note that ends within ``LEGATO_SEC`` sounds on no longer. A monophonic score is its own
    line.
    """
    chord, legato = CHORD_SEC * score.qpm / 60, LEGATO_SEC * score.qpm / 60
    line: list[Note] = []
    sounding: dict[int, float] = {}  # pitch -> when its last note ends
    for notes in _chords(score.notes, chord):
        top = max(notes, key=lambda note: (note.pitch, -note.onset, note.duration))
        if not any(pitch > top.pitch and offset > top.onset + legato for pitch, offset in sounding.items()):
            if line and line[-1].offset > top.onset:
                line[-1] = line[-1]._replace(duration=top.onset - line[-1].onset)
            line.append(top)
        for note in notes:
            sounding[note.pitch] = max(note.offset, sounding.get(note.pitch, 0.0))
    return replace(score, notes=tuple(line))


def _chords(notes: tuple[Note, ...], window: float) -> Iterator[list[Note]]:
    """Notes that overlap and start within ``window`` quarters of the first, together."""
    chord: list[Note] = []
    end = 0.0
    for note in notes:
        if chord and (note.onset - chord[0].onset > window or note.onset > end - _EPSILON):
            yield chord
            chord, end = [], 0.0
        chord.append(note)
        end = max(end, note.offset)
    if chord:
        yield chord
