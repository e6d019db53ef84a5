"""Playing the piano with untrained networks: what is promised whatever they say."""

from __future__ import annotations

from dataclasses import replace

import pytest

import core.piano
from core.checkpoint import Checkpoint
from core.codecs import PianoCodec
from core.codecs.fields import LOWEST
from core.codecs.piano import NUM_SHIFTS
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
    assert set(GIVEN.notes) <= set(made.score.notes)
    assert replace(made.score, notes=()) == replace(GIVEN, notes=())
    assert len(made.score.notes) > len(GIVEN.notes)


class Dictated:
    """A pen that writes 55 together with what is given, 72 later, then nothing for long."""

    log_likelihood = 0.0

    def __init__(self, *_: object) -> None:
        fields = [(0, 55 - LOWEST, 20, 40), (60, 72 - LOWEST, 20, 40), (NUM_SHIFTS - 1,)]
        self.tokens = [start + value for note in fields for start, value in zip(NOTES.starts, note, strict=False)]

    def write(self, token: int | None = None, *, barred: int | None = None) -> int:
        return self.tokens.pop(0) if token is None else token


def test_a_new_note_may_join_the_last_chord_from_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes before the others in the order of a score, and is none of them."""
    prompt = Score((Note(0, 1, 60, 70), Note(0, 1, 64, 70)), qpm=100)
    monkeypatch.setattr(core.piano, "Pen", Dictated)
    made = write_piano(tiny_checkpoint("piano-transformer"), 5, SamplingConfig(seed=1), prompt=prompt).score
    assert made.pitches == (55, 60, 64, 72)
    assert set(prompt.notes) <= set(made.notes)
    assert made.notes[0].onset == 0


def test_frames_go_on_behind_what_was_played_as_it_was() -> None:
    """Not in fifths of a second, and as loud and as long as it was."""
    made = write_piano(tiny_checkpoint("roll-gru"), 10, SamplingConfig(seed=3), prompt=GIVEN).score
    new = [note for note in made.notes if note not in GIVEN.notes]
    frames = [note.onset * 60 / made.qpm * 5 for note in new]
    assert frames == pytest.approx([round(frame) for frame in frames])
    assert min(frames) > GIVEN.notes[-1].onset * 60 / GIVEN.qpm * 5 - 1


def test_progress_is_told_and_can_stop_it(checkpoint: Checkpoint) -> None:
    told: list[float] = []

    def stop(sec: float) -> None:
        told.append(sec)
        if sec > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_piano(checkpoint, 60, SamplingConfig(seed=1), on_seconds=stop)
    assert told == sorted(told)


def test_what_is_stopped_stays_as_far_as_it_has_come(checkpoint: Checkpoint) -> None:
    made = write_piano(checkpoint, 60, SamplingConfig(seed=1), prompt=GIVEN, on_seconds=lambda sec: sec > 6)
    now = seconds(GIVEN)
    assert set(GIVEN.notes) < set(made.score.notes)
    assert now < seconds(made.score) < now + 20


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


def test_a_model_of_frames_knows_no_styles() -> None:
    model = tiny_checkpoint("roll-gru")
    with pytest.raises(InputError, match="knows no styles; leave the style out"):
        write_piano(model, 5, style="Frédéric Chopin")
    assert write_piano(model, 5, SamplingConfig(seed=1), style="any").score.notes


def test_an_opening_is_what_is_struck_in_time() -> None:
    assert len(opening(GIVEN, 0.5).notes) == 2  # at 0 and 0.307 seconds
    late = Score((Note(20, 1, 60),))
    with pytest.raises(InputError, match="Nothing is struck in the first 5 seconds"):
        opening(late, 5)
