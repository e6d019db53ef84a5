"""How far a long job is, and a button that ends it."""

from __future__ import annotations

import streamlit as st

from core.ui.turns import give_way

EVERY = 16
"""steps between two looks at the page: each of them costs a message"""


class Progress:
    """A bar with a button beside it.

    A press of any widget begins another run of the page, which interrupts this one at its next ``show``: what the
    visit had before is still there. So the button need do nothing.
    """

    def __init__(self, label: str, key: str) -> None:
        self.label, self.place = label, st.empty()
        with self.place.container(horizontal=True, vertical_alignment="center"):
            self.bar = st.progress(0.0, label)
            st.button("Stop", icon=":material/stop:", key=f"{key}.stop")

    def show(self, done: int, total: int) -> None:
        """``done`` of ``total`` steps are over; where that takes long and others wait, they go first."""
        if done % EVERY == 0 or total < EVERY:
            self.bar.progress(done / total, self.label)
            give_way(lambda place: self.wait(done / total, place))

    def wait(self, share: float, place: int) -> None:
        """The job stands still at this ``share``; 0 where it goes on."""
        self.bar.progress(share, f"{self.label} Waiting: place {place} in the queue" if place else self.label)

    def end(self) -> None:
        self.place.empty()
