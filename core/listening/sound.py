"""Every excerpt rendered alike: the piano-roll codec's notes, one velocity, one instrument, one length, one loudness.

The notes are set down in the database when an excerpt is first heard, so that they stay the same whatever becomes of a
checkpoint or a corpus; sound is made of them anew, by the study's own instrument, wherever it is no longer kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sqlalchemy import Connection, Engine, select, update

from core.data.cache import cache_folder
from core.errors import InputError
from core.listening import schema
from core.listening.database import StudyError, reading, writing
from core.listening.excerpts import Load, json_to_source
from core.listening.instrument import engine_of, instrument_here
from core.render.audio import INSTRUMENTS, Audio, audio_to_flac, render
from core.score import Note, Score
from core.storage import sweep, write_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.piano import OnSeconds

FORMAT = 1
"""Raise it when the same notes shall sound otherwise."""
VELOCITY = 80
LOUDNESS = -23.0
"""LUFS: integrated loudness by ITU-R BS.1770-4, the level of EBU R 128; a piano's peaks stay well below full scale"""
CEILING = 0.99
"""of full scale, which no peak exceeds, be the excerpt the softer for it"""
FADE_SEC = 1.5
MAX_BYTES = 256_000_000
"""of sounds that are kept; the one that was heard longest ago goes first"""

SecNotes = list[tuple[float, float, int]]
"""(onset_sec, duration_sec, pitch)"""
Turn = Callable[[], AbstractContextManager[None]]
"""waits until heavy work may begin, and is left when it is over"""


class Stored(NamedTuple):
    """What the database knows of an excerpt; what is None is set down when it is first heard."""

    source: str
    notes: str | None
    seconds: float
    instrument: str | None


class Frozen(NamedTuple):
    """What an excerpt sounds like, which is the same for ever."""

    notes: SecNotes
    seconds: float
    instrument: str


def sound_of(
    engine: Engine,
    study: str,
    number: int,
    load: Load,
    turn: Turn = nullcontext,
    on_seconds: OnSeconds | None = None,
) -> bytes:
    """The FLAC file of an excerpt, made where it is not kept; of those who make it at once the notes of one stay.

    Only who has to make something takes a ``turn``; ``on_seconds`` is called while a model writes. Raises
    ``InputError`` where the notes or the sound cannot be made, and what these two raise.
    """
    notes, seconds, instrument = frozen_notes(engine, study, number, load, turn, on_seconds)
    facts = (FORMAT, notes, seconds, VELOCITY, LOUDNESS, instrument)
    path = sounds_folder() / f"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}.flac"
    if (kept := kept_sound(path)) is not None:
        return kept
    with turn():
        flac = rendered(notes, seconds, instrument)
    keep(path, flac)
    return flac


def frozen_notes(
    engine: Engine,
    study: str,
    number: int,
    load: Load,
    turn: Turn = nullcontext,
    on_seconds: OnSeconds | None = None,
) -> Frozen:
    """The notes of an excerpt, its length and the study's instrument; what is not set down yet is now."""
    with reading(engine) as connection:
        found = stored(connection, study, number)
    if found.notes is None or found.instrument is None:
        found = set_down(engine, study, number, load, turn, on_seconds)
    assert found.notes is not None
    assert found.instrument is not None
    notes = [(onset, duration, pitch) for onset, duration, pitch in json.loads(found.notes)]
    return Frozen(notes, found.seconds, found.instrument)


def set_down(engine: Engine, study: str, number: int, load: Load, turn: Turn, on_seconds: OnSeconds | None) -> Stored:
    """Has an excerpt's notes made, unless another has done so meanwhile, and chooses the study's instrument."""
    excerpts, studies = schema.excerpts, schema.studies
    with reading(engine) as connection:
        found = stored(connection, study, number)
    instrument, notes = found.instrument or instrument_here(), found.notes
    if notes is None:
        with turn():
            played = json_to_source(found.source).performance(found.seconds, load, on_seconds)
            notes = json.dumps(alike(played, found.seconds))
    this = (excerpts.c.study == study) & (excerpts.c.number == number)
    unset = (studies.c.id == study) & studies.c.instrument.is_(None)
    with writing(engine) as connection:  # whoever came first stays
        connection.execute(update(excerpts).where(this, excerpts.c.notes.is_(None)).values(notes=notes))
        connection.execute(update(studies).where(unset).values(instrument=instrument))
        return stored(connection, study, number)


