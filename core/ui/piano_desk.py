"""What a visit to the Piano page has made."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from core.piano_notation import single_strokes
from core.score import Score

MAX_TAKES = 40


@dataclass(frozen=True)
class Take:
    """Piano music, and how it came about."""

    label: str
    score: Score
    """numbered as in its engraving"""
    performed: bool
    """whether times are as played, and no note values"""
    model: str
    key: str | None = None
    """of written music; that of a performance is estimated"""
    note: str = ""
    """how likely the model held it, in words"""


@dataclass
class PianoDesk:
    """Lives in the session alone."""

    takes: list[Take] = field(default_factory=list)
    """the oldest first"""
    current: int = -1
    selected: range = range(0)
    """notes picked in the score"""
    pen: Lock = field(default_factory=Lock)
    """held while music is being made: two runs of a visit may overlap"""

    @property
    def take(self) -> Take | None:
        return self.takes[self.current] if self.takes else None

    def add(self, take: Take) -> None:
        """Lays ``take`` on the desk; of very many the oldest goes."""
        self.takes = [*self.takes, take][-MAX_TAKES:]
        self.go_to(len(self.takes) - 1)

    def go_to(self, index: int) -> None:
        self.current, self.selected = index, range(0)


def taken(label: str, score: Score, model: str, *, performed: bool, key: str | None = None, note: str = "") -> Take:
    """A take of music as a model wrote it."""
    return Take(label, single_strokes(score, performed=performed), performed, model, key, note)
