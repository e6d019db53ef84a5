"""Excerpts sound alike, stay as they are, and come from where they say."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import music21
import numpy as np
import pyloudnorm
import pytest
import soundfile
from numpy.typing import NDArray
from sqlalchemy import Engine, select

import core.checkpoint
import core.listening.sound as sound
import core.render.synthesisers as synthesisers
from core.checkpoint import WEIGHTS, Checkpoint, CheckpointError, ModelCard, load_checkpoint, save_checkpoint
from core.codecs.pianoroll import roll_version
from core.data.corpora import CORPORA
from core.data.piece import Piece
from core.errors import InputError
from core.listening import schema
from core.listening.database import StudyError, reading, writing
from core.listening.excerpts import HUMAN, QPM, Excerpt, FromCorpus, FromMusic21, Generated, cut
from core.listening.groups import draw
from core.listening.instrument import instrument_here
from core.listening.making import READY_WORKS, Work, best_suited, by_models, by_people, human_sources, ready_study
from core.listening.networks import fingerprint
from core.listening.schema import open_studies
from core.listening.studies import LONGEST, SECONDS, add_study, check, find_study
from core.render.synthesisers import Engine as Synthesiser
from core.score import Note, Score
from tests.conftest import tiny_checkpoint
from tests.studies import draft

HANDS = Score(
    tuple(
        Note(bar * 4 + beat, length, pitch, velocity)
        for bar in range(8)
        for beat, length, pitch, velocity in [
            (0, 4, 36, 40), (0, 1, 64, 100), (0, 1, 67, 9), (1, 1, 72, 127), (2.5, 2, 71, 60),
        ]
    ),
    qpm=100,
)  # fmt: skip
"""five voices' worth of notes in 19.2 seconds"""


def nobody(_: str) -> Checkpoint:
    raise AssertionError("no checkpoint is needed")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "cache"))
    return open_studies(f"sqlite:///{tmp_path / 'studies.db'}")


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every piece of music21's is HANDS here; the paths that were asked for."""
    asked: list[str] = []

    def performance(self: FromMusic21, seconds: float, *_: object) -> Score:
        asked.append(self.path)
        return cut(HANDS, 0.0, seconds)

    monkeypatch.setattr(FromMusic21, "performance", performance)
    return asked


def samples_of(flac: bytes) -> tuple[NDArray[np.float64], int]:
    return soundfile.read(io.BytesIO(flac))


