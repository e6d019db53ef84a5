"""What a network is trained and measured on: how the pieces of a corpus become tokens, by codec."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from torch.utils.data import Dataset

from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, Codec, PianoCodec, PianoRollCodec, StepCodec
from core.codecs.fields import NUM_FIELDS
from core.codecs.steps import is_regular
from core.data.corpora import CORPORA, performers_of
from core.data.piano_notes import PianoSlices, PianoStretches
from core.data.piece import Piece
from core.data.rolls import RollDataset, num_frames, rows_of_piece
from core.data.tune_texts import TuneDataset, tune_text
from core.data.two_hands import Arrangements, ArrangementSlices, events_of
from core.data.windows import BeatDataset, Item, StepDataset

Items = Dataset[Item]
CLEAN, CLAPPED = "clean", "clapped"
AnyCodec = TypeVar("AnyCodec", bound=Codec)


class Slices(NamedTuple):
    """Training data: every visit to an item shows another slice of a piece."""

    dataset: Items
    lengths: list[int]
    """(N,) tokens of each item, at most"""


class Shown(NamedTuple):
    """How pieces are shown in training; see ``TrainingSettings``."""

    length: int
    """tokens, at most"""
    transposed: float = 0.0
    common_key: bool = False
    looped: float = 0.0


class Source(ABC, Generic[AnyCodec]):
    """How a corpus is read for one codec."""

    def __init__(self, codec: AnyCodec, corpus: str) -> None:
        self.codec, self.corpus = codec, corpus

    def fitted(self, pieces: Sequence[Piece]) -> Codec:
        """The codec that training on ``pieces`` takes, where it is made for them."""
        return self.codec

    def keeps(self, piece: Piece) -> bool:
        """Whether the codec carries the piece whole."""
        return bool(piece.score.notes)

    @property
    def varies(self) -> str:
        """What differs from one visit to a piece to the next, besides its key."""
        return "slice"

    @abstractmethod
    def num_tokens(self, piece: Piece) -> int: ...

    def tokens(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """What trivial models are told of pieces: no condition."""
        whole = self.held_out([piece for piece in pieces if self.keeps(piece)], common_key=False)[CLEAN]
        return [whole[i].tokens.tolist() for i in range(len(whole))]  # type: ignore[arg-type]

    @abstractmethod
    def shown(self, pieces: Sequence[Piece], how: Shown) -> Items:
        """Slices, drawn anew at each visit."""

    @abstractmethod
    def held_out(self, pieces: Sequence[Piece], common_key: bool) -> dict[str, Items]:
        """Whole pieces, always the same, in one way or several."""


class Beats(Source[BeatCodec]):
    @property
    def varies(self) -> str:
        return "tempo and slice" if CORPORA[self.corpus].performed else "tempo, timing, articulation and slice"

    def num_tokens(self, piece: Piece) -> int:
        return len(piece.score.notes)

    def shown(self, pieces: Sequence[Piece], how: Shown) -> Items:
        performer = performers_of(self.corpus).training
        return BeatDataset([piece.score for piece in pieces], performer, how.length, transposed=how.transposed)

    def held_out(self, pieces: Sequence[Piece], common_key: bool) -> dict[str, Items]:
        """As the corpus has them, and as a person claps them."""
        performers, scores = performers_of(self.corpus), [piece.score for piece in pieces]
        return {CLEAN: BeatDataset(scores, performers.clean), CLAPPED: BeatDataset(scores, performers.clapped)}


class Steps(Source[StepCodec]):
    def keeps(self, piece: Piece) -> bool:
        return is_regular(piece.score)

    def num_tokens(self, piece: Piece) -> int:
        return len(self.codec.encode(piece.score).tokens)

    def shown(self, pieces: Sequence[Piece], how: Shown) -> Items:
        scores = [piece.score for piece in pieces]
        return StepDataset(scores, self.codec, how.length, transposed=how.transposed, common_key=how.common_key)

    def held_out(self, pieces: Sequence[Piece], common_key: bool) -> dict[str, Items]:
        return {CLEAN: StepDataset([piece.score for piece in pieces], self.codec, common_key=common_key)}


class Tunes(Source[AbcCharsCodec]):
    """Whole texts, those among them that no program can read."""

    def keeps(self, piece: Piece) -> bool:
        return bool(tune_text(piece))

    def num_tokens(self, piece: Piece) -> int:
        return len(tune_text(piece)) + 1  # and the end

    def shown(self, pieces: Sequence[Piece], how: Shown) -> Items:
        return TuneDataset([tune_text(piece) for piece in pieces], self.codec, how.length, how.transposed, how.looped)

    def held_out(self, pieces: Sequence[Piece], common_key: bool) -> dict[str, Items]:
        return {CLEAN: TuneDataset([tune_text(piece) for piece in pieces], self.codec)}


class PianoNotes(Source[PianoCodec]):
    """Performances note by note."""

    @property
    def varies(self) -> str:
        return "slice and speed"

    def keeps(self, piece: Piece) -> bool:
        return piece.played is not None

    def num_tokens(self, piece: Piece) -> int:
        assert piece.played is not None
        return NUM_FIELDS * len(piece.played) + 2  # the style, and the end

    def shown(self, pieces: Sequence[Piece], how: Shown) -> Items:
        return PianoSlices(pieces, self.codec, how.length, how.transposed)

    def held_out(self, pieces: Sequence[Piece], common_key: bool) -> dict[str, Items]:
        return {CLEAN: PianoStretches(pieces, self.codec)}


class Rolls(Source[PianoRollCodec]):
    """Performances frame by frame."""

    def fitted(self, pieces: Sequence[Piece]) -> Codec:
        return PianoRollCodec.fitted(map(rows_of_piece, pieces), self.codec.frames_per_sec)

    def keeps(self, piece: Piece) -> bool:
        return len(rows_of_piece(piece)) > 0

    def num_tokens(self, piece: Piece) -> int:
        return num_frames(piece, self.codec.frames_per_sec)

    def shown(self, pieces: Sequence[Piece], how: Shown) -> Items:
        return RollDataset(pieces, self.codec, how.length, how.transposed)

    def held_out(self, pieces: Sequence[Piece], common_key: bool) -> dict[str, Items]:
        return {CLEAN: RollDataset(pieces, self.codec)}


class Pairs(Source[ArrangementCodec]):
    """Melodies with their accompaniment."""

    def keeps(self, piece: Piece) -> bool:
        return piece.played is not None and bool(piece.score.notes)

    def num_tokens(self, piece: Piece) -> int:
        return NUM_FIELDS * len(events_of(piece)) + 2  # the texture, and the end

    def shown(self, pieces: Sequence[Piece], how: Shown) -> Items:
        return ArrangementSlices(pieces, self.codec, how.length)

    def held_out(self, pieces: Sequence[Piece], common_key: bool) -> dict[str, Items]:
        return {CLEAN: Arrangements(pieces, self.codec)}


SOURCES: Mapping[str, type[Source[Any]]] = {
    BeatCodec.name: Beats,
    StepCodec.name: Steps,
    AbcCharsCodec.name: Tunes,
    PianoCodec.name: PianoNotes,
    ArrangementCodec.name: Pairs,
    PianoRollCodec.name: Rolls,
}


def source_of(codec: Codec, corpus: str) -> Source[Any]:
    return SOURCES[codec.name](codec, corpus)


def training_slices(
    codec: Codec,
    corpus: str,
    pieces: Sequence[Piece],
    length: int,
    transposed: float,
    common_key: bool = False,
    looped: float = 0.0,
) -> Slices:
    """Slices of at most ``length`` tokens, so many of each piece as its own length deserves.

    A share ``transposed`` of them is in any key, or all are in one ``common_key``; a share ``looped`` of tunes has a
    loop in it.
    """
    source = source_of(codec, corpus)
    pieces = [piece for piece in pieces if source.keeps(piece)]
    sizes = [source.num_tokens(piece) for piece in pieces]
    places = [i for i, size in enumerate(sizes) for _ in range(num_slices(size, length))]
    items = source.shown([pieces[i] for i in places], Shown(length, transposed, common_key, looped))
    return Slices(items, [min(sizes[i], length) for i in places])


def validation_sets(
    codec: Codec, corpus: str, pieces: Sequence[Piece], common_key: bool = False
) -> Mapping[str, Items]:
    """Whole pieces, always the same: as the corpus has them and, for models of a rhythm, as a person claps them."""
    source = source_of(codec, corpus)
    return source.held_out([piece for piece in pieces if source.keeps(piece)], common_key)


def num_slices(size: int, length: int) -> int:
    """How many random slices of a piece an epoch shows, so that a long one is seen as much as its tokens deserve."""
    return max(1, round(size / length))
