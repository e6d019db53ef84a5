from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from core.errors import InputError
from core.sampling import FREE, SamplingConfig, hybrid_beam_search, infill
from core.sampling.config import scale_of
from core.sampling.processors import Leap, LogitsProcessor, Only, RepeatDecay, Temperature, TopK, TopP
from models import State

TOKENS = torch.tensor([[0, 1]])
LOGITS = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()


class Bigram:
    """A model whose distribution is a table: ``probs[last][next]``."""

    def __init__(self, probs: list[list[float]]) -> None:
        self.logits = torch.tensor(probs).log()
        self.widths: list[int] = []

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        return {"steps": torch.zeros(batch_size)}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        self.widths.append(len(token))
        return self.logits[token], {"steps": state["steps"] + 1}

    def log_likelihood(self, tokens: list[int], start: int = 0) -> float:
        return sum(self.logits[a, b].item() for a, b in pairwise([start, *tokens]))


def trap() -> Bigram:
    """Greedy goes 0 -> 1 (0.6) -> 1 (0.4): 0.24; the best line is 0 -> 2 (0.4) -> 2 (0.9): 0.36."""
    return Bigram([[0.0, 0.6, 0.4], [0.3, 0.4, 0.3], [0.05, 0.05, 0.9]])


def free(length: int) -> Tensor:
    return torch.full((length,), FREE)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (Temperature(0.5), [0.25, 0.09, 0.0225, 0.0025]),
        (Temperature(2.0), [0.5**0.5, 0.3**0.5, 0.15**0.5, 0.05**0.5]),
        (TopK(2), [0.5, 0.3, 0, 0]),
        (TopK(9), [0.5, 0.3, 0.15, 0.05]),
        (TopP(0.79), [0.5, 0.3, 0, 0]),
        (Only((True, False, False, True)), [0.5, 0, 0, 0.05]),
        (Only((False,) * 4), [0.5, 0.3, 0.15, 0.05]),  # gives way
        (Leap(3, (-1, 60, 63, 64)), [0.5, 0.3, 0.15, 0]),  # after 60
        (Leap(3, (60, -1, 63, 90)), [0.5, 0.3, 0.15, 0]),  # after 60, which is held
        (Leap(3, (-1, -1, 63, 90)), [0.5, 0.3, 0.15, 0.05]),  # no note yet
        (TopP(0.81), [0.5, 0.3, 0.15, 0]),
        (TopP(0.01), [1.0, 0, 0, 0]),
        (RepeatDecay(0.5), [0.5, 0.15, 0.15, 0.05]),
        (RepeatDecay(1.0), [0.5, 0, 0.15, 0.05]),
        (RepeatDecay(1.0, (60, -1, 62, 63)), [0, 0.3, 0.15, 0.05]),  # 0 was the last note: 1 only holds it
    ],
)
def test_processor_by_hand(processor: LogitsProcessor, expected: list[float]) -> None:
    before = LOGITS.clone()
    probs = processor(TOKENS, LOGITS).softmax(dim=-1)
    wanted = torch.tensor([expected])
    torch.testing.assert_close(probs, wanted / wanted.sum())
    assert torch.equal(LOGITS, before), "a processor must not work in place"


def test_the_only_note_that_may_follow_follows_again_and_again() -> None:
    logits = torch.tensor([[-math.inf, 2.0, -math.inf, -math.inf]])
    assert torch.equal(RepeatDecay(1.0)(torch.tensor([[0, 1]]), logits), logits)


def test_neutral_settings_add_no_processor() -> None:
    assert SamplingConfig().processors() == ()


def test_order_of_the_chain() -> None:
    config = SamplingConfig(temperature=0.5, top_k=3, top_p=0.9, repeat_decay=0.5)
    assert config.processors() == (RepeatDecay(0.5), Temperature(0.5), TopK(3), TopP(0.9))


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": 0}, {"temperature": -1}, {"temperature": math.nan}, {"temperature": math.inf},
        {"temperature": "1"},
        {"temperature": True}, {"top_k": 1.5}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}, {"repeat_decay": 2},
        {"num_beams": 0}, {"num_beams": 1000}, {"beam_prob": -0.1}, {"seed": -1}, {"seed": 1e300}, {"colour": 1},
    ],
)  # fmt: skip
def test_a_setting_out_of_range_is_refused_in_one_sentence(values: dict[str, object]) -> None:
    with pytest.raises(InputError) as error:
        SamplingConfig.from_mapping(values)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


