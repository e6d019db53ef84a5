"""What a visit has made of texts: every version is kept, and any of them can lie on the desk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.ui.tune_text import Reading, read

MAX_VERSIONS = 300
NOTHING = range(0)


class Version(NamedTuple):
    """A text, and where it came from."""

    label: str
    """what was done"""
    text: str
    model: str
    """that wrote it, or what was edited"""
    note: str = ""
    """what else there is to say about it"""


@dataclass
class TuneDesk:
    """One visit's texts; lives in the session alone."""

    versions: list[Version] = field(default_factory=list)
    """the oldest first; nothing is ever taken out but the oldest"""
    current: int = -1
    undo_stack: list[int] = field(default_factory=list)
    redo_stack: list[int] = field(default_factory=list)
    candidates: list[Version] = field(default_factory=list)
    """those that came together last"""
    beginnings: set[str] = field(default_factory=set)
    """what the user gave of the tunes that models went on with"""
    revision: int = 0
    """counts the texts that came from elsewhere than the editor, which has to show them"""
    selected: range = NOTHING
    """notes picked in the score"""
    readable: str = ""
    """the last text on the desk that is music: its score is shown while a later one is none"""

    @property
    def version(self) -> Version:
        """What lies on the desk."""
        return self.versions[self.current] if self.versions else Version("", "", "")

    @property
    def text(self) -> str:
        return self.version.text

    @property
    def chosen(self) -> int:
        """The candidate that is on the desk, -1 when none of them is."""
        return next((i for i, one in enumerate(self.candidates) if one.text == self.text), -1)

    @property
    def given(self) -> int:
        """How many characters of the text the user gave before a model went on."""
        return max((len(beginning) for beginning in self.beginnings if self.text.startswith(beginning)), default=0)

    @property
    def reading(self) -> Reading:
        """Of the text on the desk, or where that is no music, of the last one that is."""
        here = read(self.text)
        return read(self.readable) if here.score is None and self.readable else here

    def remember_given(self, beginnings: Iterable[str]) -> None:
        """What the user gave of tunes that lie here now; what no version begins with any more is forgotten."""
        known = self.beginnings.union(beginnings)
        self.beginnings = {one for one in known if any(version.text.startswith(one) for version in self.versions)}

    def take(self, candidates: Sequence[Version]) -> None:
        """Tunes that came together: all are kept, and the first lies on the desk."""
        self.candidates = list(candidates)
        self.versions += candidates[1:]
        self.keep(candidates[0])
        self.revision += 1

    def edit(self, text: str) -> None:
        """A new version that the editor already shows."""
        if text != self.text:
            self.keep(Version("Edited", text, self.version.model))

    def choose(self, index: int) -> None:
        """Lays a candidate on the desk."""
        chosen = self.candidates[index]
        places = [place for place, version in enumerate(self.versions) if version == chosen]
        if places:
            self.go_to(places[-1])
        else:  # so much was made since that it is forgotten
            self.keep(chosen)
            self.revision += 1

    def keep(self, version: Version) -> None:
        if self.current >= 0:
            self.undo_stack.append(self.current)
        self.redo_stack.clear()
        self.versions.append(version)
        self.lay(len(self.versions) - 1)
        self.forget_oldest()

    def go_to(self, index: int) -> None:
        """An earlier version, as a step that can be undone."""
        if index != self.current:
            self.undo_stack.append(self.current)
            self.redo_stack.clear()
            self.show(index)

    def undo(self) -> None:
        if self.undo_stack:
            self.redo_stack.append(self.current)
            self.show(self.undo_stack.pop())

    def redo(self) -> None:
        if self.redo_stack:
            self.undo_stack.append(self.current)
            self.show(self.redo_stack.pop())

    def show(self, index: int) -> None:
        self.lay(index)
        self.revision += 1

    def lay(self, index: int) -> None:
        self.current, self.selected = index, NOTHING
        if read(self.text).score is not None:
            self.readable = self.text

    def forget_oldest(self) -> None:
        """Keeps ``MAX_VERSIONS``."""
        surplus = len(self.versions) - MAX_VERSIONS
        if surplus > 0:
            del self.versions[:surplus]
            self.current -= surplus
            self.undo_stack = [i - surplus for i in self.undo_stack if i >= surplus]
            self.redo_stack = [i - surplus for i in self.redo_stack if i >= surplus]
