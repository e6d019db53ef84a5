"""Tunes in ABC notation as a model of characters writes them, from nothing or from what is given of their beginning.

What is given is text. A ``HOLE`` in it, always at the end of a line, is what the model writes before the text goes on.
This prompt gives metre and key, and leaves the title to the model::

    X:1
    T:…
    M:6/8
    K:G
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec
from core.errors import FormatError, InputError
from core.formats.abc_fields import parse_key, parse_metre, parse_unit
from core.formats.abc_notation import abc_to_score
from core.generate import Writer, drawn_seed
from core.sampling import FREE, SamplingConfig
from core.sampling.config import SettingError
from core.sampling.legal_abc import LegalAbc
from core.sampling.loops import Conclude, NoLoops
from core.sampling.processors import LogitsProcessor
from core.sampling.stream import Pen

HOLE = "…"
MAX_CHARACTERS = 4000
"""of a tune that does not come to its end; one in a hundred of the training songs is longer than half of that"""
MAX_FIELD, MAX_FIRST_BAR = 80, 200
"""characters of a field of the header, and of what is given below it"""


USUAL_UNIT = "1/8"
"""of a first bar for which none is given: three in four of the training songs that name one name this"""
CREDIT = re.compile(r"^[ABCDFGHNOSZ]:.*\n", re.MULTILINE)
"""a field that says whose a tune is, where it is from, or who wrote it down"""


@dataclass(frozen=True)
class Header:
    """The fields given of a tune's header, in the spelling and the order of the corpora; what is empty is left open.

    Raises ``InputError`` where a field is not what it should be, or cannot be said in the characters of the models.
    """

    title: str = ""
    rhythm: str = ""
    """what is danced to it: ``jig``"""
    metre: str = ""
    unit: str = ""
    """the note length that a letter alone stands for: ``1/8``"""
    key: str = ""
    """with its mode: ``G``, ``Ador``"""

    def __post_init__(self) -> None:
        for name in ("title", "rhythm", "metre", "unit", "key"):
            object.__setattr__(self, name, one_line(getattr(self, name), f"The {name}"))
        for text, parse in ((self.metre, parse_metre), (self.unit, parse_unit), (self.key, parse_key)):
            try:
                if text:
                    parse(text)
            except FormatError as error:
                sentence = str(error)
                raise InputError(f"{sentence[0].upper()}{sentence[1:]}.") from None
        if self.metre and self.metre != "none" and parse_metre(self.metre).free:
            raise InputError(f"{self.metre!r} is no metre; write one such as 6/8, C| or none.")

    def prompt(self, first_bar: str = "") -> str:
        """The beginning of the tune: as much of a header as what is given needs, and the music below it."""
        music = one_line(first_bar, "The first bar", MAX_FIRST_BAR)
        fields = {"T": self.title, "R": self.rhythm, "M": self.metre, "L": self.unit, "K": self.key}
        if music:
            self.check_music(music)
            fields |= {"L": self.unit or USUAL_UNIT, "K": self.key or HOLE}
        given = [place for place, value in enumerate(fields.values(), start=1) if value]
        if not given:
            return ""
        lines = [f"{letter}:{value or HOLE}\n" for letter, value in fields.items()]
        return "".join(["X:1\n", *lines[: given[-1]], music])

    def check_music(self, music: str) -> None:
        """Raises ``InputError`` where ``music`` is no ABC, or one bar that is too long for the metre given."""
        try:
            score = abc_to_score(f"M:{self.metre or 'none'}\nL:{self.unit or USUAL_UNIT}\nK:{self.key or 'C'}\n{music}")
        except FormatError as error:
            place = re.sub(r"^Line \d+, column (\d+) of the tune", r"Character \1 of the first bar", str(error))
            raise InputError(place.replace("The tune has no notes: write some below its K: line", NO_NOTES)) from None
        if self.metre not in ("", "none") and "|" not in music and score.duration > score.bar_length + 1e-6:
            raise InputError(
                f"The first bar lasts {score.duration:g} quarters, and a bar of {self.metre} {score.bar_length:g}; "
                "leave something out, or draw a bar line."
            )


NO_NOTES = "There is no note in the first bar; write one, such as G"


def one_line(text: str, what: str, longest: int = MAX_FIELD) -> str:
    """``text`` in the characters of the models, accents dropped; raises ``InputError`` where that cannot be."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.strip()) if not unicodedata.combining(c))
    if len(plain) > longest:
        raise InputError(f"{what} is longer than {longest} characters; shorten it.")
    for character in plain:
        if not " " <= character <= "~":
            raise InputError(f"{what} holds {character!r}, which the models cannot write; leave it out.")
    return plain


