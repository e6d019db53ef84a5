"""The sidebar: which model, and how it draws."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from core.checkpoint import ModelCard
from core.data.corpora import CORPORA
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
}
MORE = [name for name in SLIDERS if name != "temperature"]


def choose_model(cards: list[ModelCard]) -> ModelCard:
    """Corpus and architecture pick the checkpoint; a new choice brings its own settings."""
    corpora = sorted({card.corpus for card in cards})
    corpus = st.selectbox(
        "Corpus",
        corpora,
        key=keep("corpus", usual_model(cards).corpus, corpora),
        format_func=lambda name: CORPORA[name].title if name in CORPORA else name,
        help="The music that the model learned from.",
    )
    networks = {card.network: card for card in cards if card.corpus == corpus}
    best = usual_model(list(networks.values())).network
    network = st.selectbox(
        "Architecture",
        list(networks),
        key=keep("network", best, list(networks)),
        format_func=lambda name: networks[name].title,
        help="  \n".join(f"**{card.title}**: {card.description}" for card in networks.values()),
    )
    card = networks[network]
    if st.session_state.setdefault("settings.model", card.name) != card.name:
        st.session_state["settings.model"] = card.name
        reset(card)
    return card


def usual_model(cards: list[ModelCard]) -> ModelCard:
    """What is used when nobody has chosen: of the first corpus the model that foretells best."""
    first = min(card.corpus for card in cards)
    return min((card for card in cards if card.corpus == first), key=lambda card: card.metrics.get("nll", float("inf")))


def choose(card: ModelCard) -> None:
    """Has the widgets show ``card`` with its own settings; before they are drawn."""
    st.session_state["settings.corpus"], st.session_state["settings.network"] = card.corpus, card.network
    st.session_state["settings.model"] = card.name
    reset(card)


def choose_sampling(card: ModelCard) -> SamplingConfig:
    """Sliders for every sampling setting; their defaults are the model's own."""
    defaults = card.sampling_defaults
    values: dict[str, object] = {"temperature": slider("temperature", defaults)}
    with st.expander("More", icon=":material/tune:"):
        values |= {name: slider(name, defaults) for name in MORE}
        values["seed"] = st.number_input(
            "Random seed",
            0,
            MAX_PAGE_SEED,
            key=keep("seed", FIRST_SEED),
            step=1,
            help="The same seed with the same settings writes the same melody.",
        )
        st.checkbox(
            "A new seed each time",
            key=keep("new_seed", True),
            help="Every press of Compose moves on to another melody.",
        )
        st.number_input(
            "Length",
            0,
            2000,
            key=keep("length", 0),
            step=1,
            help="How many notes of the rhythm to use; 0 takes them all.",
        )
        values |= choose_aids(defaults)
        st.button(
            "Reset", icon=":material/restart_alt:", on_click=reset, args=(card,), help="Back to this model's own."
        )
    return SamplingConfig.from_mapping(values)


def slider(name: str, defaults: SamplingConfig) -> object:
    label, low, high, step, explanation = SLIDERS[name]
    return st.slider(label, low, high, step=step, key=keep(name, within(name, defaults)), help=explanation)


def within(name: str, sampling: SamplingConfig) -> float:
    """A setting as its slider can show it."""
    _, low, high, _, _ = SLIDERS[name]
    return type(low)(min(max(getattr(sampling, name), low), high))


def reset(card: ModelCard) -> None:
    """Every setting as the card has it."""
    show(card.sampling_defaults)
    st.session_state["settings.length"] = 0


def show(sampling: SamplingConfig) -> None:
    """Moves the sliders to ``sampling``, each within its range."""
    for name in SLIDERS:
        st.session_state[SETTING + name] = within(name, sampling)
    show_aids(sampling)
    if sampling.seed is not None:
        st.session_state["settings.seed"] = min(sampling.seed, MAX_PAGE_SEED)
