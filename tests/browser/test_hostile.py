"""What a visitor calls a thing is text in a real browser, too: nothing of it runs, and nothing of it is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from core.beats import Beats
from core.checkpoint import list_cards
from core.cli.neurons import page as neurons_page
from core.composition import Composition
from core.inspection import subject, trace
from core.link import piece_to_query
from core.listening.schema import open_studies
from core.listening.studies import Draft, add_study
from core.render.notation import score_to_svg
from core.rhythm import Rhythm
from core.sampling import SamplingConfig
from tests.browser.conftest import ROOT, Server, settle
from tests.browser.visit import FIRST_PIECE_MS, Visit
from tests.conftest import MELODY, tiny_checkpoint
from tests.studies import draft

RUN = "window.ran = true"
"""nobody hears an alert in a browser without a screen"""
EVIL = (
    f"</title></script></svg><script>{RUN}</script><img src=x onerror='{RUN}'>"
    f"<svg onload='{RUN}'>[x](javascript:{RUN.replace(' ', '')})"
)


@pytest.fixture
def watched(new_page: Callable) -> Iterator:
    """A page in which nothing of ``EVIL`` has run, as the test ends."""
    page = new_page()
    yield page
    assert page.evaluate("window.ran") is None
    assert page.locator("img[onerror], svg[onload], a[href^=javascript]").count() == 0


@pytest.fixture
def studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """(address of the app, id of a study with such a title)."""
    monkeypatch.setenv("TUNESMITH_STUDIES", address := f"sqlite:///{tmp_path / 'studies.db'}")
    id_ = add_study(open_studies(address), Draft(EVIL[-100:], draft().excerpts, seconds=8.0))
    server = Server(ROOT / "app.py")
    yield server.url, id_
    server.stop()


def test_a_title_in_a_link(watched, app_url: str) -> None:
    beats = Beats.from_rhythm(Rhythm.from_onsets([0, 0.5, 1, 1.5]))
    model = next(card.name for card in list_cards() if card.name.startswith("beat-"))
    piece = Composition(model, beats, (60, 62, 64, 65), SamplingConfig(seed=1), title=EVIL)
    visit = Visit(watched, f"{app_url}/?{urlencode(piece_to_query(piece) or {})}")
    assert visit.piece.title
    watched.get_by_role("heading", name=visit.piece.title[:60]).first.wait_for()
    visit.click_note(1)
    settle(watched)


def test_the_text_of_a_tune(watched, app_url: str) -> None:
    watched.goto(f"{app_url}/tunes")
    watched.locator("textarea").wait_for(timeout=FIRST_PIECE_MS)
    settle(watched)
    watched.locator("textarea").fill(f"X:1\nT:{EVIL}\nC:{EVIL}\nM:4/4\nL:1/4\nK:C\nC D E F|\nw:{EVIL}\n")
    watched.get_by_role("heading", name=EVIL[:30]).first.wait_for()
    settle(watched)


def test_the_title_of_a_study(studies: tuple[str, str], watched) -> None:
    url, study = studies
    watched.goto(f"{url}/listening?study={study}")
    watched.get_by_role("heading", name=EVIL[-40:]).wait_for(timeout=FIRST_PIECE_MS)
    settle(watched)


def test_files_that_are_opened_in_a_browser(watched, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint("char-lstm")
    read = subject(checkpoint, f"X:1\nT:{EVIL}\nK:C\nCDEF|\n")
    files = {
        "score.svg": score_to_svg(replace(MELODY, title=EVIL)).encode(),
        "neurons.html": neurons_page(read, trace(checkpoint, read.encoded), "lstm", 0, EVIL),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        watched.goto((tmp_path / name).as_uri())
        assert "&lt;script&gt;" in watched.content()
        assert watched.evaluate("window.ran") is None


def test_the_title_runs_where_nothing_escapes_it(new_page: Callable) -> None:
    page = new_page()
    page.set_content(EVIL)
    page.wait_for_function("window.ran")
