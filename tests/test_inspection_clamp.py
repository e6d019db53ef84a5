"""A unit that is held fast is constant wherever the network runs, and nothing else is changed."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec, StepCodec
from core.errors import InputError
from core.generate import blank, generate
from core.inspection import ablation, clamp_range, clamped, subject, trace, units_of
from core.inspection.clamp import gelu_inverse
from core.inspection.layers import layers_of
from core.latent import continue_tokens, space_of
from core.latent import sample as draw
from core.likelihood import evaluate, log_probs
from core.sampling import SamplingConfig
from models import ARCHITECTURES, SequenceModel
from tests.conftest import MELODY, tiny_checkpoint

every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)
every_vae = pytest.mark.parametrize("name", ["step-vae", "step-vae-sequence"])
NEXT_TOKEN = [name for name, (kind, _) in ARCHITECTURES.items() if issubclass(kind, SequenceModel)]


def changed(checkpoint: Checkpoint, other: Checkpoint) -> dict[str, int]:
    """How many rows of which weights differ."""
    after = other.model.state_dict()
    differ = {
        name: (weight != after[name]).reshape(len(weight), -1) for name, weight in state_of(checkpoint) if weight.dim()
    }
    return {name: int(rows.any(dim=1).sum()) for name, rows in differ.items() if rows.any()}


def state_of(checkpoint: Checkpoint) -> list[tuple[str, torch.Tensor]]:
    return list(checkpoint.model.state_dict().items())


@every_architecture
def test_a_held_unit_is_constant_and_the_rest_of_its_weights_untouched(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    before = [tensor.clone() for _, tensor in state_of(checkpoint)]
    encoded = subject(checkpoint, MELODY).encoded
    for layer in layers_of(checkpoint.model):
        low, high = clamp_range(checkpoint.model, layer.name)
        for value in (0.0, max(low, -2.0), min(high, 3.0), 0.3):
            held = clamped(checkpoint, layer.name, 1, value)
            values = trace(held, encoded).layers[layer.name]
            torch.testing.assert_close(values[:, 1], torch.full((len(values),), value), atol=2e-6, rtol=0)
            rows = changed(checkpoint, held)
            assert len(rows) <= 4  # of one layer and direction: two weights and two biases, or one of each
            assert max(rows.values()) <= 4  # gates
    assert all(torch.equal(a, b) for a, (_, b) in zip(before, state_of(checkpoint), strict=True))


@pytest.mark.parametrize(
    ("name", "layer", "key"),
    [
        ("char-rnn", "rnn", "hidden"),
        ("char-lstm", "lstm", "hidden"),
        ("char-lstm", "lstm cell", "cell"),
        ("char-lstm-echo", "lstm 2", "hidden"),
        ("beat-rnn", "rnn 2", "hidden"),
        ("beat-lstm-local", "decoder", "hidden"),
        ("beat-lstm-attention", "decoder", "hidden"),
        ("beat-lstm-echo", "decoder cell", "cell"),
        ("step-lstm-echo", "lstm", "hidden"),
    ],
)
@torch.inference_mode()
def test_a_held_unit_is_constant_in_every_step_of_a_search(name: str, layer: str, key: str) -> None:
    held = clamped(tiny_checkpoint(name), layer, 5, -0.4)
    tokens, condition = subject(held, MELODY).encoded
    state = held.model.initial_state(1, None if condition is None else condition[None].float())
    for token in tokens[:6]:
        _, state = held.model.step(token[None], state)
        assert state[key].flatten()[-12:][5].item() == pytest.approx(-0.4, abs=1e-6)


@pytest.mark.parametrize("name", NEXT_TOKEN)
@torch.inference_mode()
def test_steps_of_a_held_network_give_the_logits_of_its_forward(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    held = clamped(checkpoint, next(iter(units_of(checkpoint.model))), 2, 0.5)
    tokens, condition = subject(held, MELODY).encoded
    expected = log_probs(held.model, held.codec.bos_token, tokens[None], condition)[0, :5]
    state = held.model.initial_state(1, None if condition is None else condition[None].float())
    for place, token in enumerate([held.codec.bos_token, *tokens[:4].tolist()]):
        logits, state = held.model.step(torch.tensor([token]), state)
        logits[:, held.codec.bos_token] = -torch.inf
        torch.testing.assert_close(logits.log_softmax(dim=-1)[0], expected[place])
    free = log_probs(checkpoint.model, held.codec.bos_token, tokens[None], condition)[0, :5]
    assert not torch.allclose(expected, free)


@every_architecture
def test_a_held_network_composes(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    held = clamped(checkpoint, next(iter(units_of(checkpoint.model))), 0, 0.0)
    encoded = subject(checkpoint, MELODY).encoded
    num, condition = len(encoded.tokens), encoded.condition
    if isinstance(checkpoint.codec, AbcCharsCodec):
        prompt = checkpoint.codec.tokens_of("X:1\nK:C\nC")
        fixed = blank(num, prompt)
        fixed[len(prompt) :] = torch.tensor([*checkpoint.codec.tokens_of("D" * (num - len(prompt) - 1)), -1])
    else:
        fixed = blank(num, encoded.tokens[:1].tolist() if isinstance(checkpoint.codec, StepCodec) else ())
    again = [generate(held, fixed, condition=condition, sampling=SamplingConfig(seed=3)).tokens for _ in range(2)]
    assert torch.equal(*again)


def test_what_a_held_unit_costs() -> None:
    for name in ("char-lstm", "beat-transformer", "step-gru-attention"):
        checkpoint = tiny_checkpoint(name)
        pieces = [subject(checkpoint, score).encoded for score in (MELODY, MELODY.transposed(2))]
        layer = list(units_of(checkpoint.model))[-1]
        before, after = ablation(checkpoint, layer, 0, 0.2, pieces)
        assert before == (evaluate(checkpoint, pieces).nll, None)
        assert after == (evaluate(clamped(checkpoint, layer, 0, 0.2), pieces).nll, None)
        assert after != before


@every_vae
def test_what_a_held_unit_costs_a_vae(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    pieces = [subject(checkpoint, score).encoded for score in (MELODY, MELODY.transposed(2))]
    for layer, value in ((next(iter(units_of(checkpoint.model))), 0.6), ("z", 2.5)):
        before, after = ablation(checkpoint, layer, 0, value, pieces)
        traces = [trace(checkpoint, piece) for piece in pieces]
        given_back = torch.cat([one.probs.argmax(dim=1) == p.tokens for one, p in zip(traces, pieces, strict=True)])
        assert before.given_back == pytest.approx(given_back.float().mean().item())
        assert math.isfinite(before.nats)
        assert after.nats != before.nats


@every_vae
@torch.inference_mode()
def test_whatever_is_written_at_a_point_is_written_as_if_a_held_dimension_had_its_value(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    held = clamped(checkpoint, "z", 2, -1.5)
    z = torch.randn(4, space_of(checkpoint).dim, generator=torch.Generator().manual_seed(0))
    there = z.clone()
    there[:, 2] = -1.5
    torch.testing.assert_close(held.model.decode(z), checkpoint.model.decode(there))
    windows = torch.randint(2, 20, (4, space_of(checkpoint).window), generator=torch.Generator().manual_seed(1))
    others = [dimension for dimension in range(z.shape[1]) if dimension != 2]
    for free, now in (
        (checkpoint.model.encode(windows), held.model.encode(windows)),
        (checkpoint.model.outlook(windows), held.model.outlook(windows)),
    ):
        assert not now.divergence()[..., 2].any()
        torch.testing.assert_close(now.divergence()[..., others], free.divergence()[..., others])


@every_vae
def test_a_dimension_that_says_nothing_costs_nothing_wherever_it_is_held(name: str) -> None:
    silent = clamped(tiny_checkpoint(name), "z", 1, 0.0)
    before, after = ablation(silent, "z", 1, 3.0, [subject(silent, MELODY).encoded])
    assert after == before


@every_vae
def test_a_melody_is_drawn_and_goes_on_with_a_dimension_held(name: str) -> None:
    checkpoint, settings = tiny_checkpoint(name), SamplingConfig(seed=4)
    held = clamped(checkpoint, "z", 0, 20.0)
    points, windows = draw(held, 3, settings)
    there, free = draw(checkpoint, 3, settings)
    assert torch.equal(points, there)
    assert not torch.equal(windows, free)
    encoded = subject(checkpoint, MELODY).encoded
    on = [continue_tokens(one, encoded, 16, settings) for one in (held, held, checkpoint)]
    assert torch.equal(on[0], on[1])
    assert not torch.equal(on[0], on[2])


def test_ranges() -> None:
    ranges = {
        ("char-rnn", "rnn"): (-1, 1),
        ("char-lstm", "lstm"): (-math.tanh(1), math.tanh(1)),
        ("char-lstm", "lstm cell"): (-1, 1),
        ("step-gru-attention", "gru 1 backward"): (-1, 1),
        ("step-gru-attention", "dense 2"): (0, math.inf),
        ("beat-transformer", "decoder 1 feed"): (0, math.inf),
        ("roll-gru-attention", "dense"): (-math.inf, math.inf),  # a leaky ReLU
    }
    for (name, layer), expected in ranges.items():
        assert clamp_range(tiny_checkpoint(name).model, layer) == pytest.approx(expected)
    low, high = clamp_range(tiny_checkpoint("char-lstm-echo").model, "dense")
    assert low == pytest.approx(float(F.gelu(torch.linspace(-2, 0, 10_001)).min()), abs=1e-6)
    assert high == math.inf


@pytest.mark.parametrize("value", [-0.16, 0.0, 0.3, 2.5, 100.0])
def test_gelu_inverse(value: float) -> None:
    assert F.gelu(torch.tensor(gelu_inverse(value), dtype=torch.float64)).item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("layer", "unit", "value", "sentence"),
    [
        ("lstm", 0, 0.8, "cannot be held at 0.8; give -0.7616 to 0.7616."),
        ("lstm", 0, math.nan, "cannot be held at nan"),
        ("z", 0, 0.0, "no layer 'z' that can be held fast; choose one of: lstm, lstm cell."),
        ("lstm", 12, 0.0, "There is no unit 12 in the layer 'lstm'; choose one from 0 to 11."),
        ("lstm", -1, 0.0, "There is no unit -1"),
        ("gru", 0, 0.0, "no layer 'gru' that can be held fast; choose one of: lstm, lstm cell."),
    ],
)
def test_what_cannot_be_held_is_said_in_a_sentence(layer: str, unit: int, value: float, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        clamped(tiny_checkpoint("char-lstm"), layer, unit, value)
    assert sentence in str(error.value)


def test_what_cannot_be_held_in_a_latent_space_is_said_too() -> None:
    checkpoint = tiny_checkpoint("step-vae")
    with pytest.raises(InputError, match="There is no unit 99 in the layer 'z'"):
        clamped(checkpoint, "z", 99, 0.0)
    with pytest.raises(InputError, match="cannot be held at inf"):
        clamped(checkpoint, "z", 0, math.inf)
    with pytest.raises(InputError, match="choose one of: reader, writer, z"):
        clamped(checkpoint, "lstm", 0, 0.0)
