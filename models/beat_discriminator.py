"""Tells melodies that people wrote from those that a network wrote, on the same rhythms.

The adversary of 'Everybody Compose': an embedding of the notes and a dense layer over the beats, convolutions of four
widths over time, max-pooling, dense layers with dropout. It exists in training alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.beat_features import NUM_BEAT_FEATURES, beat_features

WIDTHS = (2, 3, 5, 8)
"""notes that a convolution sees at once"""


class BeatDiscriminator(nn.Module):
    def __init__(self, vocab_size: int, embed_dim: int = 48, num_filters: int = 64, dropout: float = 0.3) -> None:
        super().__init__()
        self.note_in = nn.Linear(vocab_size, embed_dim, bias=False)  # an embedding that also reads soft choices
        self.beat_in = nn.Linear(NUM_BEAT_FEATURES, embed_dim)
        self.convolutions = nn.ModuleList(nn.Conv1d(2 * embed_dim, num_filters, width) for width in WIDTHS)
        self.hidden = nn.Linear(num_filters * len(WIDTHS), num_filters)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(num_filters, 1)

    def forward(self, notes: Tensor, condition: Tensor) -> Tensor:
        """Log-odds (B,) that people wrote ``notes`` (B, T, V), one-hot, on the beats ``condition`` (B, T, 2).

        T is at least the largest of ``WIDTHS``.
        """
        beats = F.leaky_relu(self.beat_in(beat_features(condition)), 0.2)
        x = torch.cat([self.note_in(notes), beats], dim=-1).transpose(1, 2)  # (B, 2E, T)
        seen = [F.leaky_relu(convolution(x), 0.2).amax(dim=-1) for convolution in self.convolutions]
        x = F.leaky_relu(self.hidden(self.dropout(torch.cat(seen, dim=-1))), 0.2)
        return self.head(self.dropout(x))[:, 0]
