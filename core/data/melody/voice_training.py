"""Trains the network of ``voice``: ``python -m core.data.melody.voice_training --root POP909``.

It learns from the training pieces of ``voice_examples``, each epoch in another disguise. The same seed makes the same
weights on the same machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from core.data.melody.voice import BIASES, WEIGHTS_PATH, Weights
from core.data.melody.voice_examples import Example, in_disguise, read_part_songs, read_pop_songs
from core.data.melody.voice_features import Features, features_of, in_order
from core.errors import InputError


@dataclass(frozen=True)
class Settings:
    width: int = 48
    num_layers: int = 8
    epochs: int = 20
    songs_per_step: int = 8
    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    max_gradient: float = 1.0
    seed: int = 0


class Batch(NamedTuple):
    """Songs one after the other, N notes together; the links of a note that has none are N."""

    values: Tensor
    """(N, F)"""
    before: Tensor
    after: Tensor
    song: Tensor
    """(N,) numbered from 0"""
    is_melody: Tensor
    """(N,) 0.0 or 1.0"""


class VoiceScorer(nn.Module):
    """The network that ``voice.log_odds`` runs in numpy; its parameters are the fields of ``Weights``."""

    def __init__(self, num_features: int, width: int, num_layers: int) -> None:
        super().__init__()
        self.enter, self.enter_bias = _weight(num_features, width), _zeros(width)
        self.listen, self.listen_bias = _weight(num_layers, 5, width, width, fan=5 * width), _zeros(num_layers, width)
        self.gate, self.gate_bias = _weight(num_layers, width), _zeros(num_layers)
        self.summary = _weight(num_layers, width, width)
        self.leave, self.leave_bias = _weight(width), _zeros()

    def forward(self, batch: Batch) -> Tensor:
        """(N,) log-odds."""
        heard = F.relu(batch.values @ self.enter + self.enter_bias)
        num_songs = int(batch.song[-1]) + 1
        for layer in range(len(self.listen)):
            silent = F.pad(heard, (0, 0, 0, 1))
            around = torch.cat([heard, silent[_links(batch, 2**layer)].flatten(1)], dim=1)
            gate = torch.sigmoid(heard @ self.gate[layer] + self.gate_bias[layer])
            sums = heard.new_zeros(num_songs, heard.shape[1]).index_add(0, batch.song, gate[:, None] * heard)
            counts = heard.new_zeros(num_songs).index_add(0, batch.song, gate)
            summary = sums / (counts[:, None] + 1) @ self.summary[layer]
            out = around @ self.listen[layer].flatten(0, 1) + self.listen_bias[layer] + summary[batch.song]
            heard = heard + F.relu(out)
        return heard @ self.leave + self.leave_bias

    def weights(self) -> Weights:
        """As they are stored: in half precision."""
        return Weights(*(getattr(self, name).detach().half().numpy() for name in Weights._fields))


def _weight(*shape: int, fan: int = 0) -> nn.Parameter:
    fan = fan or shape[-2 if len(shape) > 1 else -1]
    return nn.Parameter(torch.empty(shape).uniform_(-1, 1) * fan**-0.5)


def _zeros(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape))


def _links(batch: Batch, distance: int) -> Tensor:
    """(N, 4) The notes ``distance`` places earlier and later in the song, that before and that after."""
    num_notes = len(batch.song)
    index = torch.arange(num_notes)
    sides = []
    for there in (index - distance, index + distance):
        inside = (there >= 0) & (there < num_notes)
        inside &= batch.song[there.clamp(0, num_notes - 1)] == batch.song
        sides.append(torch.where(inside, there, num_notes))
    return torch.stack([*sides, batch.before, batch.after], dim=1)


def batch_of(examples: Iterable[Example]) -> Batch:
    prepared = [_prepared(example) for example in examples]
    starts = np.cumsum([0, *(len(is_melody) for _, is_melody in prepared)])
    total = int(starts[-1])

    def joined(parts: Sequence[NDArray[np.int64]]) -> Tensor:
        moved = (np.where(p == len(p), total, p + start) for p, start in zip(parts, starts, strict=False))
        return torch.from_numpy(np.concatenate(list(moved)))

    return Batch(
        torch.from_numpy(np.concatenate([features.values for features, _ in prepared])),
        joined([features.before for features, _ in prepared]),
        joined([features.after for features, _ in prepared]),
        torch.from_numpy(np.repeat(np.arange(len(prepared)), np.diff(starts))),
        torch.from_numpy(np.concatenate([is_melody for _, is_melody in prepared])).float(),
    )


def _prepared(example: Example) -> tuple[Features, NDArray[np.bool_]]:
    onset, offset, pitch, velocity = example.notes.T
    order, notes = in_order(onset, offset, pitch.astype(np.int64), velocity.astype(np.int64))
    return features_of(notes), example.is_melody[order]


def train(songs: Sequence[Example], valid: Mapping[str, Sequence[Example]], settings: Settings) -> VoiceScorer:
    """Cross-entropy over all notes; prints the F1 on each set of ``valid`` after each epoch."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    unchanged = {name: [batch_of([example]) for example in examples] for name, examples in valid.items()}
    scorer = VoiceScorer(batch_of(songs[:1]).values.shape[1], settings.width, settings.num_layers)
    optimizer = torch.optim.AdamW(scorer.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    num_steps = settings.epochs * -(-len(songs) // settings.songs_per_step)
    schedule = OneCycleLR(optimizer, settings.learning_rate, total_steps=num_steps, pct_start=0.1)
    for epoch in range(settings.epochs):
        order = rng.permutation(len(songs))
        for first in range(0, len(order), settings.songs_per_step):
            batch = batch_of(in_disguise(songs[i], rng) for i in order[first : first + settings.songs_per_step])
            loss = F.binary_cross_entropy_with_logits(scorer(batch), batch.is_melody)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(scorer.parameters(), settings.max_gradient)
            optimizer.step()
            schedule.step()
        figures = ", ".join(f"{name} {note_f1(scorer, batches):.4f}" for name, batches in unchanged.items())
        sys.stdout.write(f"epoch {epoch + 1}: F1 of single notes on {figures}\n")
        sys.stdout.flush()
    return scorer


@torch.inference_mode()
def note_f1(scorer: VoiceScorer, batches: Iterable[Batch]) -> float:
    """Mean over ``batches``, each note judged for itself."""
    scores = []
    for batch in batches:
        chosen, true = scorer(batch) + BIASES[0] > 0, batch.is_melody > 0
        scores.append(2 * int((chosen & true).sum()) / max(1, int(chosen.sum() + true.sum())))
    return float(np.mean(scores))


def main() -> None:
    """The command line; bad input is one sentence on standard error and exit code 2."""
    parser = argparse.ArgumentParser(description="Train the network that hears melodies.")
    parser.add_argument("--root", type=Path, help="the folder of POP909, or the one that holds it")
    parser.add_argument("--out", type=Path, default=WEIGHTS_PATH)
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        valid = {"pop": read_pop_songs(options.root, "valid"), "parts": read_part_songs("valid")}
        songs = read_pop_songs(options.root, "train") + read_part_songs("train")
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    scorer = train(songs, valid, Settings(epochs=options.epochs))
    np.savez_compressed(options.out, **scorer.weights()._asdict())


if __name__ == "__main__":
    main()
