"""A rhythm as somebody types it: ``q q e e q | h hr``."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from core.rhythm.performed import MAX_NOTES, RhythmError
from core.score import Note, Score

NOTE_VALUES_HELP = (
    "w h q e s t are whole, half, quarter, eighth, sixteenth and thirty-second notes; q. is dotted, qr a quarter rest, "
    "e3 one of a triplet, h~e tied, | a bar line, 2x(q e e) a repeat; 1/8 is an eighth, 1.5 one and a half quarters."
)

PITCH = 60  # a rhythm has no pitches yet
MAX_CHARACTERS = 50_000
MAX_WORDS = 3 * MAX_NOTES  # with as many rests and bar lines as notes
MAX_QUARTERS = 1000  # of a single word
_LETTERS = {letter: Fraction(4, 2**power) for power, letter in enumerate("whqest")}
_NAMES = dict(zip(("whole", "half", "quarter", "eighth", "sixteenth", "thirty-second"), _LETTERS, strict=True))
_TOKEN = re.compile(r"\d{1,4}x\(|\)|\||[^\s,()|]+|\(")
_METRE = re.compile(r"[2-7]/4|[23]/2|(?:[35679]|12)/8")
_VALUE = re.compile(
    rf"(?P<before>r?)(?:(?P<letter>{'|'.join(_NAMES)}|[whqest])(?P<triplet>3?)"
    r"|(?P<over>\d{1,4})/(?P<under>\d{1,4})|(?P<quarters>\d{1,4}(?:\.\d{0,6})?|\.\d{1,6}))(?P<dots>\.{0,2})(?P<after>r?)"
)


class _Word(NamedTuple):
    text: str
    position: int  # among the words as typed, from 1

    def error(self, advice: str) -> RhythmError:
        return RhythmError(f"Word {self.position}, {self.text[:20]!r}, {advice}")


def parse_note_values(text: str, qpm: float = 100.0, time_signature: tuple[int, int] = (4, 4)) -> Score:
    """The written score of typed note values (see NOTE_VALUES_HELP), all on middle C.

    A short first bar before a ``|`` is the upbeat; every further ``|`` must fall on a bar line. Raises RhythmError,
    naming the word, on what cannot be read, and on a first word such as ``3/4`` that is the only fraction:
    it is meant as a metre.
    """
    if len(text) > MAX_CHARACTERS:
        raise RhythmError(f"The rhythm is too long: type at most {MAX_CHARACTERS} characters.")
    bar = Fraction(4 * time_signature[0], time_signature[1])
    time, upbeat, notes, is_first_bar = Fraction(0), Fraction(0), list[Note](), True
    words = [_Word(m.group(), i) for i, m in enumerate(_TOKEN.finditer(text.lower()), start=1)]
    if words and _METRE.fullmatch(words[0].text) and not any("/" in word.text for word in words[1:]):
        quarters = float(_length(words[0])[0])
        raise words[0].error(f"reads like a metre: choose it under Metre, or write {quarters:g} for so many quarters.")
    for word in _expand(words):
        if word.text == "|":
            if is_first_bar and time < bar:
                upbeat = time
            elif (time - upbeat) % bar:
                surplus = float((time - upbeat) % bar)
                signature = "/".join(map(str, time_signature))
                raise word.error(f"is not where a bar of {signature} ends, but {surplus:g} quarters into one.")
            is_first_bar = is_first_bar and not time
            continue
        length, is_rest = _length(word)
        if not is_rest:
            notes.append(Note(float(time), float(length), PITCH))
        time += length
    if time and not notes:
        raise RhythmError("The rhythm has only rests: type at least one note, such as q.")
    if not notes:
        raise RhythmError("The rhythm is empty: type note values such as 'q q e e q'.")
    if len(notes) > MAX_NOTES:
        raise RhythmError(f"The rhythm has {len(notes)} notes: type at most {MAX_NOTES}.")
    return Score(tuple(notes), qpm=qpm, time_signature=time_signature, upbeat=float(upbeat))


def _expand(words: list[_Word]) -> list[_Word]:
    """Write out the repeats, the inner ones first."""
    levels: list[tuple[_Word | None, list[_Word]]] = [(None, [])]
    for word in words:
        if word.text.endswith("("):
            levels.append((word, []))
        elif word.text == ")":
            start, body = levels.pop()
            if start is None:
                raise word.error("closes nothing: write a repeat as 2x(q e e).")
            times = int(start.text[:-2] or 1)
            if times * len(body) > MAX_WORDS:
                raise start.error(f"makes the rhythm too long: it may have {MAX_NOTES} notes at most.")
            levels[-1][1].extend(body * times)
        else:
            levels[-1][1].append(word)
    start, body = levels.pop()
    if start is not None:
        raise start.error("is not closed: write a repeat as 2x(q e e).")
    return body


def _length(word: _Word) -> tuple[Fraction, bool]:
    """Quarters, and whether it is a rest; tied parts are added up."""
    parts = [_VALUE.fullmatch(part) for part in word.text.split("~")]
    lengths, rests = list[Fraction](), set[bool]()
    for part in parts:
        if part is None:
            raise word.error("is not a note value: write q, e., hr, e3, h~e, 1/8 or 1.5.")
        lengths.append(_quarters(part))
        rests.add(bool(part["before"] or part["after"]))
    if len(rests) > 1:
        raise word.error("ties a note to a rest: write them as two words.")
    if not 0 < min(lengths) <= sum(lengths) <= MAX_QUARTERS:
        raise word.error(f"has no usable length: it may be up to {MAX_QUARTERS} quarters, and not zero.")
    return Fraction(sum(lengths)), rests.pop()


def _quarters(part: re.Match[str]) -> Fraction:
    if part["letter"]:
        length = _LETTERS[_NAMES.get(part["letter"], part["letter"])]
    elif part["quarters"]:
        length = Fraction(part["quarters"])
    else:
        length = Fraction(4 * int(part["over"]), int(part["under"])) if int(part["under"]) else Fraction(0)
    if part["triplet"]:
        length *= Fraction(2, 3)
    return length * (2 - Fraction(1, 2 ** len(part["dots"])))
