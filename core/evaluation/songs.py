"""Songs that a model of steps draws from nothing, and people's songs to hold them against, as tables of figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.checkpoint import Checkpoint
from core.codecs import StepCodec
from core.codecs.steps import is_regular
from core.continuation import step_codec
from core.data.corpora import pieces_of
from core.errors import InputError
from core.evaluation.song_form import FIGURES, bars
from core.generate import blank, generate
from core.sampling import SamplingConfig
from core.score import Score

NUM_SONGS = 200
MAX_STEPS = 1024
"""64 bars of 4/4; one of the 779 held-out folk songs is longer"""
FACTS = ("song", "num_bars", "num_notes", "ended")
SEED = 0


class Song(NamedTuple):
    name: str
    """a piece of the corpus, or the seed"""
    score: Score
    ended: bool = True


class HumanSongs(NamedTuple):
    """Two sets of held-out songs, equally many, that have none in common."""

    reference: list[Song]
    """what models are held against, and whose metres they write in"""
    others: list[Song]
    """how far from the reference people's songs are themselves"""


def human_songs(codec: StepCodec, corpus: str, root: Path | None = None) -> HumanSongs:
    """Twice ``NUM_SONGS`` of the held-out songs that ``codec`` carries whole, as it carries them.

    They are drawn once and for all; of a small corpus there are fewer. Raises ``InputError`` when there are none.
    """
    pieces = [piece for piece in pieces_of(corpus, "valid", root) if is_regular(piece.score)]
    num = min(NUM_SONGS, len(pieces) // 2)
    if not num:
        raise InputError("Too few songs are held out to compare with; give a folder with more music.")
    order = np.random.default_rng(SEED).permutation(len(pieces))[: 2 * num]
    songs = [Song(pieces[i].id, codec.canonical(pieces[i].score)) for i in order]
    return HumanSongs(songs[:num], songs[num:])


def write_songs(checkpoint: Checkpoint, held_out: Sequence[Song]) -> Iterator[Song]:
    """As many songs as there are ``held_out``: song i has seed i, and the metre and upbeat of held-out song i.

    They are drawn as the model has it: from nothing, at temperature 1, nothing ruled out. A song that does not come to
    its end within ``MAX_STEPS`` is cut off there.
    """
    codec = step_codec(checkpoint)
    for seed, (_, score, _) in enumerate(held_out):
        places = codec.places(MAX_STEPS, score.time_signature, score.upbeat)
        made = generate(checkpoint, blank(MAX_STEPS), condition=places, sampling=SamplingConfig(seed=seed))
        yield Song(str(seed), made.score, codec.end_token in made.tokens.tolist())


def figures_of(songs: Iterable[Song]) -> pd.DataFrame:
    """A row a song: FACTS, then FIGURES, NaN where one is not defined. A song that was cut off never came home."""
    rows = []
    for name, score, ended in songs:
        figures = {figure: FIGURES[figure].of(score) for figure in FIGURES}
        if not ended:
            figures["final_on_tonic"] = 0.0
        rows.append((name, len(bars(score)), len(score.notes), int(ended), *figures.values()))
    table = pd.DataFrame(rows, columns=[*FACTS, *FIGURES])
    return table.astype(dict.fromkeys(FIGURES, float))


def human_figures(songs: HumanSongs) -> pd.DataFrame:
    """``figures_of`` both sets, in one table where ``reference`` is 1 for the songs of that set, else 0."""
    sets = [figures_of(songs.reference).assign(reference=1), figures_of(songs.others).assign(reference=0)]
    return pd.concat(sets, ignore_index=True)


def human_file(root: Path, corpus: str) -> Path:
    return root / f"human-songs.{corpus}.csv"


def figures_to_csv(table: pd.DataFrame) -> bytes:
    return table.round(6).to_csv(index=False, lineterminator="\n").encode()


def load_figures(path: Path, *more: str) -> pd.DataFrame:
    """A table that ``figures_to_csv`` wrote, which has the columns ``more`` as well; raises ``InputError``."""
    types = {"song": str, **dict.fromkeys([*FACTS[1:], *more], int), **dict.fromkeys(FIGURES, float)}
    try:
        table = pd.read_csv(path, dtype=types)
        if set(types) - set(table):
            raise ValueError("columns are missing")
    except (OSError, ValueError) as error:
        name = f"{path.parent.name}/{path.name}"
        raise InputError(f"The figures in {name} cannot be read; measure the songs again.") from error
    return table
