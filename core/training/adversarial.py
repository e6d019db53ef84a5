"""Adversarial tuning of a trained beat model: it learns to write what a discriminator takes for a person's.

The generator draws whole melodies on real rhythms, note after note from its own notes. Their gradient is that of the
Gumbel-softmax (Jang et al., 'Categorical Reparameterization with Gumbel-Softmax', 2017), straight through: the
discriminator always sees one-hot notes, of people and network alike, and the gradient is that of the soft choice.
Three things keep the game in balance, which otherwise the discriminator wins: it rests while it is right too often,
its gradient on real melodies is penalised (R1: Mescheder et al., 'Which Training Methods for GANs do actually
Converge?', 2018), and the generator goes on learning to foretell real melodies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from core.data.windows import Batch
from core.training.module import NextTokenModule
from core.training.recipe import AdversarialSettings, TrainingSettings
from models import SequenceModel, shift_right
from models.beat_discriminator import BeatDiscriminator

MEMORY = 0.95
"""of the running accuracy, from one batch to the next"""


class AdversarialModule(NextTokenModule):
    """``NextTokenModule`` with a discriminator; batches of training hold melodies of equal length."""

    def __init__(
        self,
        model: SequenceModel,
        bos_token: int,
        settings: TrainingSettings,
        game: AdversarialSettings,
        sets: Sequence[str] = ("clean",),
    ) -> None:
        super().__init__(model, bos_token, settings, sets)
        self.automatic_optimization = False
        self.game = game
        self.discriminator = BeatDiscriminator(model.config.vocab_size)
        self.running_accuracy = 0.5  # of the discriminator over the last batches
        self.judged = torch.zeros(2)  # melodies of the validation set, and how many were judged rightly

    @property
    def softness(self) -> float:
        """The temperature of the Gumbel-softmax: falls geometrically over the training."""
        return float(self.game.first_softness ** (1 - self.progress) * self.game.last_softness**self.progress)

    def training_step(self, batch: Batch, _: int) -> None:
        tokens, condition = batch.tokens, batch.condition
        assert condition is not None
        drawn, noise = draw(self.model, self.bos_token, condition)
        real, fake = (F.one_hot(notes, self.model.config.vocab_size).float() for notes in (tokens, drawn))
        generating, judging = cast(list[Any], self.optimizers())
        self.judge_step(judging, real, fake, condition)
        self.generator_step(generating, batch, fake, drawn, noise)

    def judge_step(self, optimizer: Any, real: Tensor, fake: Tensor, condition: Tensor) -> None:
        """The discriminator learns, unless it is right too often as it is."""
        real = real.requires_grad_()
        on_real, on_fake = self.discriminator(real, condition), self.discriminator(fake, condition)
        accuracy = torch.cat([on_real > 0, on_fake < 0]).float().mean().item()
        self.running_accuracy = MEMORY * self.running_accuracy + (1 - MEMORY) * accuracy
        if self.running_accuracy > self.game.resting_accuracy:
            return
        (slope,) = torch.autograd.grad(on_real.sum(), real, create_graph=True)
        penalty = self.game.penalty / 2 * slope.square().sum(dim=(1, 2)).mean()
        loss = F.softplus(-on_real).mean() + F.softplus(on_fake).mean() + penalty
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()
        self.log("discriminator_loss", loss, on_step=False, on_epoch=True, batch_size=len(real))

    def generator_step(self, optimizer: Any, batch: Batch, fake: Tensor, drawn: Tensor, noise: Tensor) -> None:
        """The generator learns to be taken for a person, and to foretell what people wrote."""
        tokens, condition, lengths = batch[:3]
        assert condition is not None
        nll = F.cross_entropy(self.logits(batch, slice(None)).flatten(0, 1), tokens.flatten())
        self.model.eval()  # the very logits that were drawn from
        logits = self.model(shift_right(drawn, self.bos_token), condition).float() + noise
        self.model.train()
        soft = (logits / self.softness).softmax(dim=-1)
        fooled = F.softplus(-self.discriminator(fake + soft - soft.detach(), condition)).mean()
        optimizer.zero_grad()
        self.manual_backward(nll + self.game.weight * fooled)
        self.clip_gradients(optimizer, gradient_clip_val=1.0)
        optimizer.step()
        self.log("train_nll", nll, on_step=False, on_epoch=True, batch_size=len(lengths), prog_bar=True)
        self.log("generator_loss", fooled, on_step=False, on_epoch=True, batch_size=len(lengths))

    def on_validation_epoch_start(self) -> None:
        super().on_validation_epoch_start()
        self.judged.zero_()

    def validation_step(self, batch: Batch, index: int, dataloader_idx: int = 0) -> None:
        super().validation_step(batch, index, dataloader_idx)
        long = batch.lengths >= self.game.length
        if not long.any():
            return
        assert batch.condition is not None
        tokens, condition = batch.tokens[long, : self.game.length], batch.condition[long, : self.game.length]
        drawn, _ = draw(self.model, self.bos_token, condition)
        for notes, sign in ((tokens, 1), (drawn, -1)):
            verdict = sign * self.discriminator(F.one_hot(notes, self.model.config.vocab_size).float(), condition)
            self.judged += torch.tensor([len(verdict), (verdict > 0).sum().item()])

    def on_validation_epoch_end(self) -> None:
        super().on_validation_epoch_end()
        if self.judged[0]:
            self.log("discriminator_accuracy", self.judged[1] / self.judged[0])

    def configure_optimizers(self) -> OptimizerLRScheduler:
        rate, decay = self.settings.learning_rate, self.settings.weight_decay
        generating = torch.optim.AdamW(self.model.parameters(), lr=rate, betas=(0.5, 0.9), weight_decay=decay)
        judging = torch.optim.Adam(
            self.discriminator.parameters(), lr=rate * self.game.discriminator_pace, betas=(0.5, 0.9)
        )
        return [generating, judging]


@torch.no_grad()
def draw(model: SequenceModel, bos_token: int, condition: Tensor) -> tuple[Tensor, Tensor]:
    """Melodies (B, T) on the beats ``condition`` (B, T, 2), and the Gumbel noise (B, T, V) that chose them.

    Each note is the argmax of the model's logits plus the noise, which is a draw from the model's distribution.
    """
    training = model.training
    model.eval()
    num, length, vocab_size = *condition.shape[:2], model.config.vocab_size
    noise = -torch.empty(num, length, vocab_size, device=condition.device).exponential_().log()
    noise[..., bos_token] = -torch.inf
    state, token = model.initial_state(num, condition), torch.full((num,), bos_token, device=condition.device)
    tokens = []
    for place in range(length):
        logits, state = model.step(token, state)
        token = (logits.float() + noise[:, place]).argmax(dim=-1)
        tokens.append(token)
    model.train(training)
    return torch.stack(tokens, dim=1), noise
