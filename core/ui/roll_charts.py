"""The networks of piano rolls side by side: how they learned, and how long that took."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.checkpoint import HISTORY, ModelCard
from core.evaluation.board import epoch_sec
from core.ui.page import EMPTY

EXPLAINED = (
    "The cross-entropy of the token of a frame on held-out performances, epoch by epoch, and how long they took. "
    "What the table above has besides is the cost of the keys in frames that the vocabulary lacks, the same for all."
)


def rolls_section(cards: Sequence[ModelCard], root: Path) -> None:
    """The section of the Library; nothing where there are less than two to compare."""
    curves = {card.title: curve for card in cards if (curve := read_curve(root / card.name / HISTORY)) is not None}
    if len(curves) < 2:
        return
    st.markdown("**How they learned**")
    st.caption(EXPLAINED)
    st.plotly_chart(chart(curves), key="rolls.curves", config={"displayModeBar": False})
    rows = [
        {
            "model": card.title,
            "epochs": card.training["epochs"],
            "minutes": card.training["minutes"],
            "seconds an epoch": round(epoch_sec(card), 1),
            "performances": card.training["train_pieces"],
        }
        for card in cards
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder=EMPTY)


def read_curve(path: Path) -> pd.DataFrame | None:
    """(epoch, clean_nll) of a training run; None where it cannot be read."""
    try:
        return pd.read_csv(path)[["epoch", "clean_nll"]].dropna()
    except (OSError, ValueError, KeyError):
        return None


def chart(curves: dict[str, pd.DataFrame]) -> go.Figure:
    """A line for each network, by its title."""
    figure = go.Figure()
    for title, curve in curves.items():
        figure.add_scatter(x=curve["epoch"], y=curve["clean_nll"], name=title, mode="lines+markers")
    return figure.update_layout(
        height=360,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis_title="epoch",
        yaxis_title="nats a frame",
        legend={"orientation": "h", "y": -0.25},
    )
