"""The header of a tune in ABC, character by character."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from core.formats.abc_fields import FREE_METRE, Metre, default_unit
from core.sampling.abc_bars import Voice, voice_in
from core.sampling.abc_values import WORDS, is_value, leads_on, meaning

FIELDS = frozenset("ABCDFGHIKLMNOPQRSTVWXZ")


class Header(NamedTuple):
    """Where a tune's header stands: at the beginning of a line, behind a letter, or in the value behind its colon."""

    letter: str = ""
    colon: bool = False
    text: str = ""
    """of the value, where it is one of WORDS"""
    first: bool = True
    """whether this is the tune's first line"""
    metre: Metre | None = None
    unit: Fraction | None = None
    tempo: bool = False
    """whether it has been told"""

    def step(self, character: str) -> Header | Voice | None:
        """The header with one more character, or the voice that begins below it; None where that cannot be."""
        if not self.letter:
            if character == "%":  # a comment
                return self._replace(letter="%", colon=True, text="…")
            known = {"M": self.metre is not None, "L": self.unit is not None, "Q": self.tempo, "X": not self.first}
            return self._replace(letter=character) if character in FIELDS and not known.get(character) else None
        if not self.colon:
            return self._replace(colon=True) if character == ":" else None
        if character == "\n":
            return self.end_line()
        if not self.text and character in "|:":  # no field: the music begins with a repeat sign
            return None
        if self.letter == "Q" and character in "%\\":  # a comment, which may cut a quotation
            return None
        return self._replace(text=self.text + character if self.letter in WORDS else "…")

    def end_line(self) -> Header | Voice | None:
        after = Header(first=False, metre=self.metre, unit=self.unit, tempo=self.tempo)
        if self.letter not in WORDS:
            return after
        value = meaning(self.letter, self.text)
        if value is None:
            return None
        if self.letter == "K":
            metre = self.metre or FREE_METRE
            return voice_in(metre, self.unit or default_unit(metre))
        if self.letter == "M":
            return after._replace(metre=value)
        if self.letter == "L":
            return after._replace(unit=value) if voice_in(FREE_METRE, value) else None
        return after._replace(tempo=True)

    def offers(self, character: str) -> bool:
        """Whether a value may go on with ``character`` and come to be one of WORDS.

        One that was given, and is none of them, may only end.
        """
        if self.letter not in WORDS or not self.colon:
            return True
        if not leads_on(self.letter, self.text):
            return character == "\n"
        if character == "\n":
            return is_value(self.letter, self.text)
        return leads_on(self.letter, self.text + character)
