"""Music in the making that may be stopped, and stays as far as it has come."""

from __future__ import annotations

from threading import Lock
from types import TracebackType
from typing import Self

from streamlit.runtime.scriptrunner import RerunException, StopException

from core.ui.progress import Progress

LONGEST_SEC = 20.0
"""that a run waits for the one before it to end: a long beginning is read in one go"""


class Stoppable:
    """A bar with a button beside it; a press of any widget asks the job to end, which then keeps what it has made.

    A context: what was made is to be kept inside. Streamlit begins the run that the press asks for at once, beside the
    one that ends, so that it has to ``wait_for`` the ``pen``: that of the visit, held as long as music is being made.
    """

    def __init__(self, label: str, key: str, pen: Lock) -> None:
        self.label, self.key, self.pen = label, key, pen
        self.pressed: RerunException | StopException | None = None

    def __enter__(self) -> Self:
        self.progress = Progress(self.label, self.key)
        self.pen.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.pen.release()
        if self.pressed is not None:
            raise self.pressed
        if error is None:
            self.progress.end()

    @property
    def stopped(self) -> bool:
        return self.pressed is not None

    def show(self, done: int, total: int) -> bool:
        """Whether the job, of which ``done`` of ``total`` steps are over, is to end."""
        try:
            self.progress.show(done, total)
        except (RerunException, StopException) as pressed:
            self.pressed = pressed
        return self.stopped


def wait_for(pen: Lock) -> None:
    """Until music that was stopped has been kept."""
    if pen.acquire(timeout=LONGEST_SEC):
        pen.release()
