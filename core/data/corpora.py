"""The corpora: facts, and how each is read. A new one is a reader and an entry in ``CORPORA``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.data.abc_tunes import (
    IRISH,
    IRISH_PATTERNS,
    SONGS,
    irish_folder,
    read_irish,
    read_songs,
    songs_folder,
    without_leaks,
)
from core.data.cache import cache_path, load_pieces, save_pieces
from core.data.download import Download, install
from core.data.essen import ABC, KERN, essen_folder, read_essen
from core.data.installed import corpora_folder
from core.data.maestro import MAESTRO_V3, maestro_folder, read_maestro, read_maestro_by_file
from core.data.performance import PLAYED, WRITTEN, Performers
from core.data.piano import MAESTRO_PIANO, PIANO, POP909_PIANO, read_maestro_piano, read_pop909_piano
from core.data.piece import Piece
from core.data.pop909 import pop909_folder, read_pop909
from core.data.two_hands import POP909_PAIRS, read_two_hands
from core.data.variants import events, group_variants, split_of
from core.errors import InputError

Reader = Callable[[Path | None], Iterator[Piece]]


@dataclass(frozen=True)
class Corpus:
    name: str
    title: str
    license: str
    source: str
    read: Reader
    """every piece under a folder; None: where the installation keeps them"""
    folder: Callable[[Path | None], Path]
    """where its files are, which may be below the folder given; raises ``InputError`` when they are not there"""
    patterns: tuple[str, ...]
    """of the files that it reads"""
    parts: tuple[str, ...] = ()
    """the corpora that it is made of; the first is where its folder is, the others come with the installation"""
    performed: bool = False
    """whether times are as somebody played them, and no note values"""
    download: Download | None = None
    offered: bool = True
    """whether people may choose it; one that only shows how much a bad split flatters is not"""

    @property
    def performers(self) -> Performers:
        """How its melodies are performed for training and measuring."""
        return PLAYED if self.performed else WRITTEN


EMBEDDED = "essen"
"""the corpus that comes with the installation; a network's name alone means the one trained on it"""

CORPORA: dict[str, Corpus] = {
    "essen": Corpus(
        name="essen",
        title="Essen folk songs",
        license="Non-commercial use, by permission of E. Dahlig-Turek (music21's corpus/essenFolksong/license.txt)",
        source="Essen Folksong Collection (H. Schaffrath, E. Dahlig-Turek), in the ABC encoding of S. Shlien",
        read=read_essen,
        folder=essen_folder,
        patterns=(ABC, KERN),
    ),
    "pop909": Corpus(
        name="pop909",
        title="POP909 pop songs",
        license="MIT (the dataset's LICENSE; music-x-lab)",
        source="POP909 (Z. Wang and others, ISMIR 2020), its MELODY tracks, from github.com/music-x-lab/POP909-Dataset",
        read=read_pop909,
        folder=pop909_folder,
        patterns=("metadata.csv", "midi/*.mid"),
    ),
    "maestro": Corpus(
        name="maestro",
        title="MAESTRO piano performances",
        license="CC BY-NC-SA 4.0 (https://creativecommons.org/licenses/by-nc-sa/4.0/; Google LLC)",
        source="MAESTRO (C. Hawthorne and others, ICLR 2019), its melodies inferred; from magenta.tensorflow.org",
        read=read_maestro,
        folder=maestro_folder,
        patterns=("maestro-v*.csv", "*/*.mid*"),
        performed=True,
        download=MAESTRO_V3,
    ),
    SONGS: Corpus(
        name=SONGS,
        title="ABC songs",
        license=(
            "Folk tunes transcribed by many hands (galouvielle.free.fr and H. Norbeck among them); "
            "rights not stated, check before publishing"
        ),
        source="The tunes of two studies of character models, with their split; the addresses of transcribers removed",
        read=read_songs,
        folder=songs_folder,
        patterns=("train.txt", "valid.txt"),
    ),
    IRISH: Corpus(
        name=IRISH,
        title="Irish and Scottish dance tunes",
        license=(
            "Traditional tunes of 1778 to 1883 transcribed by many hands for music21's corpus (its license.txt); "
            "rights in the transcriptions not stated"
        ),
        source="O'Neill's Music of Ireland, Ryan's Mammoth Collection, Aird's Airs, in the ABC that music21 carries",
        read=read_irish,
        folder=irish_folder,
        patterns=IRISH_PATTERNS,
    ),
}
CORPORA["maestro-by-file"] = replace(
    CORPORA["maestro"],
    name="maestro-by-file",
    title="MAESTRO, split by file",
    read=read_maestro_by_file,
    download=None,
    offered=False,
)


def read_abc_tunes(root: Path | None = None) -> Iterator[Piece]:
    """The songs, then the Irish tunes less those of which the songs have a variant on another side of the split."""
    songs = list(load_corpus(SONGS, root))
    yield from songs
    yield from without_leaks(load_corpus(IRISH), songs)


CORPORA["abc-tunes"] = Corpus(
    name="abc-tunes",
    title="ABC songs and Irish tunes",
    license=f"{CORPORA[SONGS].license}; {CORPORA[IRISH].license}",
    source="The corpora abc-songs and irish, less the Irish tunes that have a variant on another side of the split",
    read=read_abc_tunes,
    folder=songs_folder,
    patterns=CORPORA[SONGS].patterns,
    parts=(SONGS, IRISH),
    offered=False,
)


