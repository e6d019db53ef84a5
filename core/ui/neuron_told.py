"""What of a piece a model is told: as much as is looked at, in the form that its codec carries."""

from __future__ import annotations

from dataclasses import replace

from core.codecs import AbcCharsCodec, BeatCodec, Codec, StepCodec
from core.composition import Composition
from core.formats.abc_notation import abc_to_score
from core.inspection import Subject, reads_all_notes
from core.piano_notation import single_strokes
from core.score import Score
from core.ui.neuron_why import Source

MAX_CHARACTERS, MAX_NOTES = 2_000, 400
"""of a piece that is looked at; of a longer one its beginning"""


def told_as(source: Source, codec: Codec) -> Composition | Score | str:
    """The form in which a model of this codec is to be told of a piece, and as much of it as is looked at."""
    piece = source.piece
    if reads_all_notes(codec):
        return all_notes(source)
    if source.text and isinstance(codec, AbcCharsCodec):
        return source.text[:MAX_CHARACTERS]
    if not isinstance(piece, Composition):
        return cut(written_in(source))
    as_it_is = isinstance(codec, BeatCodec) or (piece.continued is not None and isinstance(codec, StepCodec))
    return piece if as_it_is and len(piece.pitches) <= MAX_NOTES else cut(piece.written)


def cut(score: Score) -> Score:
    return replace(score, notes=score.notes[:MAX_NOTES])


def written_in(source: Source) -> Score:
    """A piece, or its melody, in note values; raises ``InputError`` for a text that is no tune."""
    if source.piece is None:
        return abc_to_score(source.text, expand_repeats=False)
    return source.piece.written if isinstance(source.piece, Composition) else source.piece


def all_notes(source: Source) -> Score:
    """All that is played in a piece, as far as it is looked at, its notes numbered as when it is engraved."""
    return single_strokes(cut(source.whole or written_in(source)))


def as_engraved(told: Subject, score: Score) -> Subject:
    """``told``, which tells of the piano music ``score``, with the notes of that in their own times and order.

    What a codec moves on to its grid, or strikes together, may get another place among the notes of its score; those
    of one pitch keep their order. Where the codec has left out some, it has the notes of the codec, each key struck
    once.
    """
    heard = told.score
    if heard is None or sorted(heard.pitches) != sorted(score.pitches):
        return struck_once(told)
    ours, theirs = by_pitch(score), by_pitch(heard)
    tokens = dict(zip(ours, (told.note_tokens[note] for note in theirs), strict=True))
    return replace(told, score=score, note_tokens=tuple(tokens[note] for note in range(len(score.notes))))


def by_pitch(score: Score) -> list[int]:
    """The indices of its notes, pitch by pitch in their order."""
    return sorted(range(len(score.notes)), key=lambda note: (score.notes[note].pitch, note))


def struck_once(told: Subject) -> Subject:
    """``told`` less the notes that an engraving of piano music does not have: see ``single_strokes``."""
    if told.score is None:
        return told
    single, first = single_strokes(told.score), dict[tuple[float, int], int]()
    for index, note in enumerate(told.score.notes):
        first.setdefault((note.onset, note.pitch), index)
    tokens = tuple(told.note_tokens[first[note.onset, note.pitch]] for note in single.notes)
    return replace(told, score=single, note_tokens=tokens)
