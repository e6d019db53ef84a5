from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.checkpoint import list_cards
from core.data.windows import START, Batch
from core.likelihood import log_probs
from core.recipes.beat import GENERATORS, adversarial_recipe
from core.training.adversarial import AdversarialModule, draw
from core.training.recipe import AdversarialSettings, TrainingSettings
from models.beat_discriminator import WIDTHS, BeatDiscriminator
from tests.conftest import tiny_checkpoint

GAME = AdversarialSettings("beat-rnn", length=8)
BEATS = torch.rand(5, 8, 2) + 0.1


def test_drawn_notes_are_those_that_noise_picks_from_the_logits() -> None:
    _, model, codec = tiny_checkpoint("beat-lstm-local")
    drawn, noise = draw(model, codec.bos_token, BEATS)
    logp = torch.stack([log_probs(model, codec.bos_token, d[None], b)[0] for d, b in zip(drawn, BEATS, strict=True)])
    assert torch.equal((logp + noise).argmax(dim=-1), drawn)
    assert (drawn < codec.bos_token).all()


def test_draws_follow_the_distribution_of_the_model() -> None:
    _, model, codec = tiny_checkpoint("beat-rnn")
    torch.manual_seed(0)
    one = BEATS[:1, :1]
    drawn, _ = draw(model, codec.bos_token, one.expand(20_000, -1, -1))
    expected = log_probs(model, codec.bos_token, torch.zeros(1, 1, dtype=torch.long), one[0])[0, 0].exp()
    counted = torch.bincount(drawn[:, 0], minlength=codec.vocab_size) / len(drawn)
    assert (counted - expected).abs().max() < 0.01


def test_the_discriminator_learns_to_tell_scales_from_noise_in_any_order() -> None:
    torch.manual_seed(0)
    judge, steps = BeatDiscriminator(129), torch.arange(8)
    optimizer = torch.optim.Adam(judge.parameters(), lr=2e-3)

    def batch(num: int) -> tuple[torch.Tensor, torch.Tensor]:
        scales = torch.randint(50, 70, (num, 1)) + steps
        noise = torch.randint(50, 78, (num, 8))
        notes = torch.nn.functional.one_hot(torch.cat([scales, noise]), 129).float()
        return notes, torch.cat([torch.ones(num), torch.zeros(num)])

    for _ in range(60):
        notes, truth = batch(32)
        verdict = judge(notes, torch.full((64, 8, 2), 0.5))
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(verdict, truth).backward()
        optimizer.step()
    notes, truth = batch(200)
    right = (judge.eval()(notes, torch.full((400, 8, 2), 0.5)) > 0) == truth.bool()
    assert right.float().mean() > 0.95
    assert max(WIDTHS) <= GAME.length


def game_on(game: AdversarialSettings) -> AdversarialModule:
    _, model, codec = tiny_checkpoint("beat-rnn")
    model.requires_grad_(True).train()
    return AdversarialModule(model, codec.bos_token, TrainingSettings(max_epochs=5), game)


class Steps:
    """An optimiser that only counts; gradients stay to be looked at."""

    def __init__(self) -> None:
        self.num = 0

    def zero_grad(self) -> None: ...

    def step(self) -> None:
        self.num += 1


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> AdversarialModule:
    module = game_on(GAME)
    monkeypatch.setattr(AdversarialModule, "progress", 0.0)  # as at the start of a run
    monkeypatch.setattr(module, "log", lambda *args, **kwargs: None)
    monkeypatch.setattr(module, "manual_backward", lambda loss: loss.backward())
    monkeypatch.setattr(module, "clip_gradients", lambda *args, **kwargs: None)
    return module


def test_fooling_the_discriminator_reaches_the_generators_weights(module: AdversarialModule) -> None:
    tokens = torch.randint(60, 72, (5, 8))
    drawn, noise = draw(module.model, module.bos_token, BEATS)
    fake = torch.nn.functional.one_hot(drawn, 129).float()
    gradients = []
    for weight in (0.0, 10.0):
        module.game = replace(GAME, weight=weight)
        module.zero_grad()
        torch.manual_seed(1)
        batch = Batch(tokens, BEATS, torch.full((5,), 8), torch.full((5,), START), tokens)
        module.generator_step(Steps(), batch, fake, drawn, noise)
        gradients.append(torch.cat([p.grad.flatten() for p in module.model.parameters() if p.grad is not None]))
    assert not torch.allclose(*gradients)


def test_a_discriminator_that_is_right_too_often_rests(module: AdversarialModule) -> None:
    real, fake = (torch.nn.functional.one_hot(torch.full((5, 8), pitch), 129).float() for pitch in (60, 61))
    steps = Steps()
    module.judge_step(steps, real, fake, BEATS)
    assert steps.num == 1
    module.running_accuracy = 1.0
    module.judge_step(steps, real, fake, BEATS)
    assert steps.num == 1


def test_softness_falls_over_the_training(module: AdversarialModule, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for progress in (0.0, 0.5, 1.0):
        monkeypatch.setattr(AdversarialModule, "progress", progress)
        seen.append(module.softness)
    assert seen == pytest.approx([1.0, 0.3**0.5, 0.3])


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weights_decay_as_the_card_says(decay: float) -> None:
    module = game_on(GAME)
    module.settings = replace(module.settings, weight_decay=decay)
    generating, _ = module.configure_optimizers()
    assert [group["weight_decay"] for group in generating.param_groups] == [decay]


def test_generators_are_tuned_without_weight_decay() -> None:
    decays = [adversarial_recipe(name, "essen").training.weight_decay for name in GENERATORS]
    decays += [card.training["weight_decay"] for card in list_cards() if "adversarial" in card.training]
    assert len(decays) > len(GENERATORS)
    assert not any(decays)
