"""The listening study in a real browser: the music plays, a reload keeps the place, a phone is wide enough."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.listening.excerpts import FromMusic21, Generated, cut
from core.listening.schema import open_studies
from core.listening.studies import Draft, add_study
from core.listening.visits import visit
from core.score import Note, Score
from core.ui.listening_visit import QUESTIONS
from core.ui.page import PAGES
from tests.browser.conftest import Server, settle
from tests.browser.visit import FIRST_PIECE_MS
from tests.studies import draft

MUSIC = Score(tuple(Note(beat / 2, 0.5, 48 + 5 * beat % 30) for beat in range(60)))
SETUP = """
import os
os.environ["TUNESMITH_STUDIES"] = {address!r}
from tests.browser.test_listening import without_sources
without_sources()
from core.ui.listening_page import listening_page
listening_page()
"""


def without_sources() -> None:
    """All excerpts of the server are the same piece, so that it needs neither checkpoint nor corpus."""
    for kind in (FromMusic21, Generated):
        kind.performance = lambda _, seconds, *__: cut(MUSIC, 0.0, seconds)


@pytest.fixture(scope="module")
def study(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(address of an invitation, that of the database) on a server of its own."""
    folder = tmp_path_factory.mktemp("app")
    address = f"sqlite:///{folder / 'studies.db'}"
    id_ = add_study(open_studies(address), Draft("Machine or not?", draft().excerpts, seconds=8.0))
    (folder / "pages").mkdir()
    for file, _, _ in PAGES:
        (folder / file).write_text("")
    (folder / "pages/listening.py").write_text(SETUP.format(address=address))
    server = Server(folder / "app.py", "--client.showSidebarNavigation", "false")
    yield f"{server.url}/listening?study={id_}", address
    server.stop()


def begin(page, url: str) -> str:
    """A new listener in front of the first excerpt; their code."""
    page.goto(url)
    page.get_by_role("button", name="Begin").click(timeout=FIRST_PIECE_MS)
    page.wait_for_url("**code=*")
    page.get_by_text("1 of 8").wait_for(timeout=FIRST_PIECE_MS)
    settle(page)
    return page.url.partition("code=")[2]


def fill_in(page, labelled: bool) -> None:
    for question in QUESTIONS.values():
        page.get_by_role("radiogroup", name=question).get_by_text("4", exact=True).click()
    if not labelled:
        page.get_by_role("radiogroup", name="Who wrote it?").get_by_text("A machine").click()


def rate(page, labelled: bool) -> None:
    fill_in(page, labelled)
    page.get_by_role("button", name="Next").click()


def test_next_pressed_twice_stores_one_answer_and_the_next_question_is_blank(study: tuple[str, str], page) -> None:
    url, address = study
    code = begin(page, url)
    engine = open_studies(address)
    labelled = visit(engine, code).labelled
    for place in range(2):
        fill_in(page, labelled)
        page.get_by_role("button", name="Next").dblclick()
        page.get_by_text(f"{place + 2} of 8").wait_for()
        settle(page)
        assert page.get_by_role("radiogroup").count() == (3 if labelled else 4)
        assert page.get_by_role("radio", checked=True).count() == 0
        answers = visit(engine, code).answers
        assert [given and given[:3] for given in answers] == [(4, 4, 4)] * (place + 1) + [None] * (7 - place)


def test_a_listener_hears_rates_reloads_and_goes_on(study: tuple[str, str], page) -> None:
    url, address = study
    code = begin(page, url)
    engine = open_studies(address)
    labelled = visit(engine, code).labelled
    page.wait_for_function("document.querySelector('audio')?.duration > 0")
    assert page.evaluate("document.querySelector('audio').duration") == pytest.approx(8.0, abs=0.1)
    rate(page, labelled)
    page.get_by_text("2 of 8").wait_for()
    settle(page)
    assert page.get_by_role("radio", checked=True).count() == 0
    page.get_by_role("button", name="Next").dblclick()  # twice, and with nothing answered
    page.get_by_text("Answer every question, please.").wait_for()
    rate(page, labelled)
    page.get_by_text("3 of 8").wait_for()
    page.reload()
    page.get_by_text("3 of 8").wait_for(timeout=FIRST_PIECE_MS)
    settle(page)
    rate(page, labelled)
    page.get_by_text("4 of 8").wait_for()
    answers = visit(engine, code).answers
    assert [given and given[:3] for given in answers] == [(4, 4, 4)] * 3 + [None] * 5
    page.set_viewport_size({"width": 360, "height": 740})
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.go_back()
    page.get_by_role("button", name=f"Go on as {code}").click()
    page.get_by_text("4 of 8").wait_for()