CORPORA[MAESTRO_PIANO] = replace(
    CORPORA["maestro"],
    name=MAESTRO_PIANO,
    title="MAESTRO, all notes",
    source="MAESTRO (C. Hawthorne and others, ICLR 2019), as performed; from magenta.tensorflow.org",
    read=read_maestro_piano,
    download=None,
    offered=False,
)
CORPORA[POP909_PIANO] = replace(
    CORPORA["pop909"],
    name=POP909_PIANO,
    title="POP909, all notes",
    source="POP909 (Z. Wang and others, ISMIR 2020), its arrangements; from github.com/music-x-lab/POP909-Dataset",
    read=read_pop909_piano,
    performed=True,
    offered=False,
)

CORPORA[POP909_PAIRS] = replace(
    CORPORA["pop909"],
    name=POP909_PAIRS,
    title="POP909, melodies with their accompaniment",
    source="POP909 (Z. Wang and others, ISMIR 2020), MELODY and PIANO; from github.com/music-x-lab/POP909-Dataset",
    read=read_two_hands,
    offered=False,
)


def read_piano(root: Path | None = None) -> Iterator[Piece]:
    """The performances in ``root``, then the arrangements of pop songs, from where the installation keeps them."""
    yield from load_corpus(MAESTRO_PIANO, root)
    yield from load_corpus(POP909_PIANO)


CORPORA[PIANO] = Corpus(
    name=PIANO,
    title="MAESTRO and POP909, all notes",
    license=f"{CORPORA['maestro'].license}; {CORPORA['pop909'].license}",
    source="The corpora maestro-piano and pop909-piano",
    read=read_piano,
    folder=maestro_folder,
    patterns=CORPORA["maestro"].patterns,
    parts=(MAESTRO_PIANO, POP909_PIANO),
    performed=True,
    offered=False,
)


def installed_corpora(root: Path | None = None) -> list[str]:
    """The corpora that are there to be read, at ``root`` or where the installation keeps them."""
    return [name for name in CORPORA if CORPORA[name].offered and is_installed(name, root)]


def is_installed(name: str, root: Path | None = None) -> bool:
    try:
        CORPORA[name].folder(root)
    except InputError:
        return False
    return True


def download_corpus(name: str, root: Path | None = None) -> Path:
    """Fetches a corpus from its publisher into ``root``, or where it is looked for, and says where.

    Raises ``InputError``.
    """
    offered = {corpus.name: corpus.download for corpus in CORPORA.values() if corpus.download}
    if name not in offered:
        raise InputError(f"There is no download of {name!r}; choose one of: {', '.join(offered)}.")
    return install(offered[name], root or corpora_folder())


def corpus_facts(name: str, root: Path | None = None) -> dict[str, Any]:
    """What the command line tells of a corpus: how many pieces each split has, or how to get it.

    It is looked for at ``root`` first, then where the installation keeps it.
    """
    corpus = CORPORA[name]
    facts: dict[str, Any] = {"name": name, "title": corpus.title, "installed": True}
    try:
        pieces = load_corpus(name, root if is_installed(name, root) else None)
        splits = [piece.split for piece in pieces]
        facts |= {split: splits.count(split) for split in ("train", "valid", "test")}
    except InputError as missing:
        facts |= {"installed": False, "how": str(missing)}
    return {**facts, "license": corpus.license, "source": corpus.source}


def performers_of(name: str) -> Performers:
    """Those of a corpus, or of written music where ``name`` is none."""
    return CORPORA[name].performers if name in CORPORA else WRITTEN


@lru_cache(maxsize=4)
def load_corpus(name: str, root: Path | None = None) -> tuple[Piece, ...]:
    """Every piece of a corpus with its split; parsed once, then read from the cache.

    ``root`` is the folder of the files, or of several corpora; None takes the files of the installation. Raises
    ``InputError``.
    """
    if name not in CORPORA:
        raise InputError(f"There is no corpus called {name!r}; choose one of: {', '.join(CORPORA)}.")
    corpus = CORPORA[name]
    stored = cache_path(name, files_of(corpus, root))
    pieces = load_pieces(stored)
    if pieces is None:
        pieces = tuple(read_pieces(corpus, root))
        save_pieces(stored, pieces)
    return pieces


def files_of(corpus: Corpus, root: Path | None) -> list[Path]:
    """Every file that the pieces of a corpus are made of; raises ``InputError`` when they are not there."""
    folder = corpus.folder(root)
    own = [path for pattern in corpus.patterns for path in sorted(folder.glob(pattern))]
    return own + [path for name in corpus.parts[1:] for path in files_of(CORPORA[name], None)]


def read_pieces(corpus: Corpus, root: Path | None) -> Iterator[Piece]:
    """Parses a corpus; where it has no split of its own, all variants of one melody fall on the same side."""
    read = list(corpus.read(root))
    found = iter(group_variants([events(piece.score) for piece in read if not piece.group]))
    for piece in read:
        group = piece.group or next(found)
        yield replace(piece, split=piece.split or split_of(group), group=group)


def pieces_of(name: str, split: str, root: Path | None = None) -> list[Piece]:
    """The pieces of one split of a corpus; raises ``InputError`` when there are none."""
    pieces = [piece for piece in load_corpus(name, root) if piece.split == split]
    if not pieces:
        raise InputError(f"The corpus has no {split} pieces; give a folder with more music.")
    return pieces
