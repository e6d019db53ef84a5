"""The melody to accompany: that of another page, of a file, or of a corpus."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.data.corpora import CORPORA
from core.files import READERS
from core.score import Score, quoted
from core.ui.page import MAX_UPLOAD_MB, SETTING, count, keep, plain, plain_errors
from core.ui.recolour_panel import choose_tune, title_of
from core.ui.work import written_melody_of

SPACE = "piano.melody."
MELODY = SPACE + "given"
"""where the melody lies that another page has handed over"""
AT_ONCE = SPACE + "at_once"
"""that it has just come"""
HANDED, FILE, TUNE = "From my page", "From a file", "From a corpus"


def accompany_button(melody: Score, key: str) -> None:
    """Hands a written melody to the Piano page, which accompanies it at once."""
    if st.button("Now with two hands", icon=":material/piano:", key=key, help="Have a model play the accompaniment."):
        st.session_state[MELODY] = melody
        st.session_state[AT_ONCE] = True
        st.session_state[SETTING + SPACE + "source"] = HANDED
        st.switch_page("pages/piano.py")


def choose_melody() -> Score | None:
    """The melody chosen, if there is one."""
    given: Score | None = st.session_state.get(MELODY)
    sources = [HANDED, FILE, TUNE] if given else [FILE, TUNE]
    key = keep(SPACE + "source", sources[0] if given else TUNE, sources)
    source = st.segmented_control("Melody", sources, key=key, required=True)
    with plain_errors():
        melody = given if source == HANDED else from_file() if source == FILE else from_corpus()
        if melody is not None:
            name = f"{quoted(melody.title)}, " if melody.title else ""
            st.caption(
                plain(f"{name}{count(len(melody.notes), 'note')} in {'/'.join(map(str, melody.time_signature))}.")
            )
        return melody
    return None


def from_file() -> Score | None:
    endings = [ending.lstrip(".") for ending in READERS]
    file = st.file_uploader(
        "A melody, or a piece that has one", endings, key=SPACE + "file", max_upload_size=MAX_UPLOAD_MB
    )
    return None if file is None else written_melody_of(file.getvalue(), file.name)


def from_corpus() -> Score | None:
    chosen = choose_tune(SPACE)
    if chosen is None:
        return None
    corpus, piece = chosen
    title = title_of(piece.score, piece.id)
    if CORPORA[corpus].performed:
        st.info("This corpus holds performances, which have no bars; choose a tune of another one.")
        return None
    return replace(piece.score, title=title)
