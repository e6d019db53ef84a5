"""The units alone, of many pieces.

Shapes: B pieces, T tokens of one, U units of all layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from core.checkpoint import Checkpoint
from core.codecs import Encoded
from core.inspection.layers import token_units
from core.inspection.recorder import Recorder
from core.inspection.trace import check_length, one_more, trace
from core.latent import is_latent
from models.window import WindowModel

BATCH_TOKENS = 4096
"""that are read together, padding and all"""


@torch.inference_mode()
def activations(checkpoint: Checkpoint, pieces: Sequence[Encoded]) -> list[Tensor]:
    """The layers of ``trace`` side by side (T, U), for each of ``pieces``, which a network reads together if it can.

    A latent space is left out: its dimensions do not tell one token from another. Raises ``InputError`` as ``trace``
    does.
    """
    alone = is_latent(checkpoint.card) or isinstance(checkpoint.model, WindowModel)
    if alone or any(piece.condition is not None for piece in pieces):
        units = token_units(checkpoint.model)
        traced = (trace(checkpoint, piece, attention=False).layers for piece in pieces)
        return [torch.cat([layers[name] for name in units], dim=1) for layers in traced]
    found: dict[int, Tensor] = {}
    for batch in batches([len(piece.tokens) for piece in pieces]):
        found |= zip(batch, read_together(checkpoint, [pieces[i] for i in batch]), strict=True)
    return [found[i] for i in range(len(pieces))]


def read_together(checkpoint: Checkpoint, pieces: Sequence[Encoded]) -> list[Tensor]:
    """Of pieces without a condition: what is behind the end of one does not reach back into it."""
    for piece in pieces:
        check_length(piece)
    inputs = pad_sequence([one_more(checkpoint.codec, piece)[0][0] for piece in pieces], batch_first=True)
    recorder = Recorder(looks=False)
    with recorder.hear(checkpoint.model) as twin:
        twin(inputs)
    layers = torch.cat([recorder.layers[name][0] for name in token_units(checkpoint.model)], dim=2)  # (B, T + 1, U)
    return [layers[i, 1 : len(piece.tokens) + 1] for i, piece in enumerate(pieces)]


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of pieces that are about as long as one another."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
