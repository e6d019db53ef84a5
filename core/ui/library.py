"""The models and the corpora: cards, figures, learning curves, licences."""

from __future__ import annotations

from operator import attrgetter

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.checkpoint import CHECKPOINTS, HISTORY, SWEEP, ModelCard
from core.data.corpora import CORPORA
from core.evaluation.board import PUBLISHED_ACCURACY, percentage
from core.evaluation.game import ACCURACY_RANGE, stability
from core.ui.page import start_page
from core.ui.work import cards

FIGURES = {
    "nll": "nll (nats a note)",
    "accuracy": "accuracy",
    "clapped_nll": "nll, clapped",
    "clapped_accuracy": "accuracy, clapped",
}

GAME = "discriminator_accuracy"
"""the column that only the history of an adversarial training has"""
WHY_THEY_DIFFER = (
    "The paper's accuracies are those of MAESTRO split at random by file, so that half or more of its validation files "
    "have the same work among the training files. Ours are of splits that keep every work, and every variant of a "
    "tune, on one side."
)


def library_page() -> None:
    start_page("Library")
    st.title("Library")
    installed = cards()
    st.header("Models")
    st.caption(
        "Held-out melodies, each note foretold from those before it; every note counted once. “Clapped” is the same "
        "melodies as a person claps them: any tempo, attacks 20 ms off, no rests. Low nll and high accuracy are good."
    )
    board = leaderboard(installed)
    shares = {name: st.column_config.NumberColumn(format="%.1f %%") for name in board if "accuracy" in name}
    st.dataframe(board, hide_index=True, column_config=shares)
    st.caption(WHY_THEY_DIFFER)
    for card in ranked(installed):
        with st.expander(f"{card.title} · {card.corpus}", icon=":material/neurology:"):
            model_card(card)
    st.header("Corpora")
    for corpus in filter(attrgetter("offered"), CORPORA.values()):
        st.markdown(f"**{corpus.title}** — {corpus.source}.  \nLicence: {corpus.license}")


def ranked(installed: list[ModelCard]) -> list[ModelCard]:
    """By corpus, the best first."""
    return sorted(installed, key=lambda card: (card.corpus, card.metrics.get("nll", float("inf"))))


def leaderboard(installed: list[ModelCard]) -> pd.DataFrame:
    rows = [
        {
            "model": card.title,
            "corpus": card.corpus,
            **{title: percent(card.metrics.get(name), title) for name, title in FIGURES.items()},
            "in the paper": percentage(PUBLISHED_ACCURACY.get(card.network)),
        }
        for card in ranked(installed)
    ]
    return pd.DataFrame(rows)


def percent(figure: float | None, title: str) -> float | None:
    """A share as a percentage; other figures as they are."""
    return 100 * figure if figure is not None and "accuracy" in title else figure


def model_card(card: ModelCard) -> None:
    st.markdown(f"`{card.name}` — {card.description}  \nLicence: {card.license}")
    history = CHECKPOINTS / card.name / HISTORY
    try:
        epochs = pd.read_csv(history)
        curve = learning_curve(epochs)
    except (OSError, ValueError, KeyError):
        st.caption("There is no readable history.csv of its training.")
    else:
        st.plotly_chart(curve, key=f"curve.{card.name}", config={"displayModeBar": False})
        if GAME in epochs:
            game(card, epochs)
    study = sweep_table(card)
    if study is not None:
        st.markdown("**Settings tried**, the best first")
        st.dataframe(study, hide_index=True)
    network, training = st.columns(2)
    network.markdown("**Network**")
    network.json(card.config)
    training.markdown("**Training**")
    training.json(card.training)


def game(card: ModelCard, epochs: pd.DataFrame) -> None:
    """How the game of a generator against a discriminator went, and whether it was a stable one."""
    accuracy = epochs[GAME].dropna()
    figure = go.Figure(go.Scatter(x=epochs["epoch"][accuracy.index], y=accuracy, name="discriminator"))
    figure.add_hrect(*ACCURACY_RANGE, opacity=0.15, line_width=0, fillcolor="green")
    figure.update_layout(
        height=220,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis_title="epoch",
        yaxis={"title": "discriminator right", "tickformat": ".0%", "range": [0.4, 1.0]},
    )
    st.plotly_chart(figure, key=f"game.{card.name}", config={"displayModeBar": False})
    if "base_nll" in card.metrics and len(accuracy):
        rows = [
            {"a stable game means": criterion.what, "found": criterion.found, "holds": criterion.holds}
            for criterion in stability(card, accuracy.tolist())
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def sweep_table(card: ModelCard) -> pd.DataFrame | None:
    """What a study of the model's settings found, if there was one."""
    try:
        return pd.read_csv(CHECKPOINTS / card.name / SWEEP)
    except (OSError, ValueError):
        return None


def learning_curve(history: pd.DataFrame) -> go.Figure:
    """Loss by epoch, in training and on the two validation sets."""
    names = {"train_nll": "training", "clean_nll": "validation, as written", "clapped_nll": "validation, clapped"}
    figure = go.Figure([go.Scatter(x=history["epoch"], y=history[name], name=title) for name, title in names.items()])
    figure.update_layout(
        height=300,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis_title="epoch",
        yaxis_title="nats a note",
        legend={"orientation": "h", "y": 1.15},
    )
    return figure
