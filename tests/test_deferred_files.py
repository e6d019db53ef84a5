"""Files that are made when their button is pressed: in a thread that knows nothing of the visit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
from core.ui.tune_sheet import EDITOR

ROOT = Path(__file__).parent.parent
TUNE = "X:1\nT:Scale\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n"
Offered = dict[str, Any]


@pytest.fixture(autouse=True)
def tiny(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tiny_checkpoints)
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Offered:
    """What every download button of the pages gives, by its label."""
    found: Offered = {}

    def note(label: str, data: object, *_: object, **__: object) -> bool:
        found[label] = data
        return False

    monkeypatch.setattr(st, "download_button", note)
    return found


def open_page(file: str) -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page(file).run()


def type_tune(app: AppTest) -> None:
    app.session_state[EDITOR] = {"edited": {"nonce": "1", "text": TUNE}}
    app.run()


def nothing(_: AppTest) -> None:
    """The page offers files as it opens."""


@pytest.mark.parametrize(
    ("page", "do", "labels"),
    [
        ("app.py", nothing, {"MIDI", "MusicXML", "ABC", "SVG", "Save project"}),
        ("pages/continue.py", nothing, {"MIDI", "MusicXML", "ABC", "SVG", "Save project"}),
        ("pages/tunes.py", type_tune, {"ABC", "MIDI", "MusicXML", "SVG", "All tunes of this visit"}),
        ("pages/piano.py", nothing, {"MIDI", "MusicXML", "SVG"}),
        ("pages/latent.py", nothing, {"MIDI", "MusicXML"}),
        ("pages/neurons.py", nothing, {"This score (SVG)", "Its notes (CSV)", "Values (CSV)"}),
    ],
)
def test_every_file_can_be_made(page: str, do: Callable[[AppTest], None], labels: set[str], offered: Offered) -> None:
    app = open_page(page)
    do(app)
    assert not app.exception
    assert labels <= offered.keys()
    assert all(len(data() if callable(data) else data) > 20 for data in offered.values())
