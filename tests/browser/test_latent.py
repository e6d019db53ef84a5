"""The Latent page in a real browser: a slider moves the melody, and a click on the map plays a tune."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.checkpoint import save_checkpoint
from core.data.piece import Piece
from core.score import Note, Score
from core.ui.page import PAGES
from tests.browser.conftest import Server, settle
from tests.browser.visit import FIRST_PIECE_MS
from tests.conftest import tiny_checkpoint

TUNES = [
    Piece(
        f"t{number}",
        Score(tuple(Note(onset, 1, 60 + onset * number % 11) for onset in range(8)), title=f"Tune {number}"),
        split="train",
        metadata={"O": origin},
    )
    for number, origin in enumerate(("China", "Irland", "Luxemburg", "Deutschland"), start=1)
]
SETUP = """
import pathlib
import core.checkpoint, core.ui.work
from tests.browser.test_latent import TUNES
core.checkpoint.CHECKPOINTS = pathlib.Path({checkpoints!r})
core.ui.work.load_corpus = lambda _: TUNES
from core.ui.latent_page import latent_page
latent_page()
"""


@pytest.fixture(scope="module")
def page_url(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page on a server of its own, with an untrained model and four tunes."""
    folder = tmp_path_factory.mktemp("app")
    save_checkpoint(tiny_checkpoint("step-vae-sequence"), folder / "checkpoints")
    (folder / "pages").mkdir()
    for file, _, _ in PAGES:
        (folder / file).write_text("")
    (folder / "pages/latent.py").write_text(SETUP.format(checkpoints=str(folder / "checkpoints")))
    server = Server(folder / "app.py", "--client.showSidebarNavigation", "false")
    yield f"{server.url}/latent"
    server.stop()


def test_a_slider_moves_the_melody_and_a_click_on_the_map_plays_a_tune(page_url: str, page) -> None:
    page.goto(page_url)
    melody = page.locator(".st-key-latent-melody")
    melody.locator("#n0").wait_for(timeout=FIRST_PIECE_MS)
    page.get_by_role("radio", name="Walk").click()
    slider = page.get_by_role("slider", name="Where the melody lies in it, in standard deviations")
    slider.wait_for()
    settle(page)
    before = melody.locator(".sheet").inner_html()
    slider.press("End")
    settle(page)
    assert float(slider.input_value()) == 3
    assert melody.locator(".sheet").inner_html() != before

    points = page.locator(".scatterlayer .trace").first.locator(".points path")
    assert points.count() == 1  # each of the four tunes is of another region
    points.first.scroll_into_view_if_needed()
    points.first.click(force=True)
    tune = page.locator(".st-key-latent-original")
    tune.locator("#n0").wait_for()
    settle(page)
    assert page.get_by_role("heading", name="Tune", exact=False).last.inner_text().startswith("Tune")
    assert page.locator(".st-key-latent-again").get_by_role("button", name="Play").is_enabled()
    tune.get_by_role("button", name="Play").click()
    tune.get_by_role("button", name="Pause").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
