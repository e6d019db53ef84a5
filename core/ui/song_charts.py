"""Whether the songs of models hold together as people's do: distributions side by side, and distances."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.checkpoint import ModelCard
from core.evaluation.song_board import PEOPLE, Compared, as_text, closest, compare
from core.evaluation.song_form import FIGURES
from core.ui.page import EMPTY, plain_errors

SHARES = {"final_on_tonic"}
"""figures that are 0 or 1 of a song: a share says all"""
ROW_HEIGHT = 42  # pixels a writer
SMOOTHING = 0.05  # the bandwidth of a violin, of the range of a figure
EXPLAINED = (
    "Songs that each model drew from nothing at temperature 1, with seeds 0, 1, 2 … in the metres of held-out songs of "
    "people, measured as those are. A song that came to no end was cut off after 1,024 steps, and is no song that ends "
    "on its tonic; a figure leaves out songs that are too short for it."
)
DISTANCES = (
    "How far each distribution is from that of the same 200 people's songs: Wasserstein-1 distance in the unit of the "
    "figure, with its 95 % bootstrap interval. 200 other songs of people, in the first row, are the floor: no model "
    "can be expected to come nearer."
)


@st.cache_data(ttl=60, max_entries=4, show_spinner=False)
def compared(cards: list[ModelCard], root: Path, corpus: str) -> list[Compared]:
    return compare(cards, root, corpus)


def songs_section(cards: list[ModelCard], root: Path, corpus: str) -> None:
    """The section of the Library; nothing where no songs were measured."""
    with plain_errors():
        writers = compared(cards, root, corpus)
        if writers:
            st.header("Do the songs hold together?")
            st.caption(EXPLAINED)
            charts(writers)
            st.markdown("**Distances from people's songs**")
            st.dataframe(distances(writers), hide_index=True, placeholder=EMPTY)
            st.caption(DISTANCES)


def charts(writers: Sequence[Compared]) -> None:
    sides = st.columns(2)
    for i, (name, figure) in enumerate(FIGURES.items()):
        with sides[i % 2]:
            st.markdown(f"**{figure.title}** · {figure.meaning}")
            chart = shares(writers, name) if name in SHARES else distributions(writers, name)
            st.plotly_chart(chart, key=f"songs.{name}", config={"displayModeBar": False})


def distributions(writers: Sequence[Compared], name: str) -> go.Figure:
    """A violin a writer, people's in a colour of its own; equal areas, equally smooth, none beyond its songs."""
    values = [one.figures[name].dropna() for one in writers]
    titles = [[one.title] * len(of_one) for one, of_one in zip(writers, values, strict=True)]
    known = pd.concat(values)
    style = {
        "orientation": "h",
        "bandwidth": SMOOTHING * (known.max() - known.min()) or None,
        "scalegroup": name,
        "spanmode": "hard",
        "points": False,
        "box_visible": True,
        "meanline_visible": True,
    }
    people = go.Violin(x=values[0], y=titles[0], **style)
    models = go.Violin(x=known[len(values[0]) :], y=list(chain(*titles[1:])), **style)
    return laid_out(go.Figure([people, models]), writers)


def shares(writers: Sequence[Compared], name: str) -> go.Figure:
    """A bar a writer, people in a colour of their own: in how many of the songs it is so."""
    means, titles = [one.figures[name].mean() for one in writers], [one.title for one in writers]
    people = go.Bar(x=means[:1], y=titles[:1], orientation="h", width=0.6)
    models = go.Bar(x=means[1:], y=titles[1:], orientation="h", width=0.6)
    figure = laid_out(go.Figure([people, models]), writers)
    return figure.update_xaxes(tickformat=".0%", range=[0, 1])


def laid_out(figure: go.Figure, writers: Sequence[Compared]) -> go.Figure:
    titles = [one.title for one in writers]
    return figure.update_layout(
        height=60 + ROW_HEIGHT * len(writers),
        margin={"l": 0, "r": 0, "t": 5, "b": 0},
        showlegend=False,
        violinmode="overlay",
        violingap=0,
        yaxis={"categoryorder": "array", "categoryarray": titles, "autorange": "reversed", "automargin": True},
    )


def distances(writers: Sequence[Compared]) -> pd.DataFrame:
    """A row a writer; ``closest in`` counts the figures in which no other model is as near to people."""
    nearest = list(closest(writers).values())
    rows = [
        {
            "songs of": one.title,
            "songs": len(one.figures),
            "ended": int(one.figures["ended"].sum()),
            "too short": one.too_short,
            **{figure.title: as_text(one.distances[name]) for name, figure in FIGURES.items()},
            "closest in": None if one.name == PEOPLE else nearest.count(one.name),
        }
        for one in writers
    ]
    return pd.DataFrame(rows)
