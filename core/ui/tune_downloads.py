"""A tune as files: its text as it stands, and its notes in every other format."""

from __future__ import annotations

import streamlit as st

from core.score import Score
from core.ui.downloads import INSTANT, ON_REQUEST, file_name, missing
from core.ui.page import keep, plain, plain_errors
from core.ui.tune_desk import TuneDesk
from core.ui.tune_settings import SPACE
from core.ui.tune_text import read
from core.ui.work import cards, exported

ABC, ABC_MIME = ".abc", "text/vnd.abc"


def take_home(desk: TuneDesk) -> None:
    """Buttons for every format: the text whatever it is, the others where it is music."""
    from core.render.audio import INSTRUMENTS

    names = {number: name.capitalize() for name, number in INSTRUMENTS.items()}
    st.selectbox("Instrument", list(names), key=keep(SPACE + "program", 0), format_func=names.__getitem__)
    score = read(desk.text).score
    name = file_name(score.title if score else "")
    with st.container(horizontal=True):
        save("ABC", desk.text.rstrip("\n") + "\n", name + ABC, ABC_MIME)
        for suffix, label, mime in (*INSTANT, *ON_REQUEST):
            if score is not None and suffix != ABC:
                offer(score, name, suffix, label, mime)
    texts = dict.fromkeys(version.text.strip("\n") for version in desk.versions)
    save("All tunes of this visit", "\n\n".join(texts) + "\n", f"tunes{ABC}", ABC_MIME)
    license_ = next((card.license for card in cards() if card.name == desk.version.model), "")
    if license_:
        st.caption(f"Model and training data: {plain(license_)}")


def offer(score: Score, name: str, suffix: str, label: str, mime: str) -> None:
    """A button that saves a tune; what takes longer, or needs a library that may be missing, is made on request."""
    wanted = f"tune.wanted{suffix}"
    if (suffix, label, mime) in ON_REQUEST and st.session_state.get(wanted) != score:
        reason = missing(suffix)
        st.button(
            f"Make {label}",
            key=f"tune.make{suffix}",
            disabled=reason is not None,
            help=reason,
            on_click=st.session_state.__setitem__,
            args=(wanted, score),
        )
        return
    with plain_errors():
        save(label, exported(suffix, score, score, program()), name + suffix, mime)


def save(label: str, data: bytes | str, name: str, mime: str) -> None:
    st.download_button(label, data, name, mime, on_click="ignore", key=f"tune.save.{label}")


def program() -> int:
    """The General MIDI instrument to play on."""
    return int(st.session_state[keep(SPACE + "program", 0)])
