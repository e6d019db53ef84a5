"""The page that goes on with a melody."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.checkpoint import Checkpoint
from core.composition import Composition, with_pitches
from core.continuation import MAX_BARS, Seed, bars_written, continue_melody, step_codec
from core.errors import InputError
from core.link import piece_to_query, query_to_piece
from core.sampling import SamplingConfig
from core.ui.components.address_bar import address_bar
from core.ui.desk import Desk
from core.ui.page import count, keep, plain, plain_errors, say_error, start_page
from core.ui.progress import Progress
from core.ui.project_file import open_project
from core.ui.result import result
from core.ui.seed_panel import SPACE, first_seed, seed_panel, show_seed
from core.ui.settings import choose, choose_model, choose_sampling, new_seed
from core.ui.turns import turn
from core.ui.work import checkpoint, step_cards

DESK, SEED, NEW = SPACE + "desk", SPACE + "seed", SPACE + "new"
"""where a visit keeps its work, the melody to go on from, and that it has just come"""
FIRST_BARS = 8
FIRST_RANDOM_SEED = 30
"""with which the best of our models ends the first melody well"""
STYLE = """
<style>
@media (max-width: 40rem) { /* on a phone the piece comes first, and what is seldom used last */
  [data-testid="stVerticalBlock"] > :has(> .st-key-melody) { order: 1; }
  [data-testid="stVerticalBlock"] > :has(> .st-key-after) { order: 2; }
}
</style>
"""


def continue_page() -> None:
    """A melody in, the same melody and what follows out; opens on a finished piece."""
    start_page("Continue")
    st.html(STYLE)
    desk: Desk = st.session_state.setdefault(DESK, Desk())
    head, button = st.columns([3, 1], vertical_alignment="bottom")
    head.title("Continue")
    installed = {card.name: card for card in step_cards()}
    if not installed:
        st.error("There is no trained model that writes step by step; train one: python -m core train step-bilstm.")
        return
    if desk.piece is None and SPACE + "opened" not in st.session_state:
        with plain_errors():
            open_link(desk, dict(st.query_params))
        st.session_state[SPACE + "opened"] = True  # now: a run that was interrupted opens it again
    new = st.session_state.pop(NEW, False)
    if new:
        next_seed(desk)
    with st.sidebar:
        card = choose_model(list(installed.values()), SPACE)
        keep(SPACE + "seed", FIRST_RANDOM_SEED)
        sampling = choose_sampling(card, SPACE, on_rhythm=False)
        open_project(desk, set(installed), SPACE, continued=True)
    try:
        model = checkpoint(card.name)
        codec = step_codec(model)
    except InputError as error:
        say_error(str(error))
        return
    seed: Seed = st.session_state.setdefault(SEED, first_seed(codec))
    if new:
        show_seed(seed, codec)
    pressed = button.button(
        "Continue",
        type="primary",
        icon=":material/double_arrow:",
        width="stretch",
        on_click=next_seed,
        args=(desk,),
        help="Another way on from the same melody. Title and instrument stay; tempo and key do not.",
    )
    with st.container(border=True, key="melody"):
        given, understood = seed_panel(codec, seed if pressed else None)
        if given is not None:
            st.session_state[SEED], st.session_state[NEW] = given, True
            st.rerun()  # it goes on in the next run, whose widgets show another seed
        st.caption(f"To go on from: {plain(seed.label)}, {count(seed.num_notes, 'note')}.")
        length, number = st.columns(2)
        bars = length.slider(
            "Bars at most",
            1,
            MAX_BARS,
            key=keep(SPACE + "bars", FIRST_BARS),
            help="How many to write; a model may end the song sooner.",
        )
        num = number.slider(
            "Candidates",
            1,
            8,
            key=keep(SPACE + "num", 1),
            help="Several melodies at once, from this seed and the next ones.",
        )
    if (pressed and understood) or new or desk.piece is None:
        with plain_errors():
            make(desk, model, seed, bars, sampling, num)
    if notice := st.session_state.pop("notice", None):
        say_error(notice)
    if desk.piece is not None:
        st.caption(what_it_is(desk.piece))
        result(desk, model)
        address_bar(piece_to_query(desk.piece) or {})


def make(desk: Desk, model: Checkpoint, seed: Seed, num_bars: int, sampling: SamplingConfig, num: int) -> None:
    """Goes on with ``seed`` and lays the first candidate on the desk."""
    present = desk.piece
    progress = Progress("Continuing …", SPACE + "progress")
    with turn():
        made = continue_melody(model, seed, num_bars, sampling, num=num, on_step=progress.show)
    progress.end()
    if present:  # the instrument stays as the user set it, and the title where the melody begins in the same way
        title = present.title if begins_alike(present, made[0]) else ""
        made = [replace(piece, title=title, program=present.program) for piece in made]
    desk.candidates, desk.selected = made, range(0)
    desk.add(f"Continued with seed {sampling.seed}", made[0])


def begins_alike(before: Composition, piece: Composition) -> bool:
    """Whether a piece begins with the notes that were given for another."""
    first, again = (
        [(note.onset, note.pitch) for note in one.written.notes[: piece.num_given]] for one in (before, piece)
    )
    return first == again


def what_it_is(piece: Composition) -> str:
    """How much of a piece was given and written, and whether it came to its end."""
    assert piece.continued is not None
    whole = count(bars_written(piece), "bar")
    told = f"{count(piece.num_given, 'note')} given, {count(len(piece.pitches) - piece.num_given, 'note')} written"
    end = f"ended by itself after {whole}" if piece.continued.ended else f"{whole}, not yet at its end"
    return f"{told}; {end}."


def next_seed(desk: Desk) -> None:
    """Another seed, unless nothing was written with this one yet."""
    if desk.piece is not None:
        new_seed(SPACE)


def open_link(desk: Desk, query: dict[str, str]) -> None:
    """The piece that the address holds, if it holds one."""
    if "notes" not in query:
        return
    with turn():
        piece = query_to_piece(query)
    known = {card.name: card for card in step_cards()}
    if piece.continued is None or piece.model not in known:
        raise InputError(
            f"This link asks for the model {piece.model[:60]!r}, which is not among those of this page; "
            "choose another model and continue a melody of your own."
        )
    choose(known[piece.model], SPACE)
    with turn():
        told = with_pitches(checkpoint(piece.model), piece, piece.pitches)
    desk.add("Opened from a link", told)
