"""The command line. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import json
import secrets
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

from core.beats import Beats
from core.errors import InputError
from core.files import WRITERS, Writer, ending, read_beats, read_bytes, read_score
from core.rhythm import MAX_NOTES

app = typer.Typer(help="Write melodies with trained models.", no_args_is_help=True, pretty_exceptions_enable=False)

MAX_MINUTES = 100_000
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Name = Annotated[str, typer.Argument(help="A model: its full name, or its network where one corpus has it.")]
CorpusRoot = Annotated[
    Path | None, typer.Option(help="Folder of the corpus, or of several; default: what the installation carries.")
]


def main() -> None:
    """Runs a command; bad input becomes one sentence on standard error and exit code 2."""
    try:
        app()
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


def say(values: Any, as_json: bool) -> None:
    """One JSON value, or ``name: value`` lines, a blank line between objects."""
    if as_json:
        sys.stdout.write(json.dumps(values) + "\n")
        return
    objects = values if isinstance(values, list) else [values]
    blocks = ("\n".join(f"{name}: {value}" for name, value in one.items()) for one in objects)
    sys.stdout.write("\n\n".join(blocks) + "\n")


def write_files(files: dict[Path, bytes]) -> None:
    """Writes every file whole, once all are made."""
    from core.checkpoint import write_whole

    for path, data in files.items():
        try:
            write_whole(path, data)
        except OSError as error:
            raise InputError(f"The file {path} cannot be written; check its folder.") from error


def writer_of(path: Path) -> Writer:
    writer = WRITERS.get(ending(path.name))
    if writer is None:
        raise InputError(f"Files ending in {path.suffix or 'nothing'} cannot be written; use {', '.join(WRITERS)}.")
    return writer


@app.command()
def models(as_json: Json = False) -> None:
    """List the trained models."""
    from core.checkpoint import list_cards

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

    if corpus_root and not installed_corpora(corpus_root):
        raise InputError(f"There is no corpus in {corpus_root}; choose the folder that holds one, or several.")
    if download:
        say({"name": download, "folder": str(download_corpus(download))}, as_json)
    else:
        say([corpus_facts(name, corpus_root) for name in CORPORA], as_json)


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
    temperature: Annotated[float | None, typer.Option()] = None,
    top_k: Annotated[int | None, typer.Option()] = None,
    top_p: Annotated[float | None, typer.Option()] = None,
    repeat_decay: Annotated[float | None, typer.Option()] = None,
    num_beams: Annotated[int | None, typer.Option()] = None,
    beam_prob: Annotated[float | None, typer.Option()] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed writes the same melody.")] = None,
    key: Annotated[str | None, typer.Option(help="Keep to a key: G, F#m, or auto.")] = None,
    lowest: Annotated[str | None, typer.Option(help="No pitch below this one, such as C4.")] = None,
    highest: Annotated[str | None, typer.Option(help="No pitch above this one, such as G5.")] = None,
    max_leap: Annotated[int | None, typer.Option(help="No interval larger than so many semitones.")] = None,
    as_json: Json = False,
) -> None:
    """Write a melody; settings that are not given are the model's own."""
    import time

    from core.checkpoint import load_checkpoint
    from core.composition import compose
    from core.formats.pitch_names import parse_pitch, parse_pitches
    from core.sampling.config import chosen_settings

    if rhythm and recolor:
        raise InputError("Give a rhythm or a piece to recolour, not both.")
    writers = {path: writer_of(path) for path in out}
    checkpoint = load_checkpoint(name)
    seed = secrets.randbelow(2**31) if seed is None else seed
    settings = {
        "temperature": temperature, "top_k": top_k, "top_p": top_p, "repeat_decay": repeat_decay,
        "num_beams": num_beams, "beam_prob": beam_prob, "seed": seed,
        "key": key, "max_leap": max_leap,
        "lowest": parse_pitch(lowest) if lowest else None, "highest": parse_pitch(highest) if highest else None,
    }  # fmt: skip
    sampling = chosen_settings(checkpoint.card.sampling, settings)
    beats = given_beats(rhythm or recolor, checkpoint.card.corpus, seed, length)
    given = parse_pitches(prompt_text(prompt))
    began = time.perf_counter()
    piece = compose(checkpoint, beats, sampling, given=given)[0]
    seconds = time.perf_counter() - began
    write_files({path: write(piece.written, piece.performed, 0) for path, write in writers.items()})
    facts = {
        "name": piece.model,
        "seed": piece.sampling.seed,
        "num_notes": len(piece.pitches),
        "log_likelihood": round(piece.log_likelihood, 4),
        "seconds": round(seconds, 4),
    }
    sounding = {
        "pitches": piece.pitches,
        "onsets_sec": [round(time, 6) for time in beats.performed.onset_sec],
        "durations_sec": [round(time, 6) for time in beats.performed.duration_sec],
    }
    say({**facts, **sounding} if as_json else {**facts, "written": ", ".join(map(str, out))}, as_json)


