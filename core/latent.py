"""Melodies as points of the space of a variational auto-encoder: there, back, between and onwards.

Shapes: N melodies, W steps of a window, Z dimensions of the space, V vocabulary. Temperature T tempers z and steps
alike: a density of either is raised to the power 1/T.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.checkpoint import Checkpoint, ModelCard
from core.codecs import Encoded, StepCodec
from core.codecs.steps import REST
from core.data.passages import BarredSong, Passages, barred, window_at
from core.errors import InputError
from core.sampling import SamplingConfig
from core.score import Score
from models import ARCHITECTURES, LatentModel
from models.latent import Gaussian, standard_normal

NUM_PROPOSALS = 64
"""points that are weighed against each other where a melody goes on"""
NUM_ROUNDS = 5
"""in which the chosen point and what it says of the steps that are not known adapt to each other"""
CONTEXT = 0.75
"""share of a window that it has in common with what is there, at most, where it goes on"""


class Space(NamedTuple):
    """The parts of a checkpoint whose network is a ``LatentModel``."""

    model: LatentModel
    codec: StepCodec

    @property
    def window(self) -> int:
        return int(self.model.config.window)

    @property
    def dim(self) -> int:
        return int(self.model.config.latent_dim)


def space_of(checkpoint: Checkpoint) -> Space:
    """Raises ``InputError`` when the model writes note by note, and has no space."""
    model, codec = checkpoint.model, checkpoint.codec
    if not isinstance(model, LatentModel) or not isinstance(codec, StepCodec):
        raise InputError(f"The model {checkpoint.card.name!r} has no latent space; choose a VAE.")
    return Space(model, codec)


def is_latent(card: ModelCard) -> bool:
    """Whether a card is of such a model; it does not foretell one step from those before it."""
    return issubclass(ARCHITECTURES.get(card.architecture, (object,))[0], LatentModel)


def first_window(checkpoint: Checkpoint, score: Score) -> Tensor:
    """(W,) The first bars of a melody; an upbeat is a bar that begins with rests."""
    _, codec = space = space_of(checkpoint)
    return window_at(codec, barred(codec, score), 0, space.window)


@torch.inference_mode()
def encode_window(checkpoint: Checkpoint, tokens: Tensor) -> Tensor:
    """The means (N, Z) of where windows ``tokens`` (N, W) may lie, or (Z,) of one (W,)."""
    mean = space_of(checkpoint).model.encode(tokens.reshape(-1, tokens.shape[-1])).mean
    return mean.reshape(*tokens.shape[:-1], -1)


def windows_of(checkpoint: Checkpoint, encoded: Encoded) -> Passages:
    """Windows in which a piece is read: side by side, each from a bar line on; its tokens are counted, each once."""
    space = space_of(checkpoint)
    bar, lead = bar_and_lead(space.codec, encoded)
    song = BarredSong(F.pad(encoded.tokens, (lead, 0), value=int(space.codec.tokens_of([REST]))), bar, lead)
    hop, places = space.window // bar * bar or space.window, torch.arange(space.window)
    starts = range(0, len(song.tokens), hop)
    windows = [window_at(space.codec, song, start, space.window) for start in starts]
    own = [(places < hop) & (places >= lead - start) & (places < len(song.tokens) - start) for start in starts]
    return Passages(torch.stack(windows), torch.stack(own))


def embed_tunes(checkpoint: Checkpoint, scores: Sequence[Score]) -> Tensor:
    """Points (N, Z) of the first bars of melodies."""
    space = space_of(checkpoint)
    windows = [first_window(checkpoint, score) for score in scores]
    return encode_window(checkpoint, torch.stack(windows)) if windows else torch.empty(0, space.dim)


def pca_2d(points: Tensor) -> Tensor:
    """(N, 2) Where ``points`` (N, Z), N >= 2, lie along the two directions in which they differ most.

    The sign of a direction is such that its largest component is positive, so that maps do not flip.
    """
    centred = (points - points.mean(dim=0)).double()
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    top = directions[:2]  # (2, Z)
    signs = top.gather(1, top.abs().argmax(dim=1, keepdim=True)).sign()
    return (centred @ (signs * top).T).float()


@torch.inference_mode()
def decode(checkpoint: Checkpoint, z: Tensor, sampling: SamplingConfig | None = None) -> Tensor:
    """Windows (N, W) at the points ``z`` (N, Z): the likeliest steps, or drawn ones, row i from the seed s + i alone.

    Behind an end there are only ends. Beams play no part: given z, steps do not depend on each other.
    """
    space = space_of(checkpoint)
    windows = [steps_at(space, row, sampling, generator_of(sampling, i)) for i, row in enumerate(z)]
    return torch.stack(windows) if windows else torch.empty(0, space.window, dtype=torch.int64)


@torch.inference_mode()
def sample(checkpoint: Checkpoint, num: int, sampling: SamplingConfig) -> tuple[Tensor, Tensor]:
    """``num`` points (N, Z) drawn from the prior, and the windows (N, W) there; row i from the seed s + i alone."""
    space = space_of(checkpoint)
    points, windows = torch.empty(num, space.dim), torch.empty(num, space.window, dtype=torch.int64)
    for i in range(num):
        generator = generator_of(sampling, i)
        points[i] = math.sqrt(sampling.temperature) * torch.randn(space.dim, generator=generator)
        windows[i] = steps_at(space, points[i], sampling, generator)
    return points, windows


def arc(first: Tensor, last: Tensor, num: int) -> Tensor:
    """``num`` points (N, Z) from ``first`` (Z,) to ``last``: direction along a great circle, length in proportion.

    The midpoint of two draws from a normal distribution in many dimensions lies nearer to the origin than almost any
    draw does, so melodies on a straight way are unlike those that the network knows (White, 'Sampling Generative
    Networks', 2016). Where the directions are the same or opposite the way is straight.
    """
    share = torch.linspace(0, 1, num)[:, None]
    lengths = torch.stack([first.norm(), last.norm()])
    angle = torch.acos((first @ last / lengths.prod().clamp_min(1e-12)).clamp(-1, 1))
    if lengths.min() < 1e-6 or torch.sin(angle) < 1e-4:
        return first + share * (last - first)
    direction = torch.sin((1 - share) * angle) * first / lengths[0] + torch.sin(share * angle) * last / lengths[1]
    return direction / torch.sin(angle) * (lengths[0] + share * (lengths[1] - lengths[0]))


@torch.inference_mode()
def continue_tokens(checkpoint: Checkpoint, seed: Encoded, num_steps: int, sampling: SamplingConfig) -> Tensor:
    """The tokens (T,) of a seed melody and ``num_steps`` more, fewer where the melody comes to its end.

    A window on the last bars of what is there and one or more that follow is placed in the space, given the bars that
    are known; what it adds is kept, and so on. The condition (T, 3) of the seed tells where bars begin; without one it
    is in 4/4. An end behind the seed is taken off. The same seed, settings and model give the same melody.
    """
    space = space_of(checkpoint)
    codec = space.codec
    bar, lead = bar_and_lead(codec, seed)
    tokens = F.pad(seed.tokens[seed.tokens != codec.end_token], (lead, 0), value=int(codec.tokens_of([REST])))
    length, generator, reach = len(tokens) + num_steps, generator_of(sampling), round(CONTEXT * space.window)
    while len(tokens) < length:
        known = tokens[context_start(len(tokens), bar, reach) :]
        z = place_given(space, known, sampling.temperature, generator)
        tokens = torch.cat([tokens, steps_at(space, z, sampling, generator, known)[len(known) :]])
        ends = (tokens == codec.end_token).nonzero()
        if len(ends):
            return tokens[lead : min(length, int(ends[0]) + 1)]
    return tokens[lead:length]


def place_given(space: Space, known: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """A point (Z,) for a window that begins with the tokens ``known`` (P,), P < W.

    Drawn from p(z | known). By importance resampling (Rubin, 1988) first: the model's outlook proposes points, and they
    are weighed by how likely they are a priori and how well the steps there agree with those that are known. Then by a
    Markov chain that draws the unknown steps given z and z given all steps, in turns (Rezende et al., 'Stochastic
    Backpropagation and Approximate Inference in Deep Generative Models', 2014): it leads to where melodies lie.
    """
    outlook = space.model.outlook(known[None])
    mean, log_var = (parameter[0, -1] for parameter in outlook)
    proposal = Gaussian(mean, log_var + math.log(temperature))
    z = proposal.at(torch.randn(NUM_PROPOSALS, len(mean), generator=generator))  # (N, Z)
    logp = step_logits(space, z)[:, : len(known)].log_softmax(dim=-1)
    agreement = logp.gather(2, known.expand(len(z), -1)[..., None]).sum(dim=(1, 2))
    fit = (agreement + standard_normal(z).log_prob(z)) / temperature - proposal.log_prob(z)
    chosen = z[torch.multinomial(fit.softmax(dim=0), 1, generator=generator)]  # (1, Z)
    for _ in range(NUM_ROUNDS):
        steps = (step_logits(space, chosen)[0] / temperature).softmax(dim=-1)  # (W, V)
        window = torch.multinomial(steps, 1, generator=generator)[:, 0]
        window[: len(known)] = known
        mean, log_var = space.model.encode(window[None])
        chosen = Gaussian(mean, log_var + math.log(temperature)).at(torch.randn(mean.shape, generator=generator))
    return chosen[0]


def log_weights(model: LatentModel, windows: Tensor, counted: Tensor, noise: Tensor) -> Tensor:
    """Logarithms (S, N) of p(x, z) / q(z | x), of windows (N, W) at draws of z from ``noise`` (S, N, Z).

    Only ``counted`` (N, W) steps belong to x.
    """
    posterior = model.encode(windows)
    z = posterior.at(noise)
    logp = model.decode(z.flatten(0, 1)).float().log_softmax(dim=-1).unflatten(0, noise.shape[:2])  # (S, N, W, V)
    likelihood = (logp.gather(3, windows.expand(len(noise), -1, -1)[..., None])[..., 0] * counted).sum(dim=-1)
    return likelihood + standard_normal(z).log_prob(z) - posterior.log_prob(z)


def importance_bound(log_weights: Tensor) -> Tensor:
    """Lower bound (N,) of log p(x) from weights (S, N): the log of their mean; of S = 1 the evidence lower bound."""
    return log_weights.logsumexp(dim=0) - math.log(len(log_weights))


def step_logits(space: Space, z: Tensor) -> Tensor:
    """(N, W, V) What the model thinks of each step at ``z`` (N, Z); the start token is none."""
    logits = space.model.decode(z)
    logits[..., space.codec.bos_token] = -torch.inf
    return logits


def steps_at(
    space: Space, z: Tensor, sampling: SamplingConfig | None, generator: torch.Generator, known: Tensor | None = None
) -> Tensor:
    """The window (W,) at ``z`` (Z,), its first steps ``known`` (P,) already; the rest drawn, or the likeliest."""
    codec, logits = space.codec, step_logits(space, z[None])[0]  # (W, V)
    start = torch.tensor([codec.bos_token])
    tokens = start if known is None else torch.cat([start, known])
    for row in logits[len(tokens) - 1 :]:
        tokens = torch.cat([tokens, next_step(codec, tokens, row, sampling, generator)])
    return tokens[1:]


def next_step(
    codec: StepCodec, tokens: Tensor, logits: Tensor, sampling: SamplingConfig | None, generator: torch.Generator
) -> Tensor:
    """The step (1,) that follows ``tokens`` (T,), of which the model thinks ``logits`` (V,): behind an end an end."""
    if tokens[-1] == codec.end_token:
        return tokens[-1:]
    if sampling is None:
        return logits.argmax(dim=-1, keepdim=True)
    processed = logits[None]
    for process in sampling.processors(codec.pitches):
        processed = process(tokens[None], processed)
    return torch.multinomial(processed[0].softmax(dim=-1), 1, generator=generator)


def bar_and_lead(codec: StepCodec, seed: Encoded) -> tuple[int, int]:
    """Steps of a bar, and of the first bar that lie before the seed: rests, as a model of windows knows upbeats."""
    places = codec.places(1, (4, 4), 0) if seed.condition is None or not len(seed.condition) else seed.condition
    into_bar, numerator, denominator = places[0].tolist()
    bar = max(1, round(4 * numerator / denominator / codec.step))
    return bar, round(into_bar / codec.step) % bar


def context_start(num_known: int, bar: int, reach: int) -> int:
    """The first bar line at most ``reach`` steps before the end of what is known; if there is none, that place."""
    earliest = max(0, num_known - reach)
    start = -(-earliest // bar) * bar
    return start if start <= num_known else earliest


def generator_of(sampling: SamplingConfig | None, row: int = 0) -> torch.Generator:
    """Of the random seed s + ``row``; where none is given, s is 0."""
    return torch.Generator().manual_seed((sampling.seed or 0 if sampling else 0) + row)
