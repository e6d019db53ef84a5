"""Prints a score on A4 pages with CairoSVG, which needs the native library cairo."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from core.errors import InputError
from core.formats.two_staves import PianoScore
from core.render.notation import draw_pages, to_musicxml
from core.render.svg import paint, to_text
from core.score import Score

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_A4 = {"pageWidth": 2100, "pageHeight": 2970}  # tenths of a millimetre
_MARGINS = {f"pageMargin{side}": 150 for side in ("Top", "Bottom", "Left", "Right")}
_MM = 72 / 25.4  # points in a millimetre


class PdfError(InputError):
    """PDF cannot be made here; the message says what is missing."""


def pdf_available() -> str | None:
    """Return None when PDF can be made, else one sentence that says why not."""
    try:
        import cairosvg  # noqa: F401
    except ImportError:
        return "PDF needs the Python package CairoSVG: install it with pip."
    except OSError:  # cairocffi found no library
        return "PDF needs the cairo library: install libcairo2 (on macOS: brew install cairo) and start again."
    return None


def score_to_pdf(score: Score) -> bytes:
    """Print a score in metrical time on as many A4 pages as it needs; raises as ``print_musicxml``."""
    return print_musicxml(to_musicxml(score), scale=100)


def piano_pdf(score: PianoScore) -> bytes:
    """Print a piano score likewise."""
    return print_musicxml(to_musicxml(score), scale=80)


def print_musicxml(musicxml: str, scale: int) -> bytes:
    """Print a document of ours on A4 pages, its music at ``scale`` percent of the usual size.

    Raises
    ------
    FormatError
        When the score cannot be written.
    PdfError
        When a library is missing; ``pdf_available`` says so beforehand.
    """
    if missing := pdf_available():
        raise PdfError(missing)
    pages = draw_pages(musicxml, {**_A4, **_MARGINS, "scale": scale, "justifyVertically": False})
    for page in pages:
        paint(page, "black")
    return _print(pages)


def _print(pages: list[Element]) -> bytes:
    import cairocffi
    from cairosvg.parser import Tree
    from cairosvg.surface import PDFSurface

    class PageSurface(PDFSurface):  # type: ignore[misc]
        """Draws on the next page of a document instead of on a document of its own."""

        def _create_surface(self, width: float, height: float) -> tuple[cairocffi.PDFSurface, float, float]:
            return self.output, width, height

    width, height = 210 * _MM, 297 * _MM
    buffer = io.BytesIO()
    document = cairocffi.PDFSurface(buffer, width, height)
    for page in pages:
        tree = Tree(bytestring=to_text(page).encode())
        PageSurface(tree, document, 72, output_width=width, output_height=height)
        document.show_page()
    document.finish()
    return buffer.getvalue()
