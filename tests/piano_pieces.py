"""Piano pieces that come with music21, as their composers wrote them and as somebody would play them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from core.evaluation import two_staves
from core.formats.two_staves import PianoScore
from core.score import Note, Score

PIECES = (
    "mozart/k545/movement1_exposition",
    "joplin/maple_leaf_rag",
    "chopin/mazurka06-2",
    "schumann_clara/polonaise_op1n1",
)
_QUARTERS = 48


class Written(NamedTuple):
    score: Score
    hands: tuple[int, ...]
    """of each note: 0 for the upper staff, 1 for the lower"""


@lru_cache
def piece(name: str) -> Written:
    """The first bars of a piece."""
    from music21 import corpus

    found: dict[tuple[float, int], tuple[float, int]] = {}
    for hand, part in enumerate(corpus.parse(name).stripTies().parts):
        for element in part.flatten().notes:
            onset, length = float(element.offset), float(element.duration.quarterLength)
            if onset < _QUARTERS and length > 0:
                found |= {(onset, pitch.midi): (length, hand) for pitch in element.pitches}
    rows = sorted(found.items())
    notes = tuple(Note(onset, length, pitch) for (onset, pitch), (length, _) in rows)
    return Written(Score(notes), tuple(hand for _, (_, hand) in rows))


def performed(written: Written, jitter_sec: float, quarter_sec: float = 0.55) -> Written:
    """Played in seconds, at 120 quarters a minute: each note a little early or late."""
    noise = np.random.default_rng(7)
    onsets = np.array([note.onset * quarter_sec for note in written.score.notes])
    onsets = np.maximum(onsets + noise.normal(0, jitter_sec, len(onsets)), 0)
    held = [note.duration * quarter_sec * noise.uniform(0.8, 1.1) for note in written.score.notes]
    rows = sorted(
        (Note(2 * onset, 2 * length, note.pitch), hand)
        for onset, length, note, hand in zip(onsets, held, written.score.notes, written.hands, strict=True)
    )
    return Written(Score(tuple(note for note, _ in rows)), tuple(hand for _, hand in rows))


def bars_add_up(score: PianoScore) -> bool:
    """Whether every voice fills its bars with notes and rests end to end, and every note is written once."""
    found = two_staves.Written()
    found.add(score, 0.0)
    return found.unfilled == found.lost == 0
