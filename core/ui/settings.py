"""The sidebar: which model, and how it draws.

The settings of a page have keys of their own, which begin with its ``space``; that of the front page is empty.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import NamedTuple

import streamlit as st

from core.checkpoint import ModelCard, echoes
from core.data.corpora import CORPORA, EMBEDDED
from core.sampling import SamplingConfig
from core.ui.aids import choose_aids, show_aids
from core.ui.page import SETTING, keep

MAX_PAGE_SEED = 2**31 - 1
NEW_SEEDS = 10_000  # from 0, for seeds that are drawn: short enough to be named
FIRST_SEED = 90  # writes a pleasant tune to open on


class Slider(NamedTuple):
    label: str
    low: float
    high: float
    step: float
    help: str
    """one line in musicians' words"""


SLIDERS = {
    "temperature": Slider(
        "Temperature",
        0.1,
        2.0,
        0.05,
        "Low: the notes one expects. High: bold, then wild. Around 0.9 sounds like a tune.",
    ),
    "top_k": Slider("Top-k", 0, 40, 1, "Choose only among this many likeliest notes at each step; 0 allows all."),
    "top_p": Slider(
        "Top-p",
        0.05,
        1.0,
        0.05,
        "Leave out the unlikeliest notes, as long as the rest make up this share; 1 allows all.",
    ),
    "repeat_decay": Slider(
        "Repeat decay", 0.0, 1.0, 0.05, "Makes striking the same note again less likely; at 1 no note is ever repeated."
    ),
    "num_beams": Slider(
        "Beams", 1, 8, 1, "Follow so many melodies at once and keep the most convincing: smoother, safer."
    ),
    "beam_prob": Slider(
        "Beam probability",
        0.0,
        1.0,
        0.05,
        "How often the beams compete, rather than each going its own way; needs 2 beams.",
    ),
    "echo": Slider(
        "Repetition",
        0.0,
        1.5,
        0.05,
        "How readily it goes back to what it wrote before: low wanders on, high says things twice; 1 is as it learned.",
    ),
}


def further(card: ModelCard, names: Iterable[str] = SLIDERS) -> list[str]:
    """Those of ``names`` below the temperature; a network that never goes back to what it wrote cannot be told to."""
    return [name for name in names if name != "temperature" and (name != "echo" or echoes(card))]


def choose_model(cards: list[ModelCard], space: str = "") -> ModelCard:
    """Corpus and architecture pick the checkpoint; a new choice brings its own settings."""
    corpora = sorted({card.corpus for card in cards})
    corpus = st.selectbox(
        "Corpus",
        corpora,
        key=keep(space + "corpus", usual_model(cards).corpus, corpora),
        format_func=lambda name: CORPORA[name].title if name in CORPORA else name,
        help="The music that the model learned from.",
    )
    networks = {card.network: card for card in cards if card.corpus == corpus}
    best = usual_model(list(networks.values())).network
    network = st.selectbox(
        "Architecture",
        list(networks),
        key=keep(space + "network", best, list(networks)),
        format_func=lambda name: networks[name].title,
        help="  \n".join(f"**{card.title}**: {card.description}" for card in networks.values()),
    )
    card = networks[network]
    key = SETTING + space + "model"
    if st.session_state.setdefault(key, card.name) != card.name:
        st.session_state[key] = card.name
        reset(card, space)
    return card


def usual_model(cards: list[ModelCard]) -> ModelCard:
    """What is used when nobody has chosen: the best of the embedded corpus, or of all where none is trained on it."""
    return min([card for card in cards if card.corpus == EMBEDDED] or cards, key=rank)


def rank(card: ModelCard) -> tuple[bool, float]:
    """Sorts models that foretell by how well they do; behind them VAEs, by how much of a melody they give back."""
    given_back = card.metrics.get("reconstruction")
    return (False, card.metrics.get("nll", float("inf"))) if given_back is None else (True, -given_back)


def choose(card: ModelCard, space: str = "") -> None:
    """Has the widgets show ``card`` with its own settings; before they are drawn."""
    for name, value in (("corpus", card.corpus), ("network", card.network), ("model", card.name)):
        st.session_state[SETTING + space + name] = value
    reset(card, space)


def choose_sampling(card: ModelCard, space: str = "", *, on_rhythm: bool = True) -> SamplingConfig:
    """Sliders for every sampling setting; their defaults are the model's own.

    ``on_rhythm`` says whether the page writes on a rhythm, of which fewer notes may be used.
    """
    defaults = card.sampling_defaults
    values: dict[str, object] = {"temperature": slider("temperature", defaults, space)}
    with st.expander("More", icon=":material/tune:"):
        values |= {name: slider(name, defaults, space) for name in further(card)}
        values["seed"] = st.number_input(
            "Random seed",
            0,
            MAX_PAGE_SEED,
            key=keep(space + "seed", FIRST_SEED),
            step=1,
            help="The same seed with the same settings writes the same melody.",
        )
        st.checkbox(
            "A new seed each time",
            key=keep(space + "new_seed", True),
            help="Every press of the large button moves on to another melody.",
        )
        if on_rhythm:
            st.number_input(
                "Length",
                0,
                2000,
                key=keep(space + "length", 0),
                step=1,
                help="How many notes of the rhythm to use; 0 takes them all.",
            )
        values |= choose_aids(defaults, space)
        st.button(
            "Reset", icon=":material/restart_alt:", on_click=reset, args=(card, space), help="Back to this model's own."
        )
    return SamplingConfig.from_mapping(values)


def slider(name: str, defaults: SamplingConfig, space: str) -> object:
    label, low, high, step, explanation = SLIDERS[name]
    return st.slider(label, low, high, step=step, key=keep(space + name, within(name, defaults)), help=explanation)


def within(name: str, sampling: SamplingConfig) -> float:
    """A setting as its slider can show it."""
    _, low, high, _, _ = SLIDERS[name]
    return type(low)(min(max(getattr(sampling, name), low), high))


def reset(card: ModelCard, space: str = "") -> None:
    """Every setting as the card has it."""
    show(card.sampling_defaults, space)
    st.session_state[SETTING + space + "length"] = 0


def show(sampling: SamplingConfig, space: str = "") -> None:
    """Moves the sliders to ``sampling``, each within its range."""
    for name in SLIDERS:
        st.session_state[SETTING + space + name] = within(name, sampling)
    show_aids(sampling, space)
    if sampling.seed is not None:
        st.session_state[SETTING + space + "seed"] = min(sampling.seed, MAX_PAGE_SEED)


def new_seed(space: str = "") -> None:
    """Another seed for another melody, unless the user keeps it; before the widget that shows it is drawn."""
    if st.session_state.get(SETTING + space + "new_seed", True):
        st.session_state[SETTING + space + "seed"] = random.randrange(NEW_SEEDS)
