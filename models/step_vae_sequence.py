"""The variational auto-encoder that reads and writes a window as a sequence of beats."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.latent import Gaussian, LatentModel, Outlook, gaussian


@dataclass(frozen=True)
class StepVaeSequenceConfig:
    vocab_size: int
    window: int = 64
    beat: int = 4
    """steps that are read and written together; divides the window"""
    embed_dim: int = 24
    encoder_dim: int = 96
    summary_dim: int = 32
    latent_dim: int = 64
    plan_dim: int = 64
    decoder_dim: int = 128


class StepVaeSequence(LatentModel):
    """LSTMs in both directions over beats; z sees a summary of each beat, and gives a plan of each.

    All steps are written at once, not each from the one before it: a decoder that hears what it has written so far
    learns to do without z (Bowman et al., 'Generating Sentences from a Continuous Space', 2016).
    """

    def __init__(self, config: StepVaeSequenceConfig) -> None:
        super().__init__()
        self.config = config
        num_beats, width = config.window // config.beat, config.beat * config.embed_dim
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.reader = nn.LSTM(width, config.encoder_dim, batch_first=True, bidirectional=True)
        self.summary = nn.Linear(2 * config.encoder_dim, config.summary_dim)
        self.place = nn.Linear(num_beats * config.summary_dim, 2 * config.latent_dim)
        self.plan = nn.Linear(config.latent_dim, num_beats * config.plan_dim)
        self.writer = nn.LSTM(config.plan_dim, config.decoder_dim, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * config.decoder_dim, config.beat * config.vocab_size)
        self.outlook = Outlook(config.vocab_size, config.latent_dim)

    @property
    def entrance(self) -> nn.Linear:
        return self.plan

    def encode(self, tokens: Tensor) -> Gaussian:
        beats = self.embedding(tokens).flatten(1).unflatten(1, (-1, self.config.beat * self.config.embed_dim))
        states, _ = self.reader(beats)
        return gaussian(self.place(torch.tanh(self.summary(states)).flatten(1)))

    def decode(self, z: Tensor) -> Tensor:
        states, _ = self.writer(self.plan(z).unflatten(1, (-1, self.config.plan_dim)))
        return self.head(states).flatten(1).unflatten(1, (self.config.window, self.config.vocab_size))
