"""What every page begins with: its frame, the navigation, and how errors are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import InputError

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

ICON = Path(__file__).parent / "icon.svg"

PAGES = (
    ("app.py", "Compose", ":material/edit_note:"),
    ("pages/continue.py", "Continue", ":material/double_arrow:"),
    ("pages/tunes.py", "Tunes", ":material/music_note:"),
    ("pages/piano.py", "Piano", ":material/piano:"),
    ("pages/latent.py", "Latent", ":material/scatter_plot:"),
    ("pages/neurons.py", "Neurons", ":material/neurology:"),
    ("pages/compare.py", "Compare", ":material/compare_arrows:"),
    ("pages/listening.py", "Listening", ":material/headphones:"),
    ("pages/library.py", "Library", ":material/library_music:"),
)
"""(file, name, icon) of every page; a new page is a file and a line here"""

EMPTY = ""
"""stands in the cells of a table that have nothing to say, where Streamlit writes None"""

MAX_UPLOAD_MB = 10
"""of scores and projects; recordings are larger"""

SETTING = "settings."
"""what the keys of the widgets begin with whose values outlive the times when they are not shown"""

KEPT = "kept"
"""where these values are kept meanwhile"""

STYLE = """
<style>
.block-container { padding-top: 2.5rem; max-width: 72rem; }
@media (max-width: 40rem) { .block-container { padding-left: 0.75rem; padding-right: 0.75rem; } }
</style>
"""


def start_page(title: str) -> None:
    """Configures the page ``title`` and draws the navigation."""
    st.set_page_config(page_title=f"{title} · Tunesmith", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    keep_settings()
    with st.sidebar:
        for file, name, icon in PAGES:
            st.page_link(file, label=name, icon=icon)


def keep_settings() -> None:
    """Notes the settings as the last run left them: Streamlit forgets the value of a widget that is not shown."""
    kept = st.session_state.setdefault(KEPT, {})
    kept.update({key: value for key, value in st.session_state.items() if str(key).startswith(SETTING)})


def keep(name: str, default: object, options: Sequence[object] | None = None) -> str:
    """The key of a widget whose value outlives the times when it is not shown; ``default`` at first, or if no option.

    A value that is there is left alone: to set it again would undo what the user does while the page runs.
    """
    key = SETTING + name
    value = st.session_state[key] if key in st.session_state else st.session_state[KEPT].get(key, default)
    value = value if options is None or value in options else default
    if key not in st.session_state or value != st.session_state[key]:
        st.session_state[key] = value
    return key


def open_tab(names: Sequence[str], key: str, default: str | None = None) -> tuple[str, DeltaGenerator]:
    """Draws tabs; (name, place) of the one that is open, which alone need be worked out, and its libraries loaded."""
    tabs = st.tabs(names, key=key, default=default, on_change="rerun")
    return next(((name, tab) for name, tab in zip(names, tabs, strict=True) if tab.open), (names[0], tabs[0]))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Bad input inside becomes one sentence on the page; what is already shown stays."""
    try:
        yield
    except InputError as error:
        say_error(str(error))


def say_error(sentence: str) -> None:
    """``sentence`` as it stands, whatever of the user's it quotes."""
    st.error(plain(sentence), icon=":material/error:")


def count(number: int, thing: str) -> str:
    """``1 note``, ``2 notes``."""
    return f"{number:,} {thing}{'s' * (number != 1)}"


def plain(text: str) -> str:
    """``text`` as it stands: what Markdown would read as a sign is escaped."""
    return re.sub(r"([\\`*_{}\[\]()<>#+.!|$:~&-])", r"\\\1", text)
