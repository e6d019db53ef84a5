"""The models and the corpora: cards, figures, learning curves, licences."""

from __future__ import annotations

from operator import attrgetter

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.checkpoint import CHECKPOINTS, HISTORY, SWEEP, SWEEP_CURVES, ModelCard
from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, PianoCodec, PianoRollCodec, StepCodec
from core.data.corpora import CORPORA, EMBEDDED
from core.evaluation.board import (
    BOUND_SAMPLES,
    LEAKING_ACCURACY,
    PUBLISHED_ACCURACY,
    UNITS,
    is_bound,
    percentage,
    with_codec,
)
from core.evaluation.game import ACCURACY_RANGE, stability
from core.ui.page import EMPTY, start_page
from core.ui.roll_charts import rolls_section
from core.ui.song_charts import songs_section
from core.ui.tune_charts import tunes_section
from core.ui.work import cards

FIGURES = {
    "nll": "nll (nats a {unit})",
    "accuracy": "accuracy",
    "clapped_nll": "nll, clapped",
    "clapped_accuracy": "accuracy, clapped",
    "header_nll": "nll, header",
    "body_nll": "nll, body",
    "token_nll": "nll, token alone",
    "note_nll": "nll, note",
    "shift_nll": "nll, when",
    "place_nll": "nll, place",
    "role_nll": "nll, role",
    "pitch_nll": "nll, key",
    "velocity_nll": "nll, velocity",
    "duration_nll": "nll, how long",
    "length_nll": "nll, length",
}
STUDY_FIGURES = ["nll", "accuracy", "epochs", "minutes", "parameters"]
"""columns of a study that are no settings"""

BOARDS = {
    BeatCodec.name: (
        "Melodies on a rhythm",
        "Held-out melodies, each note foretold from those before it; every note counted once. “Clapped” is the same "
        "melodies as a person claps them: any tempo, attacks 20 ms off, no rests. Low nll and high accuracy are good.",
    ),
    StepCodec.name: (
        "Songs step by step",
        "Held-out songs, each sixteenth foretold from those before it: a note that begins, one that is held, a rest, "
        "or the end. Most are held, so these figures are not to be compared with those of notes. “At most” marks the "
        "bound from above that there is of a model with a latent melody, and how many samples it takes.",
    ),
    AbcCharsCodec.name: (
        "Tunes letter by letter",
        "Held-out tunes in ABC notation, every character of each foretold from those before it, the end among them; "
        "the header, which ends with the key, and the music also apart. The reports that the plain networks come from "
        "printed 1.47 to 2.06 for a random slice of 30 characters, which is another figure.",
    ),
    PianoCodec.name: (
        "Piano, note by note",
        "Held-out performances and pop songs, in stretches of 1,024 notes without what went before and without their "
        "composer. A note is four tokens: when it is struck after the one before, which key, how hard, how long it "
        "sounds; each is foretold from the notes before and the fields of its own note that are known.",
    ),
    ArrangementCodec.name: (
        "Two hands",
        "Held-out pop songs, melody and accompaniment in one stream in which melody notes are told a bar ahead. A note "
        "is four tokens: its place in the bar, whether it is melody, which key, how long.",
    ),
    PianoRollCodec.name: (
        "Piano, frame by frame",
        "Held-out performances of MAESTRO; a token is the set of keys struck in a frame. A set "
        "that the vocabulary lacks costs its own token and its keys, so that a small vocabulary earns nothing. The "
        "networks of a study with self-attention, on its budget of 100 performances.",
    ),
}
"""(heading, caption) of the models of each codec; figures of different units never share a table"""

GAME = "discriminator_accuracy"
"""the column that only the history of an adversarial training has"""
LEAK = "beat-lstm-local.maestro"
"""what was trained on such a split as the paper's, too"""


def library_page() -> None:
    start_page("Library")
    st.title("Library")
    installed = cards()
    st.header("Models")
    for codec in BOARDS:
        family(codec, ranked(with_codec(installed, codec)))
    songs_section(ranked(with_codec(installed, StepCodec.name)), CHECKPOINTS, EMBEDDED)
    tunes_section(ranked(with_codec(installed, AbcCharsCodec.name)), CHECKPOINTS)
    st.header("Corpora")
    for corpus in filter(attrgetter("offered"), CORPORA.values()):
        st.markdown(f"**{corpus.title}** — {corpus.source}.  \nLicence: {corpus.license}")


def family(codec: str, installed: list[ModelCard]) -> None:
    """The models of one codec: their leaderboard and their cards."""
    if not installed:
        return
    heading, caption = BOARDS[codec]
    st.subheader(heading)
    st.caption(caption)
    board = leaderboard(installed)
    shares = {name: st.column_config.NumberColumn(format="%.1f %%") for name in board if "accuracy" in name}
    st.dataframe(board, hide_index=True, column_config=shares, height="content", placeholder=EMPTY)
    if codec == BeatCodec.name:
        st.caption(why_they_differ(installed))
    if codec == PianoRollCodec.name:
        rolls_section(installed, CHECKPOINTS)
    for card in installed:
        panel = st.expander(
            f"{card.title} · {card.corpus}", icon=":material/neurology:", key=f"card.{card.name}", on_change="rerun"
        )
        if panel.open:  # forty cards with their charts at once would keep a browser busy for seconds
            with panel:
                model_card(card)


