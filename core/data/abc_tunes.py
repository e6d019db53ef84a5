"""Collections of folk tunes in ABC notation, for models that read them character by character.

``abc-songs`` has a split of its own; ``irish`` are the collections of O'Neill, Ryan and Aird that music21 carries;
``abc-tunes`` is both. Every piece has the text of one tune in printable ASCII without anybody's e-mail address. A text
that is no legal ABC is kept without a score: a model of characters learns from it all the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from core.codecs import AbcCharsCodec
from core.data.essen import ABC, music21_corpora
from core.data.installed import find_folder
from core.data.piece import Piece
from core.errors import FormatError, InputError
from core.formats.abc_notation import abc_to_score, header_fields, split_tunes
from core.score import Score, monophonic

SONGS, IRISH = "abc-songs", "irish"
SPLITS = ("train", "valid")
SOURCE = "those who trained on it, as train.txt and valid.txt,"
COLLECTIONS = ("oneills1850", "ryansMammoth", "airdsAirs")
IRISH_PATTERNS = tuple(f"{collection}/{ABC}" for collection in COLLECTIONS)
E_MAIL = "e-mail"
"""the word instead of an address"""
RUN = 16
"""A tune that shares a run of so many intervals with another is a variant of it."""

_TUNE = re.compile(r"^<start>\n(.*?)^<end>$", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+| [\w-]+\.[a-z]{2,3}\b)*"  # one has a space for a point
    # Some hide theirs from robots: colons for the @, or an (at:), and more of them within the rest. Music has a colon
    # only beside bar lines and other colons.
    r"|[\w.+-]{2,}(?::+|\(at:*\))[a-z][\w-]*(?:[.:]+[a-z][\w-]*)*\.[a-z][\w-]+"
    r"|(?<![\w./~-])(?!www\.)[\w-]+\.[\w-]+\.(?:com|edu|net|org)\b"  # one has a point for the @
)


def songs_folder(root: Path | None = None) -> Path:
    """The folder of ``train.txt`` and ``valid.txt``; raises ``InputError``."""
    return find_folder(SONGS, ("abc_songs",), "train.txt", SOURCE, root)


def irish_folder(root: Path | None = None) -> Path:
    """``root``, or where the installed music21 keeps the collections; raises ``InputError``."""
    folder = root or music21_corpora()
    if not any(any(folder.glob(pattern)) for pattern in IRISH_PATTERNS):
        names = ", ".join(COLLECTIONS)
        raise InputError(f"There are no tunes of {names} in {folder}; choose the folder that holds theirs.")
    return folder


def read_songs(root: Path | None = None) -> Iterator[Piece]:
    """Every tune on its side of the split, in the order of the files."""
    folder = songs_folder(root)
    for split in SPLITS:
        path = folder / f"{split}.txt"
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        for place, tune in enumerate(_TUNE.findall(text), start=1):
            yield tune_piece(f"{split}/{place}", tune, split)


def read_irish(root: Path | None = None) -> Iterator[Piece]:
    """Every tune, in the order of the files."""
    folder = irish_folder(root)
    for pattern in IRISH_PATTERNS:
        for path in sorted(folder.glob(pattern)):
            text = path.read_text(encoding="utf-8", errors="replace")
            for place, tune in enumerate(split_tunes(text), start=1):
                yield tune_piece(f"{path.parent.name}/{path.stem}/{place}", tune)


def tune_piece(name: str, written: str, split: str = "") -> Piece:
    """A tune as models read it; one without notes is a variant of none but itself."""
    text = AbcCharsCodec().plain(_ADDRESS.sub(E_MAIL, written)).strip("\n")
    score, group = Score(()), hashlib.sha256(text.encode()).hexdigest()
    with suppress(FormatError):
        score, group = abc_to_score(text), ""
    return Piece(name, score, split, group, text, header_fields(text))


def without_leaks(tunes: Iterable[Piece], songs: Iterable[Piece]) -> list[Piece]:
    """Those of ``tunes`` that are on no other side of the split than a variant of theirs among ``songs``.

    Nothing can be said of a tune without notes that can be read: none of them is trained on.
    """
    sides: dict[tuple[int, ...], set[str]] = {}
    for song in songs:
        for run in runs(song.score):
            sides.setdefault(run, set()).add(song.split)
    return [
        tune
        for tune in tunes
        if (tune.score.notes or tune.split != "train")
        and all(sides.get(run, {tune.split}) == {tune.split} for run in runs(tune.score))
    ]


def runs(score: Score) -> Iterator[tuple[int, ...]]:
    """Every run of ``RUN`` intervals of a melody, in semitones."""
    pitches = monophonic(score).pitches
    intervals = tuple(after - before for before, after in pairwise(pitches))
    return (intervals[start : start + RUN] for start in range(len(intervals) - RUN + 1))
