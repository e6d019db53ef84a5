"""Figures of parts of pieces, worked out by hand."""

from __future__ import annotations

import pytest
import torch

from core.codecs import BeatCodec, Encoded
from core.evaluation.parts import LongPieces, parts_of


def nats(early: float, late: float, length: int) -> torch.Tensor:
    """Notes 64 to 128 and 129 to 400 cost so much each, all others a hundred nats."""
    notes = torch.full((length,), 100.0)
    notes[63:128], notes[128:400] = early, late
    return notes


def test_long_pieces_are_compared_within_themselves() -> None:
    parts = parts_of(BeatCodec())
    assert isinstance(parts, LongPieces)
    for early, late, length in ((1.0, 2.0, 450), (3.0, 2.5, 400), (9.0, 9.0, 399)):
        told = nats(early, late, length)
        parts.count(Encoded(torch.zeros(length, dtype=torch.int64)), told)
    assert parts.figures() == {"num_long": 2, "early_nll": pytest.approx(2.0), "late_nll": pytest.approx(2.25)}


def test_where_no_piece_is_long_nothing_is_said() -> None:
    parts = LongPieces()
    parts.count(Encoded(torch.zeros(399, dtype=torch.int64)), torch.ones(399))
    assert parts.figures() == {}
