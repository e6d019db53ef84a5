"""Playing the piano with untrained networks: what is promised whatever they say."""

from __future__ import annotations

import pytest

from core.checkpoint import Checkpoint
from core.codecs import PianoCodec
from core.errors import InputError
from core.piano import opening, write_piano
from core.sampling import SamplingConfig
from core.score import Note, Score
from tests.conftest import tiny_checkpoint

NOTES = PianoCodec()
GIVEN = Score(tuple(Note(0.511 * i, 1.3, 60 + i, 70) for i in range(8)), qpm=100)


@pytest.fixture(scope="module", params=["piano-transformer", "roll-gru"])
def checkpoint(request: pytest.FixtureRequest) -> Checkpoint:
    return tiny_checkpoint(request.param)


def seconds(score: Score) -> float:
    return max(note.onset for note in score.notes) * 60 / score.qpm


def test_it_plays_as_long_as_it_was_asked_to(checkpoint: Checkpoint) -> None:
    made = write_piano(checkpoint, 30, SamplingConfig(seed=1))
    assert 15 < seconds(made.score) < 30
    assert made.log_likelihood is not None
    assert made.log_likelihood < 0


def test_the_same_seed_plays_the_same(checkpoint: Checkpoint) -> None:
    first, again, other = (write_piano(checkpoint, 12, SamplingConfig(seed=seed)).score for seed in (1, 1, 2))
    assert first == again != other


def test_without_a_seed_one_is_drawn_that_plays_the_same_again(checkpoint: Checkpoint) -> None:
    made = write_piano(checkpoint, 5)
    assert write_piano(checkpoint, 5, made.sampling).score == made.score


def test_what_is_given_comes_first_as_it_was(checkpoint: Checkpoint) -> None:
    made = write_piano(checkpoint, 10, SamplingConfig(seed=3), prompt=GIVEN)
    now = seconds(GIVEN)
    assert now < seconds(made.score) < now + 10.5
    before = [note.pitch for note in made.score.notes if note.onset * 60 / made.score.qpm <= now]
    assert before[: len(GIVEN.notes)] == list(GIVEN.pitches)
    if isinstance(checkpoint.codec, PianoCodec):
        exact = [note.onset * 60 / made.score.qpm for note in made.score.notes[: len(GIVEN.notes)]]
        assert exact == pytest.approx([note.onset * 60 / GIVEN.qpm for note in GIVEN.notes], abs=1e-4)


def test_progress_is_told_and_can_stop_it(checkpoint: Checkpoint) -> None:
    told: list[float] = []

    def stop(sec: float) -> None:
        told.append(sec)
        if sec > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_piano(checkpoint, 60, SamplingConfig(seed=1), on_seconds=stop)
    assert told == sorted(told)


def test_what_cannot_be_is_said(checkpoint: Checkpoint) -> None:
    for length in (0, -1, 301, float("nan")):
        with pytest.raises(InputError, match="at most 300 seconds"):
            write_piano(checkpoint, length)
    with pytest.raises(InputError, match="writes no piano music"):
        write_piano(tiny_checkpoint(), 10)


def test_a_style_is_one_that_the_model_knows() -> None:
    model = tiny_checkpoint("piano-transformer")
    chopin = write_piano(model, 5, SamplingConfig(seed=1), style="Frédéric Chopin")
    assert int(chopin.tokens[0]) == NOTES.kind_token("Frédéric Chopin")
    with pytest.raises(InputError, match="no style 'Nobody'"):
        write_piano(model, 5, style="Nobody")


def test_an_opening_is_what_is_struck_in_time() -> None:
    assert len(opening(GIVEN, 0.5).notes) == 2  # at 0 and 0.307 seconds
