"""From a file that somebody played or tapped to a written melody."""

from __future__ import annotations

from dataclasses import replace

from core.data.melody import find_melody
from core.files import MIDI, READERS, check, ending, read_score
from core.formats.spelling import estimate_key
from core.rhythm import Rhythm, csv_to_rhythm, notate
from core.score import Score, monophonic


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
    if ending(name) not in MIDI and (qpm, time_signature, upbeat) == (None, None, None):
        return replace(played, notes=played.notes[:length])
    played = monophonic(played)  # a flam is one note of its rhythm, and has one pitch
    silence = played.notes[0].onset  # says nothing, however long
    moved = tuple(note._replace(onset=note.onset - silence) for note in played.notes[:length])
    played = replace(played, notes=moved)
    written = notate(Rhythm.from_score(played), qpm, time_signature, upbeat).with_pitches(played.pitches)
    key = estimate_key(written.pitches, [note.duration for note in written.notes])
    return replace(written, key=key, title=played.title)


def num_struck(data: bytes, name: str) -> int:
    """How many notes the melody of a file would have if none of its notes and chords were left out.

    Raises ``InputError``.
    """
    check(data, name, (".csv", *READERS))
    return len(csv_to_rhythm(data) if ending(name) == ".csv" else monophonic(read_score(data, name)).notes)
