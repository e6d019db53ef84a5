"""Opening the project file of an earlier visit."""

from __future__ import annotations

from collections.abc import Sequence, Set

import streamlit as st

from core.errors import InputError
from core.project import MAX_PROJECT_BYTES, json_to_project
from core.ui.desk import Desk
from core.ui.page import plain_errors
from core.ui.turns import turn


def open_project(desk: Desk, known: Set[str], space: str = "", *, continued: bool = False) -> None:
    """An uploader for a project file, with everything that was made in that visit.

    ``known`` are the names of the page's models; ``continued`` says whether its pieces have to be melodies that were
    continued. ``space`` is what its keys begin with.
    """
    key = space + "project"
    file = st.file_uploader("Open a project", ["json"], key=key, max_upload_size=MAX_PROJECT_BYTES // 1_000_000)
    if file is None or st.session_state.get(f"{key}.seen") == file.file_id:
        return
    with plain_errors():
        with turn():
            versions, current = json_to_project(file.getvalue())
        if continued and not all(piece.continued for _, piece in versions):
            raise InputError("This project holds melodies on a rhythm; open it on the page Compose.")
        desk.extend(versions, current)
        st.session_state[f"{key}.seen"] = file.file_id  # once they lie there: a run that was interrupted tries again
        missing = sorted({piece.model for _, piece in versions} - known)
        if missing:
            st.session_state["notice"] = (
                f"This project was made with {some_of(missing)}, which is not installed here; "
                "what you change is written by the model that is chosen."
            )


def some_of(names: Sequence[str], most: int = 3) -> str:
    """A few of the names of models, as part of a sentence."""
    others = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(name[:40] for name in names[:most]) + others
