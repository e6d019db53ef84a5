"""Parsed corpora on disk, so that the second reading takes a fraction of a second."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.data.piece import Piece
from core.score import Note, Score
from core.storage import sweep, write_whole

FORMAT = 5
"""Raise it when a reader, or what is stored, changes."""
KEPT = 3
"""versions of a corpus: of several folders, or of files before and after a change"""
DIGITS = 16
"""of the number that tells them apart"""


def cache_folder() -> Path:
    """``TUNESMITH_CACHE``, or ``tunesmith`` in the user's cache folder."""
    named = os.environ.get("TUNESMITH_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tunesmith"


def cache_path(corpus: str, files: Sequence[Path]) -> Path:
    """Where what was made of ``files`` is kept; another name as soon as a file changes."""
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return cache_folder() / f"{corpus}-{hashlib.sha256(repr((FORMAT, facts)).encode()).hexdigest()[:DIGITS]}.npz"


def load_pieces(path: Path) -> tuple[Piece, ...] | None:
    """The pieces stored at ``path``; None when there are none or the file is damaged."""
    try:
        stored = load_arrays(path)
        notes, ends, heads = stored["notes"], stored["ends"].tolist(), json.loads(str(stored["heads"]))
        played = np.split(stored["played"], stored["played_ends"][:-1]) if "played" in stored else [None] * len(heads)
        pieces, start = [], 0
        for head, end, rows in zip(heads, ends, played, strict=True):
            lines = notes_of(notes[start:end])
            score = Score(lines, head["qpm"], tuple(head["metre"]), head["upbeat"], head["key"], head["title"])
            pieces.append(Piece(head["id"], score, head["split"], head["group"], head["text"], head["metadata"], rows))
            start = end
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return tuple(pieces)


def save_pieces(path: Path, pieces: Sequence[Piece]) -> None:
    """Stores ``pieces``; where the folder cannot be written to, does nothing."""
    notes = np.array([note for piece in pieces for note in piece.score.notes]).reshape(-1, 4)
    ends = np.cumsum([len(piece.score.notes) for piece in pieces])
    heads = [
        {
            "id": p.id, "qpm": p.score.qpm, "metre": p.score.time_signature, "upbeat": p.score.upbeat,
            "key": p.score.key, "title": p.score.title, "split": p.split, "group": p.group, "text": p.text,
            "metadata": dict(p.metadata),
        }
        for p in pieces
    ]  # fmt: skip
    arrays = {"notes": notes, "ends": ends, "heads": np.array(json.dumps(heads))}
    played = [piece.played for piece in pieces if piece.played is not None]
    if played:
        arrays |= {"played": np.concatenate(played), "played_ends": np.cumsum([len(rows) for rows in played])}
    save_arrays(path, arrays)
    forget_older(path)


def forget_older(path: Path) -> None:
    """Removes the versions of the corpus at ``path`` that were stored longest ago, but for ``KEPT``."""
    name = path.stem[:-DIGITS]
    with suppress(OSError):  # another process may be removing them, too
        versions = sorted(path.parent.glob(f"{name}{'?' * DIGITS}.npz"), key=lambda version: version.stat().st_mtime)
        for version in versions[:-KEPT]:
            version.unlink()


def notes_of(rows: NDArray[np.float64]) -> tuple[Note, ...]:
    """From (N, 4): onset, duration, pitch, velocity."""
    columns = (*rows.T[:2].tolist(), *rows.T[2:].astype(int).tolist())
    return tuple(map(Note, *columns))


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays stored at ``path``, by name; empty when there are none or the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, TypeError, AttributeError, EOFError, BadZipFile, zlib.error):
        return {}


def save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Stores arrays by name, whole or not at all; where the folder cannot be written to, does nothing."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        write_whole(path, file.getvalue())
