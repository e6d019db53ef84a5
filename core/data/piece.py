"""One item of a corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.score import Score

Played = NDArray[np.float32]
"""(N, 4): onset and duration in seconds, pitch, velocity; in order of onset, then pitch"""


@dataclass(frozen=True)
class Piece:
    id: str
    score: Score
    split: str = ""
    """``train``, ``valid`` or ``test``; a reader leaves it empty where its corpus has no split of its own"""
    group: str = ""
    """pieces of one group are variants of one melody; a reader leaves it empty where its corpus does not say"""
    text: str = ""
    """as the corpus writes it, for models that read characters"""
    metadata: Mapping[str, str] = field(default_factory=dict)
    played: Played | None = None
    """all notes of a performance, for models of the piano; the score is empty then"""
