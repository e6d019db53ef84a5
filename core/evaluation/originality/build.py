"""Makes the index of a corpus, and measures what people's own tunes share with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.corpora import CORPORA, pieces_of
from core.data.piece import Piece
from core.errors import InputError
from core.evaluation.originality.copied import NGRAMS, longest_within, ngram_shares
from core.evaluation.originality.index import SAME_MUSIC, Index, Usual
from core.score import Score, monophonic

LENGTHS = (16, 32, 64, 128, 256, 512)
MIN_EXCERPTS = 40
"""of a length: fewer say nothing of its rarer cases"""
QUANTILES = (0.05, 0.5, 0.95)


def build_index(corpus: str, root: Path | None = None) -> Index:
    """The index of the training tunes of a corpus, calibrated on its validation tunes; raises ``InputError``."""
    if corpus in SAME_MUSIC:
        raise InputError(f"The corpus {corpus} shares the index of {SAME_MUSIC[corpus]}; build that one.")
    known, heldout = (melodies(corpus, split, root) for split in ("train", "valid"))
    tunes = [(piece.id, title_of(piece, corpus), melody) for piece, melody in known]
    index = Index.of(corpus, not CORPORA[corpus].performed, tunes)
    return replace(index, usual=measure(index, (melody for _, melody in heldout)))


def melodies(corpus: str, split: str, root: Path | None = None) -> list[tuple[Piece, Score]]:
    """The top line of every piece of a split, less those that have no notes: some are text that is no music."""
    return [(piece, monophonic(piece.score)) for piece in pieces_of(corpus, split, root) if piece.score.notes]


def title_of(piece: Piece, corpus: str) -> str:
    """What people call a piece: its composer and title, or its name in a corpus without titles."""
    title = piece.score.title.strip() or f"{corpus} {piece.id}"
    return ": ".join(filter(None, (piece.metadata.get("composer", "").strip(), title)))


def measure(index: Index, heldout: Iterable[Score]) -> Usual:
    """What tunes that people wrote share with the training tunes, without being variants of them."""
    found = [index.shared(score) for score in heldout]
    longest = {length: [notes for shared in found for notes in longest_within(shared, length)] for length in LENGTHS}
    shares = [ngram_shares(shared) for shared in found]
    by_n = {n: [of[n] for of in shares if n in of] for n in NGRAMS}
    return Usual(
        {length: quantiles(notes) for length, notes in longest.items() if len(notes) >= MIN_EXCERPTS},
        {n: round(float(np.mean(some)), 4) for n, some in by_n.items() if some},
    )


def quantiles(counts: list[int]) -> tuple[int, int, int]:
    low, middle, high = np.quantile(counts, QUANTILES, method="nearest").tolist()
    return low, middle, high
