from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from core.codecs import PianoCodec
from core.codecs.fields import LOWEST
from core.codecs.piano import PITCH, SHIFT, shift_values
from core.sampling.playable import AGAIN_SEC, FINGERS, TIRED, TOGETHER_SEC, Playable, followers

CODEC = PianoCodec()
SHIFTS = tuple(shift_values().tolist())
PLAYABLE = Playable(CODEC.starts[SHIFT], SHIFTS)


def told(notes: list[tuple[float, int]], *further: int) -> torch.Tensor:
    """(1, T) The start, a style, notes as (seconds since the one before, pitch), and some fields of the next."""
    tokens = [CODEC.bos_token, 0]
    for shift, pitch in notes:
        tokens += [shift_token(shift), key_token(pitch), CODEC.starts[2], CODEC.starts[3]]
    return torch.tensor([[*tokens, *further]])


def shift_token(seconds: float) -> int:
    return CODEC.starts[SHIFT] + SHIFTS.index(seconds)


def key_token(pitch: int) -> int:
    return CODEC.starts[PITCH] + pitch - LOWEST


def after(tokens: torch.Tensor) -> torch.Tensor:
    """(V,) What becomes of equal logits."""
    return PLAYABLE(tokens, torch.zeros(1, CODEC.vocab_size))[0]


def test_a_key_cannot_be_struck_again_at_once() -> None:
    logits = after(told([(0.0, 60), (0.02, 64)], shift_token(0.03)))
    assert logits[key_token(60)] == -torch.inf, "struck 0.05 s ago"
    assert logits[key_token(64)] == -torch.inf
    assert logits[key_token(67)] == 0
    assert after(told([(0.0, 60)], shift_token(0.06)))[key_token(60)] == 0


def test_a_chord_has_ten_keys_at_most() -> None:
    chord = [(0.0, 40 + i) for i in range(FINGERS)]
    logits = after(told(chord))
    assert (logits[[shift_token(0.0), shift_token(0.02)]] == -torch.inf).all()
    assert logits[shift_token(0.03)] == 0
    assert not after(told(chord[:-1])).any()


def test_a_figure_gets_ever_less_likely() -> None:
    figure = [(0.1, 60), (0.1, 64), (0.1, 67), (0.1, 72)]
    for times, nats in ((1, 0.0), (2, TIRED), (3, 2 * TIRED)):
        logits = after(told(figure * times + figure[:3], shift_token(0.1)))
        assert logits[key_token(72)] == -nats
    assert followers([1, 2, 3, 4, 1, 2, 3]) == [4]


def test_velocity_and_length_are_left_alone() -> None:
    notes = [(0.0, 60)] * 12
    assert not after(told(notes, shift_token(0.0), key_token(60))).any()


@given(st.lists(st.tuples(st.sampled_from(SHIFTS[:12]), st.integers(21, 108)), max_size=80), st.booleans())
def test_something_can_always_be_played(notes: list[tuple[float, int]], shifted: bool) -> None:
    logits = after(told(notes, *([shift_token(0.0)] if shifted and notes else [])))
    assert logits[CODEC.starts[SHIFT] : CODEC.starts[PITCH]].max() > -torch.inf
    assert logits[CODEC.starts[PITCH] : CODEC.starts[2]].max() > -torch.inf
    assert AGAIN_SEC > TOGETHER_SEC
