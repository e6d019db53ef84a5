"""What goes on in a network while it reads a piece: units, gates, attention, and what it expects.

Shapes: T tokens, U units, V vocabulary, S sources, W tokens of a window, H heads, P places that a network reads.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.checkpoint import Checkpoint
from core.codecs import Codec, Encoded, StepCodec
from core.errors import InputError
from core.inspection.layers import LATENT, units_of
from core.inspection.recorder import Recorder
from core.latent import is_latent, space_of, windows_of
from models.probe import Look
from models.window import WindowModel

MAX_TOKENS = 2048
"""of a piece that is looked into: an attention map has a number for every two of them"""


@dataclass(frozen=True)
class Trace:
    """All that a model did while it read a piece once, from a fresh state, in evaluation mode."""

    layers: dict[str, Tensor]
    """(T, U) by layer: its units after token t was read; those that read the rhythm, at the beat of token t"""
    gates: dict[str, dict[str, Tensor]]
    """(T, U) by layer and gate: "input", "forget", "candidate" and "output", or "reset", "update" and "candidate\""""
    attention: dict[str, Tensor]
    """(T, S) by head: which earlier tokens, or which beats, were looked at to foretell token t; what a row lacks to 1
    went to the start of the piece, or to nothing"""
    probs: Tensor
    """(T, V) of every token before token t was read"""
    surprise: Tensor
    """(T,) nats: how unlikely token t was"""

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """All of it: ``layer lstm``, ``gate lstm forget``, ``attention head 2``, ``probs``, ``surprise``."""
        named = {f"layer {name}": values for name, values in self.layers.items()}
        named |= {f"gate {name} {gate}": v for name, gates in self.gates.items() for gate, v in gates.items()}
        named |= {f"attention {name}": values for name, values in self.attention.items()}
        return {name: v.numpy() for name, v in (named | {"probs": self.probs, "surprise": self.surprise}).items()}

    def to_npz(self, labels: Sequence[str]) -> bytes:
        """A file of ``arrays`` and the ``labels`` (T,) of the tokens."""
        file = io.BytesIO()
        np.savez_compressed(file, labels=np.array(labels), **self.arrays())  # type: ignore[arg-type]
        return file.getvalue()


@torch.inference_mode()
def trace(checkpoint: Checkpoint, encoded: Encoded, *, attention: bool = True) -> Trace:
    """What the model did while it read ``encoded``. It is left as it was, and others may use it meanwhile.

    Of a network that reads a window for each token, units are what they are at the end of the window that ends with
    token t: of a direction that reads backward, at its first step. Where a network reads several tokens at once, each
    of them has the units of all. A VAE has windows side by side: see ``trace_space``. Without ``attention`` no maps are
    made. Raises ``InputError`` for a piece without tokens, or with too many.
    """
    check_length(encoded)
    if is_latent(checkpoint.card):
        return trace_space(checkpoint, encoded)
    _, model, codec = checkpoint
    num, at_end = len(encoded.tokens), isinstance(model, WindowModel)
    inputs, condition, lengths = one_more(codec, encoded)
    recorder = Recorder(at_end=at_end, looks=attention)
    with recorder.hear(model) as twin:
        logits = twin(inputs, condition, lengths)[0, :num]
    dim = 0 if at_end else 1  # windows are rows
    groups = model.groups(num)

    def aligned(runs: list[Tensor]) -> Tensor:
        values = torch.cat(runs, dim=dim).flatten(0, 1) if runs[0].dim() == 3 else torch.cat(runs)
        return at_tokens(values, num) if groups is None else values[groups]

    join = window_map if at_end else whole_map
    if groups is None:
        maps = {name: join(looks, num) for name, looks in recorder.looks.items()}
    else:
        maps = {name: grouped_map(looks, groups) for name, looks in recorder.looks.items()}
    return Trace(
        layers={name: aligned(recorder.layers[name]) for name in units_of(model)},
        gates={name: {gate: aligned(runs) for gate, runs in gates.items()} for name, gates in recorder.gates.items()},
        attention={title: map_ for name, heads in maps.items() for title, map_ in by_head(name, heads)},
        **foretold(codec, logits, encoded.tokens),
    )


def check_length(encoded: Encoded) -> None:
    """Raises ``InputError`` for a piece that is not to be looked into."""
    num = len(encoded.tokens)
    if not 0 < num <= MAX_TOKENS:
        raise InputError(f"A piece that is looked into must have 1 to {MAX_TOKENS:,} tokens; this one has {num:,}.")


def one_more(codec: Codec, encoded: Encoded) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """What a model is to read, one place further than it foretells, so that it reads the last token as well.

    Inputs (1, T + 1), condition (1, T + 2, C), how much of it is real (1,). That there is one condition more than
    there are inputs tells the layers that read the conditions alone from those that read the tokens.
    """
    tokens, condition = encoded
    inputs = torch.cat([tokens.new_tensor([codec.bos_token]), tokens])[None]
    if condition is None:
        return inputs, None, None
    rows = [*condition.float(), next_condition(codec, condition[-1].float())]
    rows.append(next_condition(codec, rows[-1]))
    return inputs, torch.stack(rows)[None], torch.tensor([len(tokens)])


