"""The variational auto-encoder of fully connected layers."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from models.dense import Dense
from models.latent import Gaussian, LatentModel, Outlook, gaussian


@dataclass(frozen=True)
class StepVaeConfig:
    vocab_size: int
    window: int = 64
    hidden_dim: int = 88
    latent_dim: int = 32


class StepVae(LatentModel):
    """One-hot steps side by side, a layer, z, a layer, and logits of all steps; weights begin as Xavier has them."""

    def __init__(self, config: StepVaeConfig) -> None:
        super().__init__()
        self.config = config
        width = config.window * config.vocab_size
        self.reader = Dense(width, config.hidden_dim)
        self.place = nn.Linear(config.hidden_dim, 2 * config.latent_dim)
        self.writer = Dense(config.latent_dim, config.hidden_dim)
        self.head = nn.Linear(config.hidden_dim, width)
        for layer in (self.reader, self.place, self.writer, self.head):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.outlook = Outlook(config.vocab_size, config.latent_dim)

    @property
    def entrance(self) -> nn.Linear:
        return self.writer

    def encode(self, tokens: Tensor) -> Gaussian:
        one_hot = F.one_hot(tokens, self.config.vocab_size).float().flatten(1)
        return gaussian(self.place(self.reader(one_hot)))

    def decode(self, z: Tensor) -> Tensor:
        return self.head(self.writer(z)).unflatten(1, (self.config.window, self.config.vocab_size))
