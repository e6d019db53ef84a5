"""Multi-head attention whose keys and values can be kept, and learned positions relative to the query.

Shapes: H heads, N queries, S keys, W distances, D width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.probe import Look, tell_attention

QUERY_BLOCK = 128
"""Queries that are answered together: with a reach, a piece of any length takes memory linear in it."""


def heads(x: Tensor, num_heads: int) -> Tensor:
    """``x`` (B, S, D) as (B, H, S, D / H)."""
    return x.view(*x.shape[:2], num_heads, -1).transpose(1, 2)


class RelativePositions(nn.Module):
    """An embedding for each head of every distance, from a query to a key at most ``max_distance`` places away.

    Keys further away take the furthest embedding, so that a sequence may be of any length. Distances into the
    past are negative; those into the future are learned where ``future`` is set. After Shaw et al., 'Self-Attention
    with Relative Position Representations', 2018, and Huang et al., 'Music Transformer', 2018.
    """

    def __init__(self, num_heads: int, head_dim: int, max_distance: int, *, future: bool) -> None:
        super().__init__()
        self.past, self.future = max_distance, max_distance if future else 0
        self.weight = nn.Parameter(torch.randn(num_heads, self.past + 1 + self.future, head_dim) * 0.02)

    def table(self, reach: int) -> Tensor:
        """E_r (H, W, D) of every distance that is less than ``reach``, the furthest past one first."""
        distances = torch.arange(1 - reach, reach if self.future else 1, device=self.weight.device)
        return self.weight[:, distances.clamp(-self.past, self.future) + self.past]

    def forward(self, query: Tensor, first: int, num_keys: int) -> Tensor:
        """Q E_r^T (B, H, N, S) of ``query`` (B, H, N, D) at the places from ``first`` on and keys from place 0 on.

        Without a future the places behind a query hold no meaning and must be masked. Takes O(S D) memory for the
        embeddings: no (N, S, D) tensor is made.
        """
        last = first + query.shape[2] - 1
        nearest, furthest = -last, num_keys - 1 - first if self.future else 0  # the distances that occur
        low, high = max(nearest, -self.past), min(furthest, self.future)
        weight = self.weight[:, low + self.past : high + self.past + 1]
        products = query @ weight.transpose(1, 2)
        if low > nearest or high < furthest:
            products = F.pad(products, (low - nearest, furthest - high, 0, 0), mode="replicate")
        return skew(products, num_keys)


def skew(products: Tensor, num_keys: int) -> Tensor:
    """From distances to places: (.., N, W) to (.., N, S).

    Column w of ``products`` is the key w - (N - 1) places right of key 0 as the last query sees it, which the query
    above it sees one column further right. Reading the rows, padded by one, at their old width moves each row into
    line: the trick of 'Music Transformer' for any number of queries and for both directions.
    """
    num_queries, width = products.shape[-2:]
    if num_queries == 1:
        return products[..., :num_keys]
    flat = F.pad(products, (1, 0)).flatten(-2)
    return flat[..., num_queries:].unflatten(-1, (num_queries, width))[..., :num_keys]


class Attention(nn.Module):
    """Scaled dot-product attention, (Q K^T + Q E_r^T) / sqrt(D), with or without relative positions.

    A query sees keys less than ``reach`` places away; where ``causal``, none behind its own place. A network that
    was trained on pieces of ``reach`` notes then works on longer ones as it has learned to, in time and memory
    linear in their length.
    """

    def __init__(
        self, dim: int, num_heads: int, reach: int, *, causal: bool, relative: RelativePositions | None
    ) -> None:
        super().__init__()
        self.num_heads, self.reach, self.causal, self.relative = num_heads, reach, causal, relative
        self.scale = (dim // num_heads) ** -0.5
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)

    def keys_values(self, source: Tensor) -> Tensor:
        """Keys and values (B, 2 H, S, D / H) of ``source`` (B, S, D), for ``forward`` now or later."""
        return heads(self.key_value(source), 2 * self.num_heads)

    def table(self) -> Tensor | None:
        """What ``step`` needs of the relative positions, (H, W, D / H)."""
        return None if self.relative is None else self.relative.table(self.reach)

    def step(self, x: Tensor, keys_values: Tensor, place: int, table: Tensor | None) -> Tensor:
        """``forward`` of one query ``x`` (B, D) at ``place``; ``table`` (B, H, W, D / H) is that of ``table()``.

        For a single query Q K^T + Q E_r^T is sooner found as Q (K + E_r)^T, and if all rows share their keys, once
        for all: they then are so many queries of one row.
        """
        if shared := keys_values.stride(0) == 0:
            keys_values, table = keys_values[:1], None if table is None else table[:1]
        start = max(0, place - self.reach + 1)
        stop = min(keys_values.shape[2], place + (1 if self.causal else self.reach))
        keys, values = keys_values.narrow(2, start, stop - start).chunk(2, dim=1)
        if table is not None:
            keys = keys + table.narrow(2, start - place + self.reach - 1, stop - start)
        query = heads(self.query(x).unsqueeze(0 if shared else 1), self.num_heads)
        drawn = F.scaled_dot_product_attention(query, keys, values, scale=self.scale)
        return self.out(drawn.transpose(1, 2).reshape(x.shape))

    def forward(self, x: Tensor, keys_values: Tensor, first: int = 0, padding: Tensor | None = None) -> Tensor:
        """What ``x`` (B, N, D), at the places from ``first`` on, draws from ``keys_values`` (B, 2 H, S, D / H).

        ``padding`` (B, S) is true for keys that are none.
        """
        query = heads(self.query(x) * self.scale, self.num_heads)
        if x.shape[1] <= QUERY_BLOCK:
            drawn = self.attend(query, keys_values, first, padding)
        else:
            blocks = enumerate(query.split(QUERY_BLOCK, dim=2))
            drawn = torch.cat([self.attend(q, keys_values, first + i * QUERY_BLOCK, padding) for i, q in blocks], dim=2)
        return self.out(drawn.transpose(1, 2).reshape(x.shape))

    def attend(self, query: Tensor, keys_values: Tensor, first: int, padding: Tensor | None) -> Tensor:
        """(B, H, N, D / H) for one block of queries, which are scaled already."""
        num_queries, num_keys = query.shape[2], keys_values.shape[2]
        start = max(0, first - self.reach + 1)
        stop = min(num_keys, first + num_queries + (0 if self.causal else self.reach - 1))
        near = keys_values if stop - start == num_keys else keys_values[:, :, start:stop]
        keys, values = near.chunk(2, dim=1)
        bias = self.bias(query, first - start, stop - start, None if padding is None else padding[:, start:stop])
        tell_attention(self, lambda: Look(attention_weights(query, keys, bias), first - start))
        return F.scaled_dot_product_attention(query, keys, values, attn_mask=bias, scale=1.0)

    def bias(self, query: Tensor, first: int, num_keys: int, padding: Tensor | None) -> Tensor | None:
        """What is added to Q K^T / sqrt(D), to be broadcast to (B, H, N, S): -inf for keys that must not be seen.

        A query deep in the padding may see none; torch's attention then gives nought.
        """
        bias = None if self.relative is None else self.relative(query, first, num_keys)
        num_queries = query.shape[2]
        if self.causal or num_keys > self.reach:
            places = torch.arange(num_keys, device=query.device)
            distance = places - places[first : first + num_queries, None]  # (N, S)
            too_far = distance > 0 if self.causal else distance >= self.reach
            bias = masked(bias, too_far | (distance <= -self.reach), query)
        if padding is not None:
            bias = masked(bias, padding[:, None, None], query)
        return bias


def attention_weights(query: Tensor, keys: Tensor, bias: Tensor | None) -> Tensor:
    """(B, H, N, S) What scaled queries (B, H, N, D) make of ``keys`` (B, H, S, D); nought where they may see none."""
    products = query @ keys.transpose(-1, -2)
    return (products if bias is None else products + bias).softmax(dim=-1).nan_to_num()


def masked(bias: Tensor | None, hidden: Tensor, like: Tensor) -> Tensor:
    """``bias``, or nought of the kind of ``like``, with -inf wherever ``hidden`` is true."""
    return (like.new_zeros(()) if bias is None else bias).masked_fill(hidden, -torch.inf)
