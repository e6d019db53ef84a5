"""Piano music written down for two hands: beats, hands, voices and note values."""

from __future__ import annotations

from core.piano_notation.beats import TOGETHER_SEC, single_strokes
from core.piano_notation.notate import notate_piano

__all__ = ["TOGETHER_SEC", "notate_piano", "single_strokes"]
