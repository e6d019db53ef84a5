"""Which accidentals a reader has to be shown, given the key signature and what stood before."""

from __future__ import annotations

from enum import Enum

from core.formats.spelling import Key, Spelled

_SHARPS = "FCGDAEB"  # in the order in which a key signature shows them; flats go the other way


class Display(Enum):
    """How an accidental, naturals among them, is drawn."""

    HIDDEN = 0
    SHOWN = 1
    REMINDER = 2  # in brackets: it holds anyhow, but the bar before said otherwise


class AccidentalRules:
    """An accidental holds for its line of the staff until the bar line; ties carry it over without showing it."""

    def __init__(self, key: Key) -> None:
        sign = 1 if key.fifths >= 0 else -1
        altered = _SHARPS[: key.fifths] if sign > 0 else _SHARPS[key.fifths :]
        self._signature = dict.fromkeys(altered, sign)
        self._bar: dict[tuple[str, int], int] = {}  # what has been shown on each line
        self._before: dict[tuple[str, int], int] = {}  # and in the bar before

    def next_bar(self) -> None:
        """Cross a bar line."""
        self._before, self._bar = self._bar, {}

    def display(self, note: Spelled, tied: bool) -> Display:
        """Say how to draw the accidental of the next note, ``tied`` when it continues the one before."""
        line = (note.step, note.octave)
        in_signature = self._signature.get(note.step, 0)
        if tied:
            return Display.HIDDEN
        if note.alter != self._bar.get(line, in_signature):
            shown = Display.SHOWN
        elif line not in self._bar and self._before.get(line, note.alter) != note.alter:
            shown = Display.REMINDER
        else:
            shown = Display.HIDDEN
        self._bar[line] = note.alter
        return shown
