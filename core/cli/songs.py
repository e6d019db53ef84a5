"""The command that measures whether a model's songs hold together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.cli.base import CorpusRoot, Json, app, say, write_files
from core.errors import InputError

EVERY = 10  # songs between two words about progress


@app.command()
def songs(
    name: Annotated[str | None, typer.Argument(help="A model that writes step by step.")] = None,
    num: Annotated[int, typer.Option(min=1, max=200, help="Songs to write; people's are 200 whatever it is.")] = 200,
    table: Annotated[bool, typer.Option(help="The distances of all models that were measured.")] = False,
    corpus_root: CorpusRoot = None,
    checkpoint_root: Annotated[
        Path | None, typer.Option(help="Folder of the trained models; the figures go there as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Have a model write songs from nothing, and measure how far they are from people's songs."""
    from core.checkpoint import CHECKPOINTS, list_cards
    from core.data.corpora import EMBEDDED
    from core.evaluation.song_board import compare, facts_of, songs_table

    if not name and not table:
        raise InputError("Give the name of a model to measure, or --table to see what was measured.")
    root = checkpoint_root or CHECKPOINTS
    if name:
        measured, corpus = measure(name, num, corpus_root, root)
        cards = [card for card in list_cards(root) if table or card.name == measured]
    else:
        corpus, cards = EMBEDDED, list_cards(root)
    compared = compare(cards, root, corpus)
    if not compared:
        raise InputError(f"No songs were measured in {root}; name a model to begin with.")
    if table and not as_json:
        sys.stdout.write(songs_table(compared))
    else:
        say([facts_of(one) for one in compared], as_json)


def measure(name: str, num: int, corpus_root: Path | None, root: Path) -> tuple[str, str]:
    """Writes the figures of people's songs and of ``num`` of a model; gives the model's full name and its corpus."""
    import torch

    from core.checkpoint import SONGS, load_checkpoint
    from core.continuation import step_codec
    from core.evaluation.songs import (
        figures_of,
        figures_to_csv,
        human_figures,
        human_file,
        human_songs,
        write_songs,
    )

    torch.set_num_threads(1)  # a step of these networks is slower on two, and rounds otherwise
    checkpoint = load_checkpoint(name, root)
    card = checkpoint.card
    people = human_songs(step_codec(checkpoint), card.corpus, corpus_root)
    write_files({human_file(root, card.corpus): figures_to_csv(human_figures(people))})
    written = []
    for song in write_songs(checkpoint, people.reference[:num]):
        written.append(song)
        if len(written) % EVERY == 0:
            sys.stderr.write(f"{len(written)} of {num} songs\n")
    write_files({root / card.name / SONGS: figures_to_csv(figures_of(written))})
    return card.name, card.corpus
