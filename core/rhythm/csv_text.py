"""A rhythm as comma-separated values: a row for each note, ``rest_sec,duration_sec``."""

from __future__ import annotations

import re

from core.rhythm.performed import MAX_NOTES, Rhythm, RhythmError, check_beat

HEADER = ("rest_sec", "duration_sec")
MAX_BYTES = 1_000_000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def rhythm_to_csv(rhythm: Rhythm) -> str:
    """Header and one row for each note, in shortest digits that read back exactly."""
    rows = (f"{rest!r},{held!r}" for rest, held in zip(rhythm.rest_sec, rhythm.duration_sec, strict=True))
    return "\n".join([",".join(HEADER), *rows]) + "\n"


def csv_to_rhythm(data: str | bytes) -> Rhythm:
    """Read what :func:`rhythm_to_csv` writes and what spreadsheets make of it.

    A byte order mark, any line ending, spaces and a missing header are fine; so are semicolons or tabs between the
    columns, and then decimal commas. Raises RhythmError, naming the row (the line of the file), on anything else.
    """
    if len(data) > MAX_BYTES:
        raise RhythmError(f"The rhythm file is too large: it may have {MAX_NOTES} rows and a megabyte at most.")
    rows = [(number, line) for number, line in enumerate(_decode(data).splitlines(), start=1) if line.strip(" \t;,")]
    if rows and [cell.lower() for cell in _cells(rows[0][1])] == list(HEADER):
        rows = rows[1:]
    if not rows:
        raise RhythmError(f"The rhythm file is empty: give it a row '{','.join(HEADER)}' for each note.")
    if len(rows) > MAX_NOTES:
        raise RhythmError(f"The rhythm file has {len(rows)} notes: give at most {MAX_NOTES}.")
    beats = [_beat(number, line) for number, line in rows]
    return Rhythm(tuple(rest for rest, _ in beats), tuple(held for _, held in beats))


def _decode(data: str | bytes) -> str:
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise RhythmError("The rhythm file is not text: save it as CSV in UTF-8.") from error
    return text


def _cells(line: str) -> list[str]:
    """The cells of a row; where commas are not what separates the columns, they are decimal commas."""
    for separator in ";\t":
        if separator in line:
            return [cell.strip(' "').replace(",", ".") for cell in line.split(separator)]
    return [cell.strip(' "') for cell in line.split(",")]


def _beat(number: int, line: str) -> tuple[float, float]:
    cells = _cells(line)
    if len(cells) != 2:
        raise RhythmError(f"Row {number} must have two cells, not {len(cells)}: the rest and the duration in seconds.")
    for cell in cells:
        if not _NUMBER.fullmatch(cell):
            raise RhythmError(f"Row {number}: {cell[:20]!r} is not a number of seconds.")
    rest, held = map(float, cells)
    check_beat(rest, held, name=f"Row {number}")
    return rest, held
