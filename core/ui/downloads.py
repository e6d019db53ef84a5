"""The piece as files, as a link, and as a project."""

from __future__ import annotations

import re

import streamlit as st

from core.composition import Composition
from core.link import MAX_LINK_NOTES
from core.project import project_to_json
from core.ui.desk import Desk
from core.ui.page import keep, plain_errors
from core.ui.work import exported

INSTANT = ((".mid", "MIDI", "audio/midi"), (".musicxml", "MusicXML", "application/vnd.recordare.musicxml+xml"),
           (".abc", "ABC", "text/vnd.abc"), (".svg", "SVG", "image/svg+xml"))  # fmt: skip
ON_REQUEST = ((".wav", "WAV", "audio/wav"), (".pdf", "PDF", "application/pdf"))

PLAYED, WRITTEN = "as played", "as written"
TIMINGS = [PLAYED, WRITTEN]


def downloads(piece: Composition, license_: str) -> None:
    """Buttons for every format; what takes longer, or needs a library that may be missing, is made on request."""
    name = file_name(piece.name)
    if not piece.beats.metrical:
        st.segmented_control(
            "MIDI and WAV",
            TIMINGS,
            key=keep("timing", PLAYED, TIMINGS),
            required=True,
            help="With the times of the performance, or in the even note values of the score.",
        )
    with st.container(horizontal=True):
        for suffix, label, mime in INSTANT:
            offer(piece, name, suffix, label, mime)
        for suffix, label, mime in ON_REQUEST:
            if st.session_state.get(f"wanted{suffix}") == piece:
                offer(piece, name, suffix, label, mime)
            else:
                reason = missing(suffix)
                st.button(
                    f"Make {label}",
                    key=f"make{suffix}",
                    disabled=reason is not None,
                    help=reason,
                    on_click=st.session_state.__setitem__,
                    args=(f"wanted{suffix}", piece),
                )
    st.caption(f"Model and training data: {license_}")


def offer(piece: Composition, name: str, suffix: str, label: str, mime: str) -> None:
    """A button that saves the piece in one format."""
    even = not piece.beats.metrical and st.session_state["settings.timing"] == WRITTEN
    with plain_errors():
        data = exported(suffix, piece.written, piece.written if even else piece.performed, piece.program)
        st.download_button(label, data, name + suffix, mime, on_click="ignore", key=f"download{suffix}")


def missing(suffix: str) -> str | None:
    """Why a format cannot be made here, or None."""
    if suffix != ".pdf":
        return None
    from core.render.pdf import pdf_available

    return pdf_available()


def file_name(title: str) -> str:
    """A safe name for a download, of at most 60 characters; Windows keeps some for its devices."""
    name = re.sub(r"[^\w-]+", "-", title).strip("-")[:60] or "melody"
    return f"{name}-melody" if re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)[\d¹²³]", name) else name


def keeping(desk: Desk, piece: Composition) -> None:
    """The project file, and what the address bar holds."""
    st.download_button(
        "Save project",
        lambda: project_to_json(desk.versions, desk.current),
        file_name(piece.name) + ".tunesmith.json",
        "application/json",
        icon=":material/save:",
        on_click="ignore",
        help="Everything made in this visit, to go on with another day.",
    )
    if len(piece.pitches) <= MAX_LINK_NOTES:
        st.caption("The address bar holds this piece: copy the address, and whoever opens it sees and hears the same.")
    else:
        st.caption(
            f"Pieces over {MAX_LINK_NOTES} notes do not fit into the address bar: save the project to keep this one."
        )
