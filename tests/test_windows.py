"""Networks that read a window of past tokens, and what songs of steps are trained on."""

from __future__ import annotations

import pytest
import torch

from core.codecs import StepCodec
from core.codecs.steps import is_regular
from core.data.corpora import pieces_of
from core.data.datasets import training_slices, validation_sets
from core.data.piece import Piece
from core.data.windows import way_to_common_key
from core.score import Note, Score
from models import shift_right
from models.window import WindowModel
from tests.conftest import tiny_model

CODEC = StepCodec()
every_window = pytest.mark.parametrize("name", ["step-gru-attention", "step-lstm-attention", "step-bilstm"])


def window_model(name: str) -> WindowModel:
    model = tiny_model(name)
    assert isinstance(model, WindowModel)
    return model


@every_window
@torch.inference_mode()
def test_what_lies_further_back_than_the_window_is_not_read(name: str) -> None:
    model, tokens = window_model(name), torch.randint(0, 128, (1, 12))
    other = tokens.clone()
    other[0, 3] = (tokens[0, 3] + 1) % 128
    changed = (model(tokens) != model(other)).any(dim=-1)[0]
    width = model.config.window
    assert changed.tolist() == [3 <= place < 3 + width for place in range(12)]


@every_window
@torch.inference_mode()
def test_some_places_are_foretold_as_all_are(name: str) -> None:
    model, tokens = window_model(name), torch.randint(0, 128, (2, 11))
    torch.testing.assert_close(model.forward_at(tokens, None, None, slice(1, None, 3)), model(tokens)[:, 1::3])


@every_window
@torch.inference_mode()
def test_before_the_first_token_there_are_start_tokens(name: str) -> None:
    model = window_model(name)
    first = model(shift_right(torch.zeros(1, 1, dtype=torch.long), model.start_token))[0, 0]
    torch.testing.assert_close(first, model.read(torch.full((1, model.config.window), model.start_token))[0])


def test_songs_of_plain_values_are_shown_whole_for_measuring_and_in_slices_for_training() -> None:
    pieces = pieces_of("essen", "valid")[:60]
    regular = [piece.score for piece in pieces if is_regular(piece.score)]
    assert 0 < len(regular) < len(pieces)
    sets = validation_sets(CODEC, "essen", pieces)
    assert list(sets) == ["clean"]
    for score, (tokens, condition, *_) in zip(regular, sets["clean"], strict=False):  # type: ignore[call-overload]
        expected = CODEC.encode(score)
        assert torch.equal(tokens, expected.tokens)
        assert torch.equal(condition, expected.condition)
    slices = training_slices(CODEC, "essen", pieces, 48, transposed=0.5)
    assert len(slices.lengths) == len(slices.dataset) > len(regular)  # type: ignore[arg-type]
    torch.manual_seed(0)
    for i, length in enumerate(slices.lengths):
        tokens, condition, *_ = slices.dataset[i]
        assert len(tokens) == len(condition) == length


@pytest.mark.parametrize(
    ("key", "way"), [("C", 0), ("G", 5), ("F", -5), ("D", -2), ("F#", 6), ("Am", 0), ("Em", 5), ("Ebm", 6)]
)
def test_the_way_to_the_common_key(key: str, way: int) -> None:
    assert way_to_common_key(Score((Note(0, 1, 60),), key=key)) == way


def test_in_one_common_key_nothing_else_is_heard() -> None:
    scale = Score(tuple(Note(i, 1, pitch) for i, pitch in enumerate((62, 64, 66, 67, 69, 71, 73, 74))), key="D")
    slices = training_slices(CODEC, "essen", [Piece("", scale)], 99, transposed=1.0, common_key=True)
    tokens = slices.dataset[0].tokens
    assert {int(CODEC.vocabulary[t]) % 12 for t in tokens if CODEC.vocabulary[t].isdigit()} == {0, 2, 4, 5, 7, 9, 11}
