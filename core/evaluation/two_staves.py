"""How pieces of a corpus come out on two staves: whether every bar adds up, and how hard they are to read.

``python -m core two-staves CORPUS [--num N] [--seconds S]`` prints it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from core.data.corpora import pieces_of
from core.data.piano import QPM, played_score
from core.data.piece import Piece
from core.errors import InputError
from core.formats.bars import Bar, Symbol
from core.formats.metre import VALUES, bar_units
from core.formats.two_staves import PianoScore, StaffBar, piano_bars
from core.piano import opening
from core.piano_notation import notate_piano
from core.score import Score

KINDS = {"performed": True, "written": False}
"""ways to write a piece down: with beats that are found in what was played, or with those that its score has"""
LENGTHS = {name: length for length, (name, dots) in VALUES.items() if not dots}
"""units of each note value"""
OnPiece = Callable[[str, str], object]
"""told the piece and the way in which it is written next"""


@dataclass
class Written:
    """What was found in the pieces that were written down in one way."""

    pieces: int = 0
    refused: list[str] = field(default_factory=list)
    """why, for each piece that was"""
    notes: int = 0
    bars: int = 0
    """of both staves"""
    unfilled: int = 0
    """bars that have a voice which its notes and rests do not fill end to end"""
    lost: int = 0
    """notes that are not written exactly once"""
    overlaps: int = 0
    """chords that begin before the one before them in their voice ends"""
    voices: int = 0
    """the most on a staff"""
    shortest: str = "breve"
    """the shortest value of a note or rest"""
    seconds: float = 0.0
    """that the writing took"""

    def add(self, written: PianoScore, seconds: float) -> None:
        """Counts a piece."""
        staves = piano_bars(written)
        bars = [voices for staff in staves for voices in staff]
        symbols = list(symbols_of(bars))
        times = Counter(head.note for symbol in symbols for head in symbol.heads if head.last)
        self.pieces += 1
        self.notes += len(written.pitches)
        self.bars += len(bars)
        self.unfilled += sum(not adds_up(voices, written.time_signature) for voices in bars)
        self.lost += sum(times[note] != 1 for note in range(len(written.pitches)))
        self.overlaps += num_overlaps(written)
        self.voices = max(self.voices, *map(len, bars), *map(len, written.staves))
        names = (self.shortest, *(symbol.value[0] for symbol in symbols))
        self.shortest = min(names, key=LENGTHS.__getitem__)
        self.seconds += seconds

    def facts(self) -> dict[str, Any]:
        """The same as a value that JSON can hold."""
        return {
            "pieces": self.pieces,
            "refused": len(self.refused),
            "why": sorted(set(self.refused)),
            "notes": self.notes,
            "bars": self.bars,
            "bars that do not add up": self.unfilled,
            "notes lost or doubled": self.lost,
            "overlaps in a voice": self.overlaps,
            "most voices on a staff": self.voices,
            "shortest value": self.shortest,
            "seconds": round(self.seconds, 1),
        }


def symbols_of(bars: Iterable[StaffBar]) -> Iterator[Symbol]:
    return (symbol for voices in bars for voice in voices for symbol in voice.symbols)


def adds_up(voices: StaffBar, time_signature: tuple[int, int]) -> bool:
    """Whether each voice of a bar begins where the first one does and is filled end to end; a silent one is."""
    return all(voice.start == voices[0].start and is_filled(voice, bar_units(time_signature)) for voice in voices)


def is_filled(voice: Bar, length: int) -> bool:
    starts = [symbol.start for symbol in voice.symbols]
    ends = [symbol.start + symbol.length for symbol in voice.symbols]
    return not voice.symbols or [*starts, length] == [voice.start, *ends]


def num_overlaps(written: PianoScore) -> int:
    """Chords that begin before the one before them in their voice ends."""
    return sum(
        before.end > after.start for staff in written.staves for voice in staff for before, after in pairwise(voice)
    )


def music_of(piece: Piece) -> Score:
    """All the notes of a piece of a corpus: those of its score, and those that are played with them."""
    played = played_score(piece.played).notes if piece.played is not None else ()
    score = piece.score
    return Score(
        (*score.notes, *played), score.qpm if score.notes else QPM, score.time_signature, score.upbeat, score.key
    )


def excerpts(corpus: str, num: int, seconds: float | None, root: Path | None = None) -> list[tuple[str, Score]]:
    """(id, notes) of the first ``seconds`` of ``num`` validation pieces, from all over the corpus; whole ones for None.

    Raises ``InputError``.
    """
    pieces = pieces_of(corpus, "valid", root)
    chosen = [pieces[index * len(pieces) // num] for index in range(num)] if num < len(pieces) else pieces
    scores = [(piece.id, music_of(piece)) for piece in chosen]
    return [(id_, score if seconds is None else opening(score, seconds)) for id_, score in scores]


def measure(
    pieces: Sequence[tuple[str, Score]], kinds: Iterable[str] = KINDS, on_piece: OnPiece | None = None
) -> dict[str, Written]:
    """What is found in (id, notes) of pieces, written down in each of ``kinds``."""
    found = {kind: Written() for kind in kinds}
    for kind, written in found.items():
        for id_, score in pieces:
            if on_piece:
                on_piece(id_, kind)
            began = time.perf_counter()
            try:
                notated = notate_piano(score, performed=KINDS[kind])
            except InputError as error:
                written.refused.append(str(error))
                continue
            written.add(notated, time.perf_counter() - began)
    return found