def test_sampling_follows_the_distribution() -> None:
    model = Bigram([[0.1, 0.2, 0.7]] * 3)
    drawn = hybrid_beam_search(model, 0, free(4000), generator=seeded(0)).tokens[0]
    shares = torch.bincount(drawn, minlength=3) / len(drawn)
    torch.testing.assert_close(shares, torch.tensor([0.1, 0.2, 0.7]), atol=0.025, rtol=0)


def test_a_seed_fixes_the_draw_and_another_changes_it() -> None:
    one, same, other = (hybrid_beam_search(trap(), 0, free(30), generator=seeded(s)).tokens for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_beam_search_finds_the_likeliest_line() -> None:
    greedy = hybrid_beam_search(trap(), 0, free(2), num_beams=1, beam_prob=1.0)
    best = hybrid_beam_search(trap(), 0, free(2), num_beams=2, beam_prob=1.0)
    assert greedy.tokens.tolist() == [[1, 1]]
    assert best.tokens[0].tolist() == [2, 2]
    assert best.score[0].exp().item() == pytest.approx(0.36)


def test_all_beams_are_one_batch_from_the_start() -> None:
    model = trap()
    hybrid_beam_search(model, 0, free(6), num_beams=4, beam_prob=0.5, generator=seeded(0))
    assert model.widths == [4] * 6


def test_exhaustive_beams_enumerate_every_line_once() -> None:
    drawn = hybrid_beam_search(trap(), 0, free(3), num_beams=18, beam_prob=1.0)
    lines = [tuple(line) for line in drawn.tokens.tolist()]
    assert len(set(lines)) == len(lines) == 16  # all lines but those with 0 -> 0, which is impossible
    assert drawn.score.exp().sum().item() == pytest.approx(1.0)
    assert drawn.score.tolist() == sorted(drawn.score.tolist(), reverse=True)


def test_beams_widen_again_after_stochastic_steps() -> None:
    # the first expansion leaves one survivor (top-k 1), the draws after it must spread over all beams again
    model = Bigram([[0.0, 0.5, 0.5], [0.2, 0.4, 0.4], [0.2, 0.4, 0.4]])
    drawn = hybrid_beam_search(model, 0, free(8), num_beams=6, beam_prob=0.3, generator=seeded(3))
    assert len(drawn.tokens) > 1


@pytest.mark.parametrize("beam_prob", [0.0, 0.5, 1.0])
def test_scores_are_the_likelihood_of_what_was_drawn(beam_prob: float) -> None:
    model, temperature = trap(), Temperature(2.0)
    hot = Bigram((model.logits / 2).softmax(dim=-1).tolist())
    drawn = hybrid_beam_search(
        model, 0, free(7), num_beams=3, beam_prob=beam_prob, processors=(temperature,), generator=seeded(0)
    )
    for tokens, score, log_likelihood in zip(drawn.tokens.tolist(), drawn.score, drawn.log_likelihood, strict=True):
        assert score.item() == pytest.approx(hot.log_likelihood(tokens), abs=1e-4)
        assert log_likelihood.item() == pytest.approx(model.log_likelihood(tokens), abs=1e-4)


def test_top_k_of_one_gives_a_single_line_however_many_beams() -> None:
    drawn = hybrid_beam_search(
        trap(), 0, free(5), num_beams=5, beam_prob=0.5, processors=(TopK(1),), generator=seeded(0)
    )
    assert drawn.tokens.tolist() == [[1, 1, 1, 1, 1]]


@given(st.lists(st.sampled_from([FREE, 0, 1, 2]), min_size=1, max_size=12), st.integers(0, 50), st.integers(1, 4))
def test_fixed_tokens_stand_in_every_search(wanted: list[int], seed: int, num_beams: int) -> None:
    model = Bigram([[0.2, 0.4, 0.4], [0.3, 0.4, 0.3], [0.05, 0.05, 0.9]])
    fixed = torch.tensor(wanted)
    searched = hybrid_beam_search(model, 0, fixed, num_beams=num_beams, beam_prob=0.5, generator=seeded(seed)).tokens[0]
    filled = infill(model, 0, fixed, generator=seeded(seed), num_particles=8)
    for tokens in (searched, filled):
        assert len(tokens) == len(wanted)
        assert [t for t, w in zip(tokens.tolist(), wanted, strict=True) if w != FREE] == [
            w for w in wanted if w != FREE
        ]
        assert FREE not in tokens.tolist()


def test_infill_leads_into_what_follows() -> None:
    # token 1 can only be followed by 1, token 2 only by 2: before a fixed 2 the gap must hold a 2
    model = Bigram([[0.0, 0.9, 0.1], [1e-9, 1.0, 1e-9], [1e-9, 1e-9, 1.0]])
    drawn = [
        infill(model, 0, torch.tensor([FREE, 2, 2]), num_particles=64, generator=seeded(s))[0].item() for s in range(40)
    ]
    assert drawn.count(2) >= 39
    alone = [hybrid_beam_search(model, 0, free(1), generator=seeded(s)).tokens[0, 0].item() for s in range(40)]
    assert alone.count(1) > 30


def test_infill_draws_from_the_posterior() -> None:
    # p(gap = 1) 0.5 x 0.8, p(gap = 2) 0.5 x 0.2: four to one
    model = Bigram([[0.0, 0.5, 0.5], [0.8, 0.1, 0.1], [0.2, 0.4, 0.4]])
    drawn = [
        infill(model, 0, torch.tensor([FREE, 0]), num_particles=64, generator=seeded(s))[0].item() for s in range(600)
    ]
    assert drawn.count(1) / 600 == pytest.approx(0.8, abs=0.05)


def test_on_step_counts_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    hybrid_beam_search(trap(), 0, free(4), on_step=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("key", "scale"),
    [("C", {0, 2, 4, 5, 7, 9, 11}), ("Am", {9, 11, 0, 2, 4, 5, 6, 7, 8}), ("Eb", {3, 5, 7, 8, 10, 0, 2})],
)
def test_scales(key: str, scale: set[int]) -> None:
    assert scale_of(key) == scale


def test_musical_aids_come_first_and_need_the_pitches_of_tokens() -> None:
    config = SamplingConfig(temperature=0.5, key="G", lowest=60, highest=72, max_leap=5)
    pitches = (59, 60, 61, 62, -1)
    in_range, in_key, leap, temperature = config.processors(pitches)
    assert in_range == Only((False, True, True, True, True))
    assert in_key == Only((True, True, False, True, True))
    assert (leap, temperature) == (Leap(5, pitches), Temperature(0.5))


@pytest.mark.parametrize("values", [{"key": "H"}, {"key": 3}, {"lowest": 70, "highest": 60}, {"max_leap": -1}])
def test_musical_aids_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"\.$"):
        SamplingConfig.from_mapping(values)


def test_a_search_stops_when_all_rows_have_come_to_the_end() -> None:
    model = Bigram([[0.0, 0.5, 0.5], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])  # 2 is the end, and behind it nothing else
    lengths = set()
    for seed in range(20):
        drawn = hybrid_beam_search(model, 0, free(40), num_beams=3, generator=seeded(seed), end_token=2).tokens
        lengths.add(drawn.shape[1])
        assert (drawn[:, -1] == 2).all()
        assert (drawn[:, :-1] == 1).any() or drawn.shape[1] == 1
    assert len(lengths) > 3


def test_the_likelihood_is_that_of_the_tokens_that_were_free() -> None:
    fixed = torch.tensor([1, 2, FREE, 0, FREE])
    drawn = hybrid_beam_search(
        Bigram([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.6, 0.2, 0.2]]), 0, fixed, generator=seeded(0)
    )
    _, _, third, _, fifth = drawn.tokens[0].tolist()
    expected = math.log([0.6, 0.2, 0.2][third]) + math.log([0.1, 0.2, 0.7][fifth])
    assert drawn.log_likelihood.item() == pytest.approx(expected, abs=1e-5)
