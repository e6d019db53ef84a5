"""Music in the making that may be stopped, and stays as far as it has come."""

from __future__ import annotations

from streamlit.runtime.scriptrunner import RerunException

from core.ui.progress import Progress


class Stoppable:
    """A bar with a button beside it; a press of any widget asks the job to end, which then keeps what it has made."""

    def __init__(self, label: str, key: str) -> None:
        self.progress = Progress(label, key)
        self.pressed: RerunException | None = None

    @property
    def stopped(self) -> bool:
        return self.pressed is not None

    def show(self, done: int, total: int) -> bool:
        """Whether the job, of which ``done`` of ``total`` steps are over, is to end."""
        try:
            self.progress.show(done, total)
        except RerunException as pressed:
            self.pressed = pressed
        return self.stopped

    def end(self) -> None:
        """To be called once what was made is kept: the run that was asked for begins."""
        if self.pressed is not None:
            raise self.pressed
        self.progress.end()
