"""Draw sequences from any model that can ``initial_state`` and ``step``.

Shapes: K rows (beams or particles), T tokens with the start token first, L tokens to be written, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from core.sampling.processors import LogitsProcessor, process
from models import State, select

OnStep = Callable[[int, int], object]

FREE = -1
"""In ``fixed``: the search chooses this token."""


class StepModel(Protocol):
    """The part of ``SequenceModel`` that a search needs."""

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State: ...
    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]: ...


class Drawn(NamedTuple):
    tokens: Tensor
    """(K, L) int64, the best first, no two rows alike"""
    score: Tensor
    """(K,): log-likelihood of the tokens under the distribution that they were drawn from"""
    log_likelihood: Tensor
    """(K,): log-likelihood of the tokens that were free under the model itself, before any processor"""


class Rows(NamedTuple):
    """The sequences that a search follows, all one batch."""

    tokens: Tensor  # (K, T)
    identity: Tensor  # (K,): two rows are the same sequence when these are equal
    score: Tensor  # (K,)
    log_likelihood: Tensor  # (K,)
    logits: Tensor  # (K, V) of the next token
    state: State

    def pick(self, rows: Tensor) -> Rows:
        if len(rows) == len(self.tokens) == 1:  # there is no other; its state may be large
            return self
        return Rows(
            self.tokens[rows],
            self.identity[rows],
            self.score[rows],
            self.log_likelihood[rows],
            self.logits[rows],
            select(self.state, rows),
        )

    def append(self, token: Tensor, score: Tensor, log_likelihood: Tensor | float = 0.0) -> Rows:
        """Each row with its ``token`` (K,), which earned ``score`` (K,) and a chosen one its ``log_likelihood``."""
        identity = self.identity
        if len(token) > 1:
            name = identity * self.logits.shape[1] + token
            identity = (name[:, None] == name).byte().argmax(dim=1)  # the first row alike
        return self._replace(
            tokens=torch.cat([self.tokens, token[:, None]], dim=1),
            identity=identity,
            score=self.score + score,
            log_likelihood=self.log_likelihood + log_likelihood,
        )

    def choose(self, token: Tensor, score: Tensor) -> Rows:
        """``append`` of a token that was free."""
        return self.append(token, score, gather(self.logits.log_softmax(dim=-1), token))

    def advance(self, model: StepModel) -> Rows:
        """The model reads each row's last token."""
        logits, state = model.step(self.tokens[:, -1], self.state)
        return self._replace(logits=logits, state=state)

    def all_end_with(self, token: int) -> bool:
        return bool((self.tokens[:, -1] == token).all())


@torch.inference_mode()
def hybrid_beam_search(
    model: StepModel,
    bos_token: int,
    fixed: Tensor,
    *,
    num_beams: int = 1,
    beam_prob: float = 0.0,
    condition: Tensor | None = None,
    processors: Sequence[LogitsProcessor] = (),
    generator: torch.Generator | None = None,
    end_token: int | None = None,
    on_step: OnStep | None = None,
) -> Drawn:
    """Writes a token wherever ``fixed`` (L,) holds ``FREE``; elsewhere takes the token that it names.

    Stops before L tokens once all rows end with ``end_token``; a row that came to it sooner goes on as the model does.

    At each free step, with probability ``beam_prob``, all continuations of all beams compete and the best
    ``num_beams`` live on; else each beam draws one token. Identical beams are one when they compete, and fewer
    survivors are repeated up to ``num_beams``, so that draws always widen the search again.
    ``condition`` (L, C) is shared by all beams.

    The hybrid of stochastic and beam search follows 'Everybody Compose: Deep Beats To Music', 2023.
    """
    rows = start(model, bos_token, num_beams, condition)
    for i, token in enumerate(fixed.tolist()):
        if token != FREE:
            rows = take(rows, token)
        else:
            logp = process(processors, rows.tokens, rows.logits).log_softmax(dim=-1)  # (K, V)
            if beam_prob and torch.rand((), generator=generator) < beam_prob:
                rows = compete(rows, logp)
            else:
                rows = draw(rows, logp, generator)
        if on_step:
            on_step(i + 1, len(fixed))
        if i + 1 == len(fixed) or (end_token is not None and rows.all_end_with(end_token)):
            break
        rows = rows.advance(model)
    rows = rows.pick(rows.score.argsort(descending=True, stable=True))
    rows = rows.pick(first_of_each(rows.identity))
    return Drawn(rows.tokens[:, 1:], rows.score, rows.log_likelihood)


