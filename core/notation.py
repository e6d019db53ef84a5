"""From a file that somebody played or tapped to a written melody."""

from __future__ import annotations

from dataclasses import replace

from core.data.melody import find_melody
from core.files import READERS, check, ending, read_score
from core.formats.spelling import estimate_key
from core.rhythm import Rhythm, csv_to_rhythm, notate
from core.score import Score

PERFORMED = (".mid", ".midi")
"""endings of files that hold times, whatever metre they claim"""


def written_melody(
    data: bytes,
    name: str,
    qpm: float | None = None,
    time_signature: tuple[int, int] | None = None,
    upbeat: float | None = None,
    length: int | None = None,
) -> Score:
    """What the file called ``name`` holds, performed, as a written melody with its pitches and likely key.

    A rhythm has no pitches: it is written on middle C. Of a polyphonic piece the melody is taken. Tempo, metre and
    upbeat are found unless they are given; sheet music is written as it stands unless one of them is. With ``length``
    no more than the first so many notes. Raises ``InputError``.
    """
    check(data, name, (".csv", *READERS))
    if ending(name) == ".csv":
        rhythm = csv_to_rhythm(data)
        return notate(rhythm.cut(length) if length else rhythm, qpm, time_signature, upbeat)
    played, _ = find_melody(read_score(data, name))
    played = replace(played, notes=played.notes[:length])
    if ending(name) not in PERFORMED and (qpm, time_signature, upbeat) == (None, None, None):
        return played
    written = notate(Rhythm.from_score(played), qpm, time_signature, upbeat).with_pitches(played.pitches)
    key = estimate_key(written.pitches, [note.duration for note in written.notes])
    return replace(written, key=key, title=played.title)
