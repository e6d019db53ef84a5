"""Commands on pieces of music."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.beats import Beats
from core.cli import settings
from core.cli.base import Json, Name, app, rounded, say, write_files, writer_of
from core.errors import InputError
from core.files import MIDI, WRITERS, ending, read_beats, read_bytes, read_score
from core.rhythm import MAX_NOTES


@app.command()
def generate(
    name: Name,
    out: Annotated[
        list[Path], typer.Option(help="File to write, .mid .musicxml .abc .wav .svg .pdf; may be repeated.")
    ],
    length: Annotated[int | None, typer.Option(help="Number of notes.")] = None,
    rhythm: Annotated[Path | None, typer.Option(help="CSV of rest_sec,duration_sec, or a music file.")] = None,
    recolor: Annotated[Path | None, typer.Option(help="A music file whose rhythm gets new pitches.")] = None,
    prompt: Annotated[str, typer.Option(help="The first notes, or a file with them: G4 A4 B4.")] = "",
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
    as_written: Annotated[
        bool, typer.Option(help="MIDI and WAV in the note values of the score, not as played.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a melody; settings that are not given are the model's own."""
    import time

    from core.checkpoint import load_checkpoint
    from core.composition import check_writes_on_rhythms, compose
    from core.formats.pitch_names import parse_pitches

    if rhythm and recolor:
        raise InputError("Give a rhythm or a piece to recolour, not both.")
    writers = {path: writer_of(path) for path in out}
    checkpoint = load_checkpoint(name)
    check_writes_on_rhythms(checkpoint)
    seed = settings.drawn(seed)
    sampling = settings.melody_settings(
        checkpoint.card,
        temperature=temperature, top_k=top_k, top_p=top_p, repeat_decay=repeat_decay, echo=echo, num_beams=num_beams,
        beam_prob=beam_prob, seed=seed, key=key, lowest=lowest, highest=highest, max_leap=max_leap,
    )  # fmt: skip
    beats = given_beats(rhythm or recolor, checkpoint.card.corpus, seed, length)
    given = parse_pitches(prompt_text(prompt))
    began = time.perf_counter()
    piece = compose(checkpoint, beats, sampling, given=given)[0]
    seconds = time.perf_counter() - began
    sounding = piece.written if as_written else piece.performed
    write_files({path: write(piece.written, sounding, 0) for path, write in writers.items()})
    facts = {
        "name": piece.model,
        "seed": piece.sampling.seed,
        "num_notes": len(piece.pitches),
        "log_likelihood": rounded(piece.log_likelihood),
        "seconds": round(seconds, 4),
    }
    notes = {
        "pitches": piece.pitches,
        "onsets_sec": [round(time, 6) for time in beats.performed.onset_sec],
        "durations_sec": [round(time, 6) for time in beats.performed.duration_sec],
    }
    say({**facts, **notes} if as_json else {**facts, "written": ", ".join(map(str, out))}, as_json)


def given_beats(file: Path | None, corpus: str, seed: int, length: int | None) -> Beats:
    """The rhythm in ``file``, cut to ``length`` notes; without one, of corpus tunes that ``seed`` draws."""
    from core.data.rhythms import draw_beats

    check_length(length)
    if file is None:
        return draw_beats(corpus, seed, length)
    return read_beats(read_bytes(file), file.name, length)


def check_length(length: int | None) -> None:
    if length is not None and not 1 <= length <= MAX_NOTES:
        raise InputError(f"The length must be from 1 to {MAX_NOTES} notes.")


def prompt_text(prompt: str) -> str:
    """The text itself, or that of the file it names."""
    try:
        is_file = Path(prompt).is_file()
    except (OSError, ValueError):  # too long for a name
        is_file = False
    return read_bytes(Path(prompt)).decode("utf-8", errors="replace") if is_file else prompt


