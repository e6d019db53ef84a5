"""What can be said of the characters of a tune in ABC notation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from core.data.tune_texts import body_start
from core.inspection.abc_signs import (
    ACCIDENTAL,
    BAR,
    CHORD,
    DECORATION,
    GAP,
    GRACE,
    KEY,
    LENGTH,
    LINE_END,
    NOTE,
    OCTAVE,
    REST,
    TITLE,
    TUPLET,
    Sign,
    header_lines,
    music_signs,
    staff_places,
)
from core.inspection.concept import Concept, Labels, mark
from core.inspection.subject import END, Subject

Places = Callable[[Subject], Iterable[int]]


def text_of(subject: Subject) -> str:
    return "".join(subject.labels).removesuffix(END)


def signs_of(subject: Subject) -> list[Sign]:
    return list(music_signs(text_of(subject)))


def labelled(places: Places) -> Callable[[Subject], Labels]:
    return lambda subject: mark(subject, places(subject))


def of_kind(*kinds: str) -> Callable[[Subject], Labels]:
    """The characters of all signs of some kinds."""
    return labelled(lambda subject: (i for sign in signs_of(subject) if sign.kind in kinds for i in sign.places))


def header(subject: Subject) -> Iterable[int]:
    return range(body_start(text_of(subject)))


def in_field(kind: str) -> Callable[[Subject], Labels]:
    """What stands behind the colon."""

    def places(subject: Subject) -> Iterator[int]:
        for line in header_lines(text_of(subject)):
            if line.kind == kind:
                yield from line.places[2:]

    return labelled(places)


def title_capitals(subject: Subject) -> Iterator[int]:
    for line in header_lines(text_of(subject)):
        if line.kind == TITLE:
            yield from (i for i in line.places[2:] if line.text[i - line.start].isupper())


def repeat_signs(subject: Subject) -> Iterator[int]:
    for sign in signs_of(subject):
        if sign.kind == BAR and ":" in sign.text:
            yield from sign.places


def before_bar_lines(subject: Subject) -> Iterator[int]:
    for before, sign in pairwise(signs_of(subject)):
        if sign.kind == BAR and before.kind not in (BAR, LINE_END):
            yield sign.start - 1


def high_notes(subject: Subject) -> Iterator[int]:
    return (sign.start for sign, height in staff_places(signs_of(subject)) if height >= 7)


def moves(holds: Callable[[int], bool]) -> Callable[[Subject], Labels]:
    """The notes whose way on the staff from the note before, in steps, is such that ``holds``."""

    def places(subject: Subject) -> Iterator[int]:
        for (_, before), (sign, here) in pairwise(staff_places(signs_of(subject))):
            if holds(here - before):
                yield sign.start

    return labelled(places)


def phrase_starts(subject: Subject) -> Iterator[int]:
    """The first note of the tune, of each line of music and of each part."""
    begun = True
    for sign in signs_of(subject):
        if sign.kind == LINE_END or sign.ends_part:
            begun = True
        elif sign.kind == NOTE and begun:
            yield sign.start
            begun = False


def downbeats(subject: Subject) -> Iterator[int]:
    """The first note of each bar that is no upbeat.

    A part begins with an upbeat when what stands before its first bar line is shorter than a bar. In a text that is no
    tune that cannot be told, and every note behind a bar line counts.
    """
    firsts = list(first_notes(signs_of(subject)))
    for index, (sign, opens_part) in enumerate(firsts):
        after = firsts[index + 1][0].start if index + 1 < len(firsts) else None
        if not (opens_part and is_upbeat(subject, sign.start, after)):
            yield sign.start


def first_notes(signs: list[Sign]) -> Iterator[tuple[Sign, bool]]:
    """The first note behind each bar line, and whether a part begins there; a bar that begins with a rest has none."""
    waiting, opens_part = True, True
    for sign in signs:
        if sign.kind == BAR:
            opens_part = sign.ends_part or (opens_part and waiting)
            waiting = True
        elif sign.kind in (NOTE, REST):
            if waiting and sign.kind == NOTE:
                yield sign, opens_part
            waiting = opens_part = False


def is_upbeat(subject: Subject, start: int, after: int | None) -> bool:
    """Whether less than a bar lies between the notes that the characters ``start`` and ``after`` write."""
    score = subject.score
    if score is None or after is None or subject.owners[start] < 0:
        return False
    onsets = [score.notes[subject.owners[place]].onset for place in (start, after)]
    return onsets[1] - onsets[0] < score.bar_length - 1e-6


ABC_CONCEPTS = {
    "header": Concept("Header", "The lines above the music.", labelled(header)),
    "title": Concept("Title", "The text of the title.", in_field(TITLE)),
    "title-capitals": Concept("Capitals of the title", "Capital letters in the title.", labelled(title_capitals)),
    "key": Concept("Key", "What the K: line says.", in_field(KEY)),
    "bar-line": Concept("Bar line", "Bar lines of all kinds, with the numbers of endings.", of_kind(BAR)),
    "before-bar-line": Concept("Bar is full", "The last character before a bar line.", labelled(before_bar_lines)),
    "repeat-sign": Concept("Repeat sign", "Bar lines with a colon.", labelled(repeat_signs)),
    "note": Concept("Note", "The letters of notes.", of_kind(NOTE)),
    "rest": Concept("Rest", "The letters of rests.", of_kind(REST)),
    "length": Concept("Note value", "Digits and strokes behind a note or a rest.", of_kind(LENGTH)),
    "octave": Concept("Octave mark", "The marks that move a note by an octave.", of_kind(OCTAVE)),
    "high": Concept("Upper octave", "Notes from the C above middle C on.", labelled(high_notes)),
    "accidental": Concept("Accidental", "Sharps, flats and naturals before a note.", of_kind(ACCIDENTAL)),
    "chord-symbol": Concept("Inside a chord symbol", "What stands between quotation marks.", of_kind(CHORD)),
    "ornament": Concept("Ornament", "Grace notes and decorations.", of_kind(GRACE, DECORATION)),
    "tuplet": Concept("Triplet sign", "The sign before a triplet or another tuplet.", of_kind(TUPLET)),
    "gap": Concept("Gap in the music", "Spaces between groups of notes.", of_kind(GAP)),
    "line-end": Concept("End of a line", "Where a line of music ends.", of_kind(LINE_END)),
    "phrase": Concept("Start of a phrase", "The first note of a line of music, or of a part.", labelled(phrase_starts)),
    "downbeat": Concept("Downbeat", "The first note of a bar.", labelled(downbeats)),
    "ascending": Concept("Ascending", "Notes above the note before, on the staff.", moves(lambda steps: steps > 0)),
    "descending": Concept("Descending", "Notes below the note before, on the staff.", moves(lambda steps: steps < 0)),
    "repeated": Concept("Repeated note", "Notes as high as the note before.", moves(lambda steps: steps == 0)),
    "leap": Concept("Leap", "Notes a fourth or more from the note before.", moves(lambda steps: abs(steps) >= 3)),
}
