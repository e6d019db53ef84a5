"""A visit's compositions as JSON, for a project file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from core.beats import Beats
from core.composition import Composition
from core.errors import InputError
from core.rhythm import MAX_NOTES, Rhythm
from core.sampling import SamplingConfig
from core.score import Note, Score

MAX_PROJECT_BYTES = 20_000_000
MAX_VERSIONS = 500


class ProjectError(InputError):
    """A project file that cannot be opened."""


def piece_to_json(piece: Composition) -> dict[str, Any]:
    beats = piece.beats
    if beats.metrical:
        written = beats.written
        rhythm: dict[str, Any] = {
            "notes": [[note.onset, note.duration] for note in written.notes],
            "qpm": written.qpm,
            "time_signature": list(written.time_signature),
            "upbeat": written.upbeat,
        }
    else:
        rhythm = {"rest_sec": list(beats.performed.rest_sec), "duration_sec": list(beats.performed.duration_sec)}
    return {
        "model": piece.model,
        "sampling": asdict(piece.sampling),
        "rhythm": rhythm,
        "pitches": list(piece.pitches),
        "num_given": piece.num_given,
        "locked": sorted(piece.locked),
        "title": piece.title,
        "qpm": piece.qpm,
        "program": piece.program,
        "log_likelihood": piece.log_likelihood,
    }


def piece_from_json(values: Mapping[str, Any]) -> Composition:
    """Undoes ``piece_to_json``. Raises ``InputError``, or ``KeyError``, ``TypeError`` or ``ValueError``."""
    beats = beats_from_json(values["rhythm"])
    return checked_piece(
        Composition(
            model=str(values["model"])[:100],
            beats=beats,
            pitches=tuple(int(pitch) for pitch in values["pitches"]),
            sampling=SamplingConfig.from_mapping(values["sampling"]),
            num_given=int(values["num_given"]),
            locked=frozenset(int(i) for i in values["locked"]),
            title=str(values["title"])[:200],
            qpm=None if values["qpm"] is None else float(values["qpm"]),
            program=int(values["program"]),
            log_likelihood=float(values["log_likelihood"]),
        )
    )


def beats_from_json(values: Mapping[str, Any]) -> Beats:
    if "notes" not in values:
        return Beats.from_rhythm(Rhythm(tuple(values["rest_sec"]), tuple(values["duration_sec"])))
    spans = [(float(onset), float(duration)) for onset, duration in values["notes"]]
    return metrical_beats(spans, float(values["qpm"]), tuple(values["time_signature"]), float(values["upbeat"]))


def metrical_beats(
    spans: Sequence[tuple[float, float]], qpm: float, time_signature: tuple[int, int], upbeat: float
) -> Beats:
    """Beats from (onset, duration) in quarters; raises ``ValueError`` on values that no score has."""
    numerator, denominator = time_signature
    score = Score((), qpm, (int(numerator), int(denominator)), upbeat)
    sane = len(spans) <= MAX_NOTES and 1 <= numerator <= 64 and denominator in (1, 2, 4, 8, 16, 32)
    sane = sane and 5 <= qpm <= 1000 and 0 <= upbeat < score.bar_length
    if not sane or not all(0 <= onset < 1e5 and 0 < duration <= 256 for onset, duration in spans):
        raise ValueError("not the times of a score")
    beats = Beats.from_score(replace(score, notes=tuple(Note(onset, duration, 60) for onset, duration in spans)))
    if len(beats) != len(spans):
        raise ValueError("notes at the same time")
    return beats


def checked_piece(piece: Composition) -> Composition:
    """``piece``, or ``ValueError`` when a value is out of range."""
    length = len(piece.pitches)
    sane = all(0 <= pitch <= 127 for pitch in piece.pitches) and all(0 <= i < length for i in piece.locked)
    sane = sane and 0 <= piece.num_given <= length and 0 <= piece.program <= 127
    if not sane or not (piece.qpm is None or 5 <= piece.qpm <= 1000):
        raise ValueError("not the values of a piece")
    return piece


def project_to_json(versions: Sequence[tuple[str, Composition]], current: int) -> str:
    """A project file: every (label, version) of a visit, and which one is on the desk."""
    entries = [{"label": label, "piece": piece_to_json(piece)} for label, piece in versions]
    return json.dumps({"format": "tunesmith project", "version": 1, "current": current, "versions": entries}) + "\n"


def json_to_project(data: bytes) -> tuple[list[tuple[str, Composition]], int]:
    """(versions, current) of a project file; raises ``ProjectError``."""
    if len(data) > MAX_PROJECT_BYTES:
        raise ProjectError(f"The project file is larger than {MAX_PROJECT_BYTES // 1_000_000} MB; choose another file.")
    try:
        values = json.loads(data)
        if values["format"] != "tunesmith project" or values["version"] != 1:
            raise ValueError("another format")
        entries = values["versions"][:MAX_VERSIONS]
        versions = [(str(entry["label"])[:200], piece_from_json(entry["piece"])) for entry in entries]
        current = int(values["current"])
        if not 0 <= current < len(versions):
            raise ValueError("no such version")
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError, AttributeError) as error:
        raise ProjectError(
            "This is not a project file of this program, or it is damaged; choose another file."
        ) from error
    return versions, current
