"""A piece as a model reads it, and as people do.

Shapes: T tokens, N notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.checkpoint import Checkpoint
from core.codecs import (
    AbcCharsCodec,
    Codec,
    Encoded,
    PianoRollCodec,
    StepCodec,
)
from core.codecs.fields import FieldCodec
from core.codecs.pianoroll import roll_score
from core.codecs.steps import REST
from core.composition import Composition, tell
from core.data.piano import played_score
from core.data.piece import Piece
from core.data.tune_texts import tune_text
from core.errors import FormatError
from core.formats.abc_notation import abc_to_score, note_places
from core.formats.pitch_names import pitch_name, pitch_names
from core.formats.spelling import estimate_key
from core.score import Score, monophonic

END = "■"
"""where a tune ends"""
OTHER = "…"
"""a frame of keys that are not in the vocabulary"""


@dataclass(frozen=True)
class Subject:
    encoded: Encoded
    labels: tuple[str, ...]
    """(T,) what is written for each token: see ``labels``"""
    score: Score | None
    """as it is written, repeats not played out; None where the text is no tune"""
    note_tokens: tuple[int, ...] = ()
    """(N,) the token that each note of ``score`` begins with; these need not ascend, as the bass of a text with two
    voices is written behind all of the treble, and an accompaniment is told late"""

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """(T,) The note that each token belongs to: that which begins last up to there; -1 before the first of all.

        Of notes that one token begins, the last in the score.
        """
        begun = np.full(len(self.labels), -1)
        begun[list(self.note_tokens)] = np.arange(len(self.note_tokens))
        latest = np.maximum.accumulate(np.where(begun >= 0, np.arange(len(begun)), 0))
        owners: NDArray[np.int64] = begun[latest]
        return owners

    def tokens_of(self, notes: range) -> frozenset[int]:
        """The tokens of some notes: of each from its own beginning up to where another note begins."""
        owned = self.owners[[self.note_tokens[note] for note in notes]]
        return frozenset(np.flatnonzero(np.isin(self.owners, owned)).tolist())

    def cut(self, num: int) -> Subject:
        """The first ``num`` tokens; the notes that begin among them."""
        tokens, condition = self.encoded
        encoded = Encoded(tokens[:num], None if condition is None else condition[:num])
        kept = [index for index, token in enumerate(self.note_tokens) if token < num]
        score = self.score and replace(self.score, notes=tuple(self.score.notes[index] for index in kept))
        return Subject(encoded, self.labels[:num], score, tuple(self.note_tokens[index] for index in kept))


def reads_all_notes(codec: Codec) -> bool:
    """Whether its models read piano music with all its notes, and no single line of it."""
    return isinstance(codec, FieldCodec | PianoRollCodec)


def labels(codec: Codec, tokens: Tensor | Sequence[int]) -> list[str]:
    """What is written in the cell of each token: a character, the name of a note, or a sign of the grid.

    Notes are named as in the key that they suggest. Steps are ``_`` where a note is held, ``r`` in a rest and ``/`` at
    the end, as people type them. Frames are the keys struck in them, ``r`` for none, ``…`` for an unusual set. Each
    field of a note for the piano has its own sign.
    """
    ids = tokens.tolist() if isinstance(tokens, Tensor) else list(tokens)
    if isinstance(codec, PianoRollCodec):
        sets = (*codec.vocabulary, None)
        return [OTHER if (keys := sets[token]) is None else " ".join(map(pitch_name, keys)) or REST for token in ids]
    if isinstance(codec, FieldCodec):
        return list(map(codec.symbol, ids))
    if isinstance(codec, AbcCharsCodec):
        return [codec.alphabet[token] if token < len(codec.alphabet) else END for token in ids]
    sounding = [codec.pitches[token] for token in ids]
    pitches = [pitch for pitch in sounding if pitch >= 0]
    names = iter(pitch_names(pitches, estimate_key(pitches, [1.0] * len(pitches))))
    signs = codec.vocabulary if isinstance(codec, StepCodec) else ()
    return [next(names) if pitch >= 0 else signs[token] for token, pitch in zip(ids, sounding, strict=True)]


def subject(checkpoint: Checkpoint, piece: Composition | Score | Piece | str) -> Subject:
    """``piece`` as the model reads it: notes for one that reads notes, characters for one that reads ABC.

    Of several notes at a time, models of melodies read the highest; what does not lie on the grid of a model moves onto
    it. A text is ABC notation. Raises ``InputError`` where the model cannot be told of the piece.
    """
    codec = checkpoint.codec
    if isinstance(piece, Piece):
        sounding = piece.score if piece.played is None else played_score(piece.played)
        piece = tune_text(piece) if isinstance(codec, AbcCharsCodec) else sounding
    if isinstance(codec, AbcCharsCodec):
        return in_characters(codec, piece)
    if isinstance(codec, PianoRollCodec):
        return in_frames(codec, piece)
    if isinstance(codec, FieldCodec):
        return in_fields(codec, piece)
    if isinstance(piece, Composition) and (piece.continued or not isinstance(codec, StepCodec)):
        told = tell(codec, piece)
        return subject_of(codec, told.encoded, piece.written, told.places)
    if isinstance(piece, Composition):
        piece = piece.written
    return in_notes(codec, abc_to_score(piece, expand_repeats=False) if isinstance(piece, str) else piece)


def subject_of(codec: Codec, encoded: Encoded, score: Score | None, note_tokens: Sequence[int]) -> Subject:
    return Subject(encoded, tuple(labels(codec, encoded.tokens)), score, tuple(note_tokens))


def in_notes(codec: Codec, score: Score) -> Subject:
    """A melody for a model that reads notes or steps."""
    encoded = codec.encode(score)
    if isinstance(codec, StepCodec):
        written = replace(codec.decode(encoded), qpm=score.qpm, key=score.key, title=score.title)
        return subject_of(codec, encoded, written, [round(note.onset / codec.step) for note in written.notes])
    return subject_of(codec, encoded, monophonic(score), range(len(encoded.tokens)))


def in_frames(codec: PianoRollCodec, piece: Composition | Score | str) -> Subject:
    """Piano music for a model that reads frames."""
    if isinstance(piece, str):
        piece = abc_to_score(piece, expand_repeats=False)
    frames = codec.struck(piece.written if isinstance(piece, Composition) else piece)
    places = [place for place, keys in enumerate(frames) for _ in keys]
    return subject_of(codec, Encoded(codec.tokens_of(frames)), roll_score(frames, codec.frames_per_sec), places)


def in_fields(codec: FieldCodec, piece: Composition | Score | str) -> Subject:
    """Piano music for a model that reads notes field by field."""
    if isinstance(piece, str):
        piece = abc_to_score(piece, expand_repeats=False)
    encoded = codec.encode(piece.written if isinstance(piece, Composition) else piece)
    return subject_of(codec, encoded, codec.decode(encoded), codec.note_places(encoded.tokens.tolist()))


def in_characters(codec: AbcCharsCodec, piece: Composition | Score | str) -> Subject:
    """A tune for a model that reads ABC notation; a text that is no tune has no score."""
    if isinstance(piece, str):
        encoded = codec.encode_text(piece)
    else:
        encoded = codec.encode(piece.written if isinstance(piece, Composition) else piece)
    text = codec.text_of(encoded.tokens)
    try:
        score, places = abc_to_score(text, expand_repeats=False), note_places(text, expand_repeats=False)
    except FormatError:
        return subject_of(codec, encoded, None, ())
    return subject_of(codec, encoded, score, [start for start, _ in places])
