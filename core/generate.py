"""The whole path in one call: what is given -> model -> tokens -> score."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from core.checkpoint import Checkpoint
from core.codecs import Encoded
from core.errors import InputError
from core.formats.spelling import estimate_key
from core.latent import continue_tokens, is_latent
from core.likelihood import token_log_probs
from core.sampling import AUTO, FREE, SamplingConfig, hybrid_beam_search, infill
from core.sampling.search import OnStep
from core.score import Score
from models import State
from models.echo import Echoing


@dataclass(frozen=True)
class Generation:
    """What a model wrote, and how likely it held it."""

    score: Score
    tokens: Tensor
    """(L,) int64; fewer than were asked for where the piece came to its end sooner"""
    log_likelihood: float | None
    """of the tokens that the model chose, before any of the settings but for its echo's; a VAE cannot tell"""
    sampling: SamplingConfig
    """the settings used, the seed among them: they draw the same again"""


def blank(length: int, prompt: Sequence[int] = ()) -> Tensor:
    """``length`` tokens for ``generate`` to write, the first of them given by ``prompt``."""
    tokens = torch.full((length,), FREE)
    tokens[: len(prompt)] = torch.tensor(prompt[:length], dtype=torch.int64)
    return tokens


def generate(
    checkpoint: Checkpoint,
    fixed: Tensor,
    *,
    condition: Tensor | None = None,
    sampling: SamplingConfig | None = None,
    on_step: OnStep | None = None,
) -> Generation:
    """A piece that keeps the tokens of ``fixed`` (L,) and has the model write those that are ``FREE``.

    ``condition`` (L, C) tells the model about each token: a beat model the rhythm, for one. ``sampling`` defaults to
    the card's; without a seed one is drawn, and the key ``AUTO`` becomes the one that is found. Where given tokens
    follow a gap, the gap is drawn to lead into them, and beams play no part. The same checkpoint, input and settings
    give the same piece.
    """
    sampling = sampling or checkpoint.card.sampling_defaults
    seed = drawn_seed() if sampling.seed is None else sampling.seed
    sampling = replace(sampling, seed=seed)
    if sampling.key == AUTO:
        sampling = replace(sampling, key=key_of_its_own(checkpoint, fixed, condition, sampling))
    tokens, log_likelihood = write(checkpoint, fixed, condition, sampling, on_step)
    encoded = Encoded(tokens, None if condition is None else condition[: len(tokens)])
    return Generation(checkpoint.codec.decode(encoded), tokens, log_likelihood, sampling)


def write(
    checkpoint: Checkpoint, fixed: Tensor, condition: Tensor | None, sampling: SamplingConfig, on_step: OnStep | None
) -> tuple[Tensor, float | None]:
    """The tokens (L',) of a piece, the last of them its end where it has one, and their log-likelihood."""
    if is_latent(checkpoint.card):
        return write_in_space(checkpoint, fixed, condition, sampling), None
    codec, model, free = checkpoint.codec, Writer(checkpoint, sampling), fixed == FREE
    assert sampling.seed is not None
    options: dict[str, Any] = {
        "condition": None if condition is None else condition.float(),
        "processors": sampling.processors(codec.pitches),
        "generator": torch.Generator().manual_seed(sampling.seed),
        "on_step": on_step,
    }
    if goes_on_after_a_gap(free):
        tokens = infill(model, codec.bos_token, fixed, **options)
        return tokens, token_log_probs(as_set(checkpoint, sampling), Encoded(tokens, condition))[free].sum().item()
    options |= {"num_beams": sampling.num_beams, "beam_prob": sampling.beam_prob, "end_token": codec.end_token}
    drawn = hybrid_beam_search(model, codec.bos_token, fixed, **options)
    tokens = drawn.tokens[0]
    if codec.end_token in tokens.tolist():
        tokens = tokens[: tokens.tolist().index(codec.end_token) + 1]
    return tokens, drawn.log_likelihood[0].item()


def as_set(checkpoint: Checkpoint, sampling: SamplingConfig) -> Checkpoint:
    """``checkpoint`` with a network that trusts its echo as far as the settings say."""
    model = checkpoint.model
    return checkpoint._replace(model=model.trusting(sampling.echo)) if isinstance(model, Echoing) else checkpoint


def write_in_space(checkpoint: Checkpoint, fixed: Tensor, condition: Tensor | None, sampling: SamplingConfig) -> Tensor:
    """What a VAE writes behind the given tokens of a piece; raises ``InputError`` when some are given behind a gap."""
    given = fixed != FREE
    if goes_on_after_a_gap(~given):
        raise InputError("A VAE goes on from what is given, and cannot lead into what follows; choose another model.")
    return continue_tokens(checkpoint, Encoded(fixed[given], condition), int((~given).sum()), sampling)


class Writer:
    """A model as a search steps it: never says the start token, and behind an end says nothing but ends."""

    def __init__(self, checkpoint: Checkpoint, sampling: SamplingConfig) -> None:
        _, self.model, self.codec = as_set(checkpoint, sampling)

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        return self.model.initial_state(batch_size, condition)

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        logits, state = self.model.step(token, state)
        logits[:, self.codec.bos_token] = -torch.inf
        end = self.codec.end_token
        if end is not None and (ended := token == end).any():
            logits[ended] = -torch.inf
            logits[ended, end] = 0.0
        return logits, state


def candidates(
    checkpoint: Checkpoint,
    fixed: Tensor,
    num: int,
    *,
    condition: Tensor | None = None,
    sampling: SamplingConfig,
    on_step: OnStep | None = None,
) -> list[Generation]:
    """``num`` pieces from the seeds s, s+1, ...; each is what its seed alone gives. ``on_step`` counts those of all.

    One at a time: in a batch the rounding of a row depends on its neighbours, and with it, now and then, a draw.
    """
    first, length = drawn_seed() if sampling.seed is None else sampling.seed, len(fixed)
    return [
        generate(
            checkpoint,
            fixed,
            condition=condition,
            sampling=replace(sampling, seed=first + i),
            on_step=on_step and partial(step_of_all, on_step, i * length, num * length),
        )
        for i in range(num)
    ]


def step_of_all(on_step: OnStep, before: int, total: int, done: int, _: int) -> None:
    """Tells ``on_step`` of a step of one piece among several; ``before`` is how many the others had together."""
    on_step(before + done, total)


def key_of_its_own(checkpoint: Checkpoint, fixed: Tensor, condition: Tensor | None, sampling: SamplingConfig) -> str:
    """The key of what the same seed draws when every pitch is allowed."""
    draft = generate(checkpoint, fixed, condition=condition, sampling=replace(sampling, key="")).score
    return estimate_key(draft.pitches, [note.duration for note in draft.notes])


def drawn_seed() -> int:
    return secrets.randbelow(2**31)


def goes_on_after_a_gap(free: Tensor) -> bool:
    """Whether a given token follows a free one (L,)."""
    places = free.nonzero()[:, 0]
    return len(places) > 0 and not bool(free[int(places[0]) :].all())
