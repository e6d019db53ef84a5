"""How likely a clap begins at each frame: a small network over a patch of the spectrum.

It sees how loud each band is from 24 ms before a frame to 44 ms after it, which tells a sharp attack and the way a hit
dies away from the consonants of speech; and what the last three seconds were like: the usual loudness of each band, its
background, and the greatest, the claps before. It is trained by :mod:`core.training.claps`.

Shapes: T frames, B bands, K patches, F inputs, H hidden units.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.claps.spectrum import FLOOR_DB, NUM_BANDS, Floats

FRAMES_BEFORE, FRAMES_AFTER = 6, 11
PATCH = FRAMES_BEFORE + 1 + FRAMES_AFTER
BLOCK = 25  # frames whose mean and maximum are kept
NUM_BLOCKS = 30
HISTORY = (NUM_BLOCKS + 1) * BLOCK + FRAMES_BEFORE
"""frames before a patch's middle that matter to it"""
RANGE_DB = 60.0
NUM_INPUTS = (PATCH + 2) * NUM_BANDS
WEIGHTS = Path(__file__).with_name("network.npz")

Ints = NDArray[np.int64]


def context(levels: Floats) -> Floats:
    """(T, B) -> (T // BLOCK + 1, 2, B) The background and the loudest of each band over the blocks before each block.

    The first frame is the first of a block. Before it was silence.
    """
    blocks = levels[: len(levels) // BLOCK * BLOCK].reshape(-1, BLOCK, NUM_BANDS)
    statistics = np.stack([blocks.mean(axis=1), blocks.max(axis=1)], axis=1)
    silence = np.full((NUM_BLOCKS, 2, NUM_BANDS), FLOOR_DB, np.float32)
    before = np.lib.stride_tricks.sliding_window_view(np.concatenate([silence, statistics]), NUM_BLOCKS, axis=0)
    return np.stack([before[:, 0].mean(axis=2), before[:, 1].max(axis=2)], axis=1)


def block_before(frames: Ints) -> Ints:
    """(K,) The row of the context that goes with the patches around ``frames``."""
    return np.maximum(frames - FRAMES_BEFORE, 0) // BLOCK


def network_inputs(levels: Floats, frames: Ints, before: Floats) -> Floats:
    """(K, F) What the network is told at ``frames`` (K,) of ``levels`` (T, B), whose contexts are ``before`` (K, 2, B).

    The unit is 20 dB, the loudest of each patch being 0, so the level of a recording does not matter.
    """
    patches = levels[frames[:, None] + np.arange(-FRAMES_BEFORE, FRAMES_AFTER + 1)].astype(np.float32)  # (K, PATCH, B)
    relative = np.concatenate([patches, before], axis=1) - patches.max(axis=(1, 2), keepdims=True)
    return np.clip(relative, -RANGE_DB, RANGE_DB / 2).reshape(len(frames), NUM_INPUTS) / np.float32(20)


class ClapNetwork:
    """A multilayer perceptron with rectified hidden units."""

    def __init__(self, layers: list[tuple[Floats, Floats]]) -> None:
        """``layers`` are weights (inputs, outputs) and biases (outputs,) from the inputs on."""
        self._layers = layers

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Self:
        with np.load(path) as arrays:
            count = len(arrays.files) // 2
            return cls([(arrays[f"weight{i}"].astype("f4"), arrays[f"bias{i}"].astype("f4")) for i in range(count)])

    def logits(self, inputs: Floats) -> Floats:
        """(K, F) -> (K,) The log-odds of a clap that begins there, 0 being the best place to decide."""
        hidden = inputs
        for index, (weight, bias) in enumerate(self._layers):
            hidden = hidden @ weight + bias
            if index < len(self._layers) - 1:
                hidden = np.maximum(hidden, 0)
        return hidden[:, 0]


@cache
def load_network() -> ClapNetwork:
    """The trained network, which is shared and only read."""
    return ClapNetwork.load()
