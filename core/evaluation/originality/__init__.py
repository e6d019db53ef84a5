"""What a melody has in common with the tunes that its model learnt from: the longest passages, and how many.

A passage is shared where the intervals and the durations from onset to onset are the same, in any key and in whole,
half or double note values; a rhythm alone is nobody's, so that a recoloured tune does not count as a copy.
"""

from core.evaluation.originality.copied import NGRAMS, Originality, in_words, originality
from core.evaluation.originality.excerpt import excerpt
from core.evaluation.originality.index import DamagedIndexError, Index, Usual, load_index

__all__ = [
    "NGRAMS",
    "DamagedIndexError",
    "Index",
    "Originality",
    "Usual",
    "excerpt",
    "in_words",
    "load_index",
    "originality",
]
