"""A text read as a tune: its score, where each note stands in it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.errors import FormatError
from core.files import check_size
from core.formats.abc_check import check_tune
from core.formats.abc_notation import abc_to_score, note_places, split_tunes
from core.score import Score

MAX_TEXT = 20_000
"""characters of a tune in the editor; the longest of the training songs has a quarter of them"""
MAX_TUNES = 24
"""of a file, side by side"""
MAX_SHOWN = 1500
"""notes of a tune that is engraved and played, its repeats played out"""

Place = tuple[int, int]


@dataclass(frozen=True)
class Reading:
    """What there is in a text; ``score`` has the repeats played out, as they sound."""

    score: Score | None
    """None where the text is no music, or too much of it to be shown"""
    places: tuple[Place, ...]
    """of the characters that wrote each note of the score"""
    problem: str
    """one sentence; empty where bars add up and repeats are closed"""
    wrong: Place | None
    """the characters that it is about"""


@lru_cache(maxsize=256)
def read(text: str) -> Reading:
    """Never raises, whatever the text."""
    found = check_tune(text)
    try:
        score = abc_to_score(text)
    except FormatError as error:
        return Reading(None, (), found.problem or str(error), found.place)
    if len(score.notes) > MAX_SHOWN:
        return Reading(None, (), f"The tune has {len(score.notes):,} notes; {MAX_SHOWN:,} can be shown.", None)
    return Reading(score, tuple(note_places(text)), found.problem, found.place)


def characters_of(places: Sequence[Place], notes: range) -> Place | None:
    """From the first character of the first of ``notes`` to the last of the last."""
    if not notes or notes.stop > len(places):
        return None
    spans = places[notes.start : notes.stop]
    return min(start for start, _ in spans), max(stop for _, stop in spans)


def line_and_column(text: str, place: int) -> tuple[int, int]:
    """Counted from 1, as people read them."""
    before = text[:place]
    return before.count("\n") + 1, place - before.rfind("\n")


def tunes_in(data: bytes) -> list[str]:
    """The tunes of an ABC file, whether they are music or not; raises ``FormatError`` on none, and on too many."""
    check_size(data)
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    tunes = split_tunes(text) or [text.strip()]
    if not tunes[0]:
        raise FormatError("There is no text in this file; choose one with a tune in ABC notation.")
    if len(tunes) > MAX_TUNES or max(map(len, tunes)) > MAX_TEXT:
        raise FormatError(
            f"The file holds more than {MAX_TUNES} tunes, or one of more than {MAX_TEXT:,} characters; "
            "choose a smaller one."
        )
    return tunes
