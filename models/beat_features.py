"""How the beat models read a rhythm."""

from __future__ import annotations

import torch
from torch import Tensor

NUM_BEAT_FEATURES = 5
MIN_SEC, MAX_SEC = 0.02, 8.0


def beat_features(condition: Tensor) -> Tensor:
    """Features (B, T, 5) of the beats ``condition`` (B, T, 2) in seconds: (rest before the note, its duration).

    Ears compare times by their ratio, so they enter as logarithms: of the duration, of the time to the
    next attack, and of that time against the one before. The rest enters linearly too, since most rests are 0.
    Times beyond 20 ms to 8 s are clipped.
    """
    rest = condition[..., 0].clamp(0.0, MAX_SEC)
    duration = condition[..., 1].clamp(MIN_SEC, MAX_SEC)
    # the rest after the last note is unknown: take none
    rest_after = torch.cat([rest[:, 1:], torch.zeros_like(rest[:, :1])], dim=1)
    log_interval = (duration + rest_after).clamp(MIN_SEC, MAX_SEC).log2()  # to the next attack
    previous = torch.cat([log_interval[:, :1], log_interval[:, :-1]], dim=1)
    return torch.stack(
        [rest, torch.log2(rest + MIN_SEC) / 4 + 1, duration.log2(), log_interval, log_interval - previous], dim=-1
    )
