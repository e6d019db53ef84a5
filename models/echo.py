"""Attention over the notes already written, that answers with their pitches.

Shapes: H heads, N queries, S keys, D width of a head, R = 2 ``RANGE`` + 1 intervals, M = R + signs moves.
"""

from __future__ import annotations

import copy
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import SequenceModel
from models.probe import Look, tell_attention

NUM_PITCHES = 128
RANGE = 24
"""Semitones either way that an interval is told exactly; leaps are rarely wider than two octaves."""
NUM_INTERVALS = 2 * RANGE + 1
QUERY_BLOCK = 128
"""Queries that are answered together, so that long pieces take memory linear in their length."""
NUM_BUCKETS = 10


class Pointer(nn.Module):
    """Compares the present context with those of earlier places: attention whose answer its owner makes of the weights.

    The present place's own key stands for nothing: looking at it means that no earlier place is worth a look.
    """

    def __init__(self, context_dim: int, num_heads: int, head_dim: int, reach: int) -> None:
        super().__init__()
        self.num_heads, self.reach = num_heads, reach
        self.query = nn.Linear(context_dim, num_heads * head_dim)
        self.key = nn.Linear(context_dim, num_heads * head_dim)
        self.distance = nn.Parameter(torch.zeros(num_heads, NUM_BUCKETS))

    def queries(self, context: Tensor) -> Tensor:
        """(B, H, N, D) of the contexts (B, N, C)."""
        return self.query(context).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def keys(self, context: Tensor) -> Tensor:
        """(B, H, S, D) of the contexts (B, S, C)."""
        return self.key(context).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def remember(self, memory: Tensor, new: Tensor, dim: int) -> Tensor:
        """``memory`` and ``new`` behind it, as far back as the echo reaches."""
        length = memory.shape[dim]
        kept = min(length, self.reach - 1)
        return torch.cat([memory.narrow(dim, length - kept, kept), new], dim=dim)

    def weights(self, query: Tensor, keys: Tensor, first: int) -> Tensor:
        """Attention (B, H, N, S), nought at a query's own place and after it."""
        places = torch.arange(keys.shape[2], device=keys.device)
        distance = places[first:, None] - places  # (N, S)
        bucket = (distance.clamp_min(0) + 1).log2().long().clamp_max(NUM_BUCKETS - 1)  # 0, 1-2, 3-6, 7-14, ..
        logits = query @ keys.transpose(-1, -2) / query.shape[-1] ** 0.5 + self.distance[:, bucket]
        hidden = (distance < 0) | (distance >= self.reach)
        weights = logits.masked_fill(hidden, -torch.inf).softmax(dim=-1).masked_fill(distance <= 0, 0.0)
        tell_attention(self, lambda: Look(weights[..., :-1], first - 1))  # a key answers with what was written there
        return weights


class Echoing(SequenceModel):
    """A network with a pointer, whose votes it adds to its logits.

    What it writes itself it repeats more readily than what it was taught with, and the more so the lower the
    temperature: a vote that comes true is cast again. To write like people it may have to trust its votes less.
    """

    trust = 1.0
    """by which the weight of its votes is multiplied; 1: as it learned"""

    def trusting(self, trust: float) -> Self:
        """A twin of the network with another ``trust``, on the same weights."""
        twin = copy.copy(self)
        twin.trust = trust
        return twin


class Echo(Pointer):
    """Finds where the music stood as it stands now, and votes for what followed there.

    Each head compares the context of the note to be written with the contexts in which earlier notes were written,
    and returns what was written there in two ways: as pitches, seen from the note before, and as intervals. Tunes
    repeat themselves at pitch and transposed. A head that looks at all places alike tells the key.

    A pointer network (Vinyals et al., 2015) whose votes are added to the logits and read by the layers above.
    """

    def __init__(
        self,
        context_dim: int,
        num_heads: int,
        head_dim: int,
        reach: int,
        num_pitches: int = NUM_PITCHES,
        num_signs: int = 0,
    ) -> None:
        """``num_signs`` is of tokens that are no notes, such as a rest; each gets a vote of its own."""
        super().__init__(context_dim, num_heads, head_dim, reach)
        self.num_pitches, self.num_signs = num_pitches, num_signs

    def forward(
        self, context: Tensor, keys: Tensor, pitches: Tensor, moves: Tensor, first: int, last: Tensor | None = None
    ) -> Tensor:
        """Votes (B, N, 2, H, M) of the places from ``first`` on, with their ``context`` (B, N, C).

        ``pitches`` and ``moves`` (B, S) are those of the token *before* each place: what a key's own place holds is
        found one further on. A pitch is ``num_pitches`` where the token has none; a move is an interval counted from
        ``-RANGE``, or R and more for a sign, or M for neither. Votes at pitch are seen from the ``last`` notes (B, N);
        by default those are the tokens before.
        """
        query = self.queries(context)
        last = pitches[:, first : first + query.shape[2]] if last is None else last
        blocks = zip(query.split(QUERY_BLOCK, dim=2), last.split(QUERY_BLOCK, dim=1), strict=True)
        votes = [
            self.votes(block, keys, pitches, moves, first + i * QUERY_BLOCK, seen)
            for i, (block, seen) in enumerate(blocks)
        ]
        return votes[0] if len(votes) == 1 else torch.cat(votes, dim=1)

    def votes(self, query: Tensor, keys: Tensor, pitches: Tensor, moves: Tensor, first: int, last: Tensor) -> Tensor:
        """(B, N, 2, H, M) for one block of queries."""
        start, stop = max(0, first - self.reach + 1), first + query.shape[2]
        weights = self.weights(query, keys[:, :, start:stop], first - start)
        weights = weights[..., :-1]  # the last key is not written yet
        written = slice(start + 1, stop)
        at_pitch = weighted_counts(weights, pitches[:, written], self.num_pitches + 1)[..., :-1]
        at_pitch = F.pad(seen_from(at_pitch, last[:, None]), (0, self.num_signs))
        moved = weighted_counts(weights, moves[:, written], NUM_INTERVALS + self.num_signs + 1)[..., :-1]
        return torch.stack([at_pitch, moved], dim=1).permute(0, 3, 1, 2, 4)


def weighted_counts(weights: Tensor, values: Tensor, num_values: int) -> Tensor:
    """How much of ``weights`` (B, H, N, S) falls on each of the ``values`` (B, S): (B, H, N, V)."""
    if weights.shape[2] == 1:  # one query: no need for a one-hot matrix
        counts = weights.new_zeros(*weights.shape[:3], num_values)
        return counts.scatter_add(3, values[:, None, None].expand_as(weights), weights)
    return weights @ F.one_hot(values, num_values).to(weights.dtype)[:, None]


def seen_from(at_pitch: Tensor, pitch: Tensor) -> Tensor:
    """From pitches (B, H, N, V) to intervals (B, H, N, R) above or below ``pitch`` (B, 1, N)."""
    window = pitch[..., None] + torch.arange(NUM_INTERVALS, device=pitch.device)  # of the padded pitches
    return F.pad(at_pitch, (RANGE, RANGE)).gather(-1, window.expand(*at_pitch.shape[:-1], -1))
