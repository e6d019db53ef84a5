"""Engraved scores: on a page, as a file, on paper."""

from __future__ import annotations

import re
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from core.errors import FormatError, InputError
from core.formats.bars import score_to_bars
from core.render.notation import NARROW, WIDE, engrave, score_to_svg
from core.render.pdf import PdfError, pdf_available, score_to_pdf
from core.render.svg import SVG, stack_pages, view_size
from core.score import Note, Score
from tests.essen import essen_scores
from tests.test_bars import melody

HOSTILE = replace(melody(1, 1, 1, 1), title="<script>alert(1)</script> & \"'><img src=x onerror=alert(1)>")


def drawing(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def ids(svg: str) -> set[str | None]:
    return {element.get("id") for element in drawing(svg).iter() if element.get("class") == "note"}


def noteheads(score: Score) -> set[str]:
    heads = [head for bar in score_to_bars(score) for symbol in bar.symbols for head in symbol.heads]
    return {f"n{head.note}t{head.part}" if head.part else f"n{head.note}" for head in heads}


@pytest.mark.parametrize("page_width", [NARROW, WIDE])
def test_every_note_of_essen_tunes_can_be_found_in_the_drawing(page_width: int) -> None:
    for score in essen_scores()[::3]:
        engraving = engrave(score, page_width=page_width)
        assert ids(engraving.svg) == noteheads(score)
        assert {element.get("id") for element in ElementTree.fromstring(engraving.musicxml).iter("note")} - {
            None
        } == noteheads(score)


def test_every_bar_of_essen_tunes_is_drawn() -> None:
    for score in essen_scores()[::3]:
        bars = [element for element in drawing(engrave(score).svg).iter() if element.get("class") == "measure"]
        assert len(bars) == len(score_to_bars(score))


def test_narrow_pages_have_more_lines() -> None:
    score = max(essen_scores(), key=lambda score: len(score.notes))
    wide, narrow = (drawing(engrave(score, page_width=width).svg) for width in (WIDE, NARROW))
    assert view_size(wide)[0] == pytest.approx(WIDE, abs=1)
    assert view_size(narrow)[0] == pytest.approx(NARROW, abs=1)
    lines = [sum(element.get("class") == "system" for element in page.iter()) for page in (wide, narrow)]
    assert lines[1] > 1.5 * lines[0]


def test_the_drawing_describes_itself() -> None:
    root = drawing(engrave(replace(melody(1, 2, 2, metre=(3, 4)), key="Bbm", title="Air")).svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", "Score of Air")
    assert root.findtext(f"{{{SVG}}}desc") == "3 notes in 3/4, B flat minor; 2 bars."


def test_the_drawing_takes_the_colour_of_its_page() -> None:
    svg = engrave(melody(1, 1, 1, 1)).svg
    assert 'fill="currentColor"' in svg
    assert "black" not in svg
    assert "#000" not in svg


def test_titles_are_text_and_nothing_runs() -> None:
    for svg in (engrave(HOSTILE).svg, score_to_svg(HOSTILE)):
        tags = {element.tag.rpartition("}")[2] for element in drawing(svg).iter()}
        assert tags <= {
            "svg",
            "g",
            "defs",
            "path",
            "use",
            "rect",
            "ellipse",
            "polygon",
            "polyline",
            "text",
            "tspan",
            "style",
            "desc",
            "title",
        }
        assert "script" not in tags
        assert "<script" not in svg
        assert "<img" not in svg
        assert not re.search(r"\son\w+=", re.sub(r">[^<]*<|aria-label=\"[^\"]*\"", "", svg))


def test_long_titles_stay_on_the_page() -> None:
    score = replace(melody(1, 1, 1, 1), title="A very long title" + " of a song" * 14)
    root = drawing(engrave(score, page_width=NARROW).svg)
    spans = [element for element in root.iter(f"{{{SVG}}}tspan") if (element.text or "").startswith("A very")]
    (page,) = root.findall(f"{{{SVG}}}svg")
    assert [
        len(span.text or "") * 0.5 * float(span.attrib["font-size"][:-2]) <= view_size(page)[0] for span in spans
    ] == [True]
    assert (spans[0].text or "").endswith("…")
    assert root.get("aria-label") == "Score of " + score.title


def test_no_symbol_needs_a_font() -> None:
    """Music characters are drawn as outlines: a viewer without a music font would show boxes."""
    for metre in ((4, 4), (6, 8), (2, 2)):
        svg = score_to_svg(replace(melody(1, 1 / 3, 1 / 3, 1 / 3, 1, metre=metre), title="Air"))
        assert "@font-face" not in svg
        assert not re.search("[\ue000-\uf8ff]", svg)
        assert 'font-family="Leipzig"' not in re.sub(r"<tspan[^>]*/>", "", svg)


def test_the_file_stands_alone() -> None:
    svg = score_to_svg(replace(melody(1, 1, 1, 1), title="Air"))
    root = drawing(svg)
    assert svg.startswith("<?xml")
    assert float(root.attrib["width"].removesuffix("px")) == WIDE
    assert "currentColor" not in re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    assert 'href="http' not in svg
    assert root.findtext(f"{{{SVG}}}title") == "Score of Air"
    assert root.find(f"{{{SVG}}}rect") is not None  # white paper


def test_one_call_does_not_disturb_another() -> None:
    scores = essen_scores()[:6]
    alone = [engrave(score).svg for score in scores]
    with ThreadPoolExecutor(4) as pool:
        assert [engraving.svg for engraving in pool.map(engrave, scores)] == alone


def test_very_long_pieces_are_stacked() -> None:
    pages = [ElementTree.fromstring(f'<svg xmlns="{SVG}" viewBox="0 0 100 {height}"/>') for height in (50, 30)]
    whole = stack_pages(pages)
    assert view_size(whole) == (100, 80)
    assert [page.get("y") for page in whole] == ["0", "50"]


def test_a_piece_taller_than_verovios_page_is_drawn_whole() -> None:
    score = melody(*[1, 0.5, 0.5, 2] * 420)
    svg = engrave(score, page_width=100, scale=60).svg
    assert view_size(drawing(svg))[1] > 60_000 * 0.6
    assert ids(svg) == noteheads(score)


@pytest.mark.parametrize(
    "score", [Score(()), melody(4), melody(0.5, metre=(6, 8), upbeat=0.5), Score((Note(0, 1, 0), Note(1, 1, 127)))]
)
def test_small_and_extreme_scores(score: Score) -> None:
    assert drawing(engrave(score).svg).tag == f"{{{SVG}}}svg"


def test_what_cannot_be_written_is_not_drawn() -> None:
    for draw in (engrave, score_to_svg, score_to_pdf):
        with pytest.raises(FormatError):
            draw(Score((Note(float("nan"), 1, 60),)))


# -- on paper ---------------------------------------------------------------------------------------------------------


def streams(document: bytes) -> list[bytes]:
    """The uncompressed streams of a PDF, and the rest of it."""
    found = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, flags=re.DOTALL)
    return [document, *(zlib.decompressobj().decompress(s) for s in found if s[:1] == b"x")]


def num_pages(document: bytes) -> int:
    return sum(len(re.findall(rb"/Type\s*/Page\b", part)) for part in streams(document))


def test_a_short_tune_is_one_page() -> None:
    document = score_to_pdf(HOSTILE)
    assert document.startswith(b"%PDF")
    assert document.rstrip().endswith(b"%%EOF")
    assert num_pages(document) == 1
    assert b"595" in document  # A4, in points
    curves = [len(re.findall(rb"\d c\s", part)) for part in streams(document)[1:]]
    assert max(curves) > 50  # there is ink on the page


def test_a_long_tune_has_several_pages() -> None:
    document = score_to_pdf(melody(*[0.5, 0.5, 0.25, 0.25, 0.5, 1, 1] * 70))
    assert num_pages(document) == 2


def test_pages_printed_at_once_are_the_same() -> None:
    scores = [melody(1, 1, 1, 1), melody(*[0.5] * 8)]
    alone = [len(score_to_pdf(score)) for score in scores]
    with ThreadPoolExecutor(4) as pool:
        assert [len(document) for document in pool.map(score_to_pdf, scores * 2)] == alone * 2


def test_pdf_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pdf_available() is None
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    assert "CairoSVG" in (pdf_available() or "")
    with pytest.raises(PdfError, match="CairoSVG"):
        score_to_pdf(melody(4))
    assert issubclass(PdfError, InputError)
