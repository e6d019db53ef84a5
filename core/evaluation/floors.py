"""What trivial models make of held-out melodies: a network that is worth its name beats them all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.score import Score

NUM_PITCHES = 128
START = -1
"""stands before the first note of a piece"""

Floats = NDArray[np.float64]
Context = tuple[int, ...]


class NGram:
    """Pitches given the ``order - 1`` before them, interpolated with all shorter contexts down to a uniform choice.

    Witten-Bell smoothing: a context that was followed by many different pitches trusts the shorter one more
    (Witten and Bell, 'The Zero-Frequency Problem', 1991).
    """

    def __init__(self, melodies: Sequence[Sequence[int]], order: int) -> None:
        self.order = order
        self.counts: defaultdict[Context, Counter[int]] = defaultdict(Counter)
        for melody in melodies:
            for context, pitch in contexts(melody, order):
                for start in range(order):
                    self.counts[context[start:]][pitch] += 1
        self.known: dict[Context, Floats] = {}

    def probs(self, context: Context) -> Floats:
        """The distribution (128,) of the pitch after ``context``, of at most ``order - 1`` pitches."""
        if context not in self.known:
            shorter = self.probs(context[1:]) if context else np.full(NUM_PITCHES, 1 / NUM_PITCHES)
            followers = self.counts.get(context, Counter())
            mixed = len(followers) * shorter
            mixed[list(followers)] += list(followers.values())
            self.known[context] = mixed / mixed.sum() if followers else shorter
        return self.known[context]


def contexts(melody: Sequence[int], order: int) -> list[tuple[Context, int]]:
    """Every pitch of ``melody`` behind the ``order - 1`` before it."""
    padded = (START,) * (order - 1) + tuple(melody)
    return [(padded[i : i + order - 1], pitch) for i, pitch in enumerate(melody)]


def floors(train: Sequence[Score], heldout: Sequence[Score]) -> dict[str, dict[str, float]]:
    """Accuracy, and ``nll`` in nats a note where there is a likelihood, of trivial models on every note of ``heldout``.

    ``most_frequent_pitch`` counts the pitches of ``train`` plus one each; ``repeat_last_pitch`` misses every first
    note; ``5-gram`` sees the four pitches before. None of them sees the rhythm. ``heldout`` must have notes.
    """
    known, melodies = [score.pitches for score in train], [score.pitches for score in heldout]
    counts = np.bincount([pitch for melody in known for pitch in melody], minlength=NUM_PITCHES) + 1.0
    ngram = NGram(known, order=5)
    notes = [note for melody in melodies for note in contexts(melody, ngram.order)]
    repeated = sum(before == pitch for melody in melodies for before, pitch in pairwise(melody))
    return {
        "most_frequent_pitch": foretelling([(counts / counts.sum(), pitch) for _, pitch in notes]),
        "repeat_last_pitch": {"accuracy": round(repeated / len(notes), 4)},
        "5-gram": foretelling([(ngram.probs(context), pitch) for context, pitch in notes]),
    }


def foretelling(chances: Sequence[tuple[Floats, int]]) -> dict[str, float]:
    """Accuracy and nll of the distributions (128,) that were foretold for the pitches beside them."""
    correct = np.mean([probs.argmax() == pitch for probs, pitch in chances])
    nll = -np.mean([np.log(probs[pitch]) for probs, pitch in chances])
    return {"accuracy": round(float(correct), 4), "nll": round(float(nll), 4)}
