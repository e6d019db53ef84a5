"""Pieces of a corpus to look for units in, and to measure on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec, BeatCodec
from core.data.abc_tunes import IRISH
from core.data.corpora import CORPORA, EMBEDDED, is_installed, pieces_of
from core.data.datasets import source_of
from core.data.piano import played_score, read_played
from core.data.piece import Piece
from core.data.windows import way_to_common_key
from core.errors import InputError
from core.inspection.subject import Subject, reads_all_notes, subject
from core.inspection.trace import MAX_TOKENS
from core.score import Score

NUM_PIECES, NUM_TOKENS = 40, 6000
"""of one side of a split, at most"""
LONGEST = 400
"""notes of one melody, tokens of one piece for the piano"""
WRITTEN_QPM = 120.0
"""the tempo at which models of rhythms are told of written melodies"""


def corpus_of(checkpoint: Checkpoint, root: Path | None = None) -> str:
    """That of the model where it is installed, else one that comes with the installation."""
    corpus, codec = checkpoint.card.corpus, checkpoint.codec
    if corpus in CORPORA and is_installed(corpus, root):
        return corpus
    return IRISH if isinstance(codec, AbcCharsCodec) else EMBEDDED


def sample(
    checkpoint: Checkpoint,
    split: str,
    *,
    num_pieces: int = NUM_PIECES,
    num_tokens: int = NUM_TOKENS,
    seed: int = 0,
    root: Path | None = None,
) -> list[Subject]:
    """Pieces of one side of the split of ``corpus_of``, drawn by ``seed``, as many as do not exceed the numbers.

    Raises ``InputError`` where that corpus has none for the model: no melody is a piece for one of the piano.
    """
    corpus = corpus_of(checkpoint, root)
    pieces = pieces_of(corpus, split, root if is_installed(corpus, root) else None)
    chosen: list[Subject] = []
    for one in told(checkpoint, corpus, pieces, seed):
        num_tokens -= len(one.labels)
        if num_tokens < 0 and chosen:
            break
        chosen.append(one)
        if len(chosen) == num_pieces:
            break
    if not chosen:
        raise InputError(
            f"The corpus {corpus} has no music that this model reads; install the one it learned from, "
            f"{checkpoint.card.corpus}."
        )
    return chosen


def told(checkpoint: Checkpoint, corpus: str, pieces: Sequence[Piece], seed: int) -> Iterator[Subject]:
    """The pieces that the model's codec carries, in an order that ``seed`` draws, as the model learned to read them."""
    source = source_of(checkpoint.codec, corpus)
    for i in np.random.default_rng(seed).permutation(len(pieces)).tolist():
        if not source.keeps(pieces[i]):
            continue
        one = subject(checkpoint, replace(pieces[i], score=as_learned(checkpoint, corpus, pieces[i].score)))
        if reads_all_notes(checkpoint.codec):
            one = one.cut(LONGEST)
        if len(one.labels) <= MAX_TOKENS:
            yield one


def performance_of(corpus: str, id_: str, root: Path | None = None) -> Score | None:
    """All the notes of a piece of whose MIDI file ``corpus`` tells the melody; None where there is no such file.

    Raises ``InputError`` where the corpus is not installed or the file is damaged.
    """
    for pattern in (pattern for pattern in CORPORA[corpus].patterns if ".mid" in pattern):
        folder = CORPORA[corpus].folder(root)
        for path in folder.glob(pattern):
            if id_ in (path.stem, str(path.relative_to(folder).with_suffix(""))):
                return played_score(read_played(path))
    return None


def as_learned(checkpoint: Checkpoint, corpus: str, score: Score) -> Score:
    """A melody at the tempo and in the key in which the model was shown it, and no longer than ``LONGEST``."""
    if checkpoint.card.training.get("common_key", False):
        key = "Am" if score.key.endswith("m") else "C"
        score = replace(score.transposed(way_to_common_key(score)), key=key)
    if isinstance(checkpoint.codec, BeatCodec) and not CORPORA[corpus].performed:
        score = replace(score, qpm=WRITTEN_QPM)
    return replace(score, notes=score.notes[:LONGEST])
