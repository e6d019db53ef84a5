"""Tunes that are being written: all at once, shown as they grow, and kept whatever interrupts them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import islice

import streamlit as st

from core.errors import InputError
from core.tunes import Draft
from core.ui.queueing import BusyError, Look
from core.ui.tune_desk import TuneDesk, Version
from core.ui.turns import Waiting, turn

CHUNK = 24
"""characters that each tune grows by before the next has its turn, and other visits have theirs"""


class Growing:
    """A tune that is being written, and how far it has come."""

    def __init__(self, seed: int, drafts: Iterator[Draft]) -> None:
        self.seed, self.drafts = seed, drafts
        self.draft = Draft("", 0, 0, 0.0, False)
        self.done = False
        self.problem = ""
        """why it cannot be written, in a sentence"""

    def grow(self) -> None:
        """By ``CHUNK`` characters."""
        grown = 0
        try:
            for draft in islice(self.drafts, CHUNK):
                self.draft, grown = draft, grown + 1
        except InputError as error:
            self.problem = str(error)
        self.done = grown < CHUNK


class Writing:
    """Several tunes of one press of the button; lives in the session, so that a run that is interrupted loses nothing.

    The run that follows goes on where it stopped. The two may overlap for a moment: one at a time has the pen.
    """

    def __init__(self, model: str, tunes: Sequence[Growing]) -> None:
        self.model, self.tunes = model, list(tunes)
        self.stopped, self._pen = False, threading.Lock()

    @property
    def going(self) -> bool:
        return not self.stopped and not all(tune.done for tune in self.tunes)

    def stop(self) -> None:
        """What is written so far stays."""
        self.stopped = True

    def grow(self, look: Look | None = None) -> None:
        """Every tune that is not done by some characters; waits for its turn among the heavy jobs of all visits."""
        for tune in self.tunes:
            try:
                with turn(look), self._pen:
                    if self.going and not tune.done:
                        tune.grow()
            except BusyError as error:
                tune.problem = str(error)
                self.stop()


def write_on(writing: Writing) -> None:
    """Shows the tunes as they grow, until they are done; any widget interrupts it, and the next run goes on."""
    st.button("Stop", icon=":material/stop:", key="tune.stop", on_click=writing.stop, type="primary")
    waiting = Waiting()
    columns = st.columns(min(len(writing.tunes), 3))
    places = []
    for i, tune in enumerate(writing.tunes):
        with columns[i % len(columns)]:
            st.caption(f"Seed {tune.seed}")
            places.append(st.container(height=260, autoscroll=True, key=f"tune.growing.{i}").empty())
    while True:
        for place, tune in zip(places, writing.tunes, strict=True):
            place.code(tune.draft.text or " ", language=None, wrap_lines=True)
        if not writing.going:
            return
        writing.grow(waiting.show)


def lay_down(writing: Writing, desk: TuneDesk) -> None:
    """The tunes, side by side as candidates; the first of them on the desk."""
    written = [tune for tune in writing.tunes if tune.draft.num_drawn]
    if written:
        desk.take([Version(f"Seed {one.seed}", one.draft.tune, writing.model, in_words(one.draft)) for one in written])
        desk.remember_given(tune.draft.text[: tune.draft.begins] for tune in written)


def in_words(draft: Draft) -> str:
    """How likely the model held a tune, and whether it came to its end."""
    likely = f"{draft.a_character:.2f} nats a character".replace("-", "\N{MINUS SIGN}")
    return likely if draft.ended else f"{likely}, cut off"
