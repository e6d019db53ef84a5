"""A long job in a real browser: it shows how far it is, and a press ends it."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import settle

PAGE = """
import time

import streamlit as st

from core.ui.progress import Progress

st.session_state.setdefault("made", "what there was")
if st.button("Begin"):
    progress = Progress("Working …", "job")
    for done in range(6000):
        time.sleep(0.01)
        progress.show(done, 6000)
    progress.end()
    st.session_state["made"] = "what came of it"
st.write(st.session_state["made"])
"""


def test_a_press_ends_a_job_and_what_there_was_stays(serve, page, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PAGE)
    page.goto(serve(tmp_path / "app.py"))
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("Working …").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Working …").wait_for(state="detached")
    settle(page)
    assert page.get_by_text("what there was").is_visible()
    assert not page.get_by_role("button", name="Stop").count()