@torch.inference_mode()
def infill(
    model: StepModel,
    bos_token: int,
    fixed: Tensor,
    *,
    num_particles: int = 32,
    look_ahead: int = 16,
    condition: Tensor | None = None,
    processors: Sequence[LogitsProcessor] = (),
    generator: torch.Generator | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """One draw (L,) that keeps every fixed token and leads into those that follow a gap.

    A particle filter: each of ``num_particles`` rows draws the ``FREE`` tokens of ``fixed`` (L,), and is weighted
    by how likely it makes each fixed token after them, up to ``look_ahead`` tokens beyond the last gap. Rows are
    resampled by weight when few of them carry most of it, and one is drawn by weight at the end.
    """
    free = (fixed == FREE).nonzero()[:, 0]
    stop = min(len(fixed), int(free[-1]) + 1 + look_ahead) if len(free) else 0
    rows = start(model, bos_token, num_particles, condition)
    for i, token in enumerate(fixed[:stop].tolist()):
        if token == FREE:
            logp = process(processors, rows.tokens, rows.logits).log_softmax(dim=-1)
            rows = draw(rows, logp, generator)._replace(score=rows.score)  # the weight comes from fixed tokens alone
        else:
            rows = resample(take(rows, token), generator)
        if i + 1 < stop:
            rows = rows.advance(model)
        if on_step:
            on_step(i + 1, stop)
    row = torch.multinomial(rows.score.softmax(dim=0), 1, generator=generator)[0]
    return torch.cat([rows.tokens[row, 1:], fixed[stop:]])


def start(model: StepModel, bos_token: int, num_rows: int, condition: Tensor | None) -> Rows:
    state = model.initial_state(num_rows, None if condition is None else condition[None])
    device = condition.device if condition is not None else torch.device("cpu")
    tokens = torch.full((num_rows, 1), bos_token, dtype=torch.int64, device=device)
    logits, state = model.step(tokens[:, 0], state)
    zeros = torch.zeros(num_rows, dtype=logits.dtype, device=device)
    return Rows(tokens, torch.zeros_like(tokens[:, 0]), zeros, zeros, logits, state)


def take(rows: Rows, token: int) -> Rows:
    """Every row goes on with the same fixed ``token``, at the model's own probability."""
    chosen = torch.full_like(rows.identity, token)
    return rows.append(chosen, gather(rows.logits.log_softmax(dim=-1), chosen))


def draw(rows: Rows, logp: Tensor, generator: torch.Generator | None) -> Rows:
    """Every row goes on with a token drawn from its ``logp`` (K, V)."""
    chosen = torch.multinomial(logp.exp(), 1, generator=generator)[:, 0]
    return rows.choose(chosen, gather(logp, chosen))


def compete(rows: Rows, logp: Tensor) -> Rows:
    """The best K of all continuations ``logp`` (K, V) of all different rows."""
    width, vocab_size = logp.shape
    if width == 1:  # nobody to compete with
        chosen = logp.argmax(dim=1)
        return rows.choose(chosen, logp[0, chosen])
    entrants = first_of_each(rows.identity)
    totals = (rows.score[entrants, None] + logp[entrants]).flatten()
    best = totals.topk(min(width, int(totals.isfinite().sum()))).indices
    best = best[torch.arange(width, device=best.device) % len(best)]  # too few survivors are repeated
    parents, chosen = entrants[best // vocab_size], best % vocab_size
    return rows.pick(parents).choose(chosen, logp[parents, chosen])


def resample(rows: Rows, generator: torch.Generator | None) -> Rows:
    """Rows drawn in proportion to their weight, once the effective number of rows falls below half."""
    weights = rows.score.softmax(dim=0)
    num_rows = len(weights)
    if 1 / weights.square().sum() >= num_rows / 2:
        return rows
    chosen = torch.multinomial(weights, num_rows, replacement=True, generator=generator)
    return rows.pick(chosen)._replace(score=torch.zeros_like(rows.score))


def first_of_each(identity: Tensor) -> Tensor:
    """The first row (K',) of every group of rows with the same ``identity`` (K,), in order."""
    order = identity[:, None] == identity[None, :]
    return (~order.tril(diagonal=-1).any(dim=1)).nonzero()[:, 0]


def gather(logp: Tensor, tokens: Tensor) -> Tensor:
    """``logp[i, tokens[i]]`` for each row i."""
    return logp.gather(1, tokens.unsqueeze(1)).squeeze(1)
