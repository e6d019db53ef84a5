"""Commands on models and corpora."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from core.cli.base import CorpusRoot, Json, Name, app, say
from core.errors import InputError

MAX_MINUTES = 100_000


@app.command()
def models(
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option(help="Their figures as tables, one for each kind.")] = False,
) -> None:
    """List the trained models."""
    from core.checkpoint import list_cards
    from core.evaluation.board import tables

    if markdown:
        sys.stdout.write("\n".join(tables(list_cards())))
        return
    facts = ("name", "title", "description", "corpus", "license", "metrics")
    say([{name: getattr(card, name) for name in facts} for card in list_cards()], as_json)


@app.command()
def corpora(
    as_json: Json = False,
    corpus_root: CorpusRoot = None,
    download: Annotated[str | None, typer.Option(help="Fetch a corpus that does not come with the program.")] = None,
) -> None:
    """List the corpora and how many pieces each has, or where to get it."""
    from core.data.corpora import CORPORA, corpus_facts, download_corpus, installed_corpora

    if download:
        say({"name": download, "folder": str(download_corpus(download, corpus_root))}, as_json)
    elif corpus_root and not installed_corpora(corpus_root):
        raise InputError(f"There is no corpus in {corpus_root}; choose the folder that holds one, or several.")
    else:
        say([corpus_facts(name, corpus_root) for name, corpus in CORPORA.items() if corpus.offered], as_json)


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="A recipe; see core/recipes/.")],
    corpus_root: CorpusRoot = None,
    max_minutes: Annotated[float | None, typer.Option(help="Of the whole run, resumed parts included.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE of the network or the training.")] = None,
    checkpoint_root: Annotated[Path | None, typer.Option(help="Where the trained model goes.")] = None,
    begin_with: Annotated[str | None, typer.Option(help="A trained model whose weights a new run begins with.")] = None,
) -> None:
    """Train a model, or go on with a run that was cut short."""
    from core.recipes import find_recipe
    from core.training.loop import train as train_recipe

    if max_minutes is not None and not 0.05 <= max_minutes <= MAX_MINUTES:
        raise InputError(f"The minutes of training must be from 0.05 to {MAX_MINUTES}.")
    recipe = find_recipe(name).changed(set_ or [])
    with redirect_stdout(sys.stderr):  # the progress bar
        card = train_recipe(recipe, corpus_root, max_minutes, checkpoint_root=checkpoint_root, begin_with=begin_with)
    say({"name": card.name, **card.metrics}, as_json=False)


@app.command()
def sweep(
    name: Annotated[str, typer.Argument(help="A recipe; see core/recipes/.")],
    trials: Annotated[int | None, typer.Option(min=1, help="None: each value of each setting once.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Of each trial.")] = 8,
    max_minutes: Annotated[float, typer.Option(min=0.05, help="Of each trial.")] = 4.0,
    storage: Annotated[str | None, typer.Option(help="A database that several machines share; None: a file.")] = None,
    corpus_root: CorpusRoot = None,
    checkpoint_root: Annotated[Path | None, typer.Option(help="Where the table goes.")] = None,
    as_json: Json = False,
) -> None:
    """Study the settings of a recipe: one at a time, then by search."""
    from core.recipes import find_recipe
    from core.training.sweep import sweep as study

    with redirect_stdout(sys.stderr):
        rows = study(
            find_recipe(name), trials, epochs, max_minutes, storage, corpus_root, checkpoint_root=checkpoint_root
        )
    say(rows, as_json)


@app.command()
def evaluate(
    name: Name,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    pieces: Annotated[Path | None, typer.Option(help="A file or folder of your own music.")] = None,
    floors: Annotated[bool, typer.Option(help="Also what trivial models make of the same notes.")] = False,
    corpus_root: CorpusRoot = None,
    as_json: Json = False,
) -> None:
    """How well a model foretells pieces it has not seen."""
    from core.checkpoint import load_checkpoint
    from core.data.corpora import pieces_of
    from core.data.datasets import source_of
    from core.evaluation.floors import floors as trivial_floors
    from core.evaluation.heldout import piece_metrics, read_pieces

    if split not in ("train", "valid", "test"):
        raise InputError("The split must be train, valid or test.")
    checkpoint = load_checkpoint(name)
    corpus = checkpoint.card.corpus
    chosen = read_pieces(pieces) if pieces else pieces_of(corpus, split, corpus_root)
    facts = {"name": checkpoint.card.name, "split": str(pieces or split), **piece_metrics(checkpoint, chosen)}
    if floors:
        source, known = source_of(checkpoint.codec, corpus), pieces_of(corpus, "train", corpus_root)
        facts["floors"] = trivial_floors(source.tokens(known), source.tokens(chosen), checkpoint.codec.bos_token)
    say(facts, as_json)


@app.command()
def bench(as_json: Json = False) -> None:
    """Measure speed on this machine, on one thread."""
    from core.bench import run

    say(run(), as_json)
