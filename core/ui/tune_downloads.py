"""A tune as files: its text as it stands, and its notes in every other format."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from core.link import MAX_LINK_CHARACTERS
from core.ui.downloads import ABC, MIDI, MUSICXML, PDF, SVG, WAV, file_name, licence_line, offer
from core.ui.page import keep
from core.ui.tune_desk import TuneDesk
from core.ui.tune_settings import SPACE
from core.ui.tune_text import read
from core.ui.turns import later
from core.ui.work import exported

FORMATS = (MIDI, MUSICXML, SVG, WAV, PDF)


def take_home(desk: TuneDesk) -> None:
    """Buttons for every format: the text whatever it is, the others where it is music."""
    from core.render.audio import INSTRUMENTS

    names = {number: name.capitalize() for name, number in INSTRUMENTS.items()}
    st.selectbox("Instrument", list(names), key=keep(SPACE + "program", 0), format_func=names.__getitem__)
    score = read(desk.text).score
    name = file_name(score.title if score else "")
    with st.container(horizontal=True):
        save("ABC", as_file([desk.text]), name)
        if score is not None:
            played_on = program()  # now: files are made in threads that know nothing of the visit
            offer(FORMATS, score, lambda suffix: exported(suffix, score, score, played_on), name, "tune.")
    save("All tunes of this visit", later(lambda: as_file([version.text for version in desk.versions])), "tunes")
    if len(desk.text) <= MAX_LINK_CHARACTERS:
        st.caption("The address bar holds this tune: copy the address, and whoever opens it sees and hears the same.")
    else:
        st.caption(
            f"Tunes over {MAX_LINK_CHARACTERS:,} characters do not fit into the address bar: save this one as ABC."
        )
    licence_line(desk.version.model)


def as_file(texts: Iterable[str]) -> str:
    """Each of them once."""
    return "\n\n".join(dict.fromkeys(text.strip("\n") for text in texts)) + "\n"


def save(label: str, text: str | Callable[[], str], name: str) -> None:
    st.download_button(label, text, name + ABC.suffix, ABC.mime, on_click="ignore", key=f"tune.save.{label}")


def program() -> int:
    """The General MIDI instrument to play on."""
    return int(st.session_state[keep(SPACE + "program", 0)])
