"""The command that writes tunes in ABC notation, character by character."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli import settings
from core.cli.base import Json, app, rounded, say, write_files, writer_of
from core.errors import InputError
from core.files import ending

if TYPE_CHECKING:
    from core.score import Score
    from core.tunes import Draft

ABC = ".abc"


@app.command()
def tune(
    name: Annotated[str, typer.Argument(help="A model that writes character by character, or its network alone.")],
    out: Annotated[
        list[Path],
        typer.Option(help="File to write, .abc .mid .musicxml .wav .svg .pdf; may be repeated. Several are numbered."),
    ],
    title: Annotated[str, typer.Option(help="What is not given of the header the model writes.")] = "",
    rhythm: Annotated[str, typer.Option(help="Such as reel, jig or waltz.")] = "",
    metre: Annotated[str, typer.Option(help="Such as 6/8, C| or none.")] = "",
    unit: Annotated[str, typer.Option(help="The length of a letter alone, such as 1/8.")] = "",
    key: Annotated[str, typer.Option(help="With its mode: G, Em, Ador, Dmix.")] = "",
    first_bar: Annotated[str, typer.Option(help="Music to go on from, in ABC notation.")] = "",
    temperature: settings.Temperature = None,
    top_k: settings.TopK = None,
    top_p: settings.TopP = None,
    echo: settings.Echo = None,
    seed: settings.RandomSeed = None,
    legal: Annotated[
        bool, typer.Option(help="Let only ABC through whose bars add up and whose repeats close.")
    ] = False,
    longest: Annotated[int, typer.Option(min=1, max=20_000, help="Characters after which a tune is cut off.")] = 4000,
    num: Annotated[int, typer.Option(min=1, max=100, help="Tunes to write, from this seed and the next ones.")] = 1,
    as_json: Json = False,
) -> None:
    """Write tunes in ABC notation; settings that are not given are the model's own."""
    from core.checkpoint import load_checkpoint
    from core.sampling.config import chosen_settings
    from core.tunes import Header, drafts

    for path in out:
        writer_of(path)  # a wrong ending is refused before anything is written
    checkpoint, prompt = load_checkpoint(name), Header(title, rhythm, metre, unit, key).prompt(first_bar)
    first = settings.drawn(seed)
    facts: list[dict[str, object]] = []
    files: dict[Path, bytes] = {}
    for number in range(first, first + num):
        chosen = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "echo": echo, "seed": number}
        sampling = chosen_settings(checkpoint.card.sampling, chosen)
        began = time.perf_counter()
        *_, draft = drafts(checkpoint, prompt, sampling, legal=legal, max_characters=longest)
        seconds = time.perf_counter() - began
        made, told = files_of(draft, numbered(out, number) if num > 1 else out)
        files |= made
        facts.append(
            {"name": checkpoint.card.name, "seed": number, **told, "seconds": round(seconds, 4)}
            | ({"text": draft.tune} if as_json else {"written": ", ".join(map(str, made)) or "nothing"})
        )
    if not files:
        raise InputError(
            f"What the model wrote cannot be read as a tune: {facts[0]['problem']} "
            "Ask for --legal, another seed or an .abc file."
        )
    write_files(files)
    say(facts if num > 1 else facts[0], as_json)


def numbered(paths: list[Path], seed: int) -> list[Path]:
    return [path.with_stem(f"{path.stem}-{seed}") for path in paths]


def files_of(draft: Draft, paths: list[Path]) -> tuple[dict[Path, bytes], dict[str, object]]:
    """The files of a tune, those with its text alone where it cannot be read, and what there is to say about it."""
    from core.errors import FormatError
    from core.formats.abc_check import check_tune
    from core.formats.abc_notation import abc_to_score

    found, score, num_notes = check_tune(draft.tune), None, 0
    try:
        score = abc_to_score(draft.tune)
        num_notes = len(score.notes)
    except FormatError:
        pass
    facts: dict[str, object] = {
        "characters": len(draft.tune),
        "ended": draft.ended,
        "parses": found.parses,
        "legal": found.legal,
        "problem": found.problem,
        "num_notes": num_notes,
        "log_likelihood": rounded(draft.log_likelihood),
    }
    return {path: data for path in paths if (data := data_of(draft.tune, score, path)) is not None}, facts


def data_of(text: str, score: Score | None, path: Path) -> bytes | None:
    """What a file ending as ``path`` does holds of a tune; nothing where there are no notes to be had of it."""
    if ending(path.name) == ABC:
        return (text + "\n").encode()
    return None if score is None else writer_of(path)(score, score, 0)
