"""The music of a tune in ABC, character by character: which may follow, and what then is still to be written."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from core.formats.abc_fields import FREE_METRE
from core.sampling.abc_bars import MULTIPLIERS, Voice
from core.sampling.abc_tokens import (
    ACCIDENTALS,
    ALONE,
    COUNTED,
    INLINE_FIELDS,
    LENGTH_BEGINNINGS,
    LINE_ENDS,
    LINE_FIELDS,
    MAX_CHORD,
    MAX_IDLE,
    MAX_NAME,
    MAX_OCTAVES,
    MAX_TEXT,
    MAX_VOICES,
    NOT_NOTES,
    NOTES,
    OPENING,
    PROMISES,
    QUOTED,
    RESTS,
    SIGNS,
    SOME,
    STRICT,
    leads_to_sign,
    multiplier,
    times,
    tuplet,
    writable,
)
from core.sampling.abc_values import is_value, leads_on, meaning


class Body(NamedTuple):
    """A moment of the music: the token that is being written, and all that depends on what came before."""

    voice: Voice
    home: Voice
    """as the header leaves every voice"""
    token: str = "space"
    """the kind of the token at hand"""
    text: str = ""
    """what is written of it, as far as it matters"""
    unit: int = 0
    """length that the multiplier at hand is of; in a chord 0 until its first note has its own"""
    num: int = 0
    """notes of the chord at hand"""
    letter: str = ""
    """of the field at hand"""
    blank: bool = True
    """whether there is nothing in the line yet"""
    notes: bool = False
    """whether there are any"""
    voices: frozenset[str] = frozenset({""})
    idle: int = 0
    """spaces, decorations and other signs since the last one that bars count"""
    owing: bool = False
    """whether what came before belongs to a note that is still to come"""

    def step(self, character: str) -> Body | None:
        """The tune with one more character; None where it could then not become legal any more."""
        if self.token in QUOTED:
            closing, most, inside = QUOTED[self.token]
            if character == closing:
                return self.rested() if self.text or self.token == "quotation" else None
            return self._replace(text=self.text + SOME) if character in inside and len(self.text) < most else None
        return getattr(self, f"in_{self.token}")(character)

    @property
    def may_end(self) -> bool:
        done = self.settled()
        return done is not None and done.notes and not done.owing and done.voice.complete

    def offers(self, character: str) -> bool:
        """Whether the value of a field may go on so and come to be one that is known; see ``Header.offers``."""
        end = {"field": "\n", "inline": "]"}.get(self.token)
        if end is None or self.letter not in STRICT:
            return True
        if not leads_on(self.letter, self.text):
            return character == end
        if character == end:
            return is_value(self.letter, self.text)
        return leads_on(self.letter, self.text + character)

    def at(self, token: str, text: str = "") -> Body:
        return self._replace(token=token, text=text, blank=False)

    def rested(self, voice: Voice | None = None) -> Body:
        """Between two tokens."""
        return self._replace(token="space", text="", unit=0, num=0, letter="", voice=voice or self.voice)

    @lru_cache(maxsize=4096)  # noqa: B019 - of a value; each is asked for every character
    def settled(self) -> Body | None:
        """What the token at hand makes of the tune if it ends here; None where it cannot."""
        voice: Voice | None = None
        if self.token == "letter":
            return self.rested().marked(self.text)
        match self.token:
            case "note" | "length":
                voice = self.voice.sound(times(self.unit, multiplier(self.text)))
            case "sign":
                voice = self.voice.bar_sign(self.text) if self.text in SIGNS else None
            case "tuplet":
                voice = tuplet(self.voice, self.text)
            case "broken":
                voice = self.voice.break_rhythm(self.text)
            case "field":
                voice = None if self.letter in STRICT or self.letter == "V" else self.voice
            case "space" | "ending" | "paren" | "comment":
                voice = self.voice
        return None if voice is None else self.rested(voice)._replace(notes=self.notes or self.token == "note")

    def then(self, character: str) -> Body | None:
        """The token at hand ends, and ``character`` begins the next."""
        done = self.settled()
        return None if done is None else done.in_space(character)

    def in_space(self, character: str) -> Body | None:
        after = self.begun(character)
        if after is None or character in COUNTED:
            return after and after._replace(idle=0)
        return after.idled()

    def begun(self, character: str) -> Body | None:
        """With the first character of the next token."""
        if self.owing and character in NOT_NOTES:
            return None
        if character in " \n":
            return self.in_white(character)
        if character in NOTES:
            return self.at("note")._replace(unit=self.voice.unit, owing=False).sounding()
        if character in RESTS:
            return self.at("length")._replace(unit=self.voice.unit, owing=False).sounding()
        if character in ACCIDENTALS:
            return self.at("accidental", character) if writable(self.voice, self.voice.unit, "") else None
        if character in "|:":
            return self.at("sign").in_sign(character)
        if character in "<>":
            return self.at("broken", character) if self.voice.break_rhythm(character) else None
        if character == "-":
            voice = self.voice.tie()
            return None if voice is None else self.at("space").rested(voice)
        if character in LINE_ENDS and not self.may_break:
            return None
        if self.blank and character in LINE_FIELDS and self.may_change(character) and not self.owing:
            return self.at("letter", character)
        after = self.marked(character)
        return after.at(OPENING[character]) if after and character in OPENING else after

    def marked(self, character: str) -> Body | None:
        """With a sign of one character, or what opens a longer one; for a promise there has to be room for a note."""
        if character in PROMISES:
            return self.at("space")._replace(owing=True) if writable(self.voice, self.voice.unit, "") else None
        return self.at("space") if character in OPENING or character in ALONE or character in ")`" else None

    def in_white(self, character: str) -> Body | None:
        if character == " ":
            return self
        return self._replace(blank=True) if self.may_break and not self.blank else None

    @property
    def may_break(self) -> bool:
        """Whether the line may end here: no tuplet, and no broken rhythm, goes on."""
        return not (self.voice.tuplet.left or self.voice.broken[1] > 1)

    def idled(self) -> Body | None:
        return self._replace(idle=self.idle + 1) if self.idle < MAX_IDLE else None

    def in_backslash(self, character: str) -> Body | None:
        if character == " ":
            return self.idled()
        return self.rested().in_white(character) if character == "\n" else None

    def in_comment(self, character: str) -> Body | None:
        return self.with_free_text() if character != "\n" else self.rested().in_white(character)

    def sounding(self) -> Body | None:
        """Itself, if some length can be written that the text at hand leads to."""
        return self if writable(self.voice, self.unit, multiplier(self.text)) else None

    def in_accidental(self, character: str) -> Body | None:
        if self.text + character in ACCIDENTALS:
            return self.at(self.token, self.text + character)
        return self.rested().in_space(character) if character in NOTES else None

    def in_note(self, character: str) -> Body | None:
        if character in ",'":
            text = self.text + character
            return self.at("note", text) if len(text) <= MAX_OCTAVES and text == len(text) * character else None
        return self.in_length(character)

    def in_length(self, character: str) -> Body | None:
        if character.isdecimal() or character == "/":
            return self.at(self.token, self.text + character).sounding()
        return self.then(character)

    def in_broken(self, character: str) -> Body | None:
        if character == self.text[0]:
            text = self.text + character
            return self.at("broken", text) if self.voice.break_rhythm(text) else None
        return self.then(character)

    def in_paren(self, character: str) -> Body | None:
        if character.isdecimal():
            return self.at("tuplet", character)._replace(owing=False) if tuplet(self.voice, character) else None
        return self.then(character)

    def in_tuplet(self, character: str) -> Body | None:
        if character == ":" or (character.isdecimal() and self.text.endswith(":")):
            text = self.text + character
            return self.at("tuplet", text) if text.count(":") <= 2 and tuplet(self.voice, text) else None
        return None if character.isdecimal() else self.then(character)

    def in_sign(self, character: str) -> Body | None:
        text = self.text + character
        if character in "|:]":
            return self.at("sign", text) if leads_to_sign(self.voice, text) else None
        if character.isdecimal():
            return self.in_bracket(character) if self.text in SIGNS else None
        if character == "[":
            possible = self.text in SIGNS and (self.settled() or self.voice.bar_sign(self.text, self.voice.due))
            return self.at("bracket", self.text) if possible else None
        return self.then(character)

    def in_bracket(self, character: str) -> Body | None:
        """Behind ``[``, with the sign before it as the text; or the number of an ending behind the sign itself."""
        if self.owing:
            return self.rested().at("chord").in_chord(character)
        if character.isdecimal():
            voice = self.voice.bar_sign(self.text, int(character)) if character != "0" else None
            return None if voice is None else self.rested(voice).at("ending")
        if character == "|":
            return self.at("sign", "[").in_sign(character) if not self.text else None
        done = self._replace(token="sign").settled() if self.text else self.rested()
        if done is None:
            return None
        if character in INLINE_FIELDS:
            return done.at("inline_letter")._replace(letter=character) if done.may_change(character) else None
        return done.at("chord").in_chord(character)

    def in_ending(self, character: str) -> Body | None:
        return None if character.isdecimal() or character in ",-" else self.then(character)

    def in_chord(self, character: str) -> Body | None:
        text = self.text + character
        if character == "]" and self.unit and not self.text:
            return self.at("length")._replace(notes=True, idle=0, owing=False).sounding()
        if self.num == MAX_CHORD or not (self.unit or writable(self.voice, self.voice.unit, "")):
            return None
        if text in ACCIDENTALS:
            return self.at("chord", text)
        return self.at("chord_note")._replace(num=self.num + 1) if character in NOTES else None

    def in_chord_note(self, character: str) -> Body | None:
        """The length of a chord is that of its first note; those of the others go unread."""
        text = self.text + character
        if character in ",'":
            return self.at("chord_note", text) if len(text) <= MAX_OCTAVES and text == len(text) * character else None
        if character.isdecimal() or character == "/":
            known = multiplier(text) in LENGTH_BEGINNINGS
            possible = known if self.unit else writable(self.voice, self.voice.unit, multiplier(text))
            return self.at("chord_note", text) if possible else None
        unit = self.unit or times(self.voice.unit, multiplier(self.text))
        if multiplier(self.text) not in MULTIPLIERS or not writable(self.voice, unit, ""):
            return None
        return self.at("chord")._replace(unit=unit).in_chord(character)

    def in_letter(self, character: str) -> Body | None:
        """A letter that opens a line: a decoration, unless a colon follows."""
        if character == ":" and self.text in LINE_FIELDS:
            return self.at("field")._replace(letter=self.text) if self.may_change(self.text) else None
        return self.then(character)

    def may_change(self, letter: str) -> bool:
        """Whether a field may stand here."""
        if letter == "M":
            return self.voice.in_metre(FREE_METRE) is not None
        if letter == "V":
            return self.voice.complete and len(self.voices) < MAX_VOICES
        return letter != "L" or self.voice.between

    def in_field(self, character: str) -> Body | None:
        if character == "\n":
            done = self.with_field()
            return None if done is None else done._replace(blank=True)
        if not self.text and character in "|:":  # no field, but a repeat sign
            return None
        return self.with_text(character)

    def in_inline_letter(self, character: str) -> Body | None:
        return self.at("inline") if character == ":" else None

    def in_inline(self, character: str) -> Body | None:
        if character == "]":
            return self.with_field()
        return self.with_text(character) if character not in "\n%" else None

    def with_text(self, character: str) -> Body | None:
        if self.letter in STRICT:
            return self.at(self.token, self.text + character) if character != "%" else None
        if self.letter != "V":
            return self.with_free_text()
        if " " in self.text:
            return self if character != "%" else None
        text = self.text + character
        new = len(text) < MAX_NAME or (len(text) == MAX_NAME and text not in self.voices)
        named = self.text and self.text not in self.voices if character == " " else character.isalnum() and new
        return self.at(self.token, text) if named else None

    def with_free_text(self) -> Body | None:
        """One character more of what goes unread."""
        return self.at(self.token, self.text + SOME) if len(self.text) < MAX_TEXT else None

    def with_field(self) -> Body | None:
        """What the field at hand makes of the tune."""
        if self.letter == "V":
            name = self.text.strip(" ")
            fresh = name and name not in self.voices
            return self.rested(self.home)._replace(voices=self.voices | {name}) if fresh else None
        if self.letter not in STRICT:
            return self.rested()
        value, voice = meaning(self.letter, self.text), self.voice
        if value is None:
            return None
        after = voice.in_metre(value) if self.letter == "M" else voice.in_unit(value) if self.letter == "L" else voice
        return None if after is None else self.rested(after)
