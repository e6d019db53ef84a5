"""Several models or settings on one rhythm, side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.checkpoint import ModelCard
from core.comparison import agreement, consensus, likelihoods, melody_facts
from core.composition import Composition, compose
from core.data.corpora import CORPORA
from core.errors import InputError
from core.formats.pitch_names import parse_pitches, pitch_name, pitch_names
from core.render.notation import NARROW
from core.sampling import SamplingConfig
from core.ui.components.score_view import score_view
from core.ui.desk import Desk
from core.ui.neuron_why import picked_in, why_picked
from core.ui.page import EMPTY, count, keep, plain, plain_errors, start_page
from core.ui.progress import Progress
from core.ui.result import heard
from core.ui.rhythm_panel import START, written_beats
from core.ui.settings import FIRST_SEED, MAX_PAGE_SEED
from core.ui.spoken import spoken
from core.ui.turns import turn
from core.ui.work import AUDIO_MIME, PAIR_WIDTH, beat_cards, checked, checkpoint, corpus_of, engraved

MAX_PIECES = 8
OWN, DESK = "the model's own", "those of the piece on the desk"
TEMPERATURES = {f"temperature {value}": value for value in (0.5, 0.7, 0.9, 1.1, 1.3)}
NATURAL = (0, 2, 4, 5, 7, 9, 11)
"""the white keys"""
COLOURS = ("#4c78d8", "#f28e2b", "#2a9d8f", "#c44e9c", "#8c6bb1", "#b5a13a", "#e15759", "#6b7a8f")


@dataclass(frozen=True)
class Entry:
    """One column of the comparison."""

    label: str
    piece: Composition
    rhythm: str
    """what it was written on, in words"""


def compare_page() -> None:
    """The rhythm on the desk, given to several models or settings at once."""
    start_page("Compare")
    desk: Desk = st.session_state.setdefault("desk", Desk())
    installed = {card.name: card for card in beat_cards()}
    st.title("Compare")
    if not installed:
        st.error("There are no trained models in checkpoints/; restore the folder or train one: python -m core train.")
        return
    if desk.beats is None:
        desk.lay(written_beats(START, "4/4", 112), "a first rhythm")
    assert desk.beats is not None
    st.caption(
        f"On the rhythm that lies on the desk: {plain(desk.beats_label)}, {count(len(desk.beats), 'note')}. "
        "Give another one on the Compose page."
    )
    with plain_errors():
        ask(desk, installed)
    shown: list[Entry] = st.session_state.get("compared", [])
    if shown:
        if shown[0].piece.beats != desk.beats:
            st.caption(f"These were written on another rhythm: {plain(shown[0].rhythm)}.")
        with plain_errors():
            columns(desk, shown)
            figures(shown)


def ask(desk: Desk, installed: dict[str, ModelCard]) -> None:
    """Which models and settings to compare; composes when the button is pressed."""
    best = sorted(installed, key=lambda name: installed[name].metrics.get("nll", float("inf")))
    with st.form("compare", border=True):
        names = st.multiselect(
            "Models", best, key=several("models", best[:2], best), format_func=lambda name: title(installed[name])
        )
        warmth, number, first = st.columns([2, 1, 2])
        ways = [OWN, *([DESK] if desk.piece else []), *TEMPERATURES]
        chosen = warmth.multiselect(
            "Settings",
            ways,
            key=several("ways", [OWN], ways),
            help="Each model's own, those of the piece on the desk, or its own at another temperature.",
        )
        seed = number.number_input("Random seed", 0, MAX_PAGE_SEED, key=keep("compare.seed", FIRST_SEED), step=1)
        given = first.text_input(
            "First notes (optional)",
            key=keep("compare.given", ""),
            placeholder="G4 A4 B4",
            max_chars=20_000,
        )
        pressed = st.form_submit_button("Compare", type="primary", icon=":material/compare_arrows:")
    if not pressed:
        return
    wanted = [(installed[name], way) for name in names for way in chosen]
    if not 2 <= len(wanted) <= MAX_PIECES:
        st.warning(f"That makes {len(wanted)}; choose models and settings that make 2 to {MAX_PIECES} melodies.")
        return
    st.session_state["compared"] = written(desk, wanted, int(seed), parse_pitches(given))


def several(name: str, default: list[str], options: list[str]) -> str:
    """The key of a widget that holds several of ``options``: see ``keep``."""
    key = keep(f"compare.{name}", default)
    if not set(st.session_state[key]) <= set(options):  # a model has gone
        st.session_state[key] = default
    return key


def title(card: ModelCard) -> str:
    corpus = CORPORA[card.corpus].title if card.corpus in CORPORA else card.corpus
    return f"{card.title} · {corpus}"


def written(desk: Desk, wanted: list[tuple[ModelCard, str]], seed: int, given: tuple[int, ...]) -> list[Entry]:
    """A melody by each, all from one seed."""
    assert desk.beats is not None
    entries = []
    progress = Progress("Composing …", "compare")
    for i, (card, way) in enumerate(wanted):
        label = title(card) if way == OWN else f"{title(card)} · {way}"
        sampling = replace(sampling_in(way, card, desk), seed=seed)
        with turn():
            [piece] = compose(
                checkpoint(card.name), desk.beats, sampling, given=given, title=label, original=desk.original
            )
        entries.append(Entry(label, piece, desk.beats_label))
        progress.show(i + 1, len(wanted))
    progress.end()
    return entries


def sampling_in(way: str, card: ModelCard, desk: Desk) -> SamplingConfig:
    """The settings that a user chose by their name."""
    if way == DESK and desk.piece:
        return desk.piece.sampling
    own = card.sampling_defaults
    return own if way == OWN else replace(own, temperature=TEMPERATURES[way])


def columns(desk: Desk, shown: list[Entry]) -> None:
    """Every melody with its score, sound and a way to go on with it."""
    for first in range(0, len(shown), 2):
        for i, place in enumerate(st.columns(2), first):
            if i < len(shown):
                with place:
                    column(desk, shown[i], i)


def column(desk: Desk, entry: Entry, index: int) -> None:
    piece = entry.piece
    audio, said = heard(piece)
    sec = 60.0 / piece.performed.qpm
    key = f"compared.{index}"
    st.subheader(plain(entry.label), anchor=False)
    picked = score_view(
        engraved(piece.written, PAIR_WIDTH),
        [(note.onset * sec, note.offset * sec) for note in piece.performed.notes],
        audio,
        key=key,
        mime=AUDIO_MIME,
        selected=picked_in(key, piece),
        narrow_svg=engraved(piece.written, NARROW),
        names=spoken(piece.written),
    )
    st.caption(said)
    why_picked(picked, piece, key)
    if st.button("Go on with this one", icon=":material/edit_note:", key=f"take.{index}"):
        desk.add(f"From the comparison: {entry.label}", replace(piece, title=""))
        desk.lay(piece.beats, entry.rhythm, piece.original)
        desk.candidates, desk.selected = [], range(0)
        st.switch_page("app.py")


def figures(shown: list[Entry]) -> None:
    """What the melodies are like, who likes which, and where they agree."""
    pieces, labels = [entry.piece for entry in shown], [entry.label for entry in shown]
    st.header("In figures", anchor=False)
    rows = [
        {"melody": label, **readable(melody_facts(piece)), **copied(piece)}
        for label, piece in zip(labels, pieces, strict=True)
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder=EMPTY)
    st.subheader("Who likes what", anchor=False)
    st.caption("Log-likelihood of each melody under each model, in nats a note: the higher, the less it is surprised.")
    models = [checkpoint(name) for name in dict.fromkeys(piece.model for piece in pieces)]
    with turn():
        liked = likelihoods(models, pieces)
    st.dataframe(pd.DataFrame(liked.round(2), index=[title(model.card) for model in models], columns=labels))
    st.subheader("Where they agree", anchor=False)
    same = agreement(pieces)
    st.caption("The share of notes on which two melodies have the same pitch, and all of them on one piano roll.")
    st.dataframe(pd.DataFrame(same, index=labels, columns=labels).map("{:.0%}".format))
    st.plotly_chart(rolls(shown), key="rolls", config={"displayModeBar": False})


def readable(facts: dict[str, float | str]) -> dict[str, str | int]:
    return {name: f"{value:.0%}" if isinstance(value, float) else value for name, value in facts.items()}


def copied(piece: Composition) -> dict[str, str | int]:
    """The longest passage that a melody shares with a training tune, and with which, where that is known."""
    try:
        seen = checked(piece.written, corpus_of(piece.model), piece.num_given)
    except InputError:
        return {}
    return {"notes as in a training tune": seen[0].longest, "nearest training tune": seen[0].tune} if seen else {}


def rolls(shown: list[Entry]) -> go.Figure:
    """All melodies on one piano roll, a colour each, over a band that shows how many agree on a note."""
    figure = go.Figure()
    first = shown[0].piece.performed
    sec = 60.0 / first.qpm
    onsets, durations = [n.onset * sec for n in first.notes], [n.duration * sec for n in first.notes]
    shares = consensus([entry.piece for entry in shown])
    figure.add_bar(
        x=[on + length / 2 for on, length in zip(onsets, durations, strict=True)],
        y=shares, width=durations, yaxis="y2", marker_color="rgba(128,128,128,0.25)", name="share that agrees",
    )  # fmt: skip
    for colour, entry in zip(COLOURS, shown, strict=False):
        key = entry.piece.written.key
        x: list[float | None] = []
        y: list[int | None] = []
        names: list[str] = []
        spelled = pitch_names(entry.piece.pitches, key)
        for on, length, pitch, name in zip(onsets, durations, entry.piece.pitches, spelled, strict=True):
            x += [on, on + length, None]
            y += [pitch, pitch, None]
            names += [name, name, ""]
        figure.add_scatter(
            x=x, y=y, text=names, mode="lines", name=entry.label, line={"color": colour, "width": 5}, opacity=0.75,
            hovertemplate="%{text} at %{x:.2f} s",
        )  # fmt: skip
    ticks = sorted({pitch for entry in shown for pitch in entry.piece.pitches if pitch % 12 in NATURAL})
    figure.update_layout(
        height=420, margin={"l": 0, "r": 0, "t": 10, "b": 0}, xaxis={"title": "seconds", "anchor": "y2"},
        yaxis={"domain": [0.2, 1], "tickvals": ticks, "ticktext": [pitch_name(pitch) for pitch in ticks]},
        yaxis2={"title": "agree", "domain": [0, 0.15], "range": [0, 1], "tickformat": ".0%"},
        legend={"orientation": "h", "y": 1.12}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    return figure
