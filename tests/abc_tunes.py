"""ABC tunes of the collections that music21 brings, and what music21 reads in them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.errors import FormatError
from core.formats.abc_notation import abc_to_score, header_fields, split_tunes
from core.score import Note

DAMAGED = {  # notes are missing before their lengths
    ("dva0", "27"): "| 4=A2F2",
    ("erk20", "237"): "| 2z",
    ("folkHaydn", "13"): "| 3A2c22",
    ("lot", "107"): "| 4=A2F2",
    ("han2", "374"): "\n4c2d2c8",
    ("han2", "445"): "\n22G22",
}


@cache
def corpus(collection: str) -> dict[tuple[str, str], str]:
    """The tunes of one of music21's collections by file and number."""
    spec = find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    files = sorted((Path(spec.origin).parent / "corpus" / collection).glob("*.abc"))
    texts = {file.stem: file.read_text(encoding="utf-8", errors="replace") for file in files}
    return {(stem, header_fields(tune)["X"]): tune for stem, text in texts.items() for tune in split_tunes(text)}


def sample(collection: str, size: int) -> list[tuple[tuple[str, str], str]]:
    tunes = [item for item in corpus(collection).items() if item[0] not in DAMAGED]
    return random.Random(size).sample(tunes, size)


def times(notes: Iterable[Note]) -> list[tuple[float, float, int]]:
    return sorted((round(n.onset, 6), round(n.duration, 6), n.pitch) for n in notes)


def is_read(text: str) -> bool:
    try:
        return bool(abc_to_score(text).notes)
    except FormatError:
        return False


def music21_notes(text: str) -> list[tuple[float, float, int]]:
    """What music21 reads: its ties joined by sounding pitch, as its own joining goes by the place in the bar."""
    from music21 import converter

    notes: list[tuple[float, float, tuple[int, ...]]] = []
    tied = False
    stream = converter.parse("%abc-2.1\n" + text, format="abc")
    for element in stream.recurse().notes:
        if element.duration.isGrace:
            continue
        onset, duration = float(element.getOffsetInHierarchy(stream)), float(element.quarterLength)
        sounding = tuple(pitch.midi for pitch in element.pitches)
        if tied and notes[-1][2] == sounding and notes[-1][0] + notes[-1][1] == pytest.approx(onset):
            notes[-1] = (notes[-1][0], notes[-1][1] + duration, sounding)
        else:
            notes.append((onset, duration, sounding))
        tied = element.tie is not None and element.tie.type in ("start", "continue")
    return sorted((round(onset, 6), round(duration, 6), p) for onset, duration, chord in notes for p in chord)
