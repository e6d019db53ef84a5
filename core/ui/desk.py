"""What a visit has made: every version is kept, and any of them can lie on the desk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.beats import Beats, Reading
from core.composition import Composition, reread
from core.project import MAX_VERSIONS
from core.recolour import Original


@dataclass
class Desk:
    """One visit's work; lives in the session alone."""

    versions: list[tuple[str, Composition]] = field(default_factory=list)
    """(what was done, the piece then), the oldest first; nothing is ever taken out but the oldest"""
    current: int = -1
    undo_stack: list[int] = field(default_factory=list)
    redo_stack: list[int] = field(default_factory=list)
    candidates: list[Composition] = field(default_factory=list)
    """of the last composing, for the strip of cards"""
    beats: Beats | None = None
    """the rhythm to compose on next"""
    beats_label: str = ""
    original: Original | None = None
    """the melody that this rhythm was taken from, if there is one"""
    selected: range = range(0)
    """notes picked in the score"""

    @property
    def piece(self) -> Composition | None:
        return self.versions[self.current][1] if self.versions else None

    @property
    def chosen(self) -> int:
        """The candidate that is on the desk, -1 when none of them is."""
        piece = self.piece
        same = (i for i, one in enumerate(self.candidates) if piece and one.pitches == piece.pitches)
        return next(same, -1)

    def lay(self, beats: Beats, label: str, original: Original | None = None) -> None:
        """A rhythm to compose on next; ``original`` is the melody that it was taken from."""
        self.beats, self.beats_label, self.original = beats, label, original

    def read_as(self, reading: Reading, label: str) -> None:
        """Writes the performed rhythm on the desk in another way, and the piece on it, as a step that can be undone.

        Raises ``RhythmError`` when it cannot be written so; then nothing has changed.
        """
        before = self.beats
        if before is None or before.metrical:
            return
        beats = before.read_as(reading)

        def again(piece: Composition) -> Composition:
            length = len(piece.beats)
            return reread(piece, beats.cut(length)) if piece.beats == before.cut(length) else piece

        self.candidates = [again(one) for one in self.candidates]
        self.beats = beats
        if self.piece and (piece := again(self.piece)) != self.piece:
            self.add(label, piece)

    def add(self, label: str, piece: Composition) -> None:
        """A new version, on the desk from now on."""
        if self.versions:
            self.undo_stack.append(self.current)
        self.redo_stack.clear()
        self.versions.append((label, piece))
        self.current = len(self.versions) - 1
        self.forget_oldest()

    def extend(self, versions: Sequence[tuple[str, Composition]], current: int) -> None:
        """Opens ``versions`` of an earlier visit behind those of this one, the one at ``current`` on the desk."""
        first = len(self.versions)
        self.versions += versions
        self.go_to(first + current)
        self.candidates, self.selected = [], range(0)
        self.forget_oldest()

    def present(self, piece: Composition) -> None:
        """``piece`` in the place of the current version: for how it is played, which is no step to undo."""
        self.versions[self.current] = (self.versions[self.current][0], piece)

    def go_to(self, index: int) -> None:
        """An earlier version, as a step that can be undone."""
        if index != self.current:
            if self.current >= 0:
                self.undo_stack.append(self.current)
            self.redo_stack.clear()
            self.lay_version(index)

    def undo(self) -> None:
        self.step(self.undo_stack, self.redo_stack)

    def redo(self) -> None:
        self.step(self.redo_stack, self.undo_stack)

    def step(self, there: list[int], back: list[int]) -> None:
        """Lays the version on top of ``there``; how the piece is called and played stays, and is no step to undo."""
        if there:
            before = self.piece
            back.append(self.current)
            self.lay_version(there.pop())
            after = self.piece
            if before and after and before.beats == after.beats:
                self.present(replace(after, title=before.title, program=before.program, qpm=before.qpm))

    def lay_version(self, index: int) -> None:
        """Version ``index`` on the desk, and its rhythm with it, if that is another one."""
        self.current = index
        piece = self.versions[index][1]
        if not self.is_on_rhythm(piece):
            self.lay(piece.beats, "the rhythm of this version", piece.original)

    def is_on_rhythm(self, piece: Composition) -> bool:
        """Whether ``piece`` was written on the rhythm on the desk, or on its beginning."""
        length = len(piece.beats)
        original = self.original and self.original.cut(length)
        return self.beats is not None and piece.beats == self.beats.cut(length) and piece.original == original

    def forget_oldest(self) -> None:
        """Keeps ``MAX_VERSIONS``, the one on the desk among them."""
        surplus = min(len(self.versions) - MAX_VERSIONS, self.current)
        if surplus > 0:
            del self.versions[:surplus]
            self.current -= surplus
            self.undo_stack = [i - surplus for i in self.undo_stack if i >= surplus]
            self.redo_stack = [i - surplus for i in self.redo_stack if i >= surplus]


def lock(piece: Composition, notes: range, locked: bool) -> Composition:
    """``piece`` with ``notes`` locked, or unlocked."""
    return replace(piece, locked=piece.locked | set(notes) if locked else piece.locked - set(notes))


def bars_around(piece: Composition, notes: range) -> range:
    """The notes of all the bars that ``notes`` begin in."""
    score = piece.beats.written

    def bar(index: int) -> int:
        return math.floor((score.notes[index].onset - score.upbeat) / score.bar_length + 1e-6)

    first, last = bar(notes.start), bar(notes.stop - 1)
    inside = [i for i in range(len(score.notes)) if first <= bar(i) <= last]
    return range(inside[0], inside[-1] + 1)
