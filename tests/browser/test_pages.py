"""Every page opens first thing in a visit, with whatever query its address carries; one of them first of all visits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from core.beats import Beats
from core.checkpoint import list_cards
from core.composition import Composition
from core.link import piece_to_query
from core.sampling import SamplingConfig
from core.score import Note, Score
from tests.browser.conftest import ROOT, Server, settle
from tests.browser.visit import FIRST_PIECE_MS, Visit

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
TUNE = Score(tuple(Note(onset, 1, pitch) for onset, pitch in enumerate((67, 69, 71, 72))), qpm=90)


@pytest.fixture(scope="module")
def fresh_app(browser) -> Iterator[Server]:
    """The project's app on a server that nobody has visited before these tests."""
    server = Server(ROOT / "app.py")
    yield server
    server.stop()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_first_thing(name: str, fresh_app: Server, new_page: Callable) -> None:
    page = new_page()
    page.goto(f"{fresh_app.url}/{name}?from=somewhere")
    page.get_by_role("heading", name=name.capitalize(), exact=True).wait_for(timeout=FIRST_PIECE_MS)
    settle(page, FIRST_PIECE_MS)
    assert page.get_by_role("dialog").count() == 0
    assert page.get_by_test_id("stAlert").count() == 0


def test_compose_opens_behind_another_page(fresh_app: Server, new_page: Callable) -> None:
    page = new_page()
    page.goto(f"{fresh_app.url}/library")
    page.get_by_role("link", name="Compose").click()
    page.locator("#n0").wait_for(timeout=FIRST_PIECE_MS)


def test_a_link_to_a_piece_opens_first_thing(fresh_app: Server, new_page: Callable) -> None:
    piece = Composition(
        model=list_cards()[0].name,
        beats=Beats.from_score(TUNE),
        pitches=tuple(note.pitch for note in TUNE.notes),
        sampling=SamplingConfig(temperature=1.2, seed=5),
        title="Four notes",
    )
    query = piece_to_query(piece)
    assert query is not None
    visit = Visit(new_page(), f"{fresh_app.url}/?{urlencode(query)}")
    assert visit.piece == piece
    assert visit.note_ids() == ["n0", "n1", "n2", "n3"]
    assert visit.page.get_by_role("dialog").count() == 0
    assert visit.page.get_by_test_id("stAlert").count() == 0
