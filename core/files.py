"""Reading and writing music files by their ending; a new format is a line in ``READERS`` or ``WRITERS``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from core.beats import Beats
from core.errors import FormatError, InputError
from core.formats.abc_notation import abc_to_score, score_to_abc
from core.formats.kern import kern_to_score
from core.formats.midi import midi_to_score, score_to_midi
from core.formats.musicxml import musicxml_to_score, score_to_musicxml
from core.formats.skyline import melody_line
from core.rhythm import Rhythm, csv_to_rhythm
from core.score import Score

MAX_BYTES = 10_000_000
MIDI = (".mid", ".midi")
"""endings of files that hold times, whatever metre they claim"""
GRID = 48
"""parts of a quarter: notes of a MIDI file that all lie on them were written, not played"""


def read_abc(data: bytes) -> Score:
    return abc_to_score(data.decode("utf-8", errors="replace"))


READERS: dict[str, Callable[[bytes], Score]] = {
    **dict.fromkeys(MIDI, midi_to_score),
    ".musicxml": musicxml_to_score,
    ".xml": musicxml_to_score,
    ".mxl": musicxml_to_score,
    ".abc": read_abc,
    ".krn": kern_to_score,
}


def write_svg(written: Score, _: Score, __: int) -> bytes:
    from core.render.notation import score_to_svg

    return score_to_svg(written).encode()


def write_pdf(written: Score, _: Score, __: int) -> bytes:
    from core.render.pdf import score_to_pdf

    return score_to_pdf(written)


def write_wav(_: Score, performed: Score, program: int) -> bytes:
    from core.render.audio import audio_to_wav, render

    return audio_to_wav(render(performed, program))


Writer = Callable[[Score, Score, int], bytes]
"""From the written melody, the performed one and the General MIDI instrument; what sounds is performed."""

WRITERS: dict[str, Writer] = {
    ".mid": lambda written, performed, program: score_to_midi(performed, program),
    ".musicxml": lambda written, performed, program: score_to_musicxml(written).encode(),
    ".abc": lambda written, performed, program: score_to_abc(written).encode(),
    ".svg": write_svg,
    ".pdf": write_pdf,
    ".wav": write_wav,
}


def ending(name: str) -> str:
    return PurePath(name).suffix.lower()


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, or of a huge one just as many as show that it is too large; raises ``InputError``."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"The file {path} cannot be read; check its name.") from error


def read_score(data: bytes, name: str) -> Score:
    """The music in a file called ``name``, all its notes; raises ``FormatError``."""
    check(data, name, tuple(READERS))
    return READERS[ending(name)](data)


def check(data: bytes, name: str, endings: Sequence[str]) -> None:
    """Raises ``FormatError`` when a file is too large, or its name ends in none of ``endings``."""
    check_size(data)
    if ending(name) not in endings:
        raise FormatError(f"Files ending in {ending(name) or 'nothing'} cannot be read; use {', '.join(endings)}.")


def check_size(data: bytes) -> None:
    """Raises ``FormatError`` when a file is too large: it is only in the browser that an uploader refuses it."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"The file is larger than {MAX_BYTES // 1_000_000} MB; give a smaller one.")


def read_beats(data: bytes, name: str, length: int | None = None) -> Beats:
    """The rhythm in a CSV file, or of the top line of a music file, or its first ``length`` notes.

    Raises ``InputError``.
    """
    check(data, name, (".csv", *READERS))
    if ending(name) == ".csv":
        rhythm = csv_to_rhythm(data)
        return Beats.from_rhythm(rhythm.cut(length) if length else rhythm)
    score = melody_line(read_score(data, name))
    score = replace(score, notes=score.notes[:length])
    if not score.notes:
        raise FormatError("There are no notes in this file; choose one with a melody.")
    return Beats.from_score(score) if is_written(score, name) else Beats.from_rhythm(Rhythm.from_score(score))


def is_written(score: Score, name: str) -> bool:
    """Whether the times of what the file called ``name`` holds are note values: those of MIDI may be a player's."""
    return ending(name) not in MIDI or is_metrical(score)


def is_metrical(score: Score) -> bool:
    """Whether every note begins on the grid of the score's own tempo and metre."""
    places = [note.onset * GRID for note in score.notes]
    return all(abs(place - round(place)) < 0.06 for place in places)
