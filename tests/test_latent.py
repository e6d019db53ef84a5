"""Variational auto-encoders: their networks, their bound, and what is made of their space."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.checkpoint import Checkpoint
from core.codecs import Encoded, StepCodec
from core.errors import InputError
from core.evaluation.latent import active_units, importance_bound, log_weights
from core.latent import (
    NUM_ROUNDS,
    arc,
    context_start,
    continue_tokens,
    decode,
    embed_tunes,
    encode_window,
    first_window,
    is_latent,
    pca_2d,
    place_given,
    sample,
    space_of,
)
from core.sampling import SamplingConfig
from core.sampling.config import scale_of
from core.score import Note, Score
from models import LatentModel
from models.latent import Gaussian, gaussian, standard_normal
from tests.conftest import tiny_checkpoint, tiny_model

CODEC = StepCodec()
VAES = ("step-vae", "step-vae-sequence")
W, Z, V = 16, 3, CODEC.vocab_size
every_vae = pytest.mark.parametrize("model", [pytest.param(tiny_model(name, V), id=name) for name in VAES])
every_checkpoint = pytest.mark.parametrize(
    "checkpoint", [pytest.param(tiny_checkpoint(name), id=name) for name in VAES]
)
DRAWN = SamplingConfig(seed=3)
SONG = Score(tuple(Note(0.5 * i, 0.5, (60, 62, 64, 67)[i % 4]) for i in range(25)), upbeat=0.5)


def some_windows(num: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, V - 1, (num, W), generator=torch.Generator().manual_seed(seed))


def seed_melody(num_steps: int) -> Encoded:
    encoded = CODEC.encode(SONG)
    assert encoded.condition is not None
    return Encoded(encoded.tokens[:num_steps], encoded.condition[:num_steps])


# the networks


@every_vae
@torch.inference_mode()
def test_a_window_is_a_distribution_and_a_point_a_window(model: LatentModel) -> None:
    windows = some_windows()
    posterior = model.encode(windows)
    assert posterior.mean.shape == posterior.log_var.shape == (5, Z)
    logits = model.decode(posterior.mean)
    assert logits.shape == (5, W, V)
    assert logits.isfinite().all()


@every_vae
@torch.inference_mode()
def test_rows_are_windows(model: LatentModel) -> None:
    windows, rows = some_windows(), torch.tensor([2, 0])
    posterior = model.encode(windows)
    torch.testing.assert_close(model.encode(windows[rows]).mean, posterior.mean[rows])
    torch.testing.assert_close(model.decode(posterior.mean[rows]), model.decode(posterior.mean)[rows])


@every_vae
@torch.inference_mode()
def test_the_outlook_sees_nothing_of_what_is_not_known_yet(model: LatentModel) -> None:
    windows = some_windows()
    changed = windows.clone()
    changed[:, 7:] = (changed[:, 7:] + 1) % V
    before, after = model.outlook(windows), model.outlook(changed)
    assert before.mean.shape == (5, 5, Z)  # before the first beat of four steps, and after each
    torch.testing.assert_close(before.mean[:, :2], after.mean[:, :2], rtol=0, atol=0)
    assert not torch.allclose(before.mean[:, 2:], after.mean[:, 2:])
    torch.testing.assert_close(model.outlook(windows[:, :7]).mean, before.mean[:, :2])
    assert model.outlook(windows[:, :0]).mean.shape == (5, 1, Z)


@every_vae
def test_every_weight_can_learn(model: LatentModel) -> None:
    windows = some_windows()
    model.zero_grad()
    posterior = model.encode(windows)
    z = posterior.at(torch.randn(5, Z))
    error = torch.nn.functional.cross_entropy(model.decode(z).flatten(0, 1), windows.flatten())
    (error + posterior.divergence().sum() - model.outlook(windows).log_prob(z.detach()[:, None]).mean()).backward()
    assert not [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]


def test_the_fully_connected_network_begins_as_xavier_has_it() -> None:
    model = tiny_model("step-vae", V)
    bound = math.sqrt(6 / (W * V + 7))
    assert 0.95 * bound < model.reader.weight.abs().max() <= bound  # type: ignore[union-attr]
    assert not model.reader.bias.any()  # type: ignore[union-attr]


# distributions and bounds


def test_divergence_by_hand() -> None:
    posterior = Gaussian(torch.tensor([[0.0, 2.0, 0.0]]), torch.tensor([[0.0, 0.0, math.log(4)]]))
    # (mean^2 + variance - log variance - 1) / 2
    torch.testing.assert_close(posterior.divergence(), torch.tensor([[0.0, 2.0, 0.5 * (3 - math.log(4))]]))


def test_densities_and_draws_are_those_of_torch() -> None:
    posterior = Gaussian(torch.tensor([1.0, -2.0]), torch.tensor([0.5, -1.0]))
    normal = torch.distributions.Normal(posterior.mean, (0.5 * posterior.log_var).exp())
    z = torch.tensor([[0.3, 0.1], [2.0, -3.0]])
    torch.testing.assert_close(posterior.log_prob(z), normal.log_prob(z).sum(dim=-1))
    noise = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0))
    drawn = posterior.at(noise)
    torch.testing.assert_close(drawn.mean(dim=0), posterior.mean, rtol=0, atol=0.04)
    torch.testing.assert_close(drawn.var(dim=0).log(), posterior.log_var, rtol=0, atol=0.04)


def test_gradients_reach_mean_and_variance_through_a_draw() -> None:
    mean, log_var = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    Gaussian(mean, log_var).at(torch.tensor([2.0])).sum().backward()
    assert mean.grad == 1
    assert log_var.grad == 1  # half the noise


def test_a_variance_never_vanishes() -> None:
    assert gaussian(torch.tensor([0.0, -1e9])).log_var.exp() > 0


def test_the_bound_by_hand() -> None:
    weights = torch.tensor([[1.0, 0.25], [3.0, 0.75]]).log()  # (S, N)
    torch.testing.assert_close(importance_bound(weights).exp(), torch.tensor([2.0, 0.5]))
    torch.testing.assert_close(importance_bound(weights[:1]), weights[0])


class Toy(LatentModel):
    """One step of two symbols: p(1 | z) = sigmoid(3 z), and any q(z | x)."""

    def __init__(self, posterior: Gaussian) -> None:
        super().__init__()
        self.posterior = posterior

    def encode(self, tokens: torch.Tensor) -> Gaussian:
        return Gaussian(*(parameter.expand(len(tokens), 1) for parameter in self.posterior))

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch.zeros_like(z), 3 * z], dim=1)[:, None]  # (B, 1, 2)


@given(mean=st.floats(-1, 1), log_var=st.floats(-2, 0.5))
def test_the_bound_lies_between_the_evidence_lower_bound_and_the_truth(mean: float, log_var: float) -> None:
    """By symmetry p(x) of the toy is 1/2, whatever x is."""
    toy = Toy(Gaussian(torch.tensor([[mean]]), torch.tensor([[log_var]])))
    noise = torch.randn(64, 400, 1, generator=torch.Generator().manual_seed(1))
    weights = log_weights(toy, torch.ones(400, 1, dtype=torch.int64), torch.ones(400, 1, dtype=torch.bool), noise)
    elbo, bound = weights.mean(), importance_bound(weights).mean()
    assert elbo <= bound <= math.log(0.5) + 0.05
    eight = importance_bound(weights[:8]).mean()
    assert elbo <= eight + 1e-6
    assert eight <= bound + 0.05


def test_the_bound_of_a_wide_posterior_is_the_truth() -> None:
    toy = Toy(standard_normal(torch.zeros(1, 1)))
    noise = torch.randn(5000, 1, 1, generator=torch.Generator().manual_seed(1))
    weights = log_weights(toy, torch.ones(1, 1, dtype=torch.int64), torch.ones(1, 1, dtype=torch.bool), noise)
    assert importance_bound(weights).item() == pytest.approx(math.log(0.5), abs=0.03)


@every_vae
@torch.inference_mode()
def test_steps_that_are_not_counted_are_no_part_of_the_likelihood(model: LatentModel) -> None:
    windows, noise = some_windows(2), torch.randn(4, 2, Z)
    none = log_weights(model, windows, torch.zeros(2, W, dtype=torch.bool), noise)
    posterior = model.encode(windows)
    z = posterior.at(noise)
    torch.testing.assert_close(none, standard_normal(z).log_prob(z) - posterior.log_prob(z))
    assert (log_weights(model, windows, torch.ones(2, W, dtype=torch.bool), noise) < none).all()


def test_units_are_active_whose_means_differ() -> None:
    means = torch.tensor([[0.0, 1.0, 5.0], [0.0, -1.0, 5.0], [0.1, 0.0, 5.0]])
    assert active_units(means) == 1  # variances 0.0033, 1 and 0


# the space


@every_checkpoint
def test_points_of_tunes_are_those_of_their_first_bars(checkpoint: Checkpoint) -> None:
    window = first_window(checkpoint, SONG)
    rest, held = CODEC.tokens_of(["r", "_"])
    assert window.shape == (W,)
    assert window[:14].tolist() == [rest] * 14  # the bar of the upbeat
    assert window[14:].tolist() == [*CODEC.tokens_of(["60"]), held]
    points = embed_tunes(checkpoint, [SONG, SONG.transposed(1)])
    assert points.shape == (2, Z)
    torch.testing.assert_close(points[0], encode_window(checkpoint, window))
    assert not torch.equal(points[0], points[1])


@every_checkpoint
def test_draws_are_of_their_seed_alone(checkpoint: Checkpoint) -> None:
    z, windows = sample(checkpoint, 3, DRAWN)
    assert z.shape == (3, Z)
    assert windows.shape == (3, W)
    assert CODEC.bos_token not in windows
    later, same = sample(checkpoint, 1, SamplingConfig(seed=5))
    assert torch.equal(later[0], z[2])
    assert torch.equal(same[0], windows[2])
    assert torch.equal(decode(checkpoint, z), decode(checkpoint, z))
    assert sample(checkpoint, 0, DRAWN)[1].shape == (0, W)


@every_checkpoint
def test_behind_an_end_there_are_ends(checkpoint: Checkpoint) -> None:
    for window in decode(checkpoint, torch.randn(40, Z), SamplingConfig(temperature=5.0, seed=0)).tolist():
        if CODEC.end_token in window:
            assert set(window[window.index(CODEC.end_token) :]) == {CODEC.end_token}


@every_checkpoint
def test_the_heuristics_of_sampling_hold(checkpoint: Checkpoint) -> None:
    settings = SamplingConfig(seed=1, key="G", lowest=60, highest=72)
    _, windows = sample(checkpoint, 6, settings)
    pitches = {CODEC.pitches[token] for token in windows.flatten().tolist()} - {-1}
    assert pitches
    assert all(60 <= pitch <= 72 and pitch % 12 in scale_of("G") for pitch in pitches)


def test_a_way_keeps_its_distance_from_the_origin() -> None:
    first, last = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 4.0, 0.0])
    points = arc(first, last, 3)
    torch.testing.assert_close(points[[0, 2]], torch.stack([first, last]))
    torch.testing.assert_close(points[1], torch.tensor([3.0, 3.0, 0.0]) / math.sqrt(2))


@pytest.mark.parametrize("last", [[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [3.0, 0.0]])
def test_a_way_along_a_line_is_straight(last: list[float]) -> None:
    points = arc(torch.tensor([1.0, 0.0]), torch.tensor(last), 3)
    torch.testing.assert_close(points[1], torch.tensor([(1 + last[0]) / 2, 0.0]))


def test_a_map_shows_the_directions_in_which_points_differ() -> None:
    points = torch.tensor([[0.0, 0.0, 1.0], [4.0, 0.0, 1.0], [8.0, 1.0, 1.0], [12.0, 0.0, 1.0]])
    flat = pca_2d(points)
    assert flat.shape == (4, 2)
    torch.testing.assert_close(torch.cdist(flat, flat), torch.cdist(points, points), rtol=1e-4, atol=1e-4)
    assert flat[:, 0].tolist() == sorted(flat[:, 0].tolist())
    torch.testing.assert_close(pca_2d(points + 7), flat, rtol=0, atol=1e-4)


# onwards


@every_checkpoint
@pytest.mark.parametrize("num_known", [0, 1, 5, 15, 16, 40])
def test_a_melody_keeps_its_seed_and_goes_on_as_far_as_asked_or_to_its_end(
    checkpoint: Checkpoint, num_known: int
) -> None:
    given = seed_melody(num_known)
    made = continue_tokens(checkpoint, given, 37, DRAWN)
    assert torch.equal(made[:num_known], given.tokens)
    assert CODEC.bos_token not in made
    if CODEC.end_token in made:
        assert (made == CODEC.end_token).nonzero()[:, 0].tolist() == [len(made) - 1]
    else:
        assert len(made) == num_known + 37
    assert torch.equal(made, continue_tokens(checkpoint, given, 37, DRAWN))
    assert not torch.equal(made, continue_tokens(checkpoint, given, 37, SamplingConfig(seed=4)))


@every_checkpoint
def test_a_melody_goes_on_behind_its_end_and_in_a_key(checkpoint: Checkpoint) -> None:
    whole = CODEC.encode(SONG)
    made = continue_tokens(checkpoint, whole, 20, replace(DRAWN, key="C"))
    assert torch.equal(made[: len(whole.tokens) - 1], whole.tokens[:-1])
    pitches = {CODEC.pitches[token] for token in made.tolist()} - {-1}
    assert {pitch % 12 for pitch in pitches} <= set(scale_of("C"))
    without_places = continue_tokens(checkpoint, Encoded(whole.tokens), 20, DRAWN)
    assert torch.equal(without_places[: len(whole.tokens) - 1], whole.tokens[:-1])


@pytest.mark.parametrize("name", VAES)
def test_a_window_that_is_searched_for_has_no_start_token(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(tiny_checkpoint(name))
    decode_steps, encode_steps, read = space.model.decode, space.model.encode, list[torch.Tensor]()

    def eager(z: torch.Tensor) -> torch.Tensor:
        logits = decode_steps(z)
        logits[..., CODEC.bos_token] += 100
        return logits

    def reading(tokens: torch.Tensor) -> Gaussian:
        read.append(tokens)
        return encode_steps(tokens)

    monkeypatch.setattr(space.model, "decode", eager)
    monkeypatch.setattr(space.model, "encode", reading)
    with torch.inference_mode():
        place_given(space, seed_melody(5).tokens, 1.0, torch.Generator().manual_seed(0))
    assert len(read) == NUM_ROUNDS
    assert CODEC.bos_token not in torch.cat(read)


@given(num_known=st.integers(0, 500), bar=st.integers(1, 80), reach=st.integers(8, 64))
def test_a_context_begins_on_a_bar_line_where_it_can(num_known: int, bar: int, reach: int) -> None:
    start = context_start(num_known, bar, reach)
    assert 0 <= start <= num_known
    assert num_known - start <= reach
    if bar <= reach:
        assert start % bar == 0
        assert start == 0 or num_known - start > reach - bar


def test_a_model_that_writes_note_by_note_has_no_space() -> None:
    checkpoint = tiny_checkpoint("step-bilstm")
    assert not is_latent(checkpoint.card)
    assert is_latent(tiny_checkpoint("step-vae").card)
    with pytest.raises(InputError, match="choose a VAE"):
        sample(checkpoint, 1, DRAWN)
