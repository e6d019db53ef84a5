"""What trivial models make of held-out pieces: a network that is worth its name beats them all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

START = -1
"""stands before the first token of a piece"""

Floats = NDArray[np.float64]
Context = tuple[int, ...]


class NGram:
    """Tokens given the ``order - 1`` before them, interpolated with all shorter contexts down to a uniform choice.

    Witten-Bell smoothing: a context that was followed by many different tokens trusts the shorter one more
    (Witten and Bell, 'The Zero-Frequency Problem', 1991).
    """

    def __init__(self, pieces: Sequence[Sequence[int]], order: int, num_tokens: int) -> None:
        self.order, self.num_tokens = order, num_tokens
        self.counts: defaultdict[Context, Counter[int]] = defaultdict(Counter)
        for piece in pieces:
            for context, token in contexts(piece, order):
                for start in range(order):
                    self.counts[context[start:]][token] += 1
        self.known: dict[Context, Floats] = {}

    def probs(self, context: Context) -> Floats:
        """The distribution (V,) of the token after ``context``, of at most ``order - 1`` tokens."""
        if context not in self.known:
            shorter = self.probs(context[1:]) if context else np.full(self.num_tokens, 1 / self.num_tokens)
            followers = self.counts.get(context, Counter())
            mixed = len(followers) * shorter
            mixed[list(followers)] += list(followers.values())
            self.known[context] = mixed / mixed.sum() if followers else shorter
        return self.known[context]


def contexts(piece: Sequence[int], order: int) -> list[tuple[Context, int]]:
    """Every token of ``piece`` behind the ``order - 1`` before it."""
    padded = (START,) * (order - 1) + tuple(piece)
    return [(padded[i : i + order - 1], token) for i, token in enumerate(piece)]


def floors(
    train: Sequence[Sequence[int]], heldout: Sequence[Sequence[int]], num_tokens: int
) -> dict[str, dict[str, float]]:
    """Accuracy, and ``nll`` in nats a token where there is one, of trivial models on all tokens of ``heldout``.

    ``most_frequent`` counts the tokens of ``train`` plus one each; ``repeat_last`` misses every first one; ``5-gram``
    sees the four before. Of melodies the tokens are pitches, and none of them sees the rhythm. ``heldout`` must have
    some.
    """
    counts = np.bincount([token for piece in train for token in piece], minlength=num_tokens) + 1.0
    ngram = NGram(train, 5, num_tokens)
    found = [place for piece in heldout for place in contexts(piece, ngram.order)]
    repeated = sum(before == token for piece in heldout for before, token in pairwise(piece))
    return {
        "most_frequent": foretelling([(counts / counts.sum(), token) for _, token in found]),
        "repeat_last": {"accuracy": round(repeated / len(found), 4)},
        "5-gram": foretelling([(ngram.probs(context), token) for context, token in found]),
    }


def foretelling(chances: Sequence[tuple[Floats, int]]) -> dict[str, float]:
    """Accuracy and nll of the distributions (V,) that were foretold for the tokens beside them."""
    correct = np.mean([probs.argmax() == token for probs, token in chances])
    nll = -np.mean([np.log(probs[token]) for probs, token in chances])
    return {"accuracy": round(float(correct), 4), "nll": round(float(nll), 4)}
