"""Several melodies on one rhythm, side by side: what each is like, and where they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.composition import Composition, with_pitches
from core.formats.pitch_names import pitch_name
from core.sampling.config import scale_of

Floats = NDArray[np.float64]

STEP = 2
"""semitones up to which an interval is a step"""


def melody_facts(piece: Composition) -> dict[str, float | str]:
    """What a musician would note of a melody: key, range, and how it moves. Shares are from 0 to 1."""
    key, pitches = piece.written.key, piece.pitches
    intervals = [abs(b - a) for a, b in pairwise(pitches)]
    return {
        "key": key,
        "in the key": share(pitch % 12 in scale_of(key) for pitch in pitches),
        "range": f"{pitch_name(min(pitches), key)} to {pitch_name(max(pitches), key)}" if pitches else "",
        "repeats": share(interval == 0 for interval in intervals),
        "steps": share(0 < interval <= STEP for interval in intervals),
        "leaps": share(interval > STEP for interval in intervals),
        "different pitches": len(set(pitches)),
    }


def share(facts: Iterable[bool]) -> float:
    values = list(facts)
    return sum(values) / len(values) if values else 0.0


def agreement(pieces: Sequence[Composition]) -> Floats:
    """(N, N) Share of notes that have the same pitch in two pieces of equal length."""
    pitches = np.array([piece.pitches for piece in pieces])  # (N, T)
    return (pitches[:, None] == pitches[None]).mean(axis=-1)


def consensus(pieces: Sequence[Composition]) -> Floats:
    """(T,) Share of the pieces that have a note's commonest pitch."""
    notes = zip(*(piece.pitches for piece in pieces), strict=True)
    return np.array([Counter(note).most_common(1)[0][1] / len(pieces) for note in notes])


def likelihoods(checkpoints: Sequence[Checkpoint], pieces: Sequence[Composition]) -> Floats:
    """(M, N) Log-likelihood in nats a note of each piece under each model: how much one likes what another wrote."""
    return np.array([[nats_a_note(model, piece) for piece in pieces] for model in checkpoints])


def nats_a_note(checkpoint: Checkpoint, piece: Composition) -> float:
    as_learned = replace(piece, sampling=replace(piece.sampling, echo=1.0))
    log_likelihood = with_pitches(checkpoint, as_learned, piece.pitches).log_likelihood
    assert log_likelihood is not None  # every model of rhythms can tell
    return log_likelihood / max(1, num_free(piece))


def num_free(piece: Composition) -> int:
    """Notes that the user did not give."""
    return len(piece.pitches) - piece.num_given
