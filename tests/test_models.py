"""Contracts that every architecture keeps."""

from __future__ import annotations

import pytest
import torch

from models import ARCHITECTURES, LatentModel, SequenceModel, select, shift_right
from models.beat_features import beat_features, relative_beat_features
from models.echo import Echoing
from tests.conftest import TINY, tiny_model

B, T = 3, 9

NEXT_TOKEN = [name for name, (kind, _) in ARCHITECTURES.items() if issubclass(kind, SequenceModel)]
every_model = pytest.mark.parametrize("model", [pytest.param(tiny_model(name), id=name) for name in NEXT_TOKEN])

every_beat_model = pytest.mark.parametrize(
    "model", [pytest.param(tiny_model(name), id=name) for name in ARCHITECTURES if name.startswith("beat-")]
)


def some_input(num: int = B, length: int = T, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens and a condition that serves as beats (rest, duration) and as places in the bar (quarters, 0 or 1 / 4)."""
    generator = torch.Generator().manual_seed(seed)
    tokens, condition = torch.randint(0, 128, (num, length), generator=generator), torch.full((num, length, 3), 4.0)
    condition[..., :2] = torch.rand(num, length, 2, generator=generator)
    return tokens, condition


def test_every_architecture_has_a_tiny_configuration() -> None:
    assert set(TINY) == set(ARCHITECTURES)


def test_every_architecture_keeps_the_contract_of_its_kind() -> None:
    """Those of latent models are in test_latent.py."""
    latent = {name for name, (kind, _) in ARCHITECTURES.items() if issubclass(kind, LatentModel)}
    assert latent == {"step-vae", "step-vae-sequence"} == set(ARCHITECTURES) - set(NEXT_TOKEN)


@every_model
@torch.inference_mode()
def test_stepping_gives_the_logits_of_forward(model: SequenceModel) -> None:
    tokens, condition = some_input()
    state, stepped = model.initial_state(B, condition), []
    for token in tokens.unbind(dim=1):
        logits, state = model.step(token, state)
        stepped.append(logits)
    torch.testing.assert_close(torch.stack(stepped, dim=1), model(tokens, condition))


@every_model
@torch.inference_mode()
def test_stepping_gives_the_logits_of_forward_on_long_pieces(model: SequenceModel) -> None:
    tokens, condition = some_input(1, 300, seed=1)
    stepped, _ = model.prime(tokens, model.initial_state(1, condition))
    torch.testing.assert_close(stepped, model(tokens, condition)[:, -1])


@every_model
@torch.inference_mode()
def test_step_leaves_its_state_alone(model: SequenceModel) -> None:
    tokens, condition = some_input()
    _, state = model.prime(tokens[:, :3], model.initial_state(B, condition))
    before = {name: tensor.clone() for name, tensor in state.items()}
    first, _ = model.step(tokens[:, 3], state)
    again, _ = model.step(tokens[:, 3], state)
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    torch.testing.assert_close(state, before, rtol=0, atol=0)


@every_model
@torch.inference_mode()
def test_rows_of_the_state_are_sequences(model: SequenceModel) -> None:
    tokens, condition = some_input()
    rows = torch.tensor([2, 0, 0])
    _, state = model.prime(tokens[:, :3], model.initial_state(B, condition))
    logits, _ = model.step(tokens[:, 3], state)
    chosen, _ = model.step(tokens[rows, 3], select(state, rows))
    torch.testing.assert_close(chosen, logits[rows])


@every_model
@torch.inference_mode()
def test_a_shared_condition_is_one_for_each_row(model: SequenceModel) -> None:
    tokens, condition = some_input()
    shared, _ = model.prime(tokens, model.initial_state(B, condition[:1]))
    repeated, _ = model.prime(tokens, model.initial_state(B, condition[:1].repeat(B, 1, 1)))
    torch.testing.assert_close(shared, repeated)


@every_model
@torch.inference_mode()
def test_no_logit_sees_its_own_note_or_a_later_one(model: SequenceModel) -> None:
    tokens, condition = some_input()
    changed = tokens.clone()
    changed[:, 5:] = (changed[:, 5:] + 1) % 128
    before, after = (model(shift_right(t, 128), condition) for t in (tokens, changed))
    torch.testing.assert_close(before[:, :6], after[:, :6], rtol=0, atol=0)
    assert not torch.allclose(before[:, 6:], after[:, 6:])


@every_model
@torch.inference_mode()
def test_padding_changes_nothing(model: SequenceModel) -> None:
    tokens, condition = some_input()
    alone = model(tokens[:1, :4], condition[:1, :4])
    padded = condition.clone()
    padded[0, 4:] = 0
    together = model(tokens, padded, torch.tensor([4, T, T]))
    torch.testing.assert_close(together[:1, :4], alone)
    assert together.isfinite().all()


@every_model
def test_every_weight_can_learn(model: SequenceModel) -> None:
    tokens, condition = some_input()
    model.zero_grad()
    logits = model(shift_right(tokens, 128), condition)
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten()).backward()
    assert not [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]


@every_beat_model
@torch.inference_mode()
def test_what_comes_of_the_rhythm_is_not_copied_for_each_beam(model: SequenceModel) -> None:
    _, condition = some_input()
    state = select(model.initial_state(50, condition[:1]), torch.arange(20))
    _, state = model.step(torch.full((20,), 60), state)
    shared = {name for name, tensor in state.items() if T in tensor.shape[1:] and tensor.stride(0) == 0}
    assert shared >= {name for name, tensor in state.items() if T in tensor.shape[1:]}
    assert shared


def test_select_keeps_a_shared_row_shared() -> None:
    shared = torch.arange(6.0).reshape(1, 2, 3).expand(4, -1, -1)
    picked = select({"shared": shared}, torch.tensor([3, 0]))["shared"]
    assert picked.shape == (2, 2, 3)
    assert picked.stride(0) == 0


def test_beat_features_by_hand() -> None:
    beats = torch.tensor([[[0.0, 0.5], [0.5, 1.0], [0.0, 2.0]]])
    rest, log_rest, log_duration, log_interval, change = beat_features(beats)[0].unbind(dim=1)
    torch.testing.assert_close(rest, torch.tensor([0.0, 0.5, 0.0]))
    torch.testing.assert_close(log_duration, torch.tensor([-1.0, 0.0, 1.0]))
    torch.testing.assert_close(log_interval, torch.tensor([0.0, 0.0, 1.0]))  # 0.5 + 0.5, 1, 2 seconds
    torch.testing.assert_close(change, torch.tensor([0.0, 0.0, 1.0]))
    assert log_rest[0] == log_rest[2] < log_rest[1]


def test_beat_features_survive_absurd_times() -> None:
    assert beat_features(torch.tensor([[[0.0, 0.0], [1e9, 1e9], [5.0, 1e-9]]])).isfinite().all()


def test_relative_beat_features_say_the_same_at_every_tempo_and_ignore_padding() -> None:
    beats = torch.tensor([[[0.0, 0.5], [0.5, 1.0], [0.0, 2.0], [0.0, 0.0]]])
    features = relative_beat_features(beats, torch.tensor([3]))[0, :3]
    torch.testing.assert_close(features[:, :5], beat_features(beats)[0, :3])
    # 1, 1 and 2 seconds to the next attack: log2 0, 0, 1, mean 1/3
    torch.testing.assert_close(features[:, 5], torch.tensor([-1.0, 0.0, 1.0]) - 1 / 3)
    torch.testing.assert_close(features[:, 6], torch.tensor([0.0, 0.0, 1.0]) - 1 / 3)
    torch.testing.assert_close(relative_beat_features(beats[:, :3] * 1.5)[0, :, 5:], features[:, 5:])


ECHOING = [name for name in NEXT_TOKEN if issubclass(ARCHITECTURES[name][0], Echoing)]


@pytest.mark.parametrize("name", ECHOING)
@torch.inference_mode()
def test_votes_count_as_much_as_they_are_trusted(name: str) -> None:
    """A network that trusts its votes half as much lies halfway between itself and one that has none."""
    model = tiny_model(name)
    assert isinstance(model, Echoing)
    tokens, condition = some_input()
    whole, none, half = (twin(tokens, condition) for twin in (model, model.trusting(0.0), model.trusting(0.5)))
    assert not torch.allclose(whole, none)
    torch.testing.assert_close(half, (whole + none) / 2)
    stepped, _ = model.trusting(0.5).prime(tokens, model.trusting(0.5).initial_state(B, condition))
    torch.testing.assert_close(stepped, half[:, -1])
    torch.testing.assert_close(model(tokens, condition), whole, rtol=0, atol=0)


def test_twins_share_their_weights() -> None:
    model = tiny_model("char-lstm-echo")
    assert isinstance(model, Echoing)
    mine, its = dict(model.named_parameters()), dict(model.trusting(0.5).named_parameters())
    assert mine.keys() == its.keys()
    assert all(mine[name] is its[name] for name in mine)
