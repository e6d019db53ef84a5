"""How far what models write is from what people write, beside how far people are from one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from core.checkpoint import SONGS, ModelCard
from core.evaluation.board import as_markdown
from core.evaluation.song_form import FIGURES
from core.evaluation.songs import human_file, load_figures
from core.evaluation.wasserstein import Distance, distance

PEOPLE = "people"


class Compared(NamedTuple):
    """Songs of one writer, and how far each of their FIGURES is from that of the reference."""

    name: str
    """of a checkpoint, or PEOPLE"""
    title: str
    figures: pd.DataFrame
    distances: dict[str, Distance | None]
    """None where no song has the figure"""

    @property
    def too_short(self) -> int:
        """Songs that one of the figures, at least, leaves out."""
        return int(self.figures[list(FIGURES)].isna().any(axis=1).sum())


def compare(cards: Iterable[ModelCard], root: Path, corpus: str) -> list[Compared]:
    """Other people's songs first, then those of each model of ``corpus`` whose songs were measured.

    Empty where no songs were. Raises ``InputError`` when a table is damaged.
    """
    if not human_file(root, corpus).exists():
        return []
    people = load_figures(human_file(root, corpus), "reference")
    reference = people[people["reference"] == 1]
    writers = [(PEOPLE, "Other people", people[people["reference"] == 0])]
    for card in cards:
        path = root / card.name / SONGS
        if card.corpus == corpus and path.exists():
            writers.append((card.name, card.title, load_figures(path)))
    return [Compared(*writer, distances(writer[2], reference)) for writer in writers]


def distances(written: pd.DataFrame, reference: pd.DataFrame) -> dict[str, Distance | None]:
    """The Wasserstein-1 distance of each of FIGURES, over the songs that have it."""
    return {
        name: distance(written[name].dropna().to_numpy(float), reference[name].dropna().to_numpy(float))
        for name in FIGURES
    }


def closest(compared: Sequence[Compared]) -> dict[str, str]:
    """The model that comes closest to people, for each figure that one has."""
    found: dict[str, str] = {}
    for name in FIGURES:
        known = {one.name: of.value for one in compared if one.name != PEOPLE and (of := one.distances[name])}
        if known:
            found[name] = min(known, key=known.__getitem__)
    return found


def as_text(distance: Distance | None) -> str:
    return f"{distance.value:.3f} [{distance.low:.3f}, {distance.high:.3f}]" if distance else ""


def songs_table(compared: Sequence[Compared]) -> str:
    """Distances with their 95 % intervals as Markdown, a row a writer."""
    head = ["songs of", "songs", "ended", *(figure.title.lower() for figure in FIGURES.values())]
    lines = [head, ["---"] * len(head)]
    for one in compared:
        name = one.name if one.name == PEOPLE else f"`{one.name}`"
        counts = (len(one.figures), int(one.figures["ended"].sum()))
        lines.append([name, *map(str, counts), *map(as_text, one.distances.values())])
    return as_markdown(lines)


def facts_of(one: Compared) -> dict[str, Any]:
    """The same of one writer, as a value that JSON can hold: (distance, low, high) of each figure."""
    return {
        "name": one.name,
        "num_songs": len(one.figures),
        "num_ended": int(one.figures["ended"].sum()),
        "num_too_short": one.too_short,
        **{name: of and [round(value, 4) for value in of] for name, of in one.distances.items()},
    }