@app.command()
def rhythm(
    source: Path,
    out: Path,
    sensitivity: Annotated[float, typer.Option(help="0 to 1; the higher, the fainter may a clap be.")] = 0.5,
    articulation: Annotated[float, typer.Option(help="How much of the time to the next clap a note lasts.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Take the rhythm of a .wav, .flac, .ogg or .mp3 recording of claps as rest_sec,duration_sec rows.

    Or that of a .mid, .musicxml, .abc or .csv file.
    """
    from core.claps import ENDINGS, claps_to_rhythm, find_claps, load_recording
    from core.rhythm import rhythm_to_csv

    if ending(out.name) != ".csv":
        raise InputError(f"A rhythm is written as CSV; give {out} a name that ends in .csv.")
    if ending(source.name) in ENDINGS:
        recording = load_recording(source)
        performed = claps_to_rhythm(find_claps(recording.samples, recording.sample_rate, sensitivity), articulation)
    else:
        performed = read_beats(read_bytes(source), source.name).performed
    write_files({out: rhythm_to_csv(performed).encode()})
    say({"num_notes": len(performed), "seconds": round(performed.total_sec, 3), "written": str(out)}, as_json)


@app.command()
def melody(
    source: Path,
    out: Path,
    method: Annotated[str, typer.Option(help="voice, or the published viterbi.")] = "voice",
    as_json: Json = False,
) -> None:
    """Take the melody, one note at a time, of a polyphonic performance or score, as MIDI."""
    import time

    from core.data.melody import extract_melody

    if ending(out.name) not in MIDI:
        raise InputError(f"A melody is written as MIDI; give {out} a name that ends in .mid.")
    score = read_score(read_bytes(source), source.name)
    began = time.perf_counter()
    found = extract_melody(score, method)
    seconds = round(time.perf_counter() - began, 4)
    write_files({out: WRITERS[".mid"](found, found, 0)})
    facts = {"method": method, "num_notes": len(score.notes), "num_melody_notes": len(found.notes)}
    say({**facts, "seconds": seconds, "written": str(out)}, as_json)


@app.command()
def notate(
    source: Path,
    out: Path,
    metre: Annotated[str | None, typer.Option(help="Such as 3/4 or 6/8; found where it is not given.")] = None,
    qpm: Annotated[float | None, typer.Option(help="Quarters a minute; found where it is not given.")] = None,
    upbeat: Annotated[float | None, typer.Option(help="Quarters before the first bar line.")] = None,
    length: Annotated[int | None, typer.Option(help="Number of notes; all of them where it is not given.")] = None,
    as_json: Json = False,
) -> None:
    """Write down a performed .mid, or a rhythm as .csv: tempo, metre and note values are found.

    The melody of a polyphonic piece is taken; sheet music stays as it is unless an option is given. OUT ends in
    .musicxml .abc .svg .pdf .mid or .wav, and has the notes as written.
    """
    from core.notation import written_melody
    from core.rhythm import parse_time_signature

    write = writer_of(out)
    time_signature = parse_time_signature(metre) if metre else None
    check_length(length)
    score = written_melody(read_bytes(source), source.name, qpm, time_signature, upbeat, length)
    write_files({out: write(score, score, 0)})
    facts = {
        "num_notes": len(score.notes),
        "qpm": score.qpm,
        "time_signature": "{}/{}".format(*score.time_signature),
        "upbeat": score.upbeat,
        "key": score.key,
        "written": str(out),
    }
    notes = {
        "pitches": score.pitches,
        "onsets": [round(note.onset, 6) for note in score.notes],
        "durations": [round(note.duration, 6) for note in score.notes],
    }
    say({**facts, **notes} if as_json else facts, as_json)


@app.command()
def convert(source: Path, out: Path) -> None:
    """Convert between .mid .musicxml .abc, and from these to .wav .svg .pdf."""
    write = writer_of(out)
    score = read_score(read_bytes(source), source.name)
    write_files({out: write(score, score, 0)})
