"""ABC notation, version 2.1, in both directions.

Read are metre, unit length, key, tempo, title, notes with accidentals, ties, tuplets, broken rhythm, chords, rests,
repeats with endings, voices and fields inside the tune; decorations, grace notes, chord symbols and lyrics are skipped.
Not read is the order of parts (P:) and the overlay of voices (&).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple, TypeVar

from core.errors import FormatError
from core.formats.abc_fields import (
    DEFAULT_QPM,
    FREE_METRE,
    KeySignature,
    Metre,
    default_unit,
    parse_key,
    parse_metre,
    parse_tempo,
    parse_unit,
)
from core.formats.abc_layout import MAX_NOTES, Place, first_bar, lay_out, played_order
from core.formats.abc_reader import MAX_FIELD, AbcError, Line, Voice, read_body
from core.formats.abc_writer import MAX_TITLE, write_abc
from core.score import Note, Score

MAX_TUNE_CHARACTERS = 200_000

_TUNE = re.compile(r"^[ \t]*X:.*(?:\n(?![ \t]*X:|[ \t]*$).*)*", re.MULTILINE)
_BOM = "\ufeff"
_LINE = re.compile(r"([^\r\n]*)(?:\r\n?|\n|\Z)")
_FIELD = re.compile(r"[ \t]*([A-Za-z]):(?![|:])(.*)")
_COMMENTED = re.compile(r"((?:[^%\\]|\\.?)*)")  # up to a % that no backslash escapes
_ESCAPE = re.compile(r"\\([\\%&])")
_T = TypeVar("_T")


class Field(NamedTuple):
    line: Line
    letter: str
    text: str


class Tune(NamedTuple):
    """A tune as it is written: the first field of each letter in its header, what they say, and the music."""

    fields: Mapping[str, Field]
    metre: Metre
    unit: Fraction
    key: KeySignature
    voices: list[Voice]


def split_tunes(text: str) -> list[str]:
    """The tunes of a file: each from its X: line to the next empty line."""
    return _TUNE.findall(_unix_lines(text))


def header_fields(text: str) -> dict[str, str]:
    """The fields above the music by their letters, those given several times joined by newlines."""
    fields: dict[str, list[str]] = {}
    for field in _split(text)[0]:
        fields.setdefault(field.letter, []).append(field.text)
    return {letter: "\n".join(texts) for letter, texts in fields.items()}


def abc_to_score(text: str, expand_repeats: bool = True) -> Score:
    """The notes of the one tune in ``text``; of several, of the first.

    Repeats are played out unless ``expand_repeats`` is false: then every ending follows the one before it.
    Raises FormatError for what is not ABC, or is longer than music is.
    """
    return tune_score(read_tune(text), expand_repeats)


def note_places(text: str, expand_repeats: bool = True) -> list[Place]:
    """The characters, from one up to another, that wrote each note of ``abc_to_score``'s score, in its order.

    Of a tied note those of its first part; a note that is repeated was written once. Raises FormatError.
    """
    laid = _notes(read_tune(text), expand_repeats)
    return [place for _, place in sorted(laid, key=lambda pair: (pair[0].onset, pair[0].pitch, pair[0].duration))]


def read_tune(text: str) -> Tune:
    """The first tune in ``text`` as it is written; raises ``AbcError``."""
    if len(text) > MAX_TUNE_CHARACTERS:
        raise AbcError(f"The tune is longer than {MAX_TUNE_CHARACTERS} characters: cut it.")
    header, music = _split(text)
    fields = {field.letter: field for field in reversed(header)}
    if "K" not in fields:
        raise AbcError("This is not an ABC tune: it needs a line such as K:G above the music.")
    metre = _parse(fields.get("M"), parse_metre, FREE_METRE)
    unit = _parse(fields.get("L"), parse_unit, default_unit(metre))
    key = _parse(fields.get("K"), parse_key, parse_key(""))
    return Tune(fields, metre, unit, key, read_body(music, Voice(metre, unit, key)))


def tune_score(tune: Tune, expand_repeats: bool = True) -> Score:
    """The score of ``abc_to_score``; raises FormatError."""
    fields, metre, unit, key, voices = tune
    first = first_bar(voices[0].items)
    return Score(
        tuple([note for note, _ in _notes(tune, expand_repeats)]),
        qpm=_parse(fields.get("Q"), lambda tempo: parse_tempo(tempo, unit), DEFAULT_QPM),
        time_signature=(metre.numerator, metre.denominator),
        upbeat=float(first) if first < metre.bar and not metre.free else 0.0,
        key=key.name,
        title=fields["T"].text[:MAX_TITLE] if "T" in fields else "",
    )


def score_to_abc(score: Score) -> str:
    """The score as one tune, four bars a line; times are moved to a grid that holds 64ths and triplets.

    Notes that sound together become chords, in which a note is tied for as long as it is held.
    Raises FormatError for what cannot be written: an unknown key, a metre that is none, thousands of bars.
    """
    return write_abc(score)


def _notes(tune: Tune, expand_repeats: bool) -> list[tuple[Note, Place]]:
    """Voice after voice, with where each note is written."""
    notes: list[tuple[Note, Place]] = []
    for voice in tune.voices:
        notes += lay_out(played_order(voice.items, expand_repeats))
        if len(notes) > MAX_NOTES:
            raise FormatError(f"The tune has more than {MAX_NOTES} notes: cut it.")
    if not notes:
        raise FormatError("The tune has no notes: write some below its K: line.")
    return notes


def _parse(field: Field | None, parse: Callable[[str], _T], default: _T) -> _T:
    if field is None:
        return default
    try:
        return parse(field.text[:MAX_FIELD])
    except FormatError as error:
        place = field.line.start, field.line.start + len(field.line.text)
        raise AbcError(f"Line {field.line.number} of the tune: {error}.", place) from None


def _split(text: str) -> tuple[list[Field], list[Line]]:
    """The header, which ends with K:, and the lines of music, which end with an empty line or the next tune."""
    header: list[Field] = []
    music: list[Line] = []
    in_header = True
    for number, match in enumerate(_LINE.finditer(text, len(text) - len(text.removeprefix(_BOM))), start=1):
        line = Line(number, match.start(), match[1])
        field = _FIELD.match(line.text)
        if in_header:
            if field:
                header.append(Field(line, field[1], _plain_text(field[2])))
                in_header = field[1] != "K"
        elif not line.text.strip() or (field and field[1] == "X"):
            break
        else:
            music.append(line._replace(text=line.text.partition("%")[0]))
    return header, music


def _plain_text(text: str) -> str:
    """Without comment, and with % and backslash as they are meant."""
    if "%" in text or "\\" in text:
        match = _COMMENTED.match(text)
        text = _ESCAPE.sub(r"\1", match[1] if match else "")
    return text.strip()


def _unix_lines(text: str) -> str:
    return text.removeprefix(_BOM).replace("\r\n", "\n").replace("\r", "\n")
