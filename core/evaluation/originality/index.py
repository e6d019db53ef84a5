"""The training tunes of a corpus as fingerprints, in which shared passages are found.

An index holds no notes, only hashes of every few steps in a row, cut to 24 bits, and the tunes' names. That is no
cipher, and need not be one: it lets an installation that lacks a corpus recognise what comes from it, not play it.

Shapes: T notes of a melody, P tunes, N fingerprints of them all.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from core.data.cache import load_arrays
from core.data.corpora import CORPORA
from core.errors import InputError
from core.evaluation.originality.fingerprints import BITS, ORDER, Ints, fingerprints, steps
from core.evaluation.originality.suffixes import END, Suffixes
from core.score import Score

INDEXES = Path(__file__).parent
SAME_MUSIC = {"maestro-by-file": "maestro"}
"""corpora that share the index of another, which holds the same music, split otherwise"""
MIN_NOTES = ORDER + 2
"""of a shared passage: two fingerprints, since one alone may be met by accident"""
STRETCHES = (1.0, 0.5, 2.0)
"""A melody in half or double note values is the same melody; a tapped rhythm may be written in any of them."""


class DamagedIndexError(InputError):
    """An index that cannot be read."""


@dataclass(frozen=True)
class Usual:
    """What held-out tunes, which people wrote, share with the training tunes."""

    longest: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """by the length of an excerpt in notes: 5 %, 50 % and 95 % quantiles of the longest shared passage"""
    shares: dict[int, float] = field(default_factory=dict)
    """by n: the mean share of n-grams, n notes in a row, that are found"""

    def range_of(self, num_notes: int) -> tuple[int, int] | None:
        """(low, high) of the longest passage that nine in ten excerpts about so long share, if there were enough."""
        lengths = [length for length in self.longest if length <= num_notes] or [min(self.longest, default=0)]
        low, _, high = self.longest.get(max(lengths), (0, 0, 0))
        return (low, high) if high else None


@dataclass(frozen=True, eq=False)
class Index:
    """Read-only; shared by all who ask."""

    corpus: str
    timed: bool
    """whether steps have durations; those of a performance are no note values, and nobody repeats them"""
    prints: Ints  # (N,), tune after tune
    ends: Ints  # (P,): where each tune's fingerprints end
    ids: tuple[str, ...]
    titles: tuple[str, ...]
    usual: Usual = Usual()

    @classmethod
    def of(cls, corpus: str, timed: bool, tunes: Sequence[tuple[str, str, Score]]) -> Self:
        """Of (id, title, melody) each."""
        prints = [fingerprints(steps(score, timed)) for _, _, score in tunes]
        ends = np.cumsum([len(some) for some in prints], dtype=np.int64)
        ids, titles, _ = zip(*tunes, strict=True) if tunes else ((), (), ())
        return cls(corpus, timed, np.concatenate([np.zeros(0, np.int64), *prints]), ends, ids, titles)

    @cached_property
    def starts(self) -> Ints:
        """(P,) Where each tune begins in the text that is searched: END stands behind each."""
        return np.append(0, self.ends[:-1])[: len(self.ends)] + np.arange(len(self.ends))

    @cached_property
    def suffixes(self) -> Suffixes:
        return Suffixes.of(np.insert(self.prints, self.ends, END))

    @property
    def stretches(self) -> tuple[float, ...]:
        return STRETCHES if self.timed else STRETCHES[:1]

    def shared(self, score: Score) -> Ints:
        """(T,) How many notes of a melody, from each on, are a passage of a training tune; 0 where it is too short."""
        found = np.zeros(len(score.notes), dtype=np.int64)
        for stretch in self.stretches:
            prints = fingerprints(steps(score, self.timed, stretch))
            notes = self.suffixes.longest(prints) + ORDER
            found[: len(notes)] = np.maximum(found[: len(notes)], np.where(notes >= MIN_NOTES, notes, 0))
        return found

    def where(self, score: Score, passage: range) -> list[tuple[int, range]]:
        """(tune, its notes) of every place that holds ``passage`` of a melody, in the order of the tunes."""
        found = []
        for stretch in self.stretches:
            here = steps(score, self.timed, stretch)[passage.start : passage.stop - 1]
            places = self.suffixes.where(fingerprints(here))
            tunes = np.searchsorted(self.starts, places, "right") - 1
            first = places - self.starts[tunes]
            found += [
                (tune, range(note, note + len(passage)))
                for tune, note in zip(tunes.tolist(), first.tolist(), strict=True)
            ]
        return sorted(found, key=lambda place: (place[0], place[1].start))


def index_path(corpus: str, root: Path | None = None) -> Path:
    return (root or INDEXES) / f"{SAME_MUSIC.get(corpus, corpus)}.npz"


def index_to_bytes(index: Index) -> bytes:
    """The file of an index; the same index gives the same bytes."""
    facts = {"corpus": index.corpus, "timed": index.timed, "ids": index.ids, "titles": index.titles}
    text = json.dumps({**facts, **asdict(index.usual)}, ensure_ascii=False)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        prints=np.ascontiguousarray(index.prints.astype("<u4")).view(np.uint8).reshape(-1, 4)[:, : BITS // 8],
        lengths=np.diff(index.ends, prepend=0).astype("<u2"),
        facts=np.frombuffer(text.encode(), dtype=np.uint8),
    )
    return file.getvalue()


def load_index(corpus: str, root: Path | None = None) -> Index | None:
    """The index of a corpus' training tunes; None where there is none. Raises ``DamagedIndexError``."""
    path = index_path(corpus, root)
    return read_index(path) if corpus in CORPORA and path.is_file() else None


@lru_cache(maxsize=len(CORPORA))
def read_index(path: Path) -> Index:
    """The index in a file, ready to be searched. Raises ``DamagedIndexError``."""
    try:
        stored = load_arrays(path)
        facts: dict[str, Any] = json.loads(stored["facts"].tobytes())
        padded = np.zeros((len(stored["prints"]), 4), dtype=np.uint8)
        padded[:, : BITS // 8] = stored["prints"]
        index = Index(
            corpus=facts["corpus"],
            timed=facts["timed"],
            prints=padded.view("<u4")[:, 0].astype(np.int64),
            ends=np.cumsum(stored["lengths"], dtype=np.int64),
            ids=tuple(facts["ids"]),
            titles=tuple(facts["titles"]),
            usual=Usual(
                {int(length): tuple(quantiles) for length, quantiles in facts["longest"].items()},
                {int(n): float(share) for n, share in facts["shares"].items()},
            ),
        )
        if not len(index.ids) == len(index.titles) == len(index.ends) or index.ends[-1] != len(index.prints):
            raise ValueError("fingerprints of other tunes")
        _ = index.suffixes
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedIndexError(
            f"The index of the training tunes in {path.name} is damaged; restore it, or build it again: "
            f"python -m core originality --build {path.stem}."
        ) from error
    return index
