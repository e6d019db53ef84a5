"""Attention by the words of its definition, literally, against the fast ways of the networks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from models.attention import QUERY_BLOCK, Attention, RelativePositions
from models.beat_lstm_attention import BeatLstmAttention
from models.beat_transformer import BeatTransformer, BeatTransformerConfig
from tests.conftest import tiny_model

B, H, DIM = 2, 2, 8


def literal_relative(relative: RelativePositions, query: Tensor, first: int, num_keys: int) -> Tensor:
    """Q E_r^T with an (N, S, D) tensor of embeddings, as it is defined."""
    places = first + torch.arange(query.shape[2])
    distance = (torch.arange(num_keys) - places[:, None]).clamp(-relative.past, relative.future)
    return torch.einsum("bhnd,hnsd->bhns", query, relative.weight[:, distance + relative.past])


def visible(num_queries: int, first: int, num_keys: int, *, causal: bool) -> Tensor:
    distance = torch.arange(num_keys) - (first + torch.arange(num_queries))[:, None]
    return distance <= 0 if causal else torch.ones_like(distance, dtype=torch.bool)


@given(
    num_queries=st.integers(1, 9), first=st.integers(0, 9), more=st.integers(0, 9),
    max_distance=st.integers(1, 12), future=st.booleans(),
)  # fmt: skip
@torch.inference_mode()
def test_skewing_is_the_literal_sum_at_every_place(
    num_queries: int, first: int, more: int, max_distance: int, future: bool
) -> None:
    num_keys = first + num_queries + (more if future else 0)
    relative = RelativePositions(H, 4, max_distance, future=future)
    query = torch.randn(B, H, num_queries, 4)
    fast, slow = relative(query, first, num_keys), literal_relative(relative, query, first, num_keys)
    seen = visible(num_queries, first, num_keys, causal=not future).expand_as(slow)
    torch.testing.assert_close(fast[seen], slow[seen])


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("length", [7, QUERY_BLOCK + 30])
@torch.inference_mode()
def test_attention_is_the_softmax_of_its_definition_within_reach(causal: bool, length: int) -> None:
    torch.manual_seed(0)
    reach = 5
    relative = RelativePositions(H, DIM // H, 3, future=not causal)
    attention = Attention(DIM, H, reach, causal=causal, relative=relative).eval()
    x = torch.randn(B, length, DIM)
    padding = torch.arange(length) >= torch.tensor([length, length - 2])[:, None]
    keys_values = attention.keys_values(x)

    query = attention.query(x).view(B, length, H, -1).transpose(1, 2)
    keys, values = keys_values.chunk(2, dim=1)
    logits = (query @ keys.transpose(2, 3) + literal_relative(relative, query, 0, length)) / (DIM // H) ** 0.5
    distance = torch.arange(length) - torch.arange(length)[:, None]
    hidden = (distance.abs() >= reach) | ((distance > 0) if causal else torch.zeros_like(distance, dtype=torch.bool))
    drawn = logits.masked_fill(hidden | padding[:, None, None], -torch.inf).softmax(dim=-1) @ values
    expected = attention.out(drawn.transpose(1, 2).flatten(2))

    torch.testing.assert_close(attention(x, keys_values, 0, padding), expected)


@torch.inference_mode()
@pytest.mark.parametrize("place", [0, 4, 11])
@pytest.mark.parametrize("causal", [False, True])
@torch.inference_mode()
def test_a_step_draws_the_same_whether_rows_share_their_keys_or_each_has_its_own(causal: bool, place: int) -> None:
    torch.manual_seed(place)
    relative = RelativePositions(H, DIM // H, max_distance=3, future=not causal)
    attention = Attention(DIM, H, reach=5, causal=causal, relative=relative)
    x, keys_values, table = torch.randn(3, DIM), attention.keys_values(torch.randn(1, 12, DIM)), attention.table()
    assert table is not None
    shared = keys_values.expand(3, -1, -1, -1)
    table = table.expand(3, -1, -1, -1)
    together = attention.step(x, shared, place, table)
    torch.testing.assert_close(together, attention.step(x, shared.clone(), place, table))
    one_by_one = torch.cat([attention(row[None, None], keys_values, first=place)[:, 0] for row in x])
    torch.testing.assert_close(together, one_by_one)


def test_training_starts_anywhere_so_that_far_places_are_known() -> None:
    torch.manual_seed(0)
    model = BeatTransformer(BeatTransformerConfig(129, dim=8, num_heads=2, feed_dim=12, dropout=0.0, max_shift=50))
    tokens, condition = torch.randint(0, 128, (1, 6)), torch.rand(1, 6, 2)
    assert len({model.train()(tokens, condition).sum().item() for _ in range(8)}) > 1
    assert len({model.eval()(tokens, condition).sum().item() for _ in range(8)}) == 1


@torch.inference_mode()
def test_additive_attention_is_the_sum_of_its_definition() -> None:
    model = tiny_model("beat-lstm-attention")
    assert isinstance(model, BeatLstmAttention)
    state, place = model.initial_state(1, torch.rand(1, 9, 2)), 6
    hidden, reach, furthest = state["hidden"], model.config.reach, model.config.max_distance
    energies = {}
    for beat in range(place - reach + 1, 9):
        matched = torch.tanh(state["keys"][0, beat] + model.query(hidden[0]))
        bias = model.location[max(-furthest, min(furthest, beat - place)) + furthest]
        energies[beat] = (model.energy(matched) + bias).exp()
    mean = sum(energies[beat] * state["annotations"][0, beat] for beat in energies) / sum(energies.values())
    torch.testing.assert_close(model.attend(hidden, place, state)[0], mean)
