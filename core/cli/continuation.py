"""The command that goes on with a melody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli import settings
from core.cli.base import Json, app, rounded, say, write_files, writer_of
from core.cli.music import prompt_text
from core.files import READERS, ending, read_bytes

if TYPE_CHECKING:
    from core.codecs import StepCodec
    from core.continuation import Seed


@app.command("continue")
def continue_melody(
    melody: Annotated[str, typer.Argument(help="G4 A4 B4/2 r, or a file with a melody or such a text.")],
    model: Annotated[str, typer.Option(help="A model that writes step by step, or its network alone.")],
    out: Annotated[
        list[Path], typer.Option(help="File to write, .mid .musicxml .abc .wav .svg .pdf; may be repeated.")
    ],
    bars: Annotated[int, typer.Option(help="Bars to write at most, the one that the melody ends in not counted.")] = 8,
    first_bars: Annotated[int | None, typer.Option(help="Of a music file, go on from so many bars; else all.")] = None,
    metre: Annotated[str, typer.Option(help="Of a typed melody, such as 3/4 or 6/8.")] = "4/4",
    upbeat: Annotated[float, typer.Option(help="Of a typed melody: quarters before the first bar line.")] = 0.0,
    qpm: Annotated[float, typer.Option(help="Of a typed melody: quarters a minute.")] = 112.0,
    temperature: settings.Temperature = None,
    top_k: settings.TopK = None,
    top_p: settings.TopP = None,
    repeat_decay: settings.RepeatDecay = None,
    echo: settings.Echo = None,
    num_beams: settings.NumBeams = None,
    beam_prob: settings.BeamProb = None,
    seed: settings.RandomSeed = None,
    key: settings.Key = None,
    lowest: settings.Lowest = None,
    highest: settings.Highest = None,
    max_leap: settings.MaxLeap = None,
    as_json: Json = False,
) -> None:
    """Go on with a melody, note by note; settings that are not given are the model's own."""
    import time

    from core.checkpoint import load_checkpoint
    from core.codecs.step_text import parse_steps
    from core.continuation import Seed, bars_written, continue_melody, step_codec
    from core.rhythm import parse_time_signature

    writers = {path: writer_of(path) for path in out}
    checkpoint = load_checkpoint(model)
    codec = step_codec(checkpoint)
    sampling = settings.melody_settings(
        checkpoint.card,
        temperature=temperature, top_k=top_k, top_p=top_p, repeat_decay=repeat_decay, echo=echo, num_beams=num_beams,
        beam_prob=beam_prob, seed=settings.drawn(seed), key=key, lowest=lowest, highest=highest, max_leap=max_leap,
    )  # fmt: skip
    if ending(melody) in READERS:
        start = seed_in_file(Path(melody), codec, first_bars)
    else:
        start = Seed(parse_steps(prompt_text(melody), codec), parse_time_signature(metre), upbeat, qpm)
    began = time.perf_counter()
    [piece] = continue_melody(checkpoint, start, bars, sampling)
    seconds = time.perf_counter() - began
    write_files({path: write(piece.written, piece.performed, 0) for path, write in writers.items()})
    assert piece.continued is not None
    facts = {
        "name": piece.model,
        "seed": piece.sampling.seed,
        "num_notes": len(piece.pitches),
        "num_given": piece.num_given,
        "bars": bars_written(piece),
        "ended": piece.continued.ended,
        "log_likelihood": rounded(piece.log_likelihood),
        "seconds": round(seconds, 4),
    }
    notes = {
        "pitches": piece.pitches,
        "onsets": [note.onset for note in piece.written.notes],
        "durations": [note.duration for note in piece.written.notes],
    }
    say({**facts, **notes} if as_json else {**facts, "written": ", ".join(map(str, out))}, as_json)


def seed_in_file(path: Path, codec: StepCodec, num_bars: int | None) -> Seed:
    """The melody of a music file, or its first bars."""
    from core.continuation import seed_of
    from core.recolour import in_note_values, read_melody

    melody, written, _ = read_melody(read_bytes(path), path.name)
    return seed_of(in_note_values(melody, written), codec, num_bars)
