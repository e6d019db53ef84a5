"""The page that looks into the models: every unit, gate and attention over any piece."""

from __future__ import annotations

import streamlit as st

from core.checkpoint import ModelCard
from core.codecs import AbcCharsCodec, BeatCodec
from core.inspection import units_of
from core.score import Score
from core.ui.downloads import licence_line
from core.ui.neuron_clamp import clamp_tab
from core.ui.neuron_layers import gates_tab, layer_tab
from core.ui.neuron_piece import BROUGHT, GIVEN, choose_source
from core.ui.neuron_place import attention_tab, place_tab
from core.ui.neuron_score import PICKED
from core.ui.neuron_search import STANDS_FOR, first_unit, search_tab
from core.ui.neuron_unit import unit_tab
from core.ui.neuron_view import (
    ATTENTION_TAB,
    CLAMP_TAB,
    GATES_TAB,
    LAYER,
    LAYER_TAB,
    PICTURES,
    PLACE,
    PLACE_TAB,
    SEARCH_TAB,
    TAB,
    UNIT_TAB,
    View,
    choose_layer,
    choose_unit,
    read_piece,
)
from core.ui.neuron_why import ASKED, SPACE, Asked
from core.ui.page import KEPT, SETTING, count, keep, open_tab, plain, plain_errors, start_page
from core.ui.settings import choose, choose_model, rank, usual_model
from core.ui.work import cards

STYLE = """
<style>
@media (max-width: 48rem) { /* a text grid keeps cells that can be read, and scrolls within itself */
  [class*="st-key-neurons-"][class*="-wide"] { overflow-x: auto; }
  [class*="st-key-neurons-"][class*="-wide"] > * { min-width: 46rem; }
}
</style>
"""
TABS = [PLACE_TAB, UNIT_TAB, LAYER_TAB, GATES_TAB, ATTENTION_TAB, SEARCH_TAB, CLAMP_TAB]
FIRST_PLACE = 2 / 3
"""of the way through a piece: there is something to look back at"""


def neurons_page() -> None:
    """A piece and a model in, what goes on inside out; opens on a tune and a unit that stands for something."""
    start_page("Neurons")
    st.html(STYLE)
    st.title("Neurons")
    installed = cards()
    if not installed:
        st.error("There are no trained models in checkpoints/; restore the folder or train one: python -m core train.")
        return
    asked: Asked | None = st.session_state.pop(ASKED, None)
    opening = SETTING + SPACE + "network" not in st.session_state and SPACE + "opened" not in st.session_state
    if opening:
        st.session_state[SPACE + "opened"] = True
        choose(best_card(installed), SPACE)
    if asked:
        answer(asked, installed)
    with st.sidebar:
        card = choose_model(installed, SPACE)
        st.segmented_control(
            "Pictures as", PICTURES, key=keep(SPACE + "picture", PICTURES[0], PICTURES), required=True,
            format_func=str.upper, help="What the camera above a figure saves: SVG stays sharp at any size.",
        )  # fmt: skip
    view = chosen_view(card)
    if view is not None:
        if asked and view.subject.note_tokens:
            open_at(asked, view)
        with plain_errors():
            explore(view, installed)


def answer(asked: Asked, installed: list[ModelCard]) -> None:
    """Has the widgets show what another page asks; before they are drawn."""
    st.session_state[GIVEN], st.session_state[SETTING + SPACE + "way"] = asked.source, BROUGHT
    st.session_state[TAB] = PLACE_TAB
    card = next((card for card in installed if card.name == asked.model), None)
    if card:
        choose(card, SPACE)


def open_at(asked: Asked, view: View) -> None:
    """Has the place box show the note that another page asks about, or says that it is not looked at."""
    places, note = view.subject.note_tokens, told_note(asked, view)
    if note is None or note >= len(places):
        st.info(
            f"Of a long piece its beginning is looked at, here {count(len(places), 'note')}; the one you chose lies "
            "behind them. This is the last of them."
        )
        note = len(places) - 1
    st.session_state[SETTING + PLACE] = places[note] + 1


def told_note(asked: Asked, view: View) -> int | None:
    """Which note of ``view`` is asked about; None where it is not there.

    A model of piano music may tell notes that are struck at once in another order than the score: notes of one pitch
    keep theirs.
    """
    piece, score = asked.source.piece, view.subject.score
    if not (isinstance(piece, Score) and score and view.all_notes):
        return asked.note
    pitch = piece.notes[asked.note].pitch
    before = sum(note.pitch == pitch for note in piece.notes[: asked.note])
    alike = [index for index, note in enumerate(score.notes) if note.pitch == pitch]
    return alike[before] if before < len(alike) else None


def best_card(installed: list[ModelCard]) -> ModelCard:
    """The best model of characters if there is one, else the usual one of rhythms."""
    characters = [card for card in installed if card.codec == AbcCharsCodec.name]
    rhythms = [card for card in installed if card.codec == BeatCodec.name]
    return min(characters, key=rank) if characters else usual_model(rhythms or installed)


def chosen_view(card: ModelCard) -> View | None:
    """What the model does with the piece that the user chooses; None, and the reason on the page, without one."""
    with plain_errors():
        with st.expander("Choose a piece", icon=":material/library_music:"):
            source = choose_source(SPACE)
        if source is None:
            st.caption("Choose a piece to look into.")
            return None
        with st.spinner("Reading the piece …"):
            return read_piece(card.name, source)
    return None


def explore(view: View, installed: list[ModelCard]) -> None:
    """What the user looks at: a layer, a unit and a place, in one way or another."""
    key = SETTING + LAYER
    if st.session_state.get(key, st.session_state[KEPT].get(key)) not in units_of(view.checkpoint.model):
        first_unit(view)
    st.caption(f"{plain(view.checkpoint.card.title)} reads **{plain(view.title)}**.")
    layer_box, unit_box, place_box = st.columns(3)
    with layer_box:
        layer = choose_layer(view)
    with unit_box:
        unit = choose_unit(view, layer)
    with place_box:
        place = choose_place(view)
    if (stands := st.session_state.get(STANDS_FOR)) and stands[:2] == (layer, unit):
        st.caption(f"Of all units this one tells best in this piece where there is “{plain(stands[2])}”.")
    with plain_errors():
        draw_tab(view, layer, unit, place, installed)
    licence_line(view.checkpoint.card.name)


def draw_tab(view: View, layer: str, unit: int, place: int, installed: list[ModelCard]) -> None:
    """The tab that is open."""
    open_now, tab = open_tab(TABS, TAB, UNIT_TAB)
    with tab:
        if open_now == PLACE_TAB:
            place_tab(view, place)
        elif open_now == UNIT_TAB:
            unit_tab(view, layer, unit, place, installed)
        elif open_now == LAYER_TAB:
            layer_tab(view, layer, unit, place)
        elif open_now == GATES_TAB:
            gates_tab(view, layer, unit)
        elif open_now == ATTENTION_TAB:
            attention_tab(view, place)
        elif open_now == SEARCH_TAB:
            search_tab(view)
        else:
            clamp_tab(view, layer, unit, place)


def choose_place(view: View) -> int:
    """The token that is looked at, which a click on a note or a cell picks too."""
    last = len(view.labels)
    key = keep(PLACE, max(1, round(FIRST_PLACE * last)))
    picked = st.session_state.pop(PICKED, None)
    st.session_state[key] = min(int(st.session_state[key] if picked is None else picked + 1), last)
    return int(st.number_input(f"Place, 1 to {last}", 1, last, step=1, key=key)) - 1
