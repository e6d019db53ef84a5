"""A visit's compositions as JSON, for a project file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Never

from core.beats import Beats, Reading
from core.composition import MAX_QPM, MIN_QPM, Composition, Continued
from core.errors import InputError
from core.formats.metre import bar_units
from core.recolour import Original
from core.rhythm import MAX_NOTES, Rhythm, check_reading
from core.sampling import SamplingConfig
from core.score import Note, Score

FORMAT = "tunesmith project"
WRITTEN = "written"
"""where the file holds how a performed rhythm is written"""
MAX_PROJECT_BYTES = 5_000_000
"""which JSON may need forty times of as Python's values"""
MAX_VERSIONS = 300
MAX_RHYTHM_NOTES = 60_000
"""of all rhythms of a project together"""
MAX_UNWRITTEN, MAX_UNWRITTEN_NOTES = 100, 10_000
"""performed rhythms, and their notes, whose notation a project does not hold: to find it takes time"""


class ProjectError(InputError):
    """A project file that cannot be opened."""


def rhythm_to_json(beats: Beats) -> dict[str, Any]:
    if beats.metrical:
        return notation_to_json(beats.written)
    times = {"rest_sec": list(beats.performed.rest_sec), "duration_sec": list(beats.performed.duration_sec)}
    return {**times, **beats.reading.given, WRITTEN: notation_to_json(beats.written)}


def notation_to_json(written: Score) -> dict[str, Any]:
    return {
        "notes": [[note.onset, note.duration] for note in written.notes],
        "qpm": written.qpm,
        "time_signature": list(written.time_signature),
        "upbeat": written.upbeat,
    }


def rhythm_from_json(values: Mapping[str, Any]) -> Beats:
    """Undoes ``rhythm_to_json``. Raises ``InputError``, or ``KeyError``, ``TypeError`` or ``ValueError``."""
    if "notes" in values:
        return notation_from_json(values)
    rhythm = Rhythm(tuple(values["rest_sec"]), tuple(values["duration_sec"]))
    found = notation_from_json(values[WRITTEN]).written if WRITTEN in values else None  # not in files of before
    if found and len(found.notes) != len(rhythm):
        raise ValueError("the notation of another rhythm")
    reading = reading_from(values)
    check_reading(**reading.given)  # with ``found`` nobody looks at it before it is cut or read again
    return Beats.from_rhythm(rhythm, reading, found)


def notation_from_json(values: Mapping[str, Any]) -> Beats:
    spans = [(float(onset), float(duration)) for onset, duration in values["notes"]]
    return metrical_beats(spans, float(values["qpm"]), tuple(values["time_signature"]), float(values["upbeat"]))


def reading_from(values: Mapping[str, Any]) -> Reading:
    """What ``values`` tells of the notation of a performed rhythm; raises ``ValueError`` or ``TypeError``."""
    numerator, denominator = values.get("time_signature") or (0, 0)
    return Reading(
        qpm=None if values.get("qpm") is None else float(values["qpm"]),
        time_signature=(int(numerator), int(denominator)) if numerator else None,
        upbeat=None if values.get("upbeat") is None else float(values["upbeat"]),
    )


def metrical_beats(
    spans: Sequence[tuple[float, float]], qpm: float, time_signature: tuple[int, int], upbeat: float
) -> Beats:
    """Beats from (onset, duration) in quarters; raises ``ValueError`` on values that no score has.

    A metre that cannot be written is one: ``FormatError``.
    """
    numerator, denominator = (int(number) for number in time_signature)
    score = Score((), qpm, (numerator, denominator), upbeat)
    bar_units(score.time_signature)  # raises on a metre that cannot be written
    sane = len(spans) <= MAX_NOTES
    sane = sane and 1 <= qpm <= 1e5 and 0 <= upbeat < score.bar_length
    if not sane or not all(0 <= onset < 1e6 and 0 < duration < 1e6 for onset, duration in spans):
        raise ValueError("not the times of a score")
    beats = Beats.from_score(replace(score, notes=tuple(Note(onset, duration, 60) for onset, duration in spans)))
    if len(beats) != len(spans):
        raise ValueError("notes at the same time")
    return beats


def piece_to_json(piece: Composition, rhythm: int) -> dict[str, Any]:
    """``rhythm`` is the place of the piece's rhythm in the project."""
    return {
        "model": piece.model,
        "sampling": asdict(piece.sampling),
        "rhythm": rhythm,
        "pitches": list(piece.pitches),
        "num_given": piece.num_given,
        "locked": sorted(piece.locked),
        "title": piece.title,
        "original": piece.original and {"title": piece.original.title, "pitches": list(piece.original.pitches)},
        "continued": piece.continued and asdict(piece.continued),
        "qpm": piece.qpm,
        "program": piece.program,
        "log_likelihood": piece.log_likelihood,
    }


