"""The Compose page as a visitor handles it; what it shows is read from its address and its score."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Locator, Page

from core.composition import Composition
from core.link import query_to_piece
from tests.browser.conftest import settle

ONE_OF_EACH = """() => {
    const ids = [...document.querySelectorAll("g.note")].map((note) => note.id);
    return new Set(ids).size === ids.length;
}"""
FIRST_PIECE_MS = 60_000  # a server that has just started loads torch and the model first

SCORE = ".st-key-score"
"""the score of the piece, which may stand beside that of the tune it recolours"""


class Visit:
    """A page at the app's front door, or at another of its addresses, with a piece on it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        self.head(0).wait_for(timeout=FIRST_PIECE_MS)
        page.wait_for_url("**notes=*")
        settle(page)

    @property
    def piece(self) -> Composition:
        return piece_at(self.page.url)

    def wait_for(self, piece: Composition) -> None:
        """Waits until ``piece`` is in the address and on the page."""
        self.page.wait_for_url(lambda url: "notes=" in url and piece_at(url) == piece)
        settle(self.page)

    @contextmanager
    def new_piece(self) -> Iterator[None]:
        """Waits until what is done inside has put another piece into the address and on the page."""
        before = self.page.url
        yield
        self.page.wait_for_url(lambda url: url != before and "notes=" in url)
        settle(self.page)

    def compose(self) -> Composition:
        with self.new_piece():
            self.button("Compose").click()
        return self.piece

    def button(self, name: str) -> Locator:
        """A button of the page itself, by its whole label."""
        return self.page.get_by_test_id("stButton").get_by_role("button", name=name, exact=True)

    def note_ids(self) -> list[str]:
        """Of the heads in the score, without the tied ones that continue a note.

        The page may show the score of the run before for a moment more: waits until there is but one of each note.
        """
        self.page.wait_for_function(ONE_OF_EACH)
        return self.page.locator(f"{SCORE} g.note").evaluate_all(
            "notes => notes.map((note) => note.id).filter((id) => /^n[0-9]+$/.test(id))"
        )

    def head(self, note: int) -> Locator:
        return self.page.locator(f"{SCORE} #n{note} .notehead")

    def click_note(self, note: int, **options: object) -> None:
        """A click on a head, which selects it; ``modifiers=["Shift"]`` selects a passage."""
        self.head(note).click(force=True, **options)  # a half note's middle is empty: the click hits the staff behind
        self.page.locator(f"{SCORE} #n{note}.selected").wait_for(state="attached")

    def upload(self, name: str, data: bytes, within: str = "stMain") -> None:
        """Gives a file to the uploader in the main part of the page, or in ``stSidebar``."""
        field = self.page.get_by_test_id(within).locator('input[type="file"]')
        field.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})

    def slider(self, label: str) -> Locator:
        return self.page.get_by_role("group", name=label, exact=True).get_by_role("slider")

    def choose(self, label: str, option: str) -> None:
        """An option of a select box."""
        box = self.page.get_by_role("combobox", name=label, exact=True)
        box.click()
        box.fill(option)  # a long list shows only what is in sight
        self.page.get_by_role("option", name=option).first.click()

    def sentence(self) -> str:
        """The one error on the page."""
        alert = self.page.get_by_test_id("stAlert")
        alert.wait_for()
        return alert.inner_text()


def piece_at(url: str) -> Composition:
    """The piece that an address of the page names."""
    return query_to_piece(dict(parse_qsl(urlsplit(url).query)))