def given_beats(file: Path | None, corpus: str, seed: int, length: int | None) -> Beats:
    """The rhythm in ``file``, cut to ``length`` notes; without one, of corpus tunes that ``seed`` draws."""
    from core.data.rhythms import draw_beats

    if length is not None and not 1 <= length <= MAX_NOTES:
        raise InputError(f"The length must be from 1 to {MAX_NOTES} notes.")
    if file is None:
        return draw_beats(corpus, seed, length)
    return read_beats(read_bytes(file), file.name, length)


def prompt_text(prompt: str) -> str:
    """The text itself, or that of the file it names."""
    try:
        is_file = Path(prompt).is_file()
    except (OSError, ValueError):  # too long for a name
        is_file = False
    return read_bytes(Path(prompt)).decode("utf-8", errors="replace") if is_file else prompt


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="A recipe; see core/recipes.py.")],
    corpus_root: CorpusRoot = None,
    max_minutes: Annotated[float | None, typer.Option(help="Of the whole run, resumed parts included.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE of the network or the training.")] = None,
    checkpoint_root: Annotated[Path | None, typer.Option(help="Where the trained model goes.")] = None,
) -> None:
    """Train a model, or go on with a run that was cut short."""
    from core.recipes import find_recipe
    from core.training.loop import train as train_recipe

    if max_minutes is not None and not 0.05 <= max_minutes <= MAX_MINUTES:
        raise InputError(f"The minutes of training must be from 0.05 to {MAX_MINUTES}.")
    recipe = find_recipe(name).changed(set_ or [])
    with redirect_stdout(sys.stderr):  # the progress bar
        card = train_recipe(recipe, corpus_root, max_minutes, checkpoint_root=checkpoint_root)
    say({"name": card.name, **card.metrics}, as_json=False)


@app.command()
def sweep(
    name: Annotated[str, typer.Argument(help="A recipe; see core/recipes.py.")],
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
    from core.evaluation.floors import floors as trivial_floors
    from core.evaluation.heldout import melody_metrics, read_pieces

    if split not in ("train", "valid", "test"):
        raise InputError("The split must be train, valid or test.")
    checkpoint = load_checkpoint(name)
    corpus = checkpoint.card.corpus
    scores = read_pieces(pieces) if pieces else [piece.score for piece in pieces_of(corpus, split, corpus_root)]
    facts = {"name": checkpoint.card.name, "split": str(pieces or split), **melody_metrics(checkpoint, scores)}
    if floors:
        known = [piece.score for piece in pieces_of(corpus, "train", corpus_root)]
        facts["floors"] = trivial_floors(known, scores)
    say(facts, as_json)


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

    if ending(out.name) not in (".mid", ".midi"):
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
    score = written_melody(read_bytes(source), source.name, qpm, time_signature, upbeat)
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


@app.command()
def bench(as_json: Json = False) -> None:
    """Measure speed on this machine, on one thread."""
    from core.bench import run

    say(run(), as_json)
