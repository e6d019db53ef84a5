"""Sampling: settings, logits processors and searches, for any model with ``initial_state`` and ``step``."""

from core.sampling.config import AUTO, SamplingConfig, SettingError
from core.sampling.search import FREE, Drawn, hybrid_beam_search, infill

__all__ = ["AUTO", "FREE", "Drawn", "SamplingConfig", "SettingError", "hybrid_beam_search", "infill"]
