"""Rhythms of real tunes, to compose on."""

from __future__ import annotations

import random
from pathlib import Path

from core.beats import Beats, join
from core.data.corpora import CORPORA, EMBEDDED, installed_corpora, pieces_of
from core.rhythm import MAX_NOTES, Rhythm


def draw_beats(corpus: str, seed: int, length: int | None = None, root: Path | None = None) -> Beats:
    """The rhythm of a tune that ``seed`` picks, continued to ``length`` notes by others in its metre.

    Tunes come from the validation split, which no model was trained on; from the embedded corpus where ``corpus`` is
    not installed.
    """
    if corpus not in installed_corpora(root):
        corpus, root = EMBEDDED, None
    tunes = [piece.score for piece in pieces_of(corpus, "valid", root) if piece.score.notes]
    chance = random.Random(seed)
    chosen = [chance.choice(tunes)]
    wanted = min(length or len(chosen[0].notes), MAX_NOTES)
    tunes = [score for score in tunes if score.time_signature == chosen[0].time_signature]
    while sum(len(score.notes) for score in chosen) < wanted:
        chosen.append(chance.choice(tunes))
    joined = join(chosen, wanted)
    return Beats.from_rhythm(Rhythm.from_score(joined)) if CORPORA[corpus].performed else Beats.from_score(joined)
