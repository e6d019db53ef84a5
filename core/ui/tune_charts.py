"""How many of the tunes of character models are legal ABC, by temperature, with the grammar and without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.checkpoint import TUNES, ModelCard
from core.ui.page import plain

EXPLAINED = (
    "Tunes that each model drew from nothing, with seeds 0, 1, 2 …, by temperature alone. Legal is a tune "
    "that can be read, whose bars are as long as its metre and whose repeats are closed, and that came to its end. "
    "“Copied” is the share of passages of so many characters of the music that stand in a training tune."
)
PEOPLE = "people"


def tunes_section(cards: Sequence[ModelCard], root: Path) -> None:
    """The section of the Library; nothing where no tunes were measured."""
    measured = {card.name: table for card in cards if (table := read_table(root / card.name / TUNES)) is not None}
    if not measured:
        return
    st.header("Are the tunes legal ABC?")
    st.caption(EXPLAINED)
    for card in cards:
        if card.name in measured:
            st.markdown(f"**{plain(card.title)}**")
            chart = legal_by_temperature(measured[card.name])
            st.plotly_chart(chart, key=f"tunes.{card.name}", config={"displayModeBar": False})
            st.dataframe(readable(measured[card.name]), hide_index=True)


def read_table(path: Path) -> pd.DataFrame | None:
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError):
        return None
    return table if {"temperature", "legal_only", "legal"} <= set(table) else None


def legal_by_temperature(table: pd.DataFrame) -> go.Figure:
    """A line for free tunes, one for those of the grammar, and people's share across."""
    people, drawn = table[table["temperature"].isna()], table[table["temperature"].notna()]
    figure = go.Figure()
    for legal_only, title in ((False, "free"), (True, "legal ABC only")):
        line = drawn[drawn["legal_only"] == legal_only]
        figure.add_scatter(x=line["temperature"], y=line["legal"], name=title, mode="lines+markers")
    if len(people):
        figure.add_hline(float(people["legal"].iloc[0]), line_dash="dot", annotation_text=PEOPLE)
    return figure.update_layout(
        height=260,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis_title="temperature",
        yaxis={"title": "legal tunes", "tickformat": ".0%", "range": [0, 1.02]},
        legend={"orientation": "h", "y": 1.15},
    )


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with titles, shares in percent."""
    shares = [name for name in table if name not in ("temperature", "legal_only", "num", "characters")]
    shown = table.assign(**{name: (100 * table[name]).map("{:.1f} %".format) for name in shares})
    who = table["temperature"].map(lambda t: PEOPLE if pd.isna(t) else f"temperature {t:g}")
    shown.insert(0, "tunes of", who + table["legal_only"].map({True: ", legal ABC only", False: ""}))
    return shown.drop(columns=["temperature", "legal_only"]).rename(columns=lambda name: name.replace("_", " "))
