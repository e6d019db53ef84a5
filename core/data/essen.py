"""The Essen folk songs that music21 carries, as ABC."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from core.data.piece import Piece
from core.errors import FormatError, InputError
from core.formats.abc_notation import abc_to_score, header_fields, split_tunes
from core.score import monophonic

FOLDER = "corpus/essenFolksong"
PATTERN = "*.abc"
MIN_NOTES = 8  # shorter fragments teach nothing


def essen_folder(root: Path | None = None) -> Path:
    """``root``, or where the installed music21 keeps the files; found without importing it, which is slow.

    Raises ``InputError`` when they are not there.
    """
    if root is not None:
        if not any(root.glob(PATTERN)):
            raise InputError(f"There are no .abc files in {root}; choose the folder of the Essen collection.")
        return root
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        raise InputError("The Essen folk songs come with music21, which is not installed; install requirements.txt.")
    return Path(spec.origin).parent / FOLDER


def read_essen(root: Path | None = None) -> Iterator[Piece]:
    """Every tune with its ABC text and header fields, in the order of the files."""
    for path in sorted(essen_folder(root).glob(PATTERN)):
        for place, text in enumerate(split_tunes(path.read_text(encoding="utf-8", errors="replace"))):
            try:
                score = monophonic(abc_to_score(text))
            except FormatError:
                continue  # a handful of tunes is damaged in the source
            if len(score.notes) >= MIN_NOTES:
                header = header_fields(text)
                id_ = f"{path.stem}/{header.get('X', '?').strip()}-{place}"
                yield Piece(id_, score, text=text, metadata=header)
