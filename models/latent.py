"""Networks in whose space every point is a melody: variational auto-encoders of windows of steps.

After Kingma and Welling, 'Auto-Encoding Variational Bayes', 2014. Shapes: B windows, W steps of a window, P of them
known, V vocabulary, Z dimensions of the space.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Gaussian(NamedTuple):
    """Independent normal distributions, one for each dimension of the space."""

    mean: Tensor
    """(..., Z)"""
    log_var: Tensor
    """(..., Z)"""

    def at(self, noise: Tensor) -> Tensor:
        """The points that standard normal ``noise`` (..., Z) stands for: gradients reach mean and variance."""
        return self.mean + (0.5 * self.log_var).exp() * noise

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density (...) of points ``z`` (..., Z), in nats."""
        squares = (z - self.mean).square() * (-self.log_var).exp()
        return -0.5 * (squares + self.log_var + math.log(2 * math.pi)).sum(dim=-1)

    def divergence(self) -> Tensor:
        """Kullback-Leibler divergence (..., Z) of each dimension from the standard normal, in nats."""
        return 0.5 * (self.mean.square() + self.log_var.exp() - self.log_var - 1)


def standard_normal(like: Tensor) -> Gaussian:
    """The prior over points of the shape of ``like``."""
    return Gaussian(torch.zeros_like(like), torch.zeros_like(like))


class Outlook(nn.Module):
    """Where in the space a window will lie, of which only the first beats are known yet."""

    BEAT = 4
    """steps"""

    def __init__(self, vocab_size: int, latent_dim: int, dim: int = 96, embed_dim: int = 24) -> None:
        super().__init__()
        width = self.BEAT * embed_dim
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.start = nn.Parameter(torch.zeros(width))
        self.lstm = nn.LSTM(width, dim, batch_first=True)
        self.head = nn.Linear(dim, 2 * latent_dim)

    def forward(self, tokens: Tensor) -> Gaussian:
        """Distributions (B, P // 4 + 1, Z) of z before the first beat of ``tokens`` (B, P) and after each whole one."""
        whole = tokens[:, : tokens.shape[1] // self.BEAT * self.BEAT]
        beats = self.embedding(whole).view(len(tokens), -1, len(self.start))
        states, _ = self.lstm(torch.cat([self.start.expand(len(tokens), 1, -1), beats], dim=1))
        return gaussian(self.head(states))


def gaussian(parameters: Tensor) -> Gaussian:
    """Of mean and log variance side by side, (..., 2 Z); the variance is kept from vanishing."""
    mean, log_var = parameters.float().chunk(2, dim=-1)
    return Gaussian(mean, log_var.clamp(-10, 10))


class LatentModel(nn.Module, ABC):
    """A window of steps <-> a point z, standard normal a priori.

    No ``SequenceModel``: the steps of a window are drawn independently of each other, once z is chosen.
    """

    config: Any
    outlook: Outlook
    place: nn.Linear
    """gives the mean and the log variance of every dimension, side by side"""

    @property
    def entrance(self) -> nn.Linear:
        """The one map by which what is written reads z."""
        raise NotImplementedError

    @abstractmethod
    def encode(self, tokens: Tensor) -> Gaussian:
        """Where windows ``tokens`` (B, W) lie in the space: (B, Z)."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Logits (B, W, V) of every step of the windows at ``z`` (B, Z)."""
