"""Which network a study was made with: its checkpoint may be trained anew while listeners answer."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import core.checkpoint
from core.checkpoint import WEIGHTS, CheckpointError, ModelCard


def fingerprint(card: ModelCard) -> str:
    """The same while a checkpoint's weights, its codec and how it is sampled are: all that its music depends on.

    Raises ``CheckpointError`` where there are no weights.
    """
    path = weights_of(card)
    try:
        stat = path.stat()
        weights = file_hash(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except OSError as error:
        raise CheckpointError(f"The weights of the model {card.name!r} are missing; restore its {WEIGHTS}.") from error
    facts = json.dumps([weights, card.codec_config, card.sampling], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def weights_of(card: ModelCard) -> Path:
    return core.checkpoint.CHECKPOINTS / card.name / WEIGHTS


@lru_cache(maxsize=64)
def file_hash(path: Path, *_version: int) -> str:
    """SHA-256 of a file, read once for each of its versions; raises ``OSError``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
