"""A walk through a space: from a melody along one dimension at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from core.checkpoint import ModelCard
from core.data.piece import Piece
from core.errors import InputError
from core.ui.latent_map import chosen_tune, tune_map
from core.ui.latent_melody import SPACE, Point, Trail, melody_at, point_of, shown
from core.ui.page import SETTING, count, keep, plain, plain_errors
from core.ui.recolour_panel import choose_tune
from core.ui.result import signed

WALK = SPACE + "walk"
"""where a visit keeps its walk"""
FROM_DRAWN, FROM_TUNE, FROM_MAP = "The drawn melody", "A tune", "The tune on the map"
REACH = 3.0
"""standard deviations that a dimension can be moved to; beyond lies 1 of 370 melodies"""


@dataclass
class Walk:
    """From where, and how far in which dimensions."""

    start: Point
    number: int
    """of the walk in this visit: each has sliders of its own"""
    moves: dict[int, float] = field(default_factory=dict)

    @property
    def here(self) -> Point:
        return self.start.moved(self.moves)


def walk_panel(card: ModelCard, drawn: Point) -> Trail:
    """Lets the user move a melody along the dimensions of the space; returns where it was and where it is now."""
    with plain_errors():
        start = start_point(card, drawn)
        if start is None:
            return Trail([])
        walk = walk_from(start)
        move(walk, dimensions(card, len(start.z)))
        shown(melody_at(card.name, walk.here), "melody")
        return Trail([walk.start, walk.here], here=1)
    return Trail([])


def start_point(card: ModelCard, drawn: Point) -> Point | None:
    """The melody to walk from, as the user chooses; None where there is none yet."""
    on_map = map_choice(card)
    options = [FROM_DRAWN, FROM_TUNE, *([FROM_MAP] if on_map else [])]
    source = st.segmented_control("Walk from", options, key=keep(SPACE + "from", FROM_DRAWN, options), required=True)
    if source == FROM_DRAWN:
        return drawn
    if source == FROM_MAP and on_map:
        return point_of(card.name, on_map)
    chosen = choose_tune(SPACE)
    return point_of(card.name, chosen[1]) if chosen else None


def map_choice(card: ModelCard) -> Piece | None:
    try:
        return chosen_tune(tune_map(card.name, card.corpus))
    except InputError:  # the corpus is not installed
        return None


def start_on_map() -> None:
    """Has the page walk from the tune that was chosen on the map; before it is drawn."""
    st.session_state[SETTING + SPACE + "from"] = FROM_MAP


def dimensions(card: ModelCard, num: int) -> list[int]:
    """Those first in which tunes differ most, where the corpus is installed."""
    try:
        return tune_map(card.name, card.corpus).by_spread()
    except InputError:
        return list(range(num))


def walk_from(start: Point) -> Walk:
    """The walk of this visit; a new one where it begins elsewhere."""
    walk: Walk | None = st.session_state.get(WALK)
    if walk is None or walk.start != start:
        walk = st.session_state[WALK] = Walk(start, walk.number + 1 if walk else 0)
    return walk


def move(walk: Walk, order: list[int]) -> None:
    """One dimension by a slider; those that were moved before stay where they are."""
    pick, slide = st.columns([1, 2], vertical_alignment="bottom")
    dim = pick.selectbox(
        "Dimension",
        order,
        format_func=lambda i: f"Dimension {i + 1}",
        key=keep(SPACE + "dim", order[0], order),
        help="Those in which tunes differ most come first.",
    )
    before = walk.start.z[dim]
    at = on_slider(walk.here.z[dim])
    moved = slide.slider(
        "Where the melody lies in it, in standard deviations",
        -REACH,
        REACH,
        at,
        0.1,
        key=f"{SPACE}at.{walk.number}.{dim}",
    )
    if moved != at:
        walk.moves[dim] = moved
    told, back = st.columns([3, 1], vertical_alignment="center")
    others = len(set(walk.moves) - {dim})
    told.caption(
        plain(f"{walk.start.title}: dimension {dim + 1} was {signed(before, 2)}, is {signed(walk.here.z[dim], 2)}.")
        + f" {count(others, 'other dimension')} moved." * bool(others)
    )
    back.button(
        "Back to the start", icon=":material/undo:", width="stretch", disabled=not walk.moves, on_click=forget_walk
    )


def on_slider(value: float) -> float:
    """A value as the slider can show it."""
    return round(min(max(value, -REACH), REACH), 1)


def forget_walk() -> None:
    """The next run begins the walk again."""
    walk: Walk = st.session_state[WALK]
    st.session_state[WALK] = Walk(walk.start, walk.number + 1)
