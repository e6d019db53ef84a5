"""What the echo tells of earlier notes, on figures worked out by hand."""

from __future__ import annotations

import torch

from models import shift_right
from models.beat_lstm_echo import HIGHEST, LOWEST, BeatLstmEcho
from models.echo import NUM_INTERVALS, NUM_PITCHES, RANGE, Echo, seen_from, weighted_counts
from models.recurrence import weights_of
from tests.conftest import tiny_model

START = 128


def even_echo(reach: int = 99) -> Echo:
    """One head that finds all places alike."""
    echo = Echo(context_dim=3, num_heads=1, head_dim=2, reach=reach)
    for weight in echo.parameters():
        torch.nn.init.zeros_(weight)
    return echo


@torch.inference_mode()
def votes_after(melody: list[int], reach: int = 99) -> tuple[dict[int, float], dict[int, float]]:
    """Of the note after ``melody``: votes for intervals from the last note, by pitch and by interval."""
    model = tiny_model("beat-lstm-echo")
    assert isinstance(model, BeatLstmEcho)
    inputs = torch.tensor([[START, *melody]])
    pitches, intervals = model.heard(inputs, shift_right(inputs, START))
    context, echo = torch.zeros(1, inputs.shape[1], 3), even_echo(reach)
    votes = echo(context, echo.keys(context), pitches, intervals, 0)[0, -1, :, 0]
    by_pitch, by_interval = ({i - RANGE: v for i, v in enumerate(side.tolist()) if v} for side in votes)
    return by_pitch, by_interval


def test_a_head_that_finds_all_places_alike_counts_the_notes_so_far() -> None:
    by_pitch, by_interval = votes_after([60, 64, 60])  # and the place to be written: four places
    assert by_pitch == {0: 0.5, 4: 0.25}
    assert by_interval == {4: 0.25, -4: 0.25}  # the first note has no interval


def test_what_lies_out_of_reach_is_forgotten() -> None:
    by_pitch, by_interval = votes_after([60, 72, 64, 60], reach=3)  # two notes and the place to be written
    assert by_pitch.keys() == {0, 4}
    assert by_interval.keys() == {-4, -8}


def test_nothing_is_heard_before_the_first_note() -> None:
    assert votes_after([]) == ({}, {})


def test_leaps_beyond_the_range_have_no_vote_by_pitch() -> None:
    by_pitch, by_interval = votes_after([20, 100])
    assert by_pitch.keys() == {0}
    assert by_interval.keys() == {RANGE}  # the widest that is told apart


@torch.inference_mode()
def test_one_query_is_counted_as_many_are() -> None:
    weights, values = torch.rand(2, 3, 4, 5), torch.randint(0, NUM_PITCHES, (2, 5))
    many = weighted_counts(weights, values, NUM_PITCHES)
    one = torch.cat([weighted_counts(row, values, NUM_PITCHES) for row in weights.split(1, dim=2)], dim=2)
    torch.testing.assert_close(one, many)


def test_pitches_as_seen_from_a_note() -> None:
    counts = torch.zeros(1, 1, 1, NUM_PITCHES)
    counts[..., 3], counts[..., 30] = 0.25, 0.5
    seen = seen_from(counts, torch.tensor([[[6]]]))
    assert seen.shape[-1] == NUM_INTERVALS
    assert {i - RANGE: v for i, v in enumerate(seen.flatten().tolist()) if v} == {-3: 0.25, 24: 0.5}


@torch.inference_mode()
def test_a_transposed_melody_is_answered_in_its_own_key() -> None:
    model = tiny_model("beat-lstm-echo")
    assert isinstance(model, BeatLstmEcho)
    height = weights_of(model.decoder).w_ih[:, model.config.embed_dim]
    height.zero_()  # the two things that know of pitches as such
    model.pitch_class.weight.zero_()
    tokens, condition = torch.tensor([[60, 64, 62, 67, 60]]), torch.rand(1, 5, 2)
    low, high = (model(shift_right(tokens + up, START), condition)[0, 1:, :START] for up in (0, 5))
    torch.testing.assert_close(high[:, LOWEST + 5 : HIGHEST], low[:, LOWEST : HIGHEST - 5])


@torch.inference_mode()
def test_what_no_piano_has_is_never_written() -> None:
    model = tiny_model("beat-lstm-echo")
    probs = model(torch.tensor([[START, 24, 21, 108]]), torch.rand(1, 4, 2)).softmax(dim=-1)
    assert probs[..., :LOWEST].sum() + probs[..., HIGHEST + 1 :].sum() < 1e-9
