"""What the browser components share: their files, values that arrive exactly once, and addresses for audio.

A component's value lives in Streamlit's session state as ``{"nonce": ..., ...}``. State, unlike a trigger, survives
a run that the next one interrupts, so nothing that the user did is lost; the nonce tells an old value from a new one.
AppTest runs no JavaScript and so sees None; a test injects what the browser would have sent before it runs the page:
``at.session_state["tap"] = {"taps": {"nonce": "1", "taps": [[0, 250]]}}``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import streamlit as st
from streamlit import runtime

FOLDER = Path(__file__).parent


def read(*names: str) -> str:
    """Text of the named files beside this module, joined: several scripts make one module without a build step."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def ignore() -> None:
    """Do nothing: Streamlit keeps only the state that has a callback, and ours is read from the return value."""


def first_sight(key: str, value: object) -> Mapping[str, Any] | None:
    """Return `value` the first time that component `key` brings its nonce, None ever after.

    What comes from a browser may have been written by hand, so whatever is not a mapping with a nonce is None too.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("nonce"), str):
        return None
    if value["nonce"] == last_nonce(key):
        return None
    st.session_state[f"{key}.nonce"] = value["nonce"]
    return value


def last_nonce(key: str) -> str:
    """Nonce of the last value that the page was given by component `key`; empty before the first."""
    return str(st.session_state.get(f"{key}.nonce", ""))


def is_index(value: object, num_items: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < num_items


def picked_number(event: Any) -> int | None:
    """The number of the point of a chart that was clicked; None without one, or where a browser sends what is none.

    From 0 up: whether there is anything of that number is for who draws the page to see.
    """
    try:
        number = event["selection"]["points"][0]["customdata"][0]
    except (LookupError, TypeError):
        return None
    return number if is_index(number, sys.maxsize) else None


def inline_svg(svg: str) -> str:
    """Drop an XML prologue, which is only allowed at the start of a document."""
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", svg)


def audio_url(audio: bytes | str, mime: str, slot: str) -> str:
    """Address at which the browser gets `audio`, fetched when it is played and kept by its content.

    Parameters
    ----------
    audio
        The encoded file, or an address, which is returned as it is.
    mime
        Type of the file, "audio/wav" say.
    slot
        Unique name of the place on the page; what it held before is freed when the run ends.

    Notes
    -----
    This is the store behind ``st.audio``. Passed as component data, a megabyte would travel again at each click.
    """
    if isinstance(audio, str):
        return audio
    if not runtime.exists():  # the script is run without a server: nobody will fetch it
        return ""
    return runtime.get_instance().media_file_mgr.add(audio, mime, f"component:{slot}").lstrip("/")