def next_condition(codec: Codec, last: Tensor) -> Tensor:
    """What a model is told (C,) of the place behind the ``last``: of a grid the next step, of a rhythm nothing."""
    if not isinstance(codec, StepCodec):
        return torch.zeros_like(last)
    into_bar, numerator, denominator = last.tolist()
    return last.new_tensor([(into_bar + codec.step) % (4 * numerator / denominator), numerator, denominator])


def at_tokens(values: Tensor, num: int) -> Tensor:
    """(T, U) Of ``values`` (P, U) at all places: what has read the tokens is one place behind them."""
    return values[1 : num + 1] if len(values) == num + 1 else values[:num]


def whole_map(looks: Sequence[Look], num: int, first: int = 0) -> Tensor:
    """(H, T, S) From the looks of one attention, which tell some queries each, of the keys near them.

    ``first`` is the place of the first of these; 1 where the start token has none.
    """
    furthest = 0
    canvas = looks[0].weights.new_zeros(looks[0].weights.shape[1], num + 2, num + 2)
    for look in looks:
        weights = look.weights[0]  # (H, N, S)
        start, last = first - look.own, first + weights.shape[1]
        furthest = max(furthest, start + weights.shape[2])
        canvas[:, first:last, start : start + weights.shape[2]] = weights
        first = last
    of_tokens = furthest <= num + 1  # not of conditions: a place stands for the token that was read there
    return canvas[:, :num, 1 : num + 1].clone() if of_tokens else canvas[:, :num, :num].clone()


def grouped_map(looks: Sequence[Look], groups: Tensor) -> Tensor:
    """(H, T, S) Of a network whose places are ``groups`` (T,) of tokens, which share what goes to their place."""
    sizes = groups.bincount()
    map_ = whole_map(looks, len(sizes), first=1) / sizes
    return map_[:, groups][:, :, groups]


def window_map(looks: Sequence[Look], num: int) -> Tensor:
    """(H, T, S) From the looks that a network takes at a window of each token."""
    weights = torch.cat([look.weights[:, :, -1] for look in looks])[:num]  # (T, H, W), of the newest place
    width = weights.shape[2]
    canvas = weights.new_zeros(num, weights.shape[1], num + width)
    columns = torch.arange(num)[:, None] + torch.arange(width)  # W - 1 places before the start token come first
    canvas.scatter_(2, columns[:, None].expand_as(weights), weights)
    return canvas[:, :, width:].transpose(0, 1).contiguous()


def by_head(name: str, maps: Tensor) -> list[tuple[str, Tensor]]:
    """The maps (H, T, S) one by one, with their names."""
    if len(maps) == 1:
        return [(name, maps[0])]
    return [(f"{name} head {number}", map_) for number, map_ in enumerate(maps, start=1)]


def foretold(codec: Codec, logits: Tensor, tokens: Tensor) -> dict[str, Tensor]:
    """Probabilities and surprise from ``logits`` (T, V); the start token has no probability."""
    allowed = logits.float().clone()
    allowed[:, codec.bos_token] = -torch.inf
    logp = allowed.log_softmax(dim=-1)
    return {"probs": logp.exp(), "surprise": -logp.gather(1, tokens[:, None])[:, 0]}


def trace_space(checkpoint: Checkpoint, encoded: Encoded) -> Trace:
    """A VAE reads windows side by side, each from a bar line on, and says again what it read.

    Units are what they are when the window of token t is read or written, or its beat where the network goes by beats;
    the layer "z" is the point of the window in the latent space. ``probs`` are of the tokens *given* that point: what
    the VAE thinks that it read, token t itself among it.
    """
    model, codec = space_of(checkpoint)
    windows, own = windows_of(checkpoint, encoded)  # (N, W)
    recorder = Recorder()
    with recorder.hear(model) as twin:
        z = twin.encode(windows).mean  # type: ignore[operator]
        logits = twin.decode(z)  # type: ignore[operator]

    def spread(values: Tensor) -> Tensor:
        """(T, U) of values (N, U) of windows, or (N, P, U) of their parts."""
        parts = values if values.dim() == 3 else values[:, None]
        return parts.repeat_interleave(windows.shape[1] // parts.shape[1], dim=1)[own]

    layers = {name: runs[0] for name, runs in recorder.layers.items()} | {LATENT: z}
    return Trace(
        layers={name: spread(layers[name]) for name in units_of(model)},
        gates={name: {gate: spread(runs[0]) for gate, runs in g.items()} for name, g in recorder.gates.items()},
        attention={},
        **foretold(codec, spread(logits), encoded.tokens),
    )
