"""A passage with the bars around it, to be read."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from core.beats import Beats
from core.data.performance import MIN_DURATION_SEC, beats
from core.formats.spelling import estimate_key
from core.rhythm import Rhythm
from core.score import Note, Score

AROUND = 1
"""bars before and after the passage"""
NOTES_AROUND = 12
"""of a performance, which has no bars yet"""


def excerpt(score: Score, passage: range, written: bool = True) -> tuple[Score, range]:
    """The bars of a melody that ``passage``, some of its notes, lies in, one before and one behind; and it in them.

    A performance, of which ``written`` is false, is first given note values.
    """
    if not written:
        score, passage = transcribed(score, passage)

    def bar(note: Note) -> int:
        return math.floor((note.onset - score.upbeat) / score.bar_length + 1e-6)

    first = bar(score.notes[passage.start]) - AROUND
    last = bar(score.notes[passage.stop - 1]) + AROUND
    begin = max(0.0, score.upbeat + first * score.bar_length)
    kept = [i for i, note in enumerate(score.notes) if first <= bar(note) <= last]
    notes = earlier(score.notes[kept[0] : kept[-1] + 1], begin)
    shown = replace(score, notes=notes, upbeat=0.0 if begin else score.upbeat)
    return shown, range(passage.start - kept[0], passage.stop - kept[0])


def transcribed(score: Score, passage: range) -> tuple[Score, range]:
    """The notes around a passage of a performance as they might be written, and where it is in them."""
    start = max(0, passage.start - NOTES_AROUND)
    cut = replace(score, notes=score.notes[start : passage.stop + NOTES_AROUND])
    written = Beats.from_rhythm(note_for_note(cut)).written
    key = estimate_key(cut.pitches, [note.duration for note in written.notes])
    shown = replace(written.with_pitches(cut.pitches), key=key, title=score.title)
    return shown, range(passage.start - start, passage.stop - start)


def note_for_note(score: Score) -> Rhythm:
    """The times of a performance from its first note on; notes that are almost struck together stay two."""
    sec = 60.0 / score.qpm
    onset, duration = (np.array(times) * sec for times in zip(*(note[:2] for note in score.notes), strict=True))
    rest, held = beats(onset - onset[0], np.maximum(duration, MIN_DURATION_SEC)).T.tolist()
    return Rhythm(tuple(rest), tuple(held))


def earlier(notes: tuple[Note, ...], quarters: float) -> tuple[Note, ...]:
    return tuple(note._replace(onset=note.onset - quarters) for note in notes)
