"""Training as Lightning runs it: what every kind shares, and next-token training of a ``SequenceModel``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import lightning
import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from core.data.windows import PADDING, START, Batch
from core.training.recipe import TrainingSettings
from models import SequenceModel, shift_right

MONITOR = "valid_nll"
"""what early stopping watches: the mean over the validation sets"""
HOP = 5
"""by which the places that are foretold of strided models move on; prime to the steps of a bar"""


class TrainingModule(lightning.LightningModule):
    """The learning rate, and the figures of the validation sets, named ``sets``, whose tokens are counted once."""

    model: nn.Module

    def __init__(self, settings: TrainingSettings, sets: Sequence[str] = ("clean",)) -> None:
        super().__init__()
        self.settings, self.validation_names = settings, tuple(sets)
        self.time_used: Callable[[], float] = lambda: 0.0
        """the share of the time that the run may take; train() sets it where there is a limit"""
        self.sums = torch.zeros(len(sets), 3, dtype=torch.float64)  # tokens, nll, correct

    def on_validation_epoch_start(self) -> None:
        self.sums.zero_()

    def on_validation_epoch_end(self) -> None:
        for name, value in self.validation_figures():
            self.log(name, value, prog_bar=name == MONITOR)

    def validation_figures(self) -> Iterator[tuple[str, float]]:
        tokens, nll, correct = self.sums.unbind(dim=1)
        yield MONITOR, (nll / tokens).mean().item()
        for i, name in enumerate(self.validation_names):
            yield f"{name}_nll", (nll[i] / tokens[i]).item()
            yield f"{name}_accuracy", (correct[i] / tokens[i]).item()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        for optimizer in self.trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.rate * group.setdefault("initial_lr", group["lr"])

    @property
    def rate(self) -> float:
        """The present share of the first learning rate: it falls along half a cosine, unless it is steady."""
        return 1.0 if self.settings.steady else 0.5 * (1 + math.cos(math.pi * self.progress))

    @property
    def progress(self) -> float:
        """How much of the training is over, from 0 to 1: of its epochs, or of its time where that ends first."""
        epochs = self.trainer.current_epoch / self.settings.max_epochs
        return min(1.0, max(epochs, self.time_used()))

    def configure_optimizers(self) -> OptimizerLRScheduler:
        settings = self.settings
        return torch.optim.AdamW(self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)


class NextTokenModule(TrainingModule):
    """Teacher forcing with cross-entropy."""

    model: SequenceModel

    def __init__(
        self, model: SequenceModel, bos_token: int, settings: TrainingSettings, sets: Sequence[str] = ("clean",)
    ) -> None:
        super().__init__(settings, sets)
        self.model, self.bos_token = model, bos_token

    def logits(self, batch: Batch, places: slice) -> Tensor:
        inputs = shift_right(batch.tokens.clamp_min(0), self.bos_token)
        inputs[:, 0] = torch.where(batch.before == START, self.bos_token, batch.before)
        return self.model.forward_at(inputs, batch.condition, batch.lengths, places).float()

    def training_step(self, batch: Batch, _: int) -> Tensor | None:
        stride = min(self.model.stride, batch.tokens.shape[1])
        places = slice(int(torch.randint(stride, ())), None, stride)
        targets = batch.targets[:, places].flatten()
        loss = F.cross_entropy(self.logits(batch, places).flatten(0, 1), targets, ignore_index=PADDING)
        self.log("train_nll", loss, on_step=False, on_epoch=True, batch_size=len(batch.lengths), prog_bar=True)
        return loss

    def validation_step(self, batch: Batch, index: int, dataloader_idx: int = 0) -> None:
        # the same places each time, of one batch others than of the next: all over the bar, and over the songs
        places = slice(HOP * index % self.model.stride, None, self.model.stride)
        logits, targets = self.logits(batch, places), batch.targets[:, places]
        real = targets != PADDING
        nll = F.cross_entropy(logits[real], targets[real], reduction="sum")
        correct = (logits.argmax(dim=-1) == targets)[real].sum()
        self.sums[dataloader_idx] += torch.stack([real.sum(), nll, correct]).double().cpu()
