"""Humdrum **kern, in which the Essen folk songs were first entered; music21 reads it."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core.errors import FormatError
from core.formats.metre import bar_units
from core.formats.spelling import Key, key_of_signature
from core.score import Note, Score

if TYPE_CHECKING:
    from music21 import stream

MAX_LINES, MAX_WORDS = 2000, 15_000
"""music21 takes seconds for more; a word is a note of one of the parts"""
MAX_SPINES, MAX_GRACE_NOTES, MAX_SIGNS = 100, 500, 600
"""with the number of each its time grows faster than the music; signs are keys, clefs and tempi"""
MAX_BEATS, MAX_METRES, MAX_METRE_CHANGES = 64, 16, 300
"""music21 thinks about how each metre may be divided: without end about one of 9,999,999 beats"""
SIGN = re.compile(r"\*(k\[|clef|MM|[A-Ga-g][#n-]*:)")
MAX_TITLE = 200
KERN = "**kern"
QPM = 120.0
"""printed music says no tempo"""


def kern_to_score(data: bytes) -> Score:
    """Read the melody of a .krn file: that of its first spine with notes, the top one of a chord, no grace notes.

    Raises
    ------
    FormatError
        On anything that is no **kern, is too long, or has no notes.
    """
    from music21.humdrum.spineParser import HumdrumDataCollection

    text = data.decode("utf-8", errors="replace")
    if KERN not in text:
        raise FormatError("This file is not Humdrum: a line of it must begin with **kern.")
    lines = text.splitlines()
    if len(lines) > MAX_LINES or len(text.split(maxsplit=MAX_WORDS)) > MAX_WORDS:
        raise FormatError(
            f"This Humdrum file has over {MAX_LINES:,} lines or {MAX_WORDS:,} words; give a shorter piece."
        )
    lines = checked(lines)
    try:
        collection = HumdrumDataCollection(lines)
        collection.parse()
        parts = collection.stream.getElementsByClass("Part")  # none where the file holds several works
        scores = [part_to_score(part.flatten()) for part in parts]
        title = ((collection.stream.metadata and collection.stream.metadata.title) or "")[:MAX_TITLE]
    except Exception as error:  # music21 raises whatever its parser stumbles upon
        logging.getLogger(__name__).debug("music21 on **kern", exc_info=error)
        raise FormatError("This Humdrum file cannot be read; check it with a program that shows **kern.") from error
    for score in scores:
        if score.notes:
            return Score(score.notes, score.qpm, score.time_signature, score.upbeat, score.key, title)
    raise FormatError("There are no notes in this Humdrum file; choose one that holds a melody.")


def checked(lines: list[str]) -> list[str]:
    """``lines`` without metres that no music has; raises ``FormatError`` where music21 would still take too long."""
    rows = [[line] if line.startswith("!!") else re.split("\t+", line) for line in lines]  # as it cuts them
    if max(map(len, rows), default=0) > MAX_SPINES:
        raise FormatError(f"This Humdrum file has over {MAX_SPINES} spines; give a piece for fewer parts.")
    cells = [cell for row in rows for cell in row]
    if sum("q" in cell.lower() for cell in cells if not cell.startswith(("*", "!", "="))) > MAX_GRACE_NOTES:
        raise FormatError(f"This Humdrum file has over {MAX_GRACE_NOTES} grace notes; give a shorter piece.")
    if sum(bool(SIGN.match(cell)) for cell in cells) > MAX_SIGNS:
        raise FormatError(f"This Humdrum file has over {MAX_SIGNS} keys, clefs and tempi; give a shorter piece.")
    metres = [cell.rstrip() for cell in cells if is_metre(cell)]
    if len(metres) > MAX_METRE_CHANGES or len(set(filter(can_be_counted, metres))) > MAX_METRES:
        raise FormatError(
            f"This Humdrum file has over {MAX_METRES} metres or {MAX_METRE_CHANGES} changes of metre; "
            "give a shorter piece."
        )
    return ["\t".join("*" if is_metre(cell) and not can_be_counted(cell) else cell for cell in row) for row in rows]


def is_metre(cell: str) -> bool:
    return cell.startswith("*M") and not cell.startswith("*MM")  # that is a tempo


def can_be_counted(metre: str) -> bool:
    """Whether ``*M3/4`` has few enough beats, of a note value that there is; 0 is a breve, 00 a longa."""
    written = re.fullmatch(r"\*M([0-9]{1,2})/(00?|1|2|4|8|16|32|64)", metre.rstrip())
    if not written:
        return False
    beats, value = written.groups()
    return 0 < int(beats) * {"0": 2, "00": 4}.get(value, 1) <= MAX_BEATS


def part_to_score(part: stream.Stream[Any]) -> Score:
    """The melody of a flat ``part``, tied notes joined."""
    notes: list[Note] = []
    for sounding in part.notes:
        onset, duration = float(sounding.offset), float(sounding.quarterLength)
        pitch = max(pitch.midi for pitch in sounding.pitches)
        if sounding.tie and sounding.tie.type != "start" and notes and notes[-1].pitch == pitch:
            notes[-1] = notes[-1]._replace(duration=onset + duration - notes[-1].onset)
        elif duration > 0:
            notes.append(Note(onset, duration, pitch))
    time_signature = metre_of(part)
    bar_lines = [float(bar.offset) for bar in part.getElementsByClass("Barline")]
    bar_length = 4 * time_signature[0] / time_signature[1]
    upbeat = bar_lines[0] % bar_length if bar_lines else 0.0
    return Score(tuple(notes), QPM, time_signature, upbeat, key_of(part))


def metre_of(part: stream.Stream[Any]) -> tuple[int, int]:
    """The first that can be written, else common time."""
    for metre in part.getElementsByClass("TimeSignature"):
        with suppress(FormatError):
            bar_units((metre.numerator, metre.denominator))
            return metre.numerator, metre.denominator
    return 4, 4


def key_of(part: stream.Stream[Any]) -> str:
    """The key that the file names, else what the notes say of its signature."""
    for key in part.getElementsByClass("Key"):
        return Key(key.sharps, key.mode == "minor").name
    signature = next(iter(part.getElementsByClass("KeySignature")), None)
    pitches = [pitch.midi for note in part.notes for pitch in note.pitches]
    lengths = [float(note.quarterLength) for note in part.notes for _ in note.pitches]
    return key_of_signature(signature.sharps if signature else 0, pitches, lengths)
