"""Trains the network that finds claps: ``python -m core.training.claps [--recordings N] [--steps N] [--seed S]``.

The recordings are made up (:mod:`core.training.clap_mixtures`), so there is nothing to download; espeak-ng must be
installed. Frames with claps are rare and most others easy, hence a batch is a third claps, a third any frames and a
third those that are most mistaken for claps. What this does to the odds is put right at the end: the last bias moves to
where the F-measure on recordings not trained on is greatest at even odds.

Shapes: K patches, F inputs, B bands.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.claps.listener import SENSITIVITY_RANGE, find_claps
from core.claps.network import (
    FRAMES_AFTER,
    FRAMES_BEFORE,
    NUM_INPUTS,
    WEIGHTS,
    ClapNetwork,
    Ints,
    block_before,
    context,
    network_inputs,
)
from core.claps.spectrum import BandSpectrum, Floats
from core.errors import InputError
from core.evaluation.claps import match
from core.storage import write_whole
from core.training.clap_mixtures import Mixture, make_mixture, training_utterances

HIDDEN = (64, 32)
BATCH = 2048
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 0.02
INPUT_NOISE = 0.05  # a decibel, so that no single level matters much
NUM_MININGS, NUM_MINED, NUM_HARD = 4, 1_000_000, 100_000
NUM_HELD_OUT = 200
LEAD_FRAMES = 15  # of silence around each recording, as a listener hears it


class Examples:
    """The frames of many recordings, and whether a clap begins at each."""

    def __init__(self, mixtures: Iterable[Mixture]) -> None:
        parts = [_frames_of(mixture) for mixture in mixtures]
        levels, contexts, frames, is_clap = zip(*parts, strict=True)
        num_levels = np.cumsum([0, *map(len, levels)])
        num_blocks = np.cumsum([0, *map(len, contexts)])
        self._levels, self._contexts = np.concatenate(levels), np.concatenate(contexts)
        self._frames = np.concatenate([f + start for f, start in zip(frames, num_levels, strict=False)])
        self._blocks = np.concatenate([block_before(f) + start for f, start in zip(frames, num_blocks, strict=False)])
        self.is_clap = np.concatenate(is_clap)

    def inputs(self, rows: Ints) -> Tensor:
        """(K, F) What the network is told."""
        before = self._contexts[self._blocks[rows]]
        return torch.from_numpy(network_inputs(self._levels, self._frames[rows], before))


def _frames_of(mixture: Mixture) -> tuple[NDArray[np.float16], Floats, Ints, NDArray[np.bool_]]:
    """Levels, contexts, the frames to learn from and whether each is a clap's: the nearest or the next to either side.

    One further would be a matter of taste, and is left out.
    """
    spectrum = BandSpectrum(mixture.sample_rate)
    lead = LEAD_FRAMES * spectrum.hop
    levels = spectrum.levels(np.pad(mixture.samples, lead + spectrum.size).astype(np.float32))
    claps = np.round((mixture.onset_sec * mixture.sample_rate + lead + spectrum.size / 2) / spectrum.hop)
    frames = np.arange(FRAMES_BEFORE, len(levels) - FRAMES_AFTER)
    distance = np.abs(frames[:, None] - claps).min(axis=1, initial=np.inf)
    kept = distance != 2
    return levels.astype(np.float16), context(levels), frames[kept], distance[kept] <= 1


def train(examples: Examples, steps: int, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = nn.Sequential(
        nn.Linear(NUM_INPUTS, HIDDEN[0]), nn.ReLU(), nn.Linear(*HIDDEN), nn.ReLU(), nn.Linear(HIDDEN[1], 1)
    )
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps)
    claps, others = np.flatnonzero(examples.is_clap), np.flatnonzero(~examples.is_clap)
    hard, loss_sum = others, 0.0
    for step in range(1, steps + 1):
        rows = np.concatenate([rng.choice(group, BATCH // 3) for group in (claps, others, hard)])
        inputs, targets = examples.inputs(rows), torch.from_numpy(examples.is_clap[rows].astype(np.float32))
        logits = network(inputs + INPUT_NOISE * torch.randn_like(inputs))[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        loss_sum += loss.item()
        if step % 500 == 0:
            sys.stderr.write(f"step {step}, loss {loss_sum / 500:.4f}\n")
            loss_sum = 0.0
        if step % (steps // (NUM_MININGS + 1) + 1) == 0:
            hard = _hardest(network, examples, rng.choice(others, min(NUM_MINED, len(others)), replace=False))
    return network


def _hardest(network: nn.Sequential, examples: Examples, rows: Ints) -> Ints:
    """Those of ``rows``, none of them a clap, that are most mistaken for one."""
    with torch.inference_mode():
        logits = np.concatenate(
            [network(examples.inputs(part)).numpy()[:, 0] for part in np.array_split(rows, len(rows) // BATCH + 1)]
        )
    return rows[np.argsort(-logits)[: min(NUM_HARD, len(rows) // 10)]]


def calibrated(layers: list[tuple[Floats, Floats]], mixtures: Sequence[Mixture]) -> list[tuple[Floats, Floats]]:
    """The layers with the last bias where the mean F-measure over the mixtures is greatest at sensitivity 0.5."""
    network, clapped = ClapNetwork(layers), [mixture for mixture in mixtures if len(mixture.onset_sec)]

    def score(sensitivity: float) -> float:
        found = (find_claps(m.samples, m.sample_rate, sensitivity, network) for m in clapped)
        scores = [match(m.onset_sec, claps).f_measure for m, claps in zip(clapped, found, strict=True)]
        sys.stderr.write(f"sensitivity {sensitivity:.2f}, F {np.mean(scores):.4f}\n")
        return float(np.mean(scores))

    best = max(np.linspace(0.1, 0.7, 13), key=score)
    weight, bias = layers[-1]
    return [*layers[:-1], (weight, bias + np.float32((best - 0.5) * SENSITIVITY_RANGE))]


def layers_of(network: nn.Sequential) -> list[tuple[Floats, Floats]]:
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    return [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in linear]


def to_npz(layers: Sequence[tuple[Floats, Floats]]) -> bytes:
    """What :meth:`ClapNetwork.load` reads, in half precision."""
    arrays: dict[str, Any] = {}
    for index, layer in enumerate(layers):
        arrays[f"weight{index}"], arrays[f"bias{index}"] = (array.astype(np.float16) for array in layer)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the network that finds claps.")
    parser.add_argument("--recordings", type=int, default=2400)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    try:
        utterances = training_utterances(max(options.recordings // 12, 1), rng)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    examples = Examples(make_mixture(rng, utterances) for _ in range(options.recordings))
    layers = layers_of(train(examples, options.steps, options.seed))
    write_whole(WEIGHTS, to_npz(calibrated(layers, [make_mixture(rng, utterances) for _ in range(NUM_HELD_OUT)])))


if __name__ == "__main__":
    main()
