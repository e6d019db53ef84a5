"""What a melody has in common with the tunes that its model was trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.evaluation.originality.fingerprints import Ints
from core.evaluation.originality.index import MIN_NOTES, Index
from core.score import Score, quoted

NGRAMS = (8, 12, 16)
NOTHING = range(0)


@dataclass(frozen=True)
class Originality:
    """Counted in notes; the passage of n notes is n - 1 intervals and the durations between their onsets."""

    num_notes: int
    """that were looked at"""
    passage: range
    """the first of the longest passages that stand in a training tune; empty: none of ``MIN_NOTES`` does"""
    tune_id: str
    tune: str
    """the title of the first tune that has it"""
    tune_passage: range
    """where the passage is in that tune"""
    num_tunes: int
    """tunes that have it: a turn of phrase is in many"""
    shares: dict[int, float]
    """by n: the share of the melody's n-grams that some training tune has, for n up to its length"""
    num_given: int = 0
    """the first notes, which were not looked at"""

    @property
    def longest(self) -> int:
        """Notes of the longest shared passage, 0 for none."""
        return len(self.passage)


def originality(score: Score, index: Index, num_given: int = 0) -> Originality:
    """What ``score``, a monophonic melody in note values, has in common with the training tunes in ``index``.

    Its first ``num_given`` notes, which a user gave, are not looked at: a tune that is continued is no copy of itself.
    """
    shared = index.shared(replace(score, notes=score.notes[num_given:]))
    num_notes, length, shares = len(shared), int(shared.max(initial=0)), ngram_shares(shared)
    if not length:
        return Originality(num_notes, NOTHING, "", "", NOTHING, 0, shares, num_given)
    start = num_given + int(shared.argmax())
    passage = range(start, start + length)
    places = index.where(score, passage)
    tune, notes = places[0]
    num_tunes = len({tune for tune, _ in places})
    return Originality(num_notes, passage, index.ids[tune], index.titles[tune], notes, num_tunes, shares, num_given)


def ngram_shares(shared: Ints) -> dict[int, float]:
    """For each of ``NGRAMS`` that fits, how many of the n-grams are shared, of all; ``shared`` is ``Index.shared``."""
    starts = {n: shared[: len(shared) - n + 1] for n in NGRAMS if n <= len(shared)}
    return {n: float(np.mean(some >= n)) for n, some in starts.items()}


def longest_within(shared: Ints, length: int) -> list[int]:
    """The longest shared passage of every ``length`` notes in a row, excerpts that do not overlap."""
    left = length - np.arange(length)
    cut = (np.minimum(shared[start : start + length], left) for start in range(0, len(shared) - length + 1, length))
    return [int(np.where(notes >= MIN_NOTES, notes, 0).max()) for notes in cut]


def in_words(found: Originality, index: Index) -> str:
    """A sentence that tells people what ``originality`` found."""
    low, high = index.usual.range_of(found.num_notes) or (0, 0)
    usual = f"people's own tunes share {low} to {high}" if low else f"people's own tunes share up to {high}"
    aside = "" if index.timed else ", rhythm aside,"
    after = "After the notes given, " if found.num_given else ""
    if high and found.longest > high:
        said = f"{after}a passage of {found.longest} notes{aside} is in the training tunes, in {named(found)}; {usual}."
    elif found.longest:
        nearest = "tune is" if found.num_tunes == 1 else "tunes are"
        said = (
            f"{after}no passage longer than {found.longest} notes{aside} is in the training tunes"
            f"{f' ({usual})' if high else ''}; the nearest {nearest} {named(found)}."
        )
    else:
        said = f"{after}no passage of {MIN_NOTES} notes{aside} is in the training tunes{f' ({usual})' if high else ''}."
    return said[0].upper() + said[1:]


def named(found: Originality) -> str:
    """The tune by its title, and how many others have the passage."""
    more = found.num_tunes - 1
    return quoted(found.tune) + (f" and {more:,} more" if more else "")