def piece_from_json(values: Mapping[str, Any], rhythms: Sequence[Beats]) -> Composition:
    """Undoes ``piece_to_json``. Raises ``InputError``, or what wrong values raise by themselves."""
    return checked_piece(
        Composition(
            model=cut_text(values["model"], 100),
            beats=rhythms[int(values["rhythm"])],
            pitches=tuple(int(pitch) for pitch in values["pitches"]),
            sampling=SamplingConfig.from_mapping(values["sampling"]),
            num_given=int(values["num_given"]),
            locked=frozenset(int(i) for i in values["locked"]),
            title=cut_text(values["title"], 200),
            original=original_from_json(values.get("original")),  # files of earlier releases have none
            continued=continued_from_json(values.get("continued")),  # nor this
            qpm=None if values["qpm"] is None else float(values["qpm"]),
            program=int(values["program"]),
            log_likelihood=None if values["log_likelihood"] is None else float(values["log_likelihood"]),
        )
    )


def original_from_json(values: Mapping[str, Any] | None) -> Original | None:
    if values is None:
        return None
    return Original(cut_text(values["title"], 200), tuple(int(pitch) for pitch in values["pitches"]))


def continued_from_json(values: Mapping[str, Any] | None) -> Continued | None:
    if values is None:
        return None
    return Continued(float(values["given"]), float(values["length"]), bool(values["ended"]))


def checked_piece(piece: Composition) -> Composition:
    """``piece``, or ``ValueError`` when a value is out of range."""
    length = len(piece.pitches)
    pitches = [*piece.pitches, *(piece.original.pitches if piece.original else ())]
    sane = all(0 <= pitch <= 127 for pitch in pitches) and all(0 <= i < length for i in piece.locked)
    sane = sane and 0 <= piece.num_given <= length and 0 <= piece.program <= 127
    sane = sane and math.isfinite(piece.log_likelihood or 0.0)
    if not sane or not (piece.qpm is None or MIN_QPM <= piece.qpm <= MAX_QPM):
        raise ValueError("not the values of a piece")
    return piece


def cut_text(value: object, length: int) -> str:
    """A text of at most ``length`` characters that can be shown: half a surrogate pair cannot."""
    return str(value)[:length].encode("utf-8", "replace").decode()


def project_to_json(versions: Sequence[tuple[str, Composition]], current: int) -> str:
    """A project file: every (label, version) of a visit, and which one is on the desk; each rhythm once."""
    places: dict[Beats, int] = {}
    entries = [
        {"label": label, "piece": piece_to_json(piece, places.setdefault(piece.beats, len(places)))}
        for label, piece in versions
    ]
    rhythms = [rhythm_to_json(beats) for beats in places]
    project = {"format": FORMAT, "version": 1, "current": current, "rhythms": rhythms, "versions": entries}
    return json.dumps(project, separators=(",", ":")) + "\n"


def no_number(name: str) -> Never:
    """For what Python reads in JSON though JSON has no such thing: NaN and infinity."""
    raise ValueError(f"{name} is no number")


def check_size(rhythms: Sequence[Mapping[str, Any]]) -> None:
    """Raises ``ValueError`` where it would take long to open so many rhythms."""
    lengths = [len(rhythm.get("notes", rhythm.get("rest_sec"))) for rhythm in rhythms]
    unwritten = [
        length for length, rhythm in zip(lengths, rhythms, strict=True) if not {"notes", WRITTEN} & rhythm.keys()
    ]
    if sum(lengths) > MAX_RHYTHM_NOTES or len(unwritten) > MAX_UNWRITTEN or sum(unwritten) > MAX_UNWRITTEN_NOTES:
        raise ValueError("too many notes")


def json_to_project(data: bytes) -> tuple[list[tuple[str, Composition]], int]:
    """(versions, current) of a project file; raises ``ProjectError``."""
    if len(data) > MAX_PROJECT_BYTES:
        raise ProjectError(f"The project file is larger than {MAX_PROJECT_BYTES // 1_000_000} MB; choose another file.")
    try:
        values = json.loads(data, parse_constant=no_number)
        if values["format"] != FORMAT or values["version"] != 1:
            raise ValueError("another format")
        entries, current = values["versions"], int(values["current"])
        if not 0 <= current < len(entries) <= MAX_VERSIONS:
            raise ValueError("no such version")
        check_size(values["rhythms"])
        rhythms = [rhythm_from_json(rhythm) for rhythm in values["rhythms"]]
        versions = [(cut_text(e["label"], 200), piece_from_json(e["piece"], rhythms)) for e in entries]
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError, AttributeError) as error:
        raise ProjectError(
            "This is not a project file of this program, or it is damaged; choose another file."
        ) from error
    return versions, current
