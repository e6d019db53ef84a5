"""How much of a melody is in the tunes that a model learnt from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.base import CorpusRoot, Json, app, say, write_files
from core.data.corpora import EMBEDDED
from core.errors import InputError


@app.command()
def originality(
    piece: Annotated[
        Path | None, typer.Argument(help="A .mid, .musicxml, .abc or .krn file; its melody is taken.")
    ] = None,
    corpus: Annotated[str, typer.Option(help="Whose training tunes to look in.")] = EMBEDDED,
    build: Annotated[str | None, typer.Option(help="Make the index of a corpus anew, instead.")] = None,
    corpus_root: CorpusRoot = None,
    as_json: Json = False,
) -> None:
    """Look for the passages of a piece in the training tunes of a corpus."""
    if (piece is None) == (build is None):
        raise InputError("Give a piece to look at, or --build and a corpus to make the index of.")
    if piece is not None:
        say(facts_of(piece, corpus, as_json), as_json)
    elif build is not None:
        say(build_file(build, corpus_root), as_json)


def build_file(corpus: str, corpus_root: Path | None) -> dict[str, object]:
    """Writes the index of a corpus to where it is looked for, and says what it holds."""
    from core.evaluation.originality.build import build_index
    from core.evaluation.originality.index import index_path, index_to_bytes

    index = build_index(corpus, corpus_root)
    path, data = index_path(corpus), index_to_bytes(index)
    write_files({path: data})
    usual = {"longest": index.usual.longest, "shares": index.usual.shares}
    return {"name": corpus, "num_tunes": len(index.ids), "bytes": len(data), **usual, "written": str(path)}


def facts_of(piece: Path, corpus: str, as_json: bool) -> dict[str, object]:
    """What is found of the melody in a file; notes are counted from 1, first and last included."""
    import time

    from core.evaluation.originality import in_words, load_index
    from core.evaluation.originality import originality as look
    from core.files import read_bytes
    from core.notation import written_melody

    index = load_index(corpus)
    if index is None:
        raise InputError(
            f"There is no index of the training tunes of {corpus!r}; choose another corpus, or --build it."
        )
    melody = written_melody(read_bytes(piece), piece.name)
    began = time.perf_counter()
    found = look(melody, index)
    seconds = round(time.perf_counter() - began, 4)
    facts: dict[str, object] = {
        "corpus": corpus,
        "num_notes": found.num_notes,
        "longest": found.longest,
        "passage": ends(found.passage),
        "tune": found.tune,
        "tune_id": found.tune_id,
        "tune_passage": ends(found.tune_passage),
        "num_tunes": found.num_tunes,
        "shares": {str(n): round(share, 4) for n, share in found.shares.items()},
        "usual": index.usual.range_of(found.num_notes),
        "usual_shares": {str(n): share for n, share in index.usual.shares.items()},
        "seconds": seconds,
    }
    return facts if as_json else {**facts, "in words": in_words(found, index)}


def ends(passage: range) -> list[int]:
    """The first and the last note, counted from 1; empty for none."""
    return [passage.start + 1, passage.stop] if passage else []
