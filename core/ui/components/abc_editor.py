"""The text of a tune, to be edited beside its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.ui.components.mount import first_sight, ignore, is_index, read

_component = st.components.v2.component(
    "tunesmith_abc_editor",
    html=read("abc_editor.html"),
    css=read("abc_editor.css"),
    js=read("mount.js", "abc_editor.js"),
)


def abc_editor(
    text: str,
    revision: int,
    places: Sequence[tuple[int, int]],
    key: str,
    *,
    selected: tuple[int, int] | None = None,
    wrong: tuple[int, int] | None = None,
    max_length: int,
) -> None:
    """Show a text with its marks; what the user does with it is read by ``edited`` and ``pointed`` in the next run.

    Parameters
    ----------
    text
        The tune as Python knows it.
    revision
        Another number makes the editor show ``text``; while it stays, what the user types is not touched.
    places
        (start, stop) of the characters that write each note.
    selected, wrong
        Characters to mark: those of the notes picked in the score, and those that are no ABC.
    max_length
        Characters that can be typed.
    """
    data = {
        "text": text,
        "revision": revision,
        "places": [list(place) for place in places],
        "selected": inside(selected, text),
        "wrong": inside(wrong, text),
        "maxLength": max_length,
    }
    _component(key=key, data=data, on_edited_change=ignore, on_pointed_change=ignore)


def inside(place: tuple[int, int] | None, text: str) -> list[int] | None:
    """``place`` as far as it lies in ``text``, at least one character long; the last one where it is the end."""
    if place is None or not text:
        return None
    start = min(max(place[0], 0), len(text) - 1)
    return [start, min(max(place[1], start + 1), len(text))]


def edited(key: str, max_length: int) -> str | None:
    """The text that was typed since the last run; None when none was. To be called before anything shows the text."""
    value = sent(key, "edited")
    text = value.get("text") if value else None
    return text[:max_length].replace("\r\n", "\n") if isinstance(text, str) else None


def pointed(key: str, num_notes: int) -> int | None:
    """The note into which the cursor was moved since the last run; None when it was into none."""
    value = sent(key, "pointed")
    note = value.get("note") if value else None
    return note if is_index(note, num_notes) else None


def sent(key: str, name: str) -> Mapping[str, object] | None:
    """What the browser has sent under ``name``, once. It is there before the component is drawn again."""
    state = st.session_state.get(key)
    return first_sight(f"{key}.{name}", state.get(name) if isinstance(state, Mapping) else None)
