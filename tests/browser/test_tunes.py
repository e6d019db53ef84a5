"""The Tunes page in a real browser: text and score find each other, and what is being written is never lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.checkpoint import save_checkpoint
from core.tunes import CREDIT
from core.ui.page import PAGES
from tests.browser.conftest import Server, settle
from tests.browser.visit import FIRST_PIECE_MS
from tests.test_tunes import soon_at_its_end

SETUP = """
import pathlib
import core.checkpoint
core.checkpoint.CHECKPOINTS = pathlib.Path({checkpoints!r})
from core.ui.tunes_page import tunes_page
tunes_page()
"""
SCALE = "X:1\nT:Scale\nM:4/4\nL:1/4\nK:C\n|:C D E F|G A B c:|\n"
NEVER = -50.0


@pytest.fixture(scope="module")
def page_url(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page on a server of its own, with an untrained model that comes to no end."""
    folder = tmp_path_factory.mktemp("app")
    save_checkpoint(soon_at_its_end(NEVER), folder / "checkpoints")
    (folder / "pages").mkdir()
    for file, _, _ in PAGES:
        (folder / file).write_text("")
    (folder / "pages/tunes.py").write_text(SETUP.format(checkpoints=str(folder / "checkpoints")))
    server = Server(folder / "app.py", "--client.showSidebarNavigation", "false")
    yield f"{server.url}/tunes"
    server.stop()


@pytest.fixture
def tunes(page_url: str, page):
    """The page with the first tune written."""
    page.goto(page_url)
    page.locator("textarea").wait_for(timeout=FIRST_PIECE_MS)
    settle(page)
    return page


def type_in(page, text: str) -> None:
    page.locator("textarea").fill(text)
    page.wait_for_timeout(700)  # the page is told when the keys rest
    settle(page)


def marked(page, name: str) -> list[str]:
    return page.locator(f"mark.{name}").all_inner_texts()


def test_a_click_on_a_note_marks_its_characters_and_the_cursor_its_note(tunes) -> None:
    type_in(tunes, SCALE)
    heads = tunes.locator("g.note")
    assert heads.count() == 16  # the repeat is played out
    tunes.locator("#n9 .notehead").click(force=True)
    settle(tunes)
    assert [text.strip() for text in marked(tunes, "note")] == ["D"]
    area = tunes.locator("textarea")
    place = SCALE.index("B c")
    area.evaluate("(area, place) => { area.focus(); area.setSelectionRange(place, place); }", place)
    tunes.locator("#n6[aria-pressed=true]").wait_for()
    settle(tunes)
    assert [text.strip() for text in marked(tunes, "note")] == ["B"]
    assert area.evaluate("area => [area.selectionStart, area.getRootNode().activeElement === area]") == [place, True]


def test_the_score_follows_the_text_and_a_wrong_place_is_marked(tunes) -> None:
    type_in(tunes, SCALE)
    area = tunes.locator("textarea")
    area.press("Control+End")
    area.press_sequentially("e f g [a")
    tunes.wait_for_timeout(700)
    settle(tunes)
    assert marked(tunes, "wrong")[0].startswith("[")
    assert area.get_attribute("aria-invalid") == "true"
    assert "Line 7, column 7" in tunes.get_by_test_id("stAlert").inner_text()
    assert tunes.locator("g.note").count() == 16  # the score of the last text that could be read
    area.press_sequentially("] |]")
    tunes.wait_for_timeout(700)
    settle(tunes)
    assert marked(tunes, "wrong") == []
    assert tunes.locator("g.note").count() == 20
    tunes.get_by_role("button", name="Undo").click()
    settle(tunes)
    assert area.input_value().endswith("e f g [a")
    assert tunes.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_tunes_are_streamed_go_on_through_other_clicks_and_stop_without_a_loss(tunes) -> None:
    tunes.get_by_role("slider", name="Tunes").press("End")
    settle(tunes)
    tunes.get_by_test_id("stButton").get_by_role("button", name="Write", exact=True).click()
    stop = tunes.get_by_role("button", name="Stop")
    stop.wait_for()
    assert tunes.locator("textarea").count() == 0  # what is being written stands there instead
    growing = tunes.get_by_test_id("stCode")
    tunes.get_by_text("Legal ABC only").click()  # a run that interrupts the first
    tunes.wait_for_function("() => document.querySelectorAll('[data-testid=\"stCode\"]')[5]?.innerText.length > 60")
    before = growing.nth(5).inner_text()
    stop.click()
    tunes.locator("textarea").wait_for()
    settle(tunes)
    cards = tunes.locator(".card")
    assert cards.count() == 6
    assert all("cut off" in text for text in cards.all_inner_texts())
    cards.nth(5).locator(".choose").click()
    settle(tunes)
    text = tunes.locator("textarea").input_value()
    kept = CREDIT.sub("", before).split()[:-1]
    assert text.split()[: len(kept)] == kept
    assert len(text) < 2000


def test_what_was_typed_is_still_there_after_a_reload_and_can_be_saved(tunes) -> None:
    type_in(tunes, SCALE)
    tunes.wait_for_url("**tune=*")
    tunes.reload()
    tunes.locator("#n15").wait_for(timeout=FIRST_PIECE_MS)
    settle(tunes)
    assert tunes.locator("textarea").input_value() == SCALE
    for label, beginning in (("ABC", b"X:1"), ("MIDI", b"MThd"), ("MusicXML", b"<?xml"), ("SVG", b"<")):
        with tunes.expect_download() as started:
            tunes.get_by_test_id("stDownloadButton").get_by_role("button", name=label, exact=True).click()
        assert Path(started.value.path()).read_bytes().startswith(beginning)
