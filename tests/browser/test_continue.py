"""The Continue page in a real browser: a melody played on its piano is heard, taken and continued."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.checkpoint import save_checkpoint
from core.composition import Composition
from core.link import query_to_piece
from core.ui.page import PAGES
from tests.browser.conftest import Server, settle
from tests.browser.visit import FIRST_PIECE_MS
from tests.conftest import tiny_checkpoint

HEAR = """() => {
    window.struck = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...at) {
        if (this.type === "custom") window.struck.push(Math.round(69 + 12 * Math.log2(this.frequency.value / 440)));
        return start.apply(this, at);
    };
}"""


@pytest.fixture(scope="module")
def page_url(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page on a server of its own, with an untrained model."""
    folder: Path = tmp_path_factory.mktemp("app")
    save_checkpoint(tiny_checkpoint("step-bilstm"), folder / "checkpoints")
    (folder / "pages").mkdir()
    patch = (
        f"import core.checkpoint, pathlib\ncore.checkpoint.CHECKPOINTS = pathlib.Path({str(folder)!r}, 'checkpoints')\n"
    )
    pages = {
        "app": "compose",
        "pages/continue": "continue_page",
        "pages/latent": "latent_page",
        "pages/compare": "compare",
        "pages/library": "library",
    }
    for file, _, _ in PAGES:
        (folder / file).write_text("")
    for file, module in pages.items():
        name = module if module.endswith("page") else f"{module}_page"
        (folder / f"{file}.py").write_text(f"{patch}from core.ui.{module} import {name}\n{name}()\n")
    server = Server(folder / "app.py", "--client.showSidebarNavigation", "false")
    yield f"{server.url}/continue"
    server.stop()


def piece_of(page) -> Composition:
    return query_to_piece(dict(parse_qsl(urlsplit(page.url).query)))


def key(page, name: str):
    return page.locator(f'.key[aria-label="{name}"]')


def test_playing_by_mouse_by_keyboard_and_to_the_metronome(page_url: str, page) -> None:
    page.goto(page_url)
    page.wait_for_url("**notes=*", timeout=FIRST_PIECE_MS)
    settle(page)
    page.get_by_role("radio", name="Play").click()
    key(page, "C4").wait_for()
    page.evaluate(HEAR)
    key(page, "G4").click()
    key(page, "F#4").click()
    for letter in ("2", "h", "Space", "x", "a", "z", "Backspace"):  # an eighth: A4, a rest, C5 taken back
        page.keyboard.press(letter)
    assert page.evaluate("window.struck") == [67, 66, 69, 72]
    assert page.locator(".melody").inner_text() == "G4 F#4 A4/2 r/2"
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
    settle(page)
    piece = piece_of(page)
    assert (piece.num_given, piece.pitches[:3]) == (3, (67, 66, 69))
    assert [(n.onset, n.duration) for n in piece.written.notes[:2]] == [(0, 1), (1, 1)]

    page.get_by_label("Metronome").get_by_role("checkbox").check()
    page.locator(".piano .tempo").fill("240")
    page.locator(".piano .tempo").press("Tab")
    key(page, "C4").click()  # begins the count-in, and is no note
    page.wait_for_timeout(1300)
    key(page, "E4").click(delay=240)
    key(page, "G4").click(delay=240)
    assert page.locator(".melody").inner_text() == "E4 G4"
    before = page.url
    page.locator(".done").click()
    page.wait_for_url(lambda url: url != before)
    settle(page)
    piece = piece_of(page)
    assert (piece.num_given, piece.pitches[:2], piece.written.qpm) == (2, (64, 67), 240)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
