"""The commands that play with both hands."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from core.cli import settings
from core.cli.base import CorpusRoot, Json, app, rounded, say, write_files
from core.errors import InputError
from core.files import ending, read_bytes, read_score
from core.piano_files import PIANO_WRITERS, PianoWriter
from core.score import Score

Out = Annotated[list[Path], typer.Option(help="File to write, .mid .musicxml .wav .svg .pdf; may be repeated.")]


@app.command()
def piano(
    model: Annotated[str, typer.Argument(help="A model that plays the piano.")],
    out: Out,
    seconds: Annotated[float, typer.Option(help="Of music to play, behind what is given.")] = 30.0,
    style: Annotated[str, typer.Option(help="A composer, pop, others or any.")] = "any",
    prompt: Annotated[Path | None, typer.Option(help="A MIDI file to go on from.")] = None,
    prompt_seconds: Annotated[float | None, typer.Option(help="Of it only so much; else all.")] = None,
    temperature: settings.Temperature = None,
    top_k: settings.TopK = None,
    top_p: settings.TopP = None,
    echo: settings.Echo = None,
    seed: settings.RandomSeed = None,
    as_json: Json = False,
) -> None:
    """Play the piano, from nothing or on from a performance; settings that are not given are the model's own."""
    from core.checkpoint import load_checkpoint
    from core.piano import opening, write_piano
    from core.sampling.config import chosen_settings

    writers = {path: piano_writer_of(path) for path in out}
    if prompt is None and prompt_seconds is not None:
        raise InputError("There is no file to keep the first seconds of; give --prompt, or leave --prompt-seconds out.")
    checkpoint = load_checkpoint(model)
    chosen = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "echo": echo, "seed": settings.drawn(seed)}
    sampling = chosen_settings(checkpoint.card.sampling, chosen)
    given = read_score(read_bytes(prompt), prompt.name) if prompt else None
    if given and prompt_seconds is not None:
        given = opening(given, prompt_seconds)
    began = time.perf_counter()
    made = write_piano(checkpoint, seconds, sampling, style=style, prompt=given)
    took = time.perf_counter() - began
    write_files({path: write(made.score, True, None) for path, write in writers.items()})
    say(told(checkpoint.card.name, made.sampling.seed, made.score, made.log_likelihood, took, out, as_json), as_json)


@app.command()
def accompany(
    melody: Annotated[Path, typer.Argument(help="A file with a melody, which is kept note for note.")],
    out: Out,
    model: Annotated[str, typer.Option(help="A model that accompanies.")] = "piano-accompaniment",
    texture: Annotated[str, typer.Option(help="calm, flowing, busy or any.")] = "any",
    temperature: settings.Temperature = None,
    top_k: settings.TopK = None,
    top_p: settings.TopP = None,
    echo: settings.Echo = None,
    seed: settings.RandomSeed = None,
    key: settings.Key = None,
    as_json: Json = False,
) -> None:
    """Play a melody with two hands; settings that are not given are the model's own."""
    from core.accompaniment import accompany as play
    from core.checkpoint import load_checkpoint
    from core.notation import num_struck, written_melody
    from core.sampling.config import chosen_settings

    writers = {path: piano_writer_of(path) for path in out}
    checkpoint = load_checkpoint(model)
    seed = settings.drawn(seed)
    chosen = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "echo": echo, "seed": seed, "key": key}
    sampling = chosen_settings(checkpoint.card.sampling, chosen)
    data = read_bytes(melody)
    line = written_melody(data, melody.name)
    if len(line.notes) < (struck := num_struck(data, melody.name)):
        sys.stderr.write(f"{len(line.notes):,} of {struck:,} onsets were taken as the melody.\n")
    began = time.perf_counter()
    made = play(checkpoint, line, sampling, texture=texture)
    took = time.perf_counter() - began
    write_files({path: write(made.score, False, line.key) for path, write in writers.items()})
    say(told(checkpoint.card.name, made.sampling.seed, made.score, made.log_likelihood, took, out, as_json), as_json)


@app.command()
def two_staves(
    corpus: Annotated[str, typer.Argument(help="maestro-piano, pop909-pairs or another corpus.")],
    num: Annotated[int, typer.Option(min=1, help="Validation pieces, from all over the corpus.")] = 50,
    seconds: Annotated[float | None, typer.Option(help="Of each piece, from its beginning; else all.")] = None,
    corpus_root: CorpusRoot = None,
    as_json: Json = False,
) -> None:
    """Write pieces down for two hands, as if performed and as if written, and count the bars that do not add up."""
    from core.evaluation.two_staves import excerpts, measure

    def tell(id_: str, kind: str) -> None:
        sys.stderr.write(f"{kind}: {id_}\n")

    found = measure(excerpts(corpus, num, seconds, corpus_root), on_piece=tell)
    say([{"corpus": corpus, "as": kind, **written.facts()} for kind, written in found.items()], as_json)


def piano_writer_of(path: Path) -> PianoWriter:
    writer = PIANO_WRITERS.get(ending(path.name))
    if writer is None:
        known = ", ".join(PIANO_WRITERS)
        raise InputError(f"Piano music cannot be written as {path.suffix or 'a file without ending'}; use {known}.")
    return writer


def told(
    name: str, seed: int | None, score: Score, log_likelihood: float | None, took: float, out: list[Path], as_json: bool
) -> dict[str, object]:
    """What a command says of what it has made."""
    facts: dict[str, object] = {
        "name": name,
        "seed": seed,
        "num_notes": len(score.notes),
        "log_likelihood": rounded(log_likelihood),
        "seconds": round(took, 4),
    }
    if not as_json:
        return {**facts, "written": ", ".join(map(str, out))}
    columns = zip(*score.notes, strict=True) if score.notes else ((), (), (), ())
    return {**facts, **dict(zip(("onsets", "durations", "pitches", "velocities"), columns, strict=True))}
