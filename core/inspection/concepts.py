"""What can be said of the notes and steps of a melody; and the registry of all concepts.

Shapes: T tokens, N notes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, PianoCodec, PianoRollCodec, StepCodec
from core.codecs.steps import END, HELD, REST
from core.files import is_metrical
from core.formats.spelling import estimate_key, parse_key
from core.inspection.abc_concepts import ABC_CONCEPTS
from core.inspection.concept import Concept, Labels, mark
from core.inspection.subject import OTHER, Subject
from core.score import Score

Rule = Callable[[Score], Labels]
"""of which notes (N,) of a melody something is true"""
LONG = 2.0
"""times as long as the middle one of a melody's notes: where people breathe"""
FOURTH, OCTAVE = 5, 12
"""semitones"""
CHORD_SEC = 0.035
BLACK = (1, 3, 6, 8, 10)
"""pitch classes"""
LOW = 48
TOUCHING = 1e-3
"""quarters: less is no rest"""


def at_notes(rule: Rule) -> Callable[[Subject], Labels]:
    """Labels of the tokens that notes begin with."""

    def label(subject: Subject) -> Labels:
        if subject.score is None or not subject.score.notes:
            return mark(subject, ())
        return mark(subject, np.array(subject.note_tokens)[rule(subject.score)].tolist())

    return label


