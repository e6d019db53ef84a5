"""The page on which every point of a space is a melody: drawn, walked from, on the way between two tunes, on a map."""

from __future__ import annotations

import random

import streamlit as st

from core.checkpoint import ModelCard
from core.latent import is_latent, space_of
from core.ui.latent_between import between_panel
from core.ui.latent_map import map_section
from core.ui.latent_melody import SPACE, Trail, drawn_point, melody_at, shown
from core.ui.latent_walk import start_on_map, walk_panel
from core.ui.page import SETTING, count, keep, plain_errors, start_page
from core.ui.settings import FIRST_SEED, MAX_PAGE_SEED, NEW_SEEDS, choose_model, slider, within
from core.ui.work import checkpoint, step_cards

SAMPLE, WALK, BETWEEN = "Sample", "Walk", "Between two tunes"
WAYS = [SAMPLE, WALK, BETWEEN]


def latent_page() -> None:
    """Melodies of a space, and a map of it; opens on one that is drawn."""
    start_page("Latent")
    st.title("Latent")
    installed = [card for card in step_cards() if is_latent(card)]
    if not installed:
        st.error("There is no trained model with a latent space; train one: python -m core train step-vae-sequence.")
        return
    with st.sidebar:
        card = choose_model(installed, SPACE)
    with plain_errors():
        dim, quarters = size_of(card)
        st.caption(
            f"The model has a space of {count(dim, 'dimension')} in which every point is a melody of {quarters:g} "
            "quarters, and melodies that are alike lie close together."
        )
        way = st.segmented_control(
            "Way into the space", WAYS, key=keep(SPACE + "way", SAMPLE, WAYS), required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        trail = Trail([])
        with plain_errors():
            trail = panel(card, way or SAMPLE)
        map_section(card.name, card.corpus, trail, walk_from_map)


def size_of(card: ModelCard) -> tuple[int, float]:
    """Dimensions of a space, and the quarters of its melodies."""
    space = space_of(checkpoint(card.name))
    return space.dim, space.window * space.codec.step


def panel(card: ModelCard, way: str) -> Trail:
    """The panel of one way into the space; returns where it leads."""
    if way == BETWEEN:
        return between_panel(card)
    if way == SAMPLE:
        sample_controls(card)
    temperature = st.session_state[keep(SPACE + "temperature", within("temperature", card.sampling_defaults))]
    drawn = drawn_point(card.name, temperature, int(st.session_state[keep(SPACE + "seed", FIRST_SEED)]))
    if way == WALK:
        return walk_panel(card, drawn)
    shown(melody_at(card.name, drawn), "melody")
    return Trail([drawn])


def sample_controls(card: ModelCard) -> None:
    """How a melody is drawn, and the button for another."""
    warmth, number, press = st.columns([2, 1, 1], vertical_alignment="bottom")
    with warmth:
        slider("temperature", card.sampling_defaults, SPACE)
    number.number_input("Random seed", 0, MAX_PAGE_SEED, key=keep(SPACE + "seed", FIRST_SEED), step=1)
    press.button("Another", type="primary", icon=":material/casino:", width="stretch", on_click=another)


def another() -> None:
    st.session_state[SETTING + SPACE + "seed"] = random.randrange(NEW_SEEDS)


def walk_from_map() -> None:
    """The next run shows a walk from the tune that was chosen on the map."""
    st.session_state[SETTING + SPACE + "way"] = WALK
    start_on_map()
