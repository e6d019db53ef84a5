"""What a unit is worth: how well a model does on pieces as it is, and with the unit held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from core.checkpoint import Checkpoint
from core.codecs import Encoded
from core.inspection.clamp import clamped
from core.latent import importance_bound, is_latent, log_weights, space_of, windows_of
from core.likelihood import evaluate

NUM_DRAWS = 16
"""of z for the bound of a window, the same ones whenever the same pieces are measured"""


class Measured(NamedTuple):
    """How well a model does on pieces, every token counted once."""

    nats: float
    """a token: its loss; of a VAE, which tells no likelihood, a bound that the loss does not exceed"""
    given_back: float | None = None
    """share of the steps that a VAE gives back from the middle of where it places their window; None for others"""


def ablation(
    checkpoint: Checkpoint, layer: str, unit: int, value: float, pieces: Sequence[Encoded]
) -> tuple[Measured, Measured]:
    """Before and after a unit is held at ``value``: see ``clamped``."""
    held = clamped(checkpoint, layer, unit, value)
    return measured(checkpoint, pieces), measured(held, pieces)


def measured(checkpoint: Checkpoint, pieces: Sequence[Encoded]) -> Measured:
    """Raises ``ValueError`` when there is nothing to count."""
    if is_latent(checkpoint.card):
        return measured_space(checkpoint, pieces)
    return Measured(evaluate(checkpoint, pieces).nll)


@torch.inference_mode()
def measured_space(checkpoint: Checkpoint, pieces: Sequence[Encoded]) -> Measured:
    """Of a VAE: the bound of Burda et al., 'Importance Weighted Autoencoders', 2016; each window stands alone."""
    model, _ = space_of(checkpoint)
    generator = torch.Generator().manual_seed(0)
    bound = correct = 0.0
    num_tokens = sum(len(piece.tokens) for piece in pieces)
    if not num_tokens:
        raise ValueError("no tokens to measure on")
    for piece in pieces:
        if not len(piece.tokens):
            continue
        windows, own = windows_of(checkpoint, piece)
        mean = model.encode(windows).mean
        noise = torch.randn(NUM_DRAWS, *mean.shape, generator=generator)
        bound += importance_bound(log_weights(model, windows, own, noise)).double().sum().item()
        correct += (model.decode(mean).argmax(dim=-1) == windows)[own].sum().item()
    return Measured(-bound / num_tokens, correct / num_tokens)
