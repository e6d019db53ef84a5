"""What each family of models is trained and measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor
from torch.utils.data import Dataset

from core.codecs import Codec, StepCodec
from core.codecs.steps import is_regular
from core.data.corpora import performers_of
from core.data.windows import BeatDataset, StepDataset
from core.score import Score

Items = Dataset[tuple[Tensor, Tensor]]
CLEAN, CLAPPED = "clean", "clapped"


class Slices(NamedTuple):
    """Training data: every visit to an item shows another slice of a piece."""

    dataset: Items
    lengths: list[int]
    """(N,) tokens of each item, at most"""


def kept(codec: Codec, scores: Sequence[Score]) -> list[Score]:
    """The pieces that a codec carries whole."""
    return [score for score in scores if is_regular(score)] if isinstance(codec, StepCodec) else list(scores)


def training_slices(
    codec: Codec, corpus: str, scores: Sequence[Score], length: int, transposed: float, common_key: bool = False
) -> Slices:
    """Slices of at most ``length`` tokens, so many of each piece as its own length deserves.

    A share ``transposed`` of them is in any key, or all are in one ``common_key``.
    """
    scores = kept(codec, scores)
    sizes = [num_tokens(codec, score) for score in scores]
    places = [i for i, size in enumerate(sizes) for _ in range(num_slices(size, length))]
    scores, lengths = [scores[i] for i in places], [min(sizes[i], length) for i in places]
    if isinstance(codec, StepCodec):
        return Slices(StepDataset(scores, codec, length, transposed=transposed, common_key=common_key), lengths)
    return Slices(BeatDataset(scores, performers_of(corpus).training, length, transposed=transposed), lengths)


def validation_sets(
    codec: Codec, corpus: str, scores: Sequence[Score], common_key: bool = False
) -> Mapping[str, Items]:
    """Whole pieces, always the same: as the corpus has them and, for models of a rhythm, as a person claps them."""
    scores = kept(codec, scores)
    if isinstance(codec, StepCodec):
        return {CLEAN: StepDataset(scores, codec, common_key=common_key)}
    performers = performers_of(corpus)
    return {CLEAN: BeatDataset(scores, performers.clean), CLAPPED: BeatDataset(scores, performers.clapped)}


def num_tokens(codec: Codec, score: Score) -> int:
    return len(codec.encode(score).tokens) if isinstance(codec, StepCodec) else len(score.notes)


def num_slices(size: int, length: int) -> int:
    """How many random slices of a piece an epoch shows, so that a long one is seen as much as its tokens deserve."""
    return max(1, round(size / length))
