"""The front page."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.checkpoint import Checkpoint
from core.composition import compose, with_pitches
from core.errors import InputError
from core.formats.pitch_names import parse_pitches
from core.link import SETTINGS, piece_to_query, query_to_beats, query_to_piece, query_to_settings
from core.sampling import SamplingConfig
from core.ui.components.address_bar import address_bar
from core.ui.desk import Desk
from core.ui.page import keep, plain, plain_errors, say_error, start_page
from core.ui.progress import Progress
from core.ui.project_file import open_project
from core.ui.result import result
from core.ui.rhythm_panel import START, rhythm_panel, written_beats
from core.ui.settings import choose, choose_model, choose_sampling, new_seed, show, usual_model
from core.ui.turns import turn
from core.ui.work import beat_cards, checkpoint, damaged

STYLE = """
<style>
@media (max-width: 40rem) { /* on a phone the piece comes first, and the rhythm panel before what is seldom used */
  [data-testid="stVerticalBlock"] > :has(> .st-key-rhythm) { order: 1; }
  [data-testid="stVerticalBlock"] > :has(> .st-key-after) { order: 2; }
  .st-key-pair [data-testid="stHorizontalBlock"] { flex-direction: column-reverse; }
}
</style>
"""


def compose_page() -> None:
    """Rhythm in, melody out; opens on a finished piece."""
    start_page("Compose")
    st.html(STYLE)
    desk: Desk = st.session_state.setdefault("desk", Desk())
    installed = beat_cards()
    for name in damaged():
        st.warning(plain(f"The card of the model {name!r} cannot be read; restore its card.json to use it."))
    if not installed:
        st.error("There are no trained models in checkpoints/; restore the folder or train one: python -m core train.")
        return
    if desk.piece is None and "opened" not in st.session_state:
        with plain_errors():
            open_link(desk, dict(st.query_params))
        st.session_state["opened"] = True  # now: a run that was interrupted opens it again
    new_rhythm = st.session_state.pop("new_rhythm", False)
    if new_rhythm:
        next_seed()
    with st.sidebar:
        card = choose_model(installed)
        sampling = choose_sampling(card)
        open_project(desk, {card.name for card in installed})
    try:
        model = checkpoint(card.name)
    except InputError as error:
        say_error(str(error))
        return
    head, button = st.columns([3, 1], vertical_alignment="bottom")
    head.title("Compose")
    if desk.beats is None:
        desk.lay(written_beats(START, "4/4", 112), "a first rhythm")
    pressed = button.button(
        "Compose",
        type="primary",
        icon=":material/auto_awesome:",
        width="stretch",
        on_click=next_seed,
        key="compose",
        help="Another melody on the rhythm on the desk. Title and instrument stay; tempo, key and locks do not.",
    )
    with st.container(border=True, key="rhythm"):
        if rhythm_panel(desk):
            st.session_state["new_rhythm"] = True  # composed on in the next run, whose widgets show another seed
            st.rerun()
        given, number = st.columns([3, 1])
        seeds = given.text_input(
            "First notes (optional)", key=keep("given", ""), placeholder="G4 A4 B4, or MIDI numbers", max_chars=20_000
        )
        num = number.slider(
            "Candidates", 1, 8, key=keep("num", 1), help="Several melodies at once, from this seed and the next ones."
        )
    sampling = SamplingConfig.from_mapping({**vars(sampling), "seed": int(st.session_state["settings.seed"])})
    if pressed or new_rhythm or desk.piece is None:
        with plain_errors():
            make(desk, model, sampling, seeds, num)
    if notice := st.session_state.pop("notice", None):
        say_error(notice)
    if desk.piece is not None:
        result(desk, model)
        address_bar(piece_to_query(desk.piece) or {})


def make(desk: Desk, model: Checkpoint, sampling: SamplingConfig, seeds: str, num: int) -> None:
    """Composes on the rhythm on the desk."""
    assert desk.beats is not None
    length = int(st.session_state["settings.length"])
    beats = desk.beats.cut(length) if length else desk.beats
    given = parse_pitches(seeds)
    present = desk.piece
    progress = Progress("Composing …", "compose")
    with turn():
        made = compose(
            model,
            beats,
            sampling,
            given=given,
            num=num,
            title=present.title if present and desk.is_on_rhythm(present) else "",
            original=desk.original and desk.original.cut(len(beats)),
            on_step=progress.show,
        )
    progress.end()
    if present:  # the instrument stays as the user set it, on another rhythm too
        made = [replace(piece, program=present.program) for piece in made]
    desk.candidates, desk.selected = made, range(0)
    desk.add(f"Composed with seed {sampling.seed}", made[0])


def next_seed() -> None:
    """Another seed, unless nothing was composed with this one yet."""
    if st.session_state["desk"].piece is not None:
        new_seed()


def open_link(desk: Desk, query: dict[str, str]) -> None:
    """What the address asks for: settings, a rhythm, a piece. A model that is missing is replaced by the usual one."""
    known = {card.name: card for card in beat_cards()}
    name = query.get("model", "")
    if name and name not in known:
        say_error(f"This link asks for the model {name[:60]!r}, which is not installed here, so another one is used.")
    if name not in known and (name or "notes" in query):
        name = usual_model(list(known.values())).name
    if name:
        choose(known[name])
    if set(SETTINGS) & set(query):
        show(query_to_settings(query))
    if not {"rhythm", "notes"} & set(query):
        return
    with turn():
        if "rhythm" in query:
            desk.lay(query_to_beats(query), "the rhythm of the link")
        if "notes" in query:
            piece = query_to_piece(query)
            desk.original = piece.original
            desk.add("Opened from a link", with_pitches(checkpoint(name), piece, piece.pitches))
