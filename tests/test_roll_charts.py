"""The networks of piano rolls side by side, in the Library and as a table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.library
from core.checkpoint import HISTORY, ModelCard, list_cards, save_checkpoint
from core.evaluation.board import epoch_sec
from tests.conftest import tiny_checkpoint

ROOT = Path(__file__).parents[1]
LOSSES = {"roll-gru": (4.0, 3.5, 3.25), "roll-attention": (4.5, 4.0)}


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Two networks that trained for three and two epochs, six minutes each."""
    for name, losses in LOSSES.items():
        checkpoint = tiny_checkpoint(name)
        facts = {"epochs": len(losses), "minutes": 6.0, "train_pieces": 100}
        metrics = {"nll": losses[-1] + 1, "token_nll": losses[-1], "accuracy": 0.5}
        save_checkpoint(checkpoint._replace(card=replace(checkpoint.card, training=facts, metrics=metrics)), tmp_path)
        lines = [f"{epoch},{nll}" for epoch, nll in enumerate(losses)]
        (tmp_path / checkpoint.card.name / HISTORY).write_text("\n".join(["epoch,clean_nll", *lines]))
    return tmp_path


def test_the_seconds_of_an_epoch_by_hand(trained: Path) -> None:
    def card(minutes: float, epochs: int) -> ModelCard:
        return replace(list_cards(trained)[0], training={"minutes": minutes, "epochs": epochs})

    assert epoch_sec(card(6.5, 13)) == 30.0


def test_the_library_shows_how_all_of_them_learned(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", trained)
    monkeypatch.setattr(core.ui.library, "CHECKPOINTS", trained)
    st.cache_data.clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/library.py").run()
    assert not app.exception
    lines = [
        (line["name"], line["y"])
        for chart in app.get("plotly_chart")
        for line in json.loads(chart.proto.spec)["data"]
        if line["name"] in LOSSES
    ]
    assert sorted(name for name, _ in lines) == sorted(LOSSES)
    [table] = [frame.value for frame in app.dataframe if "seconds an epoch" in frame.value]
    assert dict(zip(table["model"], table["seconds an epoch"], strict=True)) == {
        "roll-gru": 120.0,
        "roll-attention": 180.0,
    }
