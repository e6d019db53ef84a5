"""What a model thinks of a piece that is already there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from core.checkpoint import Checkpoint
from core.codecs import Encoded
from models import SequenceModel, shift_right


class HeldOut(NamedTuple):
    """How well a model foretells held-out pieces, every token counted once."""

    num_pieces: int
    num_tokens: int
    nll: float
    """mean negative log-likelihood, in nats a token"""
    accuracy: float
    """share of tokens that the model held likeliest, teacher forced"""


OnPiece = Callable[[Encoded, Tensor], object]


@torch.inference_mode()
def log_probs(
    model: SequenceModel,
    bos_token: int,
    tokens: Tensor,
    condition: Tensor | None = None,
    places: slice = slice(None),
) -> Tensor:
    """Log-probabilities (B, N, V) of each token of ``tokens`` (B, T), given those before it; the start token has none.

    ``condition`` (S, C), S >= T, is shared by all rows. Of all tokens, or of those at ``places`` alone.
    """
    if condition is not None:
        condition = condition.float()[None].expand(len(tokens), -1, -1)
    logits = model.forward_at(shift_right(tokens, bos_token), condition, None, places).float()
    logits[..., bos_token] = -torch.inf
    return logits.log_softmax(dim=-1)


def token_log_probs(checkpoint: Checkpoint, encoded: Encoded) -> Tensor:
    """Log-probability (T,) of every token of a piece, given those before it."""
    _, model, codec = checkpoint
    logp = log_probs(model, codec.bos_token, encoded.tokens[None], encoded.condition)[0]
    return logp.gather(1, encoded.tokens[:, None])[:, 0]


def evaluate(checkpoint: Checkpoint, pieces: Iterable[Encoded], on_piece: OnPiece | None = None) -> HeldOut:
    """Likelihood and accuracy over whole pieces; raises ``ValueError`` when there is nothing to count.

    ``on_piece`` is told each piece and the nats (T,) of its tokens.
    """
    _, model, codec = checkpoint
    num_pieces = num_tokens = 0
    nll = correct = 0.0
    for encoded in pieces:
        logp = log_probs(model, codec.bos_token, encoded.tokens[None], encoded.condition)[0]
        nats = -logp.gather(1, encoded.tokens[:, None])[:, 0].double()
        nll += nats.sum().item()
        if on_piece:
            on_piece(encoded, nats)
        correct += (logp.argmax(dim=-1) == encoded.tokens).sum().item()
        num_pieces, num_tokens = num_pieces + 1, num_tokens + len(encoded.tokens)
    if not num_tokens:
        raise ValueError("no tokens to evaluate on")
    return HeldOut(num_pieces, num_tokens, nll / num_tokens, correct / num_tokens)


class Alternative(NamedTuple):
    """A pitch that a note might have."""

    token: int
    prob: float
    """given the notes before it"""
    prob_in_context: float
    """given the notes before it and those that follow, among the alternatives listed"""


@torch.inference_mode()
def alternatives(
    checkpoint: Checkpoint, encoded: Encoded, index: int, num: int = 8, ahead: int | None = None
) -> list[Alternative]:
    """The likeliest pitches for the note at the place ``index``, and the one that stands there, the best fit first.

    How well each leads into what follows, or the next ``ahead`` tokens of it, is found by reading the piece once with
    each of them.
    """
    _, model, codec = checkpoint
    tokens, condition = encoded.tokens[: None if ahead is None else index + 1 + ahead], encoded.condition
    here = log_probs(model, codec.bos_token, tokens[None, : index + 1], condition, slice(index, None))[0, 0]  # (V,)
    pitched = torch.tensor([pitch >= 0 for pitch in codec.pitches])
    choices = here.masked_fill(~pitched, -torch.inf).topk(min(num, int(pitched.sum()))).indices.tolist()
    if tokens[index].item() not in choices:
        choices[-1] = int(tokens[index])
    versions = tokens.repeat(len(choices), 1)
    versions[:, index] = torch.tensor(choices)
    logp = log_probs(model, codec.bos_token, versions, condition, slice(index, None))  # (K, T - index, V)
    totals = logp.gather(2, versions[:, index:, None])[:, :, 0].sum(dim=1)
    in_context = totals.softmax(dim=0).tolist()
    found = [Alternative(t, here[t].exp().item(), p) for t, p in zip(choices, in_context, strict=True)]
    return sorted(found, key=lambda alternative: -alternative.prob_in_context)