def test_all_sound_equally_long_and_equally_loud() -> None:
    quiet = Score(tuple(Note(beat, 0.2, 100 - beat) for beat in range(16)), qpm=60)
    clusters = Score(tuple(Note(beat, 1, pitch) for beat in range(12) for pitch in range(36, 60, 2)), qpm=120)
    for score in (HANDS, quiet, clusters):
        flac = sound.rendered(sound.alike(cut(score, 0, 12), 12.0), 12.0, instrument_here())
        samples, rate = samples_of(flac)
        assert samples.shape == (12 * rate,)
        assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(sound.LOUDNESS, abs=0.2)
        assert np.abs(samples).max() < sound.CEILING
        assert np.abs(samples[-rate // 100 :]).max() < 0.01, "the end fades"


def test_notes_are_as_the_roll_codec_has_them_and_all_of_one_velocity() -> None:
    notes = sound.alike(cut(HANDS, 0, 10), 10.0)
    rolled = roll_version(cut(HANDS, 0, 10), velocity=sound.VELOCITY)
    assert [(onset, pitch) for onset, _, pitch in notes] == [
        (pytest.approx(note.onset / 2), note.pitch) for note in rolled.notes
    ]
    assert {note.velocity for note in rolled.notes} == {sound.VELOCITY}
    assert max(onset + length for onset, length, _ in notes) <= 10


def test_a_passage_begins_with_a_note_and_ends_in_time() -> None:
    found = cut(HANDS, 2.0, 3.0)  # a quarter is 0.6 s: the first note after 2 s is at 2.4 s
    assert found.qpm == QPM
    assert found.notes[0].onset == 0
    assert found.notes[0].pitch == 36
    assert found.duration == pytest.approx(6.0)
    assert [note.onset / 2 for note in found.notes if note.pitch == 72] == pytest.approx([0.6])
    with pytest.raises(StudyError, match="no music"):
        cut(HANDS, 100.0, 3.0)


def test_sound_is_the_same_for_all_who_ask_is_kept_and_made_again_when_it_is_gone(
    engine: Engine, played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = add_study(engine, replace(draft(), seconds=5.0))
    first = draft().excerpts.index(next(excerpt for excerpt in draft().excerpts if excerpt.is_human))
    times: list[int] = []
    rendered = sound.rendered
    monkeypatch.setattr(sound, "rendered", lambda *given: (times.append(1), rendered(*given))[1])
    with ThreadPoolExecutor(8) as pool:
        flacs = set(pool.map(lambda _: sound.sound_of(engine, study, first, nobody), range(8)))
    assert len(flacs) == 1, "whoever makes it, the notes of the first stay"
    played.clear()
    times.clear()
    assert sound.sound_of(engine, study, first, nobody) in flacs
    assert not played
    assert not times
    [file] = sound.sounds_folder().iterdir()
    file.unlink()
    assert sound.sound_of(engine, study, first, nobody) in flacs
    assert (len(played), len(times)) == (0, 1), "from the notes that were set down"
    with reading(engine) as connection:
        stored = connection.execute(select(schema.excerpts.c.notes).where(schema.excerpts.c.number == first)).scalar()
    assert stored is not None
    monkeypatch.setenv("TUNESMITH_CACHE", "/proc/no/such/place")
    assert sound.sound_of(engine, study, first, nobody) in flacs, "a place that cannot be written to costs time alone"
    with pytest.raises(StudyError, match="no such excerpt"):
        sound.sound_of(engine, study, 999, nobody)


def test_notes_stay_whatever_becomes_of_their_source(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    study = add_study(engine, replace(draft(), seconds=5.0))
    monkeypatch.setattr(Generated, "performance", lambda *_: cut(HANDS, 0, 5))
    before = sound.frozen_notes(engine, study, 0, nobody)
    monkeypatch.setattr(Generated, "performance", lambda *_: cut(HANDS.transposed(1), 0, 5))
    assert sound.frozen_notes(engine, study, 0, nobody) == before
    assert sound.frozen_notes(engine, study, 1, nobody) != before


def test_only_who_makes_something_takes_a_turn(engine: Engine, played: list[str]) -> None:
    study = add_study(engine, replace(draft(), seconds=5.0))
    taken: list[int] = []

    @contextmanager
    def turn() -> Iterator[None]:
        taken.append(len(played))
        yield

    person = next(number for number, excerpt in enumerate(draft().excerpts) if excerpt.is_human)
    first = sound.sound_of(engine, study, person, nobody, turn)
    assert taken == [0, 1], "one for the notes, one for the sound"
    assert sound.sound_of(engine, study, person, nobody, turn) == first
    assert len(taken) == 2
    next(sound.sounds_folder().iterdir()).unlink()
    assert sound.sound_of(engine, study, person, nobody, turn) == first
    assert len(taken) == 3


def test_a_study_keeps_its_instrument(engine: Engine, played: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    small = synthesisers._find_tinysoundfont()
    monkeypatch.setattr(synthesisers, "_find_fluidsynth", lambda: Synthesiser("FluidSynth", None, "Not installed."))
    study = add_study(engine, replace(draft(), seconds=5.0))
    person = next(number for number, excerpt in enumerate(draft().excerpts) if excerpt.is_human)
    found = find_study(engine, study)
    assert found is not None
    assert found.instrument == instrument_here() == "TinySoundFont with TimGM6mb.sf2"
    flac = sound.sound_of(engine, study, person, nobody)
    next(sound.sounds_folder().iterdir()).unlink()
    better = Synthesiser("FluidSynth", Path("/fonts/FluidR3_GM.sf2"))
    monkeypatch.setattr(synthesisers, "_find_fluidsynth", lambda: better)
    assert instrument_here() == "FluidSynth with FluidR3_GM.sf2"
    assert sound.sound_of(engine, study, person, nobody) == flac, "a better one that is installed midway does not play"
    next(sound.sounds_folder().iterdir()).unlink()
    for other in (replace(small, missing="Gone."), replace(small, sound_font=Path("other.sf2"))):
        monkeypatch.setattr(synthesisers, "_find_tinysoundfont", lambda other=other: other)
        with pytest.raises(
            StudyError, match=r"played by TinySoundFont with TimGM6mb\.sf2, which is not installed here"
        ):
            sound.sound_of(engine, study, person, nobody)


def test_a_study_of_an_older_version_gets_its_instrument_when_it_is_played(engine: Engine, played: list[str]) -> None:
    study = add_study(engine, replace(draft(), seconds=5.0))
    person = next(number for number, excerpt in enumerate(draft().excerpts) if excerpt.is_human)
    with writing(engine) as connection:
        connection.execute(schema.studies.update().values(instrument=None))
    frozen = sound.frozen_notes(engine, study, person, nobody)
    found = find_study(engine, study)
    assert found is not None
    assert found.instrument == frozen.instrument == instrument_here()


def test_old_sounds_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "MAX_BYTES", 250)
    for age, name in enumerate(("newest", "middle", "oldest")):
        file = tmp_path / f"{name}.flac"
        file.write_bytes(bytes(100))
        os.utime(file, (1e9 - age, 1e9 - age))
    sound.make_room(tmp_path)
    assert {file.stem for file in tmp_path.iterdir()} == {"newest", "middle"}


def test_a_model_writes_from_its_seed_alone() -> None:
    checkpoint = tiny_checkpoint("roll-gru")
    first, again, other = (Generated("any", seed).performance(8.0, lambda _: checkpoint) for seed in (1, 1, 2))
    assert first == again != other
    assert first.notes[0].onset == 0
    assert first.duration <= 16


def test_what_is_being_written_can_be_stopped_and_begun_again(engine: Engine, models: Path) -> None:
    card = save(models, tiny_checkpoint("roll-gru"))
    made = ready_study([card])
    assert made is not None
    study = add_study(engine, replace(made, seconds=5.0))
    told: list[float] = []

    def stop(seconds: float) -> None:
        told.append(seconds)
        if seconds > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sound.sound_of(engine, study, 0, load_checkpoint, on_seconds=stop)
    assert 2 < told[-1] < 3
    assert sound.frozen_notes(engine, study, 0, load_checkpoint).notes, "nothing is in the way of another try"


def test_a_study_is_of_one_network_whatever_is_trained_meanwhile(
    engine: Engine, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = save(models, tiny_checkpoint("roll-gru"))
    made = ready_study([card])
    assert made is not None
    study = add_study(engine, replace(made, seconds=5.0))
    before = sound.frozen_notes(engine, study, 0, load_checkpoint)
    trained = tiny_checkpoint("roll-gru")
    for parameter in trained.model.parameters():
        parameter.data += 0.1
    save(models, trained)
    assert sound.frozen_notes(engine, study, 0, load_checkpoint) == before, "what is set down stays"
    with pytest.raises(StudyError, match="no longer the one that this study was made with"):
        sound.frozen_notes(engine, study, 1, load_checkpoint)
    again = ready_study([card])
    assert again is not None
    assert again.fingerprint != made.fingerprint
    Generated(card.name, 1).performance(5.0, load_checkpoint)  # an older version's, which does not say


def test_a_fingerprint_is_of_all_that_the_music_depends_on(models: Path) -> None:
    card = save(models, tiny_checkpoint("roll-gru"))
    first = fingerprint(card)
    assert fingerprint(replace(card, description="Better words.", metrics={"nll": 1.0})) == first
    assert fingerprint(replace(card, sampling={"temperature": 0.5})) != first
    (models / card.name / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="weights of the model"):
        by_models([card])
    assert ready_study([card]) is None


def test_every_work_of_the_ready_study_is_there() -> None:
    corpus = Path(music21.__file__).parent / "corpus"
    assert all((corpus / work.path).is_file() for work in READY_WORKS)
    assert len(READY_WORKS) >= 6
    assert min(work.seconds for work in READY_WORKS) >= SECONDS
    assert max(Counter(work.path.partition("/")[0] for work in READY_WORKS).values()) == 2, "passages a composer"
    for one, other in pairwise(READY_WORKS):
        assert one.path != other.path or one.start_sec + one.seconds <= other.start_sec, "none is heard twice"


@pytest.mark.parametrize("work", READY_WORKS, ids=lambda work: f"{work.path} {work.start_sec:.0f}")
def test_a_work_lasts_as_long_as_it_says_and_has_both_hands(work: Work) -> None:
    score = work.excerpt().source.performance(work.seconds, nobody)
    assert score.duration / 2 == pytest.approx(work.seconds, abs=0.1)
    assert max(score.pitches) - min(score.pitches) > 30
    assert sound.alike(score, work.seconds)


@pytest.mark.parametrize("seconds", [SECONDS, 80.0, LONGEST])
def test_works_that_are_shorter_than_an_excerpt_are_left_out(seconds: float) -> None:
    lasting = {work.title for work in READY_WORKS if work.seconds >= seconds}
    assert {excerpt.title for excerpt in by_people("music21", len(lasting), seconds, seed=1)} == lasting
    with pytest.raises(StudyError, match=f"Of the 8 excerpts by people only {len(lasting)} can be so long"):
        by_people("music21", 8, seconds, seed=1)


def test_a_work_that_is_missing_is_one_sentence() -> None:
    with pytest.raises(StudyError, match="no piece"):
        FromMusic21("nobody/nothing.mxl").performance(1.0, nobody)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the checkpoints of this test are."""
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path / "models")
    return tmp_path / "models"


def save(models: Path, checkpoint: Checkpoint) -> ModelCard:
    save_checkpoint(checkpoint, models)
    return checkpoint.card


def card(models: Path, name: str, codec: str, **metrics: float) -> ModelCard:
    """That of a model with some weights."""
    (models / name).mkdir(parents=True)
    (models / name / WEIGHTS).write_bytes(name.encode())
    return ModelCard(name, name.title(), "x", {}, codec, {}, "piano", "none", metrics=metrics)


def test_the_ready_study_is_made_of_the_piano_models_that_there_are(models: Path) -> None:
    cards = [card(models, "a", "piano"), card(models, "b", "pianoroll"), card(models, "c", "beats")]
    found = ready_study(cards)
    assert found is not None
    check(found)
    assert {excerpt.maker for excerpt in found.excerpts} == {"a", "b", HUMAN}
    assert found.fingerprint == ready_study(cards).fingerprint != ready_study(cards[:1]).fingerprint
    check(ready_study(cards[:1]))
    assert ready_study(cards[2:]) is None
    assert len(by_models([card(models, str(i), "piano") for i in range(9)])) == 36


def test_of_seven_models_the_ready_study_takes_the_four_that_suit_it_best(models: Path) -> None:
    rolls = {"roll-gru": 2.5, "roll-attention": 2.9, "roll-gru-attention": 2.4, "roll-gru2-attention": 2.6}
    rolls |= {"roll-gru3-attention": 2.41, "roll-transformer": 3.0}
    cards = [card(models, f"{name}.maestro-piano", "pianoroll", nll=nll) for name, nll in rolls.items()]
    cards.append(card(models, "piano-transformer.piano", "piano", nll=9.0))
    chosen = {f"{name}.maestro-piano" for name in ("roll-gru-attention", "roll-gru3-attention", "roll-transformer")}
    chosen.add("piano-transformer.piano")
    found, again = ready_study(cards), ready_study(cards[::-1])
    assert found is not None
    assert found == again
    makers = [excerpt.maker for excerpt in found.excerpts]
    assert set(makers) == chosen | {HUMAN}
    for group, each, people in (("A", 2, 0), ("B", 1, 4), ("C", 1, 4)):
        heard = Counter(makers[number] for number in draw(group, makers, {}, "K7MP-2QXR-9TDW"))
        assert heard.pop(HUMAN, 0) == people
        assert heard == dict.fromkeys(chosen, each)
    without = [replace(card, metrics={}) for card in cards]
    assert len(best_suited(without)) == 4, "a card without figures is no reason to fail"


def test_people_are_drawn_from_a_corpus_each_piece_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def performance(seconds: float) -> NDArray[np.float32]:
        onsets = np.arange(0, seconds, 0.5, dtype=np.float32)
        return np.stack([onsets, np.full_like(onsets, 0.4), 60 + onsets % 12, np.full_like(onsets, 70)], axis=1)

    pieces = [Piece(f"p{i}", Score(()), "test", played=performance(60.0)) for i in range(5)]
    pieces.append(Piece("short", Score(()), "test", played=performance(10.0)))
    monkeypatch.setattr("core.listening.making.load_corpus", lambda _: tuple(pieces))
    monkeypatch.setattr("core.data.corpora.load_corpus", lambda _: tuple(pieces))
    excerpts = by_people("maestro-piano", 5, 40.0, seed=3)
    assert excerpts == by_people("maestro-piano", 5, 40.0, seed=3)
    sources = [excerpt.source for excerpt in excerpts]
    assert {source.piece for source in sources if isinstance(source, FromCorpus)} == {f"p{i}" for i in range(5)}
    for source in sources:
        score = source.performance(40.0, nobody)
        assert (score.notes[0].onset, score.duration) == (0, pytest.approx(80, abs=1.1))
    with pytest.raises(StudyError, match="only 5 can be so long"):
        by_people("maestro-piano", 6, 40.0, seed=3)
    with pytest.raises(StudyError, match="no performance 'gone'"):
        FromCorpus("maestro-piano", "gone", 0.0).performance(40.0, nobody)


def test_a_corpus_without_test_pieces_gives_validation_pieces_and_never_what_models_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    onsets = np.arange(0, 60, 0.5, dtype=np.float32)
    played = np.stack([onsets, np.full_like(onsets, 0.4), np.full_like(onsets, 60), np.full_like(onsets, 70)], axis=1)
    splits = ["train", "train", "valid", "valid"]

    def drawn_from() -> set[str]:
        pieces = tuple(Piece(f"{split} {i}", Score(()), split, played=played) for i, split in enumerate(splits))
        monkeypatch.setattr("core.listening.making.load_corpus", lambda _: pieces)
        sources = [excerpt.source for excerpt in by_people("maestro-piano", 2, 40.0, seed=1)]
        return {source.piece for source in sources if isinstance(source, FromCorpus)}

    assert drawn_from() == {"valid 2", "valid 3"}
    splits += ["test", "test"]
    assert drawn_from() == {"test 4", "test 5"}
    splits[:] = ["train"] * 6
    with pytest.raises(StudyError, match="choose other music by people"):
        drawn_from()


def test_the_choice_of_music_by_people() -> None:
    names = human_sources()
    assert next(iter(names)) == "music21"
    assert set(names) - {"music21"} <= set(CORPORA)
    excerpts = by_people("music21", 4, 40.0, seed=1)
    assert len(set(excerpts)) == 4
    assert all(isinstance(excerpt, Excerpt) and excerpt.is_human for excerpt in excerpts)
    with pytest.raises(InputError):
        by_people("music21", 40, 40.0, seed=1)