class Draft(NamedTuple):
    """A tune that is being written, or is done."""

    text: str
    begins: int
    """how many of its characters were there when nothing more was given"""
    num_drawn: int
    """characters that the model chose, and the end if it has come"""
    log_likelihood: float
    """of these under the model itself"""
    ended: bool
    """whether the model itself said that the tune is over"""

    @property
    def tune(self) -> str:
        """The text without the credits that the model wrote, since those that it read had some: they would be false."""
        start, end = self.begins, self.text.find("\nK:") + 1
        return self.text[:start] + CREDIT.sub("", self.text[start:end]) + self.text[max(start, end) :]

    @property
    def a_character(self) -> float:
        """Log-likelihood of a character, on average over those that the model chose."""
        return self.log_likelihood / max(1, self.num_drawn)


def write_tune(
    checkpoint: Checkpoint,
    prompt: str,
    sampling: SamplingConfig,
    *,
    legal: bool = False,
    max_characters: int = MAX_CHARACTERS,
) -> Iterator[str]:
    """The text of a tune, growing character by character; the last is the tune. See ``drafts``."""
    return (draft.text for draft in drafts(checkpoint, prompt, sampling, legal=legal, max_characters=max_characters))


def drafts(
    checkpoint: Checkpoint,
    prompt: str,
    sampling: SamplingConfig,
    *,
    legal: bool = False,
    max_characters: int = MAX_CHARACTERS,
) -> Iterator[Draft]:
    """A tune that begins with ``prompt``, as it grows; the last draft is the tune.

    It stops where the model ends it, or after ``max_characters``; nothing is said four times in a row. ``legal`` lets
    only ABC through whose bars add up. The same checkpoint, prompt and settings give the same tune; without a seed one
    is drawn. Raises ``InputError`` for a model of another kind, and for settings that ask for beams or tell of pitches.
    """
    codec, sampling = tune_codec(checkpoint), checked(sampling)
    assert sampling.seed is not None
    chain: list[LogitsProcessor] = [LegalAbc(codec.alphabet, codec.end_token)] if legal else []
    chain += [NoLoops(), Conclude(codec.end_token)]
    generator = torch.Generator().manual_seed(sampling.seed)
    pen = Pen(Writer(checkpoint, sampling), codec.bos_token, [*chain, *sampling.processors(codec.pitches)], generator)
    return grow(pen, codec, prompt, max_characters)


def tune_codec(checkpoint: Checkpoint) -> AbcCharsCodec:
    """The codec of a model of characters; raises ``InputError`` for another model."""
    if not isinstance(checkpoint.codec, AbcCharsCodec):
        raise InputError(f"The model {checkpoint.card.name} writes no ABC; choose one whose name begins with char-.")
    return checkpoint.codec


def checked(sampling: SamplingConfig) -> SamplingConfig:
    """``sampling`` with a seed; raises ``SettingError`` where it asks for what characters have not."""
    neutral = replace(sampling, num_beams=1, beam_prob=0.0, key="", lowest=0, highest=127, max_leap=0)
    if sampling != neutral:
        raise SettingError(
            "A tune is drawn character by character; leave beams, key, range and largest leap as they are."
        )
    return replace(sampling, seed=drawn_seed()) if sampling.seed is None else sampling


def grow(pen: Pen, codec: AbcCharsCodec, prompt: str, max_characters: int) -> Iterator[Draft]:
    """The drafts of a tune; see ``drafts``."""
    text, num_drawn = "", 0
    *before_holes, rest = prompt.split(f"{HOLE}\n")
    for given in before_holes:
        text = give(pen, codec, text, given)
        start = len(text)
        while not text.endswith("\n") and len(text) - start < MAX_FIELD:
            text += codec.alphabet[pen.write(barred=codec.end_token)]
            num_drawn += 1
            yield Draft(text, len(text), num_drawn, pen.log_likelihood, False)
        if not text.endswith("\n"):
            text = give(pen, codec, text, "\n")
    text = give(pen, codec, text, rest)
    begins, token = len(text), FREE
    yield Draft(text, begins, num_drawn, pen.log_likelihood, False)
    while token != codec.end_token and len(text) < max_characters:
        token = pen.write()
        text += codec.text_of([token])
        num_drawn += 1
        yield Draft(text, begins, num_drawn, pen.log_likelihood, token == codec.end_token)


def give(pen: Pen, codec: AbcCharsCodec, text: str, given: str) -> str:
    """``text`` with ``given`` behind it, which the model reads."""
    for token in codec.tokens_of(given):
        pen.write(token)
    return text + given