def stored(connection: Connection, study: str, number: int) -> Stored:
    """Raises ``StudyError`` where there is no such excerpt."""
    excerpts, studies = schema.excerpts, schema.studies
    query = (
        select(excerpts.c.source, excerpts.c.notes, studies.c.seconds, studies.c.instrument)
        .join_from(excerpts, studies, excerpts.c.study == studies.c.id)
        .where(excerpts.c.study == study, excerpts.c.number == number)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise StudyError("There is no such excerpt in this study; open it again with your code.")
    return Stored(*row)


def alike(score: Score, seconds: float) -> SecNotes:
    """Music as the piano-roll codec carries it, within so many seconds."""
    from core.codecs.pianoroll import roll_version

    rolled = roll_version(score, velocity=VELOCITY)
    rate = 60.0 / rolled.qpm
    timed = [(round(note.onset * rate, 6), round(note.duration * rate, 6), note.pitch) for note in rolled.notes]
    return [(onset, min(length, seconds - onset), pitch) for onset, length, pitch in timed if onset < seconds]


def rendered(notes: Sequence[tuple[float, float, int]], seconds: float, instrument: str) -> bytes:
    """FLAC of just so many seconds, which fade at their end, at ``LOUDNESS``; raises ``InputError``."""
    score = Score(tuple(Note(onset, length, pitch, VELOCITY) for onset, length, pitch in notes), qpm=60.0)
    audio = render(score, INSTRUMENTS["piano"], engine=engine_of(instrument))
    if audio.notice:  # by another synthesiser than the others
        raise InputError(f"The music cannot be played as the other excerpts are: {audio.notice}")
    rate = audio.sample_rate
    samples = levelled(lasting(audio.samples, round(seconds * rate), round(FADE_SEC * rate)), rate)
    return audio_to_flac(Audio(samples, rate, audio.engine))


def lasting(samples: NDArray[np.float32], num_samples: int, fade: int) -> NDArray[np.float32]:
    """(num_samples,): cut or filled up with silence; the last ``fade`` of them fade."""
    whole = np.zeros(num_samples, np.float32)
    whole[: len(samples)] = samples[:num_samples]
    whole[num_samples - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return whole


def levelled(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """The same at ``LOUDNESS``."""
    import pyloudnorm

    loudness = pyloudnorm.Meter(sample_rate).integrated_loudness(samples.astype(np.float64))
    if not np.isfinite(loudness):
        return samples
    gain = 10 ** ((LOUDNESS - loudness) / 20)
    return samples * np.float32(min(gain, CEILING / np.abs(samples).max()))


def sounds_folder() -> Path:
    return cache_folder() / "listening"


def kept_sound(path: Path) -> bytes | None:
    """A sound that was kept, which is now the last to go; None where it is gone."""
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    with suppress(OSError):  # where the folder may only be read
        path.touch()
    return kept


def keep(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, and makes room; where the folder cannot be written to, does nothing."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
        sweep(path.parent)
        make_room(path.parent)


def make_room(folder: Path) -> None:
    """Removes the files that were used longest ago until ``MAX_BYTES`` are left at most."""
    files = sorted(((file.stat(), file) for file in folder.glob("*.flac")), key=lambda item: item[0].st_mtime)
    excess = sum(stat.st_size for stat, _ in files) - MAX_BYTES
    for stat, file in files:
        if excess <= 0:
            break
        file.unlink(missing_ok=True)
        excess -= stat.st_size
