"""The piece as files, as a link, and as a project."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import streamlit as st

from core.composition import Composition
from core.link import MAX_LINK_NOTES
from core.project import project_to_json
from core.ui.desk import Desk
from core.ui.page import keep, plain, plain_errors
from core.ui.turns import later
from core.ui.work import cards, exported, forget_exported


class Format(NamedTuple):
    """One that music can be taken home in."""

    suffix: str
    label: str
    mime: str
    on_request: bool = False
    """whether it takes longer, or needs a library that may be missing: made once it is asked for"""
    at_once: bool = False
    """whether it is made with the page, which says why where it cannot be: not all that has a score fits into it"""


MIDI = Format(".mid", "MIDI", "audio/midi")
MUSICXML = Format(".musicxml", "MusicXML", "application/vnd.recordare.musicxml+xml")
ABC = Format(".abc", "ABC", "text/vnd.abc", at_once=True)
SVG = Format(".svg", "SVG", "image/svg+xml")
WAV = Format(".wav", "WAV", "audio/wav", on_request=True)
PDF = Format(".pdf", "PDF", "application/pdf", on_request=True)

PLAYED, WRITTEN = "as played", "as written"
TIMINGS = [PLAYED, WRITTEN]


def downloads(piece: Composition) -> None:
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
    even = not piece.beats.metrical and st.session_state["settings.timing"] == WRITTEN

    def made(suffix: str) -> bytes:
        return exported(suffix, piece.written, piece.written if even else piece.performed, piece.program)

    with st.container(horizontal=True):
        offer((MIDI, MUSICXML, ABC, SVG, WAV, PDF), piece, made, name)
    licence_line(piece.model)


def licence_line(model: str) -> None:
    """Under which terms the model that wrote some music is, and what it learned from."""
    licence = next((card.license for card in cards() if card.name == model), "")
    if licence:
        st.caption(f"Model and training data: {plain(licence)}")


def offer(formats: Iterable[Format], of: object, made: Callable[[str], bytes], name: str, space: str = "") -> None:
    """A button for each format, which saves ``of`` in it, or has it ``made`` first; ``space`` begins their keys.

    Most are made when the button is pressed: nearly all pieces are heard and changed, and not taken home.
    """
    for suffix, label, mime, on_request, at_once in formats:
        wanted = f"{space}wanted{suffix}"
        if on_request and st.session_state.get(wanted) != of:
            forget_exported(suffix)
            reason = missing(suffix)
            st.button(
                f"Make {label}",
                key=f"{space}make{suffix}",
                disabled=reason is not None,
                help=reason,
                on_click=st.session_state.__setitem__,
                args=(wanted, of),
            )
            continue
        with plain_errors():
            data = made(suffix) if on_request or at_once else later(partial(made, suffix))
            st.download_button(label, data, name + suffix, mime, on_click="ignore", key=f"{space}download{suffix}")


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
        later(lambda: project_to_json(desk.versions, desk.current)),
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
