"""Training of a variational auto-encoder as Lightning runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from core.codecs import Codec, StepCodec
from core.codecs.steps import is_regular
from core.data.corpora import pieces_of
from core.data.datasets import CLEAN
from core.data.passages import RandomPassages, held_out_passages, in_common_key
from core.evaluation.latent import active_units
from core.training.module import MONITOR, TrainingModule
from core.training.recipe import LatentSettings, Recipe, TrainingSettings
from models.latent import LatentModel

NUM_STAIRS = 6
"""heights of a learning rate that falls in steps, each half the one before"""


class LatentModule(TrainingModule):
    """Reconstruction, with a divergence weighted by ``beta``; and an outlook on z from a window's beginning.

    Of held-out windows, by one draw of z each and in nats a step, ``clean_nll`` is the negative evidence lower bound
    and ``valid_nll`` the same with the divergence weighted by ``beta``: both of cross-entropy and all divergence, even
    where another error or fewer nats are minimised in training. Their accuracy is that of z = mean.
    """

    model: LatentModel

    def __init__(self, model: LatentModel, settings: TrainingSettings, latent: LatentSettings) -> None:
        super().__init__(settings)
        self.model, self.latent = model, latent
        self.divergence = 0.0  # of the held-out windows, in nats
        self.means = list[Tensor]()  # of the held-out windows

    @property
    def rate(self) -> float:
        return 0.5 ** int(NUM_STAIRS * self.progress) if self.latent.stairs else super().rate

    @property
    def beta(self) -> float:
        """The weight of the divergence, which rises from 0 at the start of the training."""
        rising = self.progress < self.latent.warm_up
        return self.latent.beta * (self.progress / self.latent.warm_up if rising else 1.0)

    def training_step(self, tokens: Tensor, _: int) -> Tensor:
        posterior = self.model.encode(tokens)
        z = posterior.at(torch.randn_like(posterior.mean))
        error = self.reconstruction_error(self.model.decode(z).float(), tokens)
        divergence = posterior.divergence().mean(dim=0).clamp_min(self.latent.free_nats).sum()
        # the outlook learns from the space and leaves it as it is
        surprise = -self.model.outlook(tokens).log_prob(z.detach()[:, None]).mean()
        steps = tokens.shape[1]
        loss = (error + self.beta * divergence) / steps
        self.log("train_nll", loss, on_step=False, on_epoch=True, batch_size=len(tokens), prog_bar=True)
        return loss + surprise / steps

    def reconstruction_error(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """Nats a window, of ``logits`` (B, W, V)."""
        if self.latent.bernoulli:
            one_hot = F.one_hot(tokens, logits.shape[-1]).to(logits.dtype)
            return F.binary_cross_entropy_with_logits(logits, one_hot, reduction="sum") / len(tokens)
        return F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="sum") / len(tokens)

    def on_validation_epoch_start(self) -> None:
        super().on_validation_epoch_start()
        self.divergence = 0.0
        self.means.clear()

    def validation_step(self, batch: list[Tensor], _: int) -> None:
        tokens, counted = batch
        posterior = self.model.encode(tokens)
        noise = torch.randn(posterior.mean.shape, generator=torch.Generator().manual_seed(0)).to(tokens.device)
        logits = self.model.decode(posterior.at(noise)).float()
        error = F.cross_entropy(logits[counted], tokens[counted], reduction="sum")
        at_mean = self.model.decode(posterior.mean).argmax(dim=-1)
        correct = (at_mean == tokens)[counted].sum()
        self.sums[0] += torch.stack([counted.sum(), error, correct]).double().cpu()
        self.divergence += posterior.divergence().double().sum().item()
        self.means.append(posterior.mean.float().cpu())

    def validation_figures(self) -> Iterator[tuple[str, float]]:
        steps, error, correct = self.sums[0].tolist()
        yield MONITOR, (error + self.latent.beta * self.divergence) / steps
        yield "clean_nll", (error + self.divergence) / steps
        yield "clean_accuracy", correct / steps
        yield "active_units", float(active_units(torch.cat(self.means)))


def latent_loaders(
    recipe: Recipe, codec: Codec, corpus_root: Path | None
) -> tuple[DataLoader[Any], dict[str, DataLoader[Any]]]:
    """Windows from any bar line, drawn anew at each epoch, and the held-out ones side by side."""
    assert isinstance(codec, StepCodec)
    settings = recipe.training
    scores, held_out = (
        [piece.score for piece in pieces_of(recipe.corpus, split, corpus_root) if is_regular(piece.score)]
        for split in ("train", "valid")
    )
    if settings.common_key:
        scores, held_out = in_common_key(scores), in_common_key(held_out)
    windows = RandomPassages(scores, codec, settings.length, 0.0 if settings.common_key else settings.transposed)
    passages = TensorDataset(*held_out_passages(held_out, codec, settings.length))
    return (
        DataLoader(windows, settings.batch_size, shuffle=True),
        {CLEAN: DataLoader(passages, settings.batch_size)},
    )
