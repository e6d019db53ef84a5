"""Engraves a score: Verovio draws the MusicXML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.formats.musicxml import score_to_musicxml
from core.formats.piano_musicxml import piano_musicxml
from core.formats.two_staves import PianoScore
from core.render.engraver import ENGRAVER
from core.render.svg import describe, make_file, paint, parse_page, stack_pages, to_text
from core.score import Score

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

WIDE, NARROW = 880, 360  # page widths in CSS pixels: a column on a screen, a telephone
SCALE = 40  # in percent: staves 29 pixels high
PIANO_SCALE = 32  # smaller, for a staff more and more notes in a bar
_TALLEST = 60_000  # what a page may be in height, in Verovio's units
_OPTIONS = {
    "svgViewBox": True,
    "svgRemoveXlink": True,
    "svgFormatRaw": True,
    "smuflTextFont": "none",
    "footer": "none",
    "breaks": "auto",
    "defaultBottomMargin": 2.0,
    "xmlIdChecksum": True,  # the same score gives the same drawing
}


@dataclass(frozen=True)
class Engraving:
    """A drawn score.

    ``svg`` is one drawing of the whole piece, in the colour of the text around it, without scripts or fonts. The
    noteheads of note i are the elements with the ids ``n{i}``, ``n{i}t1``, ``n{i}t2`` and so on, as in ``musicxml``.
    """

    svg: str
    musicxml: str


def engrave(score: Score, *, page_width: int = WIDE, scale: int = SCALE, heading: bool = True) -> Engraving:
    """Draw a score in metrical time for a web page.

    ``page_width`` in CSS pixels, from 100, is the width for which lines are broken; the drawing itself fills what
    holds it. ``scale`` is the size of the music in percent, ``heading`` whether the title stands above it.
    Raises FormatError when the score cannot be written or drawn.
    """
    musicxml = to_musicxml(score)
    drawing = _draw(musicxml, page_width, scale, heading)
    describe(drawing, _label(score), _description(score))
    paint(drawing, "currentColor")
    return Engraving(to_text(drawing), musicxml)


def engrave_piano(
    score: PianoScore, *, page_width: int = WIDE, scale: int = PIANO_SCALE, heading: bool = True
) -> Engraving:
    """Draw a piano score for a web page, as ``engrave`` does a melody."""
    musicxml = to_musicxml(score)
    drawing = _draw(musicxml, page_width, scale, heading)
    describe(drawing, _label(score), _piano_description(score))
    paint(drawing, "currentColor")
    return Engraving(to_text(drawing), musicxml)


def piano_svg(score: PianoScore, *, page_width: int = WIDE, scale: int = PIANO_SCALE) -> str:
    """Draw a piano score as an SVG file, as ``score_to_svg`` does a melody."""
    return _file(_draw(to_musicxml(score), page_width, scale), _label(score), _piano_description(score))


def score_to_svg(score: Score, *, page_width: int = WIDE, scale: int = SCALE) -> str:
    """Draw a score as an SVG file that looks the same in every viewer: black on white, all symbols as outlines."""
    return _file(_draw(to_musicxml(score), page_width, scale), _label(score), _description(score))


def to_musicxml(score: Score | PianoScore) -> str:
    """Write a score that will be drawn; raises FormatError when it cannot be written."""
    ENGRAVER.warm_up()  # the first time it starts while music21 is being loaded
    return piano_musicxml(score) if isinstance(score, PianoScore) else score_to_musicxml(score)


def draw_pages(musicxml: str, options: Mapping[str, Any]) -> list[Element]:
    """Draw the pages of a MusicXML document with these options of Verovio; raises as ``Engraver.draw``."""
    return [parse_page(svg) for svg in ENGRAVER.draw(musicxml, {**_OPTIONS, **options})]


def _draw(musicxml: str, page_width: int, scale: int, heading: bool = True) -> Element:
    size = {"pageWidth": max(100, page_width) * 100 // scale, "pageHeight": _TALLEST, "scale": scale}
    look = {"adjustPageHeight": True, "header": "auto" if heading else "none"}
    return stack_pages(draw_pages(musicxml, {**size, **look}))


def _file(drawing: Element, label: str, description: str) -> str:
    describe(drawing, label, description)
    paint(drawing, "black")
    make_file(drawing, label)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + to_text(drawing)


def _label(score: Score | PianoScore) -> str:
    return f"Score of {score.title}" if score.title else "Score"


def _description(score: Score) -> str:
    """Say in a sentence what the drawing shows."""
    bars = math.ceil(max(score.duration - score.upbeat, 0) / score.bar_length - 1e-6)
    return _sentence(score, len(score.notes), bars, upbeat=score.upbeat > 0)


def _piano_description(score: PianoScore) -> str:
    bars = score.num_bars - (score.start > 0)
    return "Two staves: " + _sentence(score, len(score.pitches), bars, upbeat=score.start > 0)


def _sentence(score: Score | PianoScore, num_notes: int, bars: int, upbeat: bool) -> str:
    metre = "{}/{}".format(*score.time_signature)
    mode = "minor" if score.key.endswith("m") else "major"
    tonic = score.key.removesuffix("m").replace("b", " flat").replace("#", " sharp")
    notes = "1 note" if num_notes == 1 else f"{num_notes} notes"
    return f"{notes} in {metre}, {tonic} {mode}; {bars} bars{' after an upbeat' if upbeat else ''}."
