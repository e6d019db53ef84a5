"""The Essen folk songs that music21 carries, as ABC."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from core.errors import FormatError, InputError
from core.formats.abc_notation import abc_to_score, header_fields, split_tunes
from core.score import Score, monophonic

FOLDER = "corpus/essenFolksong"
MIN_NOTES = 8  # shorter fragments teach nothing


def essen_folder(root: Path | None = None) -> Path:
    """``root``, or where the installed music21 keeps the files; found without importing it, which is slow."""
    if root is not None:
        return root
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        raise InputError("The Essen folk songs come with music21, which is not installed; install requirements.txt.")
    return Path(spec.origin).parent / FOLDER


def read_essen(root: Path | None = None) -> Iterator[tuple[str, Score, str, dict[str, str]]]:
    """(id, score, ABC text, header fields) of every tune, in the order of the files."""
    files = sorted(essen_folder(root).glob("*.abc"))
    if not files:
        raise InputError(f"There are no .abc files in {essen_folder(root)}; choose the folder of the Essen collection.")
    for path in files:
        for place, text in enumerate(split_tunes(path.read_text(encoding="utf-8", errors="replace"))):
            try:
                score = monophonic(abc_to_score(text))
            except FormatError:
                continue  # a handful of tunes is damaged in the source
            if len(score.notes) >= MIN_NOTES:
                header = header_fields(text)
                yield f"{path.stem}/{header.get('X', '?').strip()}-{place}", score, text, header
