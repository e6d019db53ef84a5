"""Why the microphone cannot be had, in plain words, where streamlit-webrtc names an exception."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.ui.components.mount import read

_component = st.components.v2.component(
    "tunesmith_microphone_notice",
    html=read("microphone_notice.html"),
    css=read("microphone_notice.css"),
    js=read("mount.js", "microphone_notice.js"),
)


def microphone_notice(words: Mapping[str, str], key: str) -> None:
    """Shows nothing until the frame of the one ``webrtc_streamer`` on the page, which comes first, has bad news.

    ``words`` are the sentences by the name of what the browser throws; "Error" is for all others, and "slow" for a
    connection that takes long.
    """
    _component(key=key, data={"words": dict(words)})
