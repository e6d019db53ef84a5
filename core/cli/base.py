"""What every command shares: the program, its way to say things and to write files."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import InputError
from core.files import WRITERS, Writer, ending
from core.score import printable
from core.storage import NO_RIGHT, remedy, write_whole

app = typer.Typer(help="Write melodies with trained models.", no_args_is_help=True, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Name = Annotated[str, typer.Argument(help="A model, or a network alone, which means its model of the folk songs.")]
CorpusRoot = Annotated[
    Path | None, typer.Option(help="Folder of the corpus, or of several; default: what the installation carries.")
]


def main() -> None:
    """Runs a command; bad input becomes one sentence on standard error and exit code 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:  # a command that is none, or an option
        if sentence := error.format_message().rstrip(".?"):  # without any command the help is there already
            sys.stderr.write(f"{sentence}; see --help.\n")
        sys.exit(2)
    except InputError as error:
        sys.stderr.write(f"{printable(str(error))}\n")  # what it quotes may tell terminals what to do
        sys.exit(2)
    except OSError as error:
        if not (what := remedy(error)):
            raise
        place = str(error.filename or "What this makes")
        verb = "read or written" if error.errno in NO_RIGHT else "written"
        sys.stderr.write(f"{printable(place)} cannot be {verb}; {what}.\n")
        sys.exit(2)


def say(values: Any, as_json: bool) -> None:
    """One JSON value, or ``name: value`` lines, a blank line between objects."""
    if as_json:
        sys.stdout.write(json.dumps(values) + "\n")
        return
    objects = values if isinstance(values, list) else [values]
    blocks = ("\n".join(f"{name}: {value}" for name, value in one.items()) for one in objects)
    sys.stdout.write("\n\n".join(blocks) + "\n")


def rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)


def write_files(files: dict[Path, bytes]) -> None:
    """Writes every file whole, once all are made; none where a folder is missing."""
    for path in files:
        if not is_folder(path.parent):
            raise InputError(f"There is no folder {path.parent}; make it first, or choose another for {path.name}.")
    for path, data in files.items():
        try:
            write_whole(path, data)
        except OSError as error:
            what = remedy(error) or "check its folder"
            raise InputError(f"The file {path} cannot be written; {what}.") from error


def is_folder(path: Path) -> bool:
    with suppress(OSError, ValueError):  # of a name that is too long, or that none can have
        return path.is_dir()
    return False


def writer_of(path: Path) -> Writer:
    writer = WRITERS.get(ending(path.name))
    if writer is None:
        raise InputError(f"Files ending in {path.suffix or 'nothing'} cannot be written; use {', '.join(WRITERS)}.")
    return writer
