"""Parsed corpora on disk, so that the second reading takes a fraction of a second."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from core.data.piece import Piece
from core.score import Note, Score

FORMAT = 2
"""Raise it when a reader, or what is stored, changes."""


def cache_folder() -> Path:
    """``TUNESMITH_CACHE``, or ``tunesmith`` in the user's cache folder."""
    named = os.environ.get("TUNESMITH_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tunesmith"


def cache_path(corpus: str, files: Sequence[Path]) -> Path:
    """Where the pieces of ``files`` are kept; another name as soon as a file changes."""
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return cache_folder() / f"{corpus}-{hashlib.sha256(repr((FORMAT, facts)).encode()).hexdigest()[:16]}.npz"


def load_pieces(path: Path) -> tuple[Piece, ...] | None:
    """The pieces stored at ``path``; None when there are none or the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            notes, ends = stored["notes"].tolist(), stored["ends"].tolist()
            heads = json.loads(str(stored["heads"]))
        pieces, start = [], 0
        for head, end in zip(heads, ends, strict=True):
            lines = (Note(onset, duration, int(pitch)) for onset, duration, pitch in notes[start:end])
            score = Score(tuple(lines), head["qpm"], tuple(head["metre"]), head["upbeat"], head["key"], head["title"])
            pieces.append(Piece(head["id"], score, head["split"], head["group"], head["text"], head["metadata"]))
            start = end
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, BadZipFile, zlib.error):
        return None
    return tuple(pieces)


def save_pieces(path: Path, pieces: Sequence[Piece]) -> None:
    """Stores ``pieces``; where the folder cannot be written to, does nothing."""
    notes = np.array([note[:3] for piece in pieces for note in piece.score.notes])
    ends = np.cumsum([len(piece.score.notes) for piece in pieces])
    heads = [
        {
            "id": p.id, "qpm": p.score.qpm, "metre": p.score.time_signature, "upbeat": p.score.upbeat,
            "key": p.score.key, "title": p.score.title, "split": p.split, "group": p.group, "text": p.text,
            "metadata": dict(p.metadata),
        }
        for p in pieces
    ]  # fmt: skip
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as partial:
            try:
                np.savez_compressed(partial, notes=notes, ends=ends, heads=np.array(json.dumps(heads)))
                Path(partial.name).replace(path)
            finally:
                Path(partial.name).unlink(missing_ok=True)
