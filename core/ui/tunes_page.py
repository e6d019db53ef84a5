"""The page on which tunes are written in ABC notation, character by character."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from core.checkpoint import Checkpoint, ModelCard
from core.errors import InputError
from core.link import query_to_tune, tune_to_query
from core.sampling import SamplingConfig
from core.tunes import drafts
from core.ui.components.address_bar import address_bar
from core.ui.page import MAX_UPLOAD_MB, plain_errors, say_error, start_page
from core.ui.settings import choose, choose_model
from core.ui.tune_desk import TuneDesk, Version
from core.ui.tune_settings import SPACE, choose_drawing, header_panel, next_seed, num_tunes
from core.ui.tune_sheet import take_changes, tune
from core.ui.tune_text import tunes_in
from core.ui.tune_writing import Growing, Writing, lay_down, write_on
from core.ui.work import char_cards, checkpoint

DESK, WRITING, NOTICE = SPACE + "desk", SPACE + "writing", SPACE + "notice"
"""where a visit keeps its texts, the tunes that are being written, and what could not be written or opened"""
OPENED = SPACE + "opened"
"""and whether it has read the address that it began with"""
STYLE = """
<style>
@media (max-width: 40rem) { /* on a phone the tune comes first */
  [data-testid="stVerticalBlock"] > :has(> .st-key-beginning) { order: 1; }
}
</style>
"""


def tunes_page() -> None:
    """Tunes from nothing, or from a header and a first bar; opens on a finished one."""
    start_page("Tunes")
    st.html(STYLE)
    desk: TuneDesk = st.session_state.setdefault(DESK, TuneDesk())
    head, button = st.columns([3, 1], vertical_alignment="bottom")
    head.title("Tunes")
    installed = char_cards()
    if not installed:
        st.error("There is no trained model that writes ABC; train one: python -m core train char-lstm.abc-songs.")
        return
    if OPENED not in st.session_state:
        try:
            open_link(desk, dict(st.query_params), installed)
        except InputError as error:
            st.session_state[NOTICE] = str(error)
        st.session_state[OPENED] = True
    take_changes(desk)
    with st.sidebar:
        card = choose_model(installed, SPACE)
        drawing = choose_drawing(card)
        open_tunes(desk, card.name)
    pressed = button.button("Write", type="primary", icon=":material/edit_note:", width="stretch", on_click=next_seed)
    with st.container(border=True, key="beginning"), plain_errors():
        prompt = header_panel()
        if pressed or not (desk.versions or WRITING in st.session_state):
            begin(desk, checkpoint(card.name), prompt, *drawing)
    writing: Writing | None = st.session_state.get(WRITING)
    above = st.container()
    below = st.container() if writing is None else st.empty()  # what was there goes at once
    if writing is not None:
        with above:
            write_on(writing)
        finish(desk)
        st.rerun()
    with below:
        if notice := st.session_state.pop(NOTICE, None):
            say_error(notice)
        if desk.versions:
            tune(desk)
            address_bar(tune_to_query(desk.text, desk.version.model) or {})


def open_link(desk: TuneDesk, query: dict[str, str], installed: list[ModelCard]) -> None:
    """The tune that the address holds, if it holds one."""
    if desk.versions or "tune" not in query:
        return
    text = query_to_tune(query)
    card = next((card for card in installed if card.name == query.get("model")), None)
    if card:
        choose(card, SPACE)
    desk.take([Version("Opened from a link", text, (card or installed[0]).name)])


def begin(
    desk: TuneDesk, model: Checkpoint, prompt: str, sampling: SamplingConfig, legal: bool, max_characters: int
) -> None:
    """Has tunes written from the chosen seed and the next ones; what is being written now is kept as it is."""
    finish(desk)
    assert sampling.seed is not None
    seeds = range(sampling.seed, sampling.seed + num_tunes())
    write = partial(drafts, model, prompt, legal=legal, max_characters=max_characters)
    tunes = [Growing(seed, write(replace(sampling, seed=seed))) for seed in seeds]
    st.session_state[WRITING] = Writing(model.card.name, tunes)


def finish(desk: TuneDesk) -> None:
    """Lays on the desk what was being written, however far it has come."""
    if (writing := st.session_state.pop(WRITING, None)) is not None:
        lay_down(writing, desk)
        if problem := next((tune.problem for tune in writing.tunes if tune.problem), None):
            st.session_state[NOTICE] = problem


def open_tunes(desk: TuneDesk, model: str) -> None:
    """An uploader for tunes of an earlier visit, or of anybody."""
    key = SPACE + "file"
    file = st.file_uploader("Open tunes", ["abc", "txt"], key=key, max_upload_size=MAX_UPLOAD_MB)
    if file is None or st.session_state.get(f"{key}.seen") == file.file_id:
        return
    with plain_errors():
        texts = tunes_in(file.getvalue())
        desk.take([Version(f"{file.name[:60]}, tune {i}", text, model) for i, text in enumerate(texts, start=1)])
        st.session_state[f"{key}.seen"] = file.file_id
