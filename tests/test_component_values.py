"""What Python makes of the values that a browser sends, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ui.components.mount import inline_svg
from core.ui.components.tap_pad import checked_taps


def pad_page() -> None:
    import streamlit as st

    from core.ui.components import tap_pad

    st.session_state.setdefault("rhythms", []).append(tap_pad("pad"))


def score_page() -> None:
    import streamlit as st

    from core.ui.components import score_view

    picked = score_view("<svg/>", [(0.0, 0.5), (0.5, 1.0)], b"sound", "score")
    st.session_state.setdefault("picks", []).append(picked)


def strip_page() -> None:
    import streamlit as st

    from core.ui.components import Candidate, candidate_strip

    picked = candidate_strip([Candidate("<svg/>", "one", b"1"), Candidate("<svg/>", "two", b"2")], 0, "cards")
    st.session_state.setdefault("picks", []).append(picked)


def run(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception
    return page


def test_without_a_browser_nothing_was_tapped_or_picked():
    assert run(AppTest.from_function(pad_page)).session_state["rhythms"] == [None]
    assert run(AppTest.from_function(score_page)).session_state["picks"] == [None]
    assert run(AppTest.from_function(strip_page)).session_state["picks"] == [None]


def test_an_injected_rhythm_arrives_in_seconds_and_once():
    page = run(AppTest.from_function(pad_page))
    page.session_state["pad"] = {"taps": {"nonce": "a", "taps": [[0, 250.5], [500, 750]]}}
    run(run(page))
    assert page.session_state["rhythms"] == [None, ([(0.0, 0.2505), (0.5, 0.75)], None), None]


@pytest.mark.parametrize(
    ("sent", "picked"),
    [
        ({"start": 1, "stop": 2}, range(1, 2)),
        ({"start": 0, "stop": 2}, range(2)),
        ({"start": 0, "stop": 0}, range(0)),
        ({"start": 1, "stop": 3}, None),  # there are two notes
        ({"start": -1, "stop": 1}, None),
        ({"start": 1, "stop": 1}, None),
        ({"start": "0", "stop": 1}, None),
        ({"start": True, "stop": 2}, None),
        ({}, None),
    ],
)
def test_only_notes_of_the_score_can_be_picked(sent: dict, picked: range | None):
    page = run(AppTest.from_function(score_page))
    page.session_state["score"] = {"picked": {"nonce": "a", **sent}}
    assert run(page).session_state["picks"] == [None, picked]


@pytest.mark.parametrize(("index", "picked"), [(1, 1), (0, 0), (2, None), (-1, None), (None, None), ("1", None)])
def test_only_candidates_on_the_page_can_be_picked(index: object, picked: int | None):
    page = run(AppTest.from_function(strip_page))
    page.session_state["cards"] = {"picked": {"nonce": "a", "index": index}}
    run(run(page))
    assert page.session_state["picks"] == [None, picked, None]


@pytest.mark.parametrize(
    "taps",
    [
        None,
        [],
        "ab",
        [[0]],
        [[0, "x"]],
        [[0, 0]],
        [[0, -1]],
        [[0, float("nan")]],
        [[0, float("inf")]],
        [[0, 300], [200, 400]],  # a note that begins before the last one ended
        [[2 * i, 2 * i + 1] for i in range(11)],
    ],
)
def test_taps_that_no_pad_sends_are_no_rhythm(taps: object):
    assert checked_taps({"taps": taps}, 10) is None


def test_an_xml_prologue_is_dropped():
    assert inline_svg('<?xml version="1.0"?>\n<svg/>').strip() == "<svg/>"


def test_every_file_beside_the_components_is_used():
    folder = Path(__file__).parents[1] / "core" / "ui" / "components"
    modules = "".join(module.read_text() for module in folder.glob("*.py"))
    for file in folder.iterdir():
        if file.suffix in {".js", ".css", ".html"}:
            assert f'"{file.name}"' in modules
