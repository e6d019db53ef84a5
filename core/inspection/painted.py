"""An engraved score as a file in which notes have colours of their own, and arcs lead from note to note."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from core.render.activations import CHOSEN, HERE
from core.render.svg import SVG, to_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'
HEAD_ID = re.compile(r"n(\d+)(?:t\d+)?")
PLACED = re.compile(r"translate\((\S+), (\S+)\) scale\((\S+),")
STAFF_SPACE = 250
"""of the outlines of a music font: its em is four spaces (SMuFL)"""
HEAD_MIDDLE, HEAD_TOP = 0.63, 0.95
"""staff spaces from where a notehead is placed to its middle, and to just above it"""

Arc = tuple[int, int, float]
"""from one note to another, and its weight from 0 to 1"""


class Head(NamedTuple):
    """The place over a notehead, in units of the drawing."""

    x: float
    y: float
    space: float
    """from one line of the staff to the next"""


def painted(svg: str, colours: Sequence[str] = (), arcs: Sequence[Arc] = ()) -> str:
    """The drawing ``svg`` of an engraved score, in which the heads of note i are the groups ``n{i}``, ``n{i}t1``, ...

    Note i, its tied continuations too, has the colour ``colours[i]``. An arc is the broader and the more opaque the
    more it weighs, and says so in its title; where it begins the note is marked. As on the page, arcs stay on one page
    of the drawing. Notes that are not drawn are left out.
    """
    drawing = ElementTree.fromstring(svg.encode())
    for note, group in note_groups(drawing):
        if note < len(colours) and colours[note]:
            colour(group, colours[note])
    for page in drawing.iter(f"{{{SVG}}}g"):
        if page.get("class") == "page-margin":
            draw_arcs(page, arcs)
    return PROLOGUE + to_text(drawing)


def note_groups(drawing: Element) -> Iterator[tuple[int, Element]]:
    """Each note's number with its groups, one for each of its heads."""
    for group in drawing.iter(f"{{{SVG}}}g"):
        named = HEAD_ID.fullmatch(group.get("id", ""))
        if named and "note" in group.get("class", "").split():
            yield int(named[1]), group


def colour(group: Element, colour: str) -> None:
    """Strokes are in the ``currentColor`` by the drawing's own style sheet."""
    group.attrib |= {"color": colour, "fill": colour}


def draw_arcs(page: Element, arcs: Sequence[Arc]) -> None:
    """Those between notes of ``page``, over everything else."""
    groups: dict[int, Element] = {}
    for note, group in note_groups(page):
        groups.setdefault(note, group)
    for source, target, weight in arcs:
        start, end = (head_of(groups.get(note)) for note in (source, target))
        if start and end:
            colour(groups[source], HERE)
            page.append(arc(start, end, weight, f"Note {source + 1} looked at note {target + 1}: {100 * weight:.0f} %"))


def head_of(group: Element | None) -> Head | None:
    """Where the notehead of a group is; None where it has none."""
    glyph = None if group is None else group.find(f"{{{SVG}}}g[@class='notehead']/{{{SVG}}}use")
    placed = None if glyph is None else PLACED.match(glyph.get("transform", ""))
    if placed is None:
        return None
    x, y, scale = map(float, placed.groups())
    space = STAFF_SPACE * scale
    return Head(x + HEAD_MIDDLE * space, y - HEAD_TOP * space, space)


def arc(start: Head, end: Head, weight: float, title: str) -> Element:
    """A curve from one head to another, the higher the farther they are from each other."""
    rise = start.space * 2 + min(abs(start.x - end.x) * 0.3, start.space * 8)
    top = f"{(start.x + end.x) / 2:g} {min(start.y, end.y) - rise:g}"
    curve = ElementTree.Element(f"{{{SVG}}}path", {"d": f"M{start.x:g} {start.y:g}Q{top} {end.x:g} {end.y:g}"})
    # the drawing's own style sheet, which gives all paths another stroke, yields to what a path itself says
    look = {"fill": "none", "stroke": CHOSEN, "stroke-linecap": "round", "stroke-width": f"{14 + 76 * weight:g}"}
    look |= {"stroke-opacity": f"{0.25 + 0.75 * weight:g}"}
    curve.set("style", ";".join(f"{name}:{value}" for name, value in look.items()))
    ElementTree.SubElement(curve, f"{{{SVG}}}title").text = title
    return curve
