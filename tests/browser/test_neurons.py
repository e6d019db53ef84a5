"""The Neurons page in a real browser: cells and notes can be picked, notes have colours, attention has arcs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.checkpoint import save_checkpoint
from core.ui.page import PAGES
from tests.browser.conftest import Server, settle
from tests.browser.visit import FIRST_PIECE_MS
from tests.conftest import tiny_checkpoint

SETUP = """
import pathlib
import core.checkpoint
core.checkpoint.CHECKPOINTS = pathlib.Path({checkpoints!r})
from core.ui.{module} import {module}
{module}()
"""
HEAD = '.st-key-neurons-{} [id="n{}"]'


@pytest.fixture(scope="module")
def page_url(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page on a server of its own, with two untrained models."""
    folder = tmp_path_factory.mktemp("app")
    for architecture in ("char-lstm", "beat-lstm-echo"):
        save_checkpoint(tiny_checkpoint(architecture), folder / "checkpoints")
    (folder / "pages").mkdir()
    for file, _, _ in PAGES:
        (folder / file).write_text("")
    setup = SETUP.format(checkpoints=str(folder / "checkpoints"), module="neurons_page")
    (folder / "pages/neurons.py").write_text(setup)
    server = Server(folder / "app.py", "--client.showSidebarNavigation", "false")
    yield f"{server.url}/neurons"
    server.stop()


def place(page):
    return page.get_by_label("Place, 1 to")


def open_tab(page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    settle(page)


def cell_centre(page, row: int, column: int) -> tuple[float, float]:
    """Where on the screen a cell of the text grid is: the points over the cells know."""
    return page.evaluate(
        """([row, column]) => {
            const plot = document.querySelector(".st-key-neurons-unit .js-plotly-plot");
            const { x: xs, y: ys } = plot._fullData[1];
            const index = xs.findIndex((x, i) => x === column && ys[i] === row);
            const box = plot.querySelectorAll(".scatterlayer .point")[index].getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }""",
        [row, column],
    )


def row_at(page, unit: int, share: float) -> tuple[float, float]:
    """Where on the screen the row of a unit is, a share of the way along the map of its layer."""
    return page.evaluate(
        """([unit, share]) => {
            const plot = document.querySelector(".st-key-neurons-layer .js-plotly-plot");
            const box = plot.querySelector(".nsewdrag").getBoundingClientRect();
            return [box.x + share * box.width, box.y + plot._fullLayout.yaxis2.r2p(unit)];
        }""",
        [unit, share],
    )


def test_cells_and_notes_are_picked_and_attention_is_drawn_over_the_score(page_url: str, page) -> None:
    page.goto(page_url)
    page.get_by_role("tab", name="One unit").wait_for(timeout=FIRST_PIECE_MS)
    settle(page)
    page.locator(HEAD.format("unit-score", 0)).wait_for()
    assert page.locator(".heatmap-label").first.text_content() == "X"

    x, y = cell_centre(page, 5, 2)  # the key, below X:1, the title, rhythm, metre and unit
    page.mouse.move(x, y)
    page.locator(".hoverlayer .hovertext").first.wait_for()
    assert page.locator(".hoverlayer .hovertext").first.text_content().startswith("36: G · ")
    page.mouse.click(x, y)
    page.wait_for_function("document.querySelector('[aria-label^=\"Place, 1 to\"]').value === '36'")
    settle(page)

    colours = page.locator(".st-key-neurons-unit-score g.note.coloured").evaluate_all(
        "notes => notes.map((note) => getComputedStyle(note).color)"
    )
    assert len(colours) == 84
    assert len(set(colours)) > 10
    page.locator(HEAD.format("unit-score", 6)).click(force=True)
    page.locator(f"{HEAD.format('unit-score', 6)}.selected").wait_for(state="attached")
    settle(page)
    assert int(place(page).input_value()) > 38

    page.get_by_role("combobox", name="Architecture").click()
    page.get_by_role("option", name="beat-lstm-echo").click()
    settle(page)
    open_tab(page, "Attention")
    page.locator(".st-key-neurons-attention-score .arc").first.wait_for(state="attached")
    told = page.locator(".st-key-neurons-attention-score .arc title").first.text_content()
    assert told.startswith(f"Note {place(page).input_value()} looked at note ")
    assert page.locator(".st-key-neurons-attention .hm image").count() == 1

    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("One unit", "Layer", "Gates", "Switch it off"):
        open_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_row_of_a_layer_picks_its_unit_as_the_box_does(page_url: str, page) -> None:
    page.goto(page_url)
    page.get_by_role("tab", name="Layer", exact=True).click(timeout=FIRST_PIECE_MS)
    page.locator(".st-key-neurons-layer .hm image").first.wait_for()
    settle(page)
    box, place_before = page.get_by_label("Unit, 0 to 11"), place(page).input_value()

    def shown(unit: int) -> None:
        page.get_by_text(f"lstm · unit {unit} ").wait_for()
        settle(page)
        assert box.input_value() == str(unit)
        frame = page.locator(".st-key-neurons-layer .js-plotly-plot").evaluate("plot => plot.layout.shapes[0].y0")
        assert frame == unit - 0.5

    def pick(unit: int, share: float) -> None:
        """Presses where the row of a unit is; plotly takes a press for a click once it tells what is there."""
        page.mouse.move(*row_at(page, unit, share))
        page.wait_for_function(
            "told => document.querySelector('.st-key-neurons-layer .hoverlayer').textContent.startsWith(told)",
            arg=f"unit {unit} · ",  # and what the cell holds
        )
        page.mouse.down()
        page.mouse.up()
        shown(unit)

    pick(7, 0.6)
    pick(2, 0.1)
    box.fill("9")
    box.press("Enter")
    shown(9)
    pick(2, 0.1)  # again
    assert place(page).input_value() == place_before