def columns(score: Score) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Onsets, durations and pitches (N,)."""
    onset, duration = (np.array(times) for times in zip(*(note[:2] for note in score.notes), strict=True))
    return onset, duration, np.array(score.pitches)


def moves(holds: Callable[[NDArray[np.int64]], Labels]) -> Rule:
    """Notes whose interval from the note before, in semitones, is such that ``holds``; the first has none."""
    return lambda score: np.append(False, holds(np.diff(np.array(score.pitches))))


def into_bar(score: Score) -> NDArray[np.float64]:
    """(N,) Quarters from the bar line to each note, 0 for what rounding puts just before one."""
    places = (np.array([note.onset for note in score.notes]) - score.upbeat) % score.bar_length
    return np.where(places > score.bar_length - TOUCHING, 0.0, places)


def beat_length(numerator: int, denominator: int) -> float:
    """Quarters of a beat: three of the lower number in compound metres, such as 6/8, else one."""
    return 4 / denominator * (3 if numerator % 3 == 0 and numerator > 3 and denominator >= 8 else 1)


def downbeats(score: Score) -> Labels:
    """None of a melody that is played freely: where its bar lines are is not known."""
    return (into_bar(score) < TOUCHING) & is_metrical(score)


def off_the_beat(score: Score) -> Labels:
    beat = beat_length(*score.time_signature)
    places = into_bar(score) % beat
    return (places > TOUCHING) & (places < beat - TOUCHING) & is_metrical(score)


def long_notes(score: Score) -> Labels:
    _, duration, _ = columns(score)
    return duration >= LONG * np.median(duration) - TOUCHING


def after_rests(score: Score) -> Labels:
    onset, duration, _ = columns(score)
    silence = onset[1:] - (onset + duration)[:-1]
    return np.append(onset[0] > TOUCHING, silence > TOUCHING)


def phrase_starts(score: Score) -> Labels:
    """The first note, and those that follow a rest or a long note."""
    return np.append(True, (after_rests(score)[1:] & is_metrical(score)) | long_notes(score)[:-1])


def key_pitches(score: Score) -> tuple[int, frozenset[int]]:
    """The tonic and the scale, as pitch classes; of a melody that is played freely, in the likeliest key."""
    _, duration, pitch = columns(score)
    key = parse_key(score.key if is_metrical(score) else estimate_key(pitch.tolist(), duration.tolist()))
    scale = frozenset(7 * fifths % OCTAVE for fifths in range(key.fifths - 1, key.fifths + 6))
    return (7 * key.fifths + 9 * key.minor) % OCTAVE, scale


def tonics(score: Score) -> Labels:
    return np.array(score.pitches) % OCTAVE == key_pitches(score)[0]


def foreign(score: Score) -> Labels:
    return ~np.isin(np.array(score.pitches) % OCTAVE, list(key_pitches(score)[1]))


def high_notes(score: Score) -> Labels:
    pitch = np.array(score.pitches)
    return pitch >= pitch.min() + 0.75 * (pitch.max() - pitch.min()) if np.ptp(pitch) else np.zeros(len(pitch), bool)


def together(score: Score) -> Labels:
    onset, _, _ = columns(score)
    return np.append(False, np.diff(onset) * 60 / score.qpm < CHORD_SEC)


def black_keys(score: Score) -> Labels:
    return np.isin(np.array(score.pitches) % OCTAVE, BLACK)


def bass(score: Score) -> Labels:
    return np.array(score.pitches) < LOW


def loud(score: Score) -> Labels:
    velocity = np.array([note.velocity for note in score.notes])
    return (velocity >= np.quantile(velocity, 0.75)) & (velocity > velocity.min())


def steps_with(*signs: str) -> Callable[[Subject], Labels]:
    """Steps of the grid that hold one of some signs."""
    return lambda subject: np.isin(np.array(subject.labels), signs)


def steps_where(holds: Callable[[NDArray[np.float32], float, float], Labels]) -> Callable[[Subject], Labels]:
    """Steps by where in the bar they lie, (T,) quarters, and the lengths of a bar and of a beat."""

    def label(subject: Subject) -> Labels:
        assert subject.encoded.condition is not None
        places = subject.encoded.condition.numpy()
        numerator, denominator = map(int, places[0, 1:])
        return holds(places[:, 0], 4 * numerator / denominator, beat_length(numerator, denominator))

    return label


NOTE_CONCEPTS = {
    "ascending": Concept("Ascending", "Notes above the note before.", at_notes(moves(lambda move: move > 0))),
    "descending": Concept("Descending", "Notes below the note before.", at_notes(moves(lambda move: move < 0))),
    "repeated": Concept(
        "Repeated note", "Notes at the pitch of the note before.", at_notes(moves(lambda move: move == 0))
    ),
    "leap": Concept(
        "Leap", "Notes a fourth or more from the note before.", at_notes(moves(lambda move: np.abs(move) >= FOURTH))
    ),
    "octave": Concept(
        "Octave", "Notes an octave from the note before.", at_notes(moves(lambda move: np.abs(move) == OCTAVE))
    ),
    "high": Concept("High note", "Notes in the upper quarter of a melody's range.", at_notes(high_notes)),
    "tonic": Concept("Tonic", "Notes on the first degree of the key.", at_notes(tonics)),
    "foreign": Concept("Foreign to the key", "Notes that the key's signature does not have.", at_notes(foreign)),
    "downbeat": Concept("Downbeat", "Notes on the first beat of a bar.", at_notes(downbeats)),
    "off-beat": Concept("Off the beat", "Notes that begin between two beats.", at_notes(off_the_beat)),
    "long": Concept("Long note", "Notes twice as long as is usual in a melody, or longer.", at_notes(long_notes)),
    "after-rest": Concept("After a rest", "Notes that a silence comes before.", at_notes(after_rests)),
    "phrase": Concept(
        "Start of a phrase", "The first note, and notes behind a rest or a long note.", at_notes(phrase_starts)
    ),
}
STEP_CONCEPTS = {
    "note": Concept("Note", "Steps on which a note begins.", at_notes(lambda score: np.ones(len(score.notes), bool))),
    "held": Concept("Held", "Steps through which a note is held.", steps_with(HELD)),
    "rest": Concept("Rest", "Steps of silence.", steps_with(REST)),
    "end": Concept("End of the song", "The step at which a song is over.", steps_with(END)),
    "bar-start": Concept(
        "First step of a bar", "Whatever it holds.", steps_where(lambda place, _bar, _beat: place < TOUCHING)
    ),
    "beat": Concept("On a beat", "Steps on a beat.", steps_where(lambda place, _bar, beat: place % beat < TOUCHING)),
    "second-half": Concept(
        "Second half of the bar", "Steps behind its middle.", steps_where(lambda place, bar, _beat: place >= bar / 2)
    ),
}
PIANO_CONCEPTS = {
    "chord": Concept("In a chord", "Notes struck together with the one before.", at_notes(together)),
    "black": Concept("Black key", "Notes on black keys.", at_notes(black_keys)),
    "bass": Concept("Bass", "Notes below the C an octave below middle C.", at_notes(bass)),
    "far": Concept(
        "Far from the one before",
        "Notes an octave or more from it.",
        at_notes(moves(lambda move: np.abs(move) >= OCTAVE)),
    ),
    **{name: NOTE_CONCEPTS[name] for name in ("high", "repeated", "octave", "long", "foreign")},
}
LOUD = {"loud": Concept("Loud", "Notes among the loudest quarter of the piece.", at_notes(loud))}
FRAME_CONCEPTS = {
    "silence": Concept("Nothing struck", "Frames in which no key is struck.", steps_with(REST)),
    "unusual": Concept("Unusual", "Frames of keys that are not in the vocabulary.", steps_with(OTHER)),
}

CONCEPTS: Mapping[str, Mapping[str, Concept]] = {
    BeatCodec.name: NOTE_CONCEPTS,
    StepCodec.name: {**STEP_CONCEPTS, **NOTE_CONCEPTS},
    AbcCharsCodec.name: ABC_CONCEPTS,
    PianoCodec.name: {**PIANO_CONCEPTS, **LOUD},
    ArrangementCodec.name: {
        **PIANO_CONCEPTS,
        "melody": Concept("Melody", "Notes of the melody.", steps_with("melody")),
    },
    PianoRollCodec.name: {**FRAME_CONCEPTS, **PIANO_CONCEPTS},
}
"""By the name of the codec whose tokens they are said of."""
