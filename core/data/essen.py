"""The Essen folk songs: those that music21 carries, as ABC, or a folder of them, as ABC or Humdrum **kern."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from core.data.piece import Piece
from core.errors import FormatError, InputError
from core.formats.abc_notation import abc_to_score, header_fields, split_tunes
from core.formats.kern import kern_to_score
from core.score import monophonic

FOLDER = "essenFolksong"
ABC, KERN = "*.abc", "**/*.krn"
MIN_NOTES = 8  # shorter fragments teach nothing


def essen_folder(root: Path | None = None) -> Path:
    """``root``, or where the installed music21 keeps the files; raises ``InputError`` when they are not there."""
    if root is not None:
        if not any(root.glob(ABC)) and not any(root.glob(KERN)):
            raise InputError(f"There are no .abc or .krn files in {root}; choose the folder of the Essen collection.")
        return root
    return music21_corpora() / FOLDER


def music21_corpora() -> Path:
    """The folder of what the installed music21 carries; found without importing it, which is slow.

    Raises ``InputError`` when it is not there.
    """
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        raise InputError("The folk songs come with music21, which is not installed; install requirements.txt.")
    return Path(spec.origin).parent / "corpus"


def read_essen(root: Path | None = None) -> Iterator[Piece]:
    """Every tune with its text and header fields, in the order of the files."""
    folder = essen_folder(root)
    pieces = chain(read_abc(folder), read_kern(folder))
    return (piece for piece in pieces if len(piece.score.notes) >= MIN_NOTES)


def read_abc(folder: Path) -> Iterator[Piece]:
    """Many tunes a file."""
    for path in sorted(folder.glob(ABC)):
        for place, text in enumerate(split_tunes(path.read_text(encoding="utf-8", errors="replace"))):
            with suppress(FormatError):  # a handful of tunes is damaged in the source
                score, header = monophonic(abc_to_score(text)), header_fields(text)
                yield Piece(f"{path.stem}/{header.get('X', '?').strip()}-{place}", score, text=text, metadata=header)


def read_kern(folder: Path) -> Iterator[Piece]:
    """One tune a file; the region and the title are told as in ABC."""
    for path in sorted(folder.glob(KERN)):
        with suppress(FormatError):
            data = path.read_bytes()
            text, score = data.decode("utf-8", errors="replace"), monophonic(kern_to_score(data))
            origin = re.search(r"^!!!ARE:\s*(.+)$", text, re.MULTILINE)
            header = {"T": score.title, "O": origin[1].strip() if origin else ""}
            yield Piece(path.relative_to(folder).with_suffix("").as_posix(), score, text=text, metadata=header)
