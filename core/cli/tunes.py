"""The command that measures how many of a model's tunes are legal ABC."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.cli.base import CorpusRoot, Json, app, say, write_files


@app.command()
def tunes(
    name: Annotated[str, typer.Argument(help="A model that writes tunes character by character.")],
    num: Annotated[int, typer.Option(min=1, max=1000, help="Tunes at each temperature, free and legal.")] = 100,
    temperature: Annotated[list[float] | None, typer.Option(min=0.1, max=2.0, help="May be given again.")] = None,
    corpus_root: CorpusRoot = None,
    checkpoint_root: Annotated[
        Path | None, typer.Option(help="Folder of the trained models; the figures go there as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Have a model write tunes, and count those whose bars add up, beside people's."""
    import torch

    from core.checkpoint import CHECKPOINTS, TUNES, load_checkpoint
    from core.data.corpora import pieces_of
    from core.evaluation.tunes import TEMPERATURES, TuneFigures, figures_to_csv, tune_figures
    from core.tunes import tune_codec

    def tell(row: TuneFigures) -> None:
        who = "people" if row.temperature is None else f"temperature {row.temperature:g}"
        sys.stderr.write(f"{who}{', legal only' * row.legal_only}: {row.legal:.1%} legal\n")

    torch.set_num_threads(1)  # a step of these networks is slower on two, and rounds otherwise
    root = checkpoint_root or CHECKPOINTS
    checkpoint = load_checkpoint(name, root)
    tune_codec(checkpoint)
    card = checkpoint.card
    train, held_out = (
        [piece.text for piece in pieces_of(card.corpus, split, corpus_root)] for split in ("train", "valid")
    )
    rows = tune_figures(checkpoint, train, held_out, num, temperature or TEMPERATURES, tell)
    write_files({root / card.name / TUNES: figures_to_csv(rows)})
    say([asdict(row) for row in rows], as_json)