def why_they_differ(installed: list[ModelCard]) -> str:
    """Why the paper's accuracies are above those of ours."""
    ours = [percentage(card.metrics["accuracy"]) for card in installed if card.name == LEAK]
    leak = f"our LSTM with local attention reaches {percentage(LEAKING_ACCURACY)}{f', not {ours[0]}' if ours else ''}"
    return (
        "The paper's accuracies are those of MAESTRO split at random by file, so that half or more of its validation "
        f"files have the same work among the training files; on such a split {leak}. Ours are of splits that keep "
        "every work, and every variant of a tune, on one side."
    )


def ranked(installed: list[ModelCard]) -> list[ModelCard]:
    """By corpus, the best first."""
    return sorted(installed, key=lambda card: (card.corpus, card.metrics.get("nll", float("inf"))))


def leaderboard(ranked: list[ModelCard]) -> pd.DataFrame:
    """A row for each model of one codec; a column that none of them has is left out."""
    rows = [
        {
            "model": card.title,
            "corpus": card.corpus,
            **{of_unit(title, card): percent(card.metrics.get(name), title) for name, title in FIGURES.items()},
            "nll is": f"at most so, {card.metrics[BOUND_SAMPLES]:.0f} samples" if is_bound(card) else None,
            "got back from z": percentage(card.metrics.get("reconstruction")) or None,
            "in the paper": percentage(PUBLISHED_ACCURACY.get(card.network)) or None,
        }
        for card in ranked
    ]
    board = pd.DataFrame(rows).dropna(axis="columns", how="all")
    texts = [name for name in board if board[name].map(type).eq(str).any()]
    return board.fillna(dict.fromkeys(texts, ""))


def of_unit(title: str, card: ModelCard) -> str:
    return title.format(unit=UNITS[card.codec])


def percent(figure: float | None, title: str) -> float | None:
    """A share as a percentage; other figures as they are."""
    return 100 * figure if figure is not None and "accuracy" in title else figure


def model_card(card: ModelCard) -> None:
    st.markdown(f"`{card.name}` — {card.description}  \nLicence: {card.license}")
    history = CHECKPOINTS / card.name / HISTORY
    try:
        epochs = pd.read_csv(history)
        curve = learning_curve(epochs, UNITS[card.codec])
    except (OSError, ValueError, KeyError):
        st.caption("There is no readable history.csv of its training.")
    else:
        st.plotly_chart(curve, key=f"curve.{card.name}", config={"displayModeBar": False})
        if GAME in epochs:
            game(card, epochs)
    study = sweep_table(card)
    if study is not None:
        st.markdown("**Settings tried**, the best first")
        st.dataframe(study, hide_index=True, placeholder=EMPTY)
        study_curves(card, study)
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


def study_curves(card: ModelCard, study: pd.DataFrame) -> None:
    """The loss of every trial by epoch, that of the best in front of the others; a hover tells its settings."""
    try:
        curves = pd.read_csv(CHECKPOINTS / card.name / SWEEP_CURVES, dtype={"trial": str})[["trial", "epoch", "nll"]]
    except (OSError, ValueError, KeyError):
        return
    settings = study.set_index(study["trial"].astype(str)).drop(columns=["trial", *STUDY_FIGURES], errors="ignore")
    figure = go.Figure()
    for trial, chosen in reversed(list(settings.iterrows())):
        went = curves[curves["trial"] == trial]
        name = ", ".join(f"{name} {value:g}" for name, value in chosen.dropna().items()) or trial
        best = trial == settings.index[0]
        line = {"width": 3} if best else {"width": 1, "color": "gray"}
        figure.add_scatter(
            x=went["epoch"],
            y=went["nll"],
            mode="lines",
            line=line,
            hovertemplate=f"%{{y:.3f}}<br>{name}<extra></extra>",
        )
    figure.update_layout(
        height=300,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis_title="epoch",
        yaxis_title=f"nats a {UNITS[card.codec]}",
        showlegend=False,
    )
    st.plotly_chart(figure, key=f"study.{card.name}", config={"displayModeBar": False})


def learning_curve(history: pd.DataFrame, unit: str) -> go.Figure:
    """Loss by epoch, in training and on those validation sets that there are."""
    names = {"train_nll": "training", "clean_nll": "validation, as written", "clapped_nll": "validation, clapped"}
    lines = [
        go.Scatter(x=history["epoch"], y=history[name], name=title) for name, title in names.items() if name in history
    ]
    figure = go.Figure(lines)
    figure.update_layout(
        height=300,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis_title="epoch",
        yaxis_title=f"nats a {unit}",
        legend={"orientation": "h", "y": 1.15},
    )
    return figure
