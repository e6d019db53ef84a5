"""The corpora: facts, and how each is read. A new one is a reader and an entry in ``CORPORA``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.data.cache import cache_path, load_pieces, save_pieces
from core.data.essen import essen_folder, read_essen
from core.data.piece import Piece
from core.data.variants import events, group_variants, split_of
from core.errors import InputError
from core.score import Score

Reader = Callable[[Path | None], Iterator[tuple[str, Score, str, dict[str, str]]]]


@dataclass(frozen=True)
class Corpus:
    name: str
    title: str
    license: str
    source: str
    read: Reader
    """(id, score, text, metadata) of every piece under a folder; None: where the installation keeps them"""
    folder: Callable[[Path | None], Path]
    pattern: str
    """of the files that it reads"""


CORPORA: dict[str, Corpus] = {
    "essen": Corpus(
        name="essen",
        title="Essen folk songs",
        license="Non-commercial use, by permission of E. Dahlig-Turek (music21's corpus/essenFolksong/license.txt)",
        source="Essen Folksong Collection (H. Schaffrath, E. Dahlig-Turek), in the ABC encoding of S. Shlien",
        read=read_essen,
        folder=essen_folder,
        pattern="*.abc",
    ),
}


@lru_cache(maxsize=4)
def load_corpus(name: str, root: Path | None = None) -> tuple[Piece, ...]:
    """Every piece of a corpus with its split; parsed once, then read from the cache.

    ``root`` is the folder of the files; None takes those that come with the installation. Raises ``InputError``.
    """
    if name not in CORPORA:
        raise InputError(f"There is no corpus called {name!r}; choose one of: {', '.join(CORPORA)}.")
    corpus = CORPORA[name]
    stored = cache_path(name, sorted(corpus.folder(root).glob(corpus.pattern)))
    pieces = load_pieces(stored)
    if pieces is None:
        pieces = tuple(read_pieces(corpus, root))
        save_pieces(stored, pieces)
    return pieces


def read_pieces(corpus: Corpus, root: Path | None) -> Iterator[Piece]:
    """Parses a corpus and splits it by melody: all variants of one fall on the same side."""
    read = list(corpus.read(root))
    groups = group_variants([events(score) for _, score, _, _ in read])
    for (id_, score, text, metadata), group in zip(read, groups, strict=True):
        yield Piece(id_, score, split_of(group), group, text, metadata)


def pieces_of(name: str, split: str, root: Path | None = None) -> list[Piece]:
    """The pieces of one split of a corpus; raises ``InputError`` when there are none."""
    pieces = [piece for piece in load_corpus(name, root) if piece.split == split]
    if not pieces:
        raise InputError(f"The corpus has no {split} pieces; give a folder with more music.")
    return pieces
