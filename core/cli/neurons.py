"""The command that shows what goes on in a model while it reads a piece."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.base import Json, Name, app, rounded, say, write_files
from core.errors import InputError

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint
    from core.inspection import Subject, Trace

ENDINGS = (".html", ".npz")


@app.command()
def neurons(
    name: Name,
    piece: Annotated[
        Path, typer.Option(help="A .mid, .musicxml, .abc or .krn file; a model of melodies reads its melody.")
    ],
    out: Annotated[Path, typer.Option(help="A page to look at, .html, or all arrays, .npz.")],
    layer: Annotated[str | None, typer.Option(help="Of the page; default: the one with most units.")] = None,
    unit: Annotated[int | None, typer.Option(min=0, help="Of the layer; default: the one that varies most.")] = None,
    length: Annotated[int | None, typer.Option(min=1, help="Read no more than the first so many tokens.")] = None,
    as_json: Json = False,
) -> None:
    """Show what every unit, gate and attention head of a model does while it reads a piece."""
    from core.checkpoint import load_checkpoint
    from core.inspection import trace

    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"Files ending in {out.suffix or 'nothing'} cannot be written; use {' or '.join(ENDINGS)}.")
    checkpoint = load_checkpoint(name)
    read = subject_in(checkpoint, piece)
    read = read.cut(length) if length else read
    traced = trace(checkpoint, read.encoded)
    layer, unit = choose(traced, layer, unit)
    is_page = out.suffix.lower() == ".html"
    write_files(
        {out: page(read, traced, layer, unit, checkpoint.card.title) if is_page else traced.to_npz(read.labels)}
    )
    say(
        {
            "name": checkpoint.card.name,
            "num_tokens": len(read.labels),
            "nll": rounded(traced.surprise.mean().item()),
            "layers": {of: values.shape[1] for of, values in traced.layers.items()},
            "layer": layer,
            "unit": unit,
            "written": str(out),
        },
        as_json,
    )


def subject_in(checkpoint: Checkpoint, path: Path) -> Subject:
    """The piece in a file: ABC's text for a model that reads characters, all notes for one of the piano, or its melody.

    Raises ``InputError``.
    """
    from core.codecs import AbcCharsCodec
    from core.files import check, ending, read_bytes, read_score
    from core.formats.abc_notation import split_tunes
    from core.inspection import reads_all_notes, subject
    from core.notation import written_melody

    data = read_bytes(path)
    if ending(path.name) == ".abc" and isinstance(checkpoint.codec, AbcCharsCodec):
        check(data, path.name, (".abc",))
        text = data.decode("utf-8", errors="replace")
        return subject(checkpoint, next(iter(split_tunes(text)), text).strip())
    read_music = read_score if reads_all_notes(checkpoint.codec) else written_melody
    return subject(checkpoint, read_music(data, path.name))


def choose(traced: Trace, layer: str | None, unit: int | None) -> tuple[str, int]:
    """The layer and unit asked for; raises ``InputError`` when they are none of the model's."""
    layer = layer or max(traced.layers, key=lambda name: traced.layers[name].shape[1])
    if layer not in traced.layers:
        raise InputError(f"This model has no layer {layer!r}; choose one of: {', '.join(traced.layers)}.")
    values = traced.layers[layer]
    unit = int(values.std(dim=0, correction=0).argmax()) if unit is None else unit
    if unit >= values.shape[1]:
        raise InputError(f"There is no unit {unit} in the layer {layer!r}; choose one from 0 to {values.shape[1] - 1}.")
    return layer, unit


def page(read: Subject, traced: Trace, layer: str, unit: int, title: str) -> bytes:
    """A page that needs nothing else: one unit over the text of the piece, and the whole layer over time."""
    from html import escape

    from core.render.activations import layer_map, scale_of, text_grid

    values = traced.layers[layer].numpy()
    one, scale = values[:, unit], scale_of(values)
    figures = [
        (f"Unit {unit} of {layer}", text_grid(read.labels, one, scale_of(one))),
        (f"All units of {layer}", layer_map(read.labels, values, scale)),
    ]
    parts = [
        f"<h2>{escape(heading)}</h2>{figure.to_html(full_html=False, include_plotlyjs=place == 0)}"
        for place, (heading, figure) in enumerate(figures)
    ]
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
    style = "<style>body{font-family:sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem}</style>"
    return f"{head}{style}<h1>{escape(title)}</h1>{''.join(parts)}</html>\n".encode()
