"""How the beat models read a rhythm."""

from __future__ import annotations

import torch
from torch import Tensor

NUM_BEAT_FEATURES = 5
NUM_RELATIVE_FEATURES = NUM_BEAT_FEATURES + 2
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


def relative_beat_features(condition: Tensor, lengths: Tensor | None = None) -> Tensor:
    """``beat_features``, and the durations and the times to the next attack against the mean of a whole piece.

    The last two, (B, T, 7) in all, say the same at every tempo. ``lengths`` (B,) is how much of each row is real.
    """
    features = beat_features(condition)
    log_times = features[..., 2:4]  # of the duration, of the time to the next attack
    places = torch.arange(condition.shape[1], device=condition.device)
    real = torch.ones_like(log_times[..., 0]) if lengths is None else (places < lengths[:, None]).to(log_times.dtype)
    mean = (log_times[..., 1] * real).sum(dim=1) / real.sum(dim=1)
    return torch.cat([features, log_times - mean[:, None, None]], dim=-1)
