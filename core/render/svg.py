"""Makes Verovio's drawing fit for any page: no fonts of its own, described for screen readers, in the page's colour."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

SVG = "http://www.w3.org/2000/svg"
_TEXT, _TSPAN = f"{{{SVG}}}text", f"{{{SVG}}}tspan"
_MUSIC_FONT = "Leipzig"
_EM = 1000  # of the font's outlines
_LETTER = 0.5  # mean width of a letter, in heights of the font
_SMALLEST_TITLE = 0.5  # of its usual size

ElementTree.register_namespace("", SVG)


def parse_page(svg: str) -> Element:
    """Read a page that Verovio has drawn, with the notes in its text drawn as outlines, so that no font is needed."""
    page = ElementTree.fromstring(svg)
    _outline_music_text(page)
    _fit_title(page)
    for parent in page.iter():  # Verovio's notes on its own drawing, which browsers show as tool tips
        for child in [child for child in parent if child.tag in (f"{{{SVG}}}title", f"{{{SVG}}}desc")]:
            parent.remove(child)
    return page


def stack_pages(pages: list[Element]) -> Element:
    """Put pages below each other in one drawing."""
    if len(pages) == 1:
        return pages[0]
    sizes = [view_size(page) for page in pages]
    width = max(width for width, _ in sizes)
    whole = Element(f"{{{SVG}}}svg", {"viewBox": f"0 0 {width:g} {sum(height for _, height in sizes):g}"})
    top = 0.0
    for page, (page_width, page_height) in zip(pages, sizes, strict=True):
        page.attrib |= {"y": f"{top:g}", "width": f"{page_width:g}", "height": f"{page_height:g}"}
        whole.append(page)
        top += page_height
    return whole


def view_size(page: Element) -> tuple[float, float]:
    """Width and height of a drawing in CSS pixels."""
    _, _, width, height = (float(number) for number in page.attrib["viewBox"].split())
    return width, height


def describe(page: Element, label: str, description: str) -> None:
    """Say what is drawn to those who do not see it."""
    page.attrib |= {"role": "img", "aria-label": label}
    text = Element(f"{{{SVG}}}desc")
    text.text = description
    page.insert(0, text)


def paint(page: Element, colour: str) -> None:
    """Draw everything in one colour; ``currentColor`` is that of the text around the drawing."""
    for drawing in page.iter(f"{{{SVG}}}svg"):
        if drawing.get("class") == "definition-scale":
            drawing.attrib |= {"color": colour, "fill": colour}


def make_file(page: Element, title: str) -> None:
    """Give the drawing what viewers of files want: a title, a size and white paper.

    In a web page the title would be a tool tip wherever the pointer rests.
    """
    width, height = view_size(page)
    page.attrib |= {"width": f"{width:g}px", "height": f"{height:g}px"}
    page.insert(0, Element(f"{{{SVG}}}rect", {"width": "100%", "height": "100%", "style": "fill:white;stroke:none"}))
    heading = Element(f"{{{SVG}}}title")
    heading.text = title
    page.insert(0, heading)


def to_text(page: Element) -> str:
    return ElementTree.tostring(page, encoding="unicode")


def _fit_title(page: Element) -> None:
    """Make a title that is wider than the page smaller, and if that is not enough, shorter."""
    drawing = page.find(f"{{{SVG}}}svg")
    heads = [group for group in page.iter(f"{{{SVG}}}g") if "pgHead" in group.get("class", "").split()]
    for span in (span for head in heads for span in head.iter(_TSPAN)):
        if drawing is not None and span.text and span.text.strip():
            letter = _LETTER * float(span.attrib["font-size"].removesuffix("px"))
            fitting = view_size(drawing)[0] / letter
            factor = max(_SMALLEST_TITLE, min(1.0, fitting / len(span.text)))
            span.set("font-size", f"{letter / _LETTER * factor:g}px")
            if len(span.text) * factor > fitting:
                span.text = span.text[: int(fitting / factor) - 1] + "…"


def _outline_music_text(page: Element) -> None:
    """Replace the characters of the music font with which a text begins, as in tempo marks, by their outlines."""
    for parent in list(page.iter()):
        for text in parent.findall(_TEXT):
            outlines = _outlines(text)
            if len(outlines):
                parent.insert(list(parent).index(text), outlines)


def _outlines(text: Element) -> Element:
    outlines = Element(f"{{{SVG}}}g")
    x, y = float(text.get("x", 0)), text.get("y", "0")
    for span in text.iter(_TSPAN):
        if not span.text or not span.text.strip():
            continue
        if span.get("font-family") != _MUSIC_FONT:
            break
        size = float(span.attrib["font-size"].removesuffix("px")) / _EM
        for character in span.text.strip():
            place = f"translate({x:g},{y}) scale({size:g},{-size:g})"
            SubElement(outlines, f"{{{SVG}}}path", {"d": _outline(character), "transform": place})
            x += size * _advances()[f"{ord(character):04X}"]
        span.text = ""
    if len(outlines):
        text.set("x", f"{x:g}")
    return outlines


def _music_font() -> Path:
    package = importlib.util.find_spec("verovio")  # its files alone: Verovio itself is never loaded into the app
    assert package
    assert package.origin
    return Path(package.origin).parent / "data" / _MUSIC_FONT


@cache
def _outline(character: str) -> str:
    glyph = ElementTree.parse(_music_font() / f"{ord(character):04X}.xml").getroot()
    return glyph[0].attrib["d"] if len(glyph) else ""  # a space


@cache
def _advances() -> dict[str, float]:
    metrics = ElementTree.parse(_music_font().with_suffix(".xml")).getroot()
    return {glyph.attrib["c"]: float(glyph.attrib["h-a-x"]) for glyph in metrics.iter("g")}
