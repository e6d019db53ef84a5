"""How well a variational auto-encoder carries held-out windows, and how likely it holds them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.checkpoint import Checkpoint
from core.codecs.steps import is_regular
from core.data.passages import held_out_passages, in_common_key
from core.errors import InputError
from core.latent import importance_bound, log_weights, space_of
from core.score import Score

NUM_SAMPLES = 64
"""of z for the bound of a window"""
ACTIVE = 0.01
BLOCK = 32
"""windows that are measured together"""


@torch.inference_mode()
def latent_metrics(checkpoint: Checkpoint, scores: Sequence[Score]) -> dict[str, float]:
    """Figures of a VAE on the windows of melodies that lie side by side from the first bar line on.

    ``nll``, in nats a step, is an upper bound of the negative log-likelihood, from ``bound_samples`` draws of z
    (Burda et al., 'Importance Weighted Autoencoders', 2016); each window is foretold alone, without what came before.
    ``reconstruction`` is the share of steps that are got back from z = mean alone, ``kl`` the divergence of z in nats
    a window, ``active_units`` those dimensions whose mean varies by more than 0.01 over the windows (as there).
    """
    model, codec = space = space_of(checkpoint)
    scores = [score for score in scores if is_regular(score)]
    if checkpoint.card.training.get("common_key", False):
        scores = in_common_key(scores)
    tokens, counted = held_out_passages(scores, codec, space.window)
    if not len(tokens):
        raise InputError("None of these melodies has note values that the model knows; choose other music.")
    generator = torch.Generator().manual_seed(0)
    bound = correct = divergence = 0.0
    means = []
    for windows, steps in zip(tokens.split(BLOCK), counted.split(BLOCK), strict=True):
        posterior = model.encode(windows)
        noise = torch.randn(NUM_SAMPLES, *posterior.mean.shape, generator=generator)
        bound += importance_bound(log_weights(model, windows, steps, noise)).double().sum().item()
        correct += (model.decode(posterior.mean).argmax(dim=-1) == windows)[steps].sum().item()
        divergence += posterior.divergence().double().sum().item()
        means.append(posterior.mean)
    num_tokens = int(counted.sum())
    return {
        "num_pieces": len(scores),
        "num_windows": len(tokens),
        "num_tokens": num_tokens,
        "nll": round(-bound / num_tokens, 4),
        "bound_samples": NUM_SAMPLES,
        "reconstruction": round(correct / num_tokens, 4),
        "kl": round(divergence / len(tokens), 2),
        "active_units": active_units(torch.cat(means)),
    }


def active_units(means: Tensor) -> int:
    """Dimensions of posterior means (N, Z) that carry anything of a window."""
    return int((means.var(dim=0) > ACTIVE).sum())
