"""MAESTRO: competition performances on a piano that records its keys, each reduced to its melody.

C. Hawthorne and others, Enabling Factorized Piano Music Modeling and Generation with the MAESTRO Dataset, ICLR 2019.
Versions 2.0.0 and 3.0.0 are laid out alike: a table, and the MIDI files in a folder for each year.
"""

from __future__ import annotations

import csv
import hashlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.cache import cache_path, load_arrays, notes_of, save_arrays
from core.data.download import Download
from core.data.installed import find_folder
from core.data.melody.viterbi import viterbi_melody
from core.data.piece import Piece
from core.data.tracks import read_tracks
from core.data.variants import split_of
from core.errors import FormatError, InputError
from core.score import Score

Floats = NDArray[np.float64]

NAME = "maestro"
TABLE = "maestro-v*.csv"
SPLITS = {"train": "train", "validation": "valid", "test": "test"}
QUARTERS_PER_SEC = 2.0
"""nobody wrote down the beat; at 120 quarters a minute"""
MIN_NOTES = 8
MIN_FILES = 16
"""fewer are done sooner than other processes are started"""

MAESTRO_V3 = Download(
    url="https://storage.googleapis.com/magentadata/datasets/maestro/v3.0.0/maestro-v3.0.0-midi.zip",
    num_bytes=58_416_533,
    sha256="70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c",
    folder="maestro-v3.0.0",
)


def maestro_folder(root: Path | None = None) -> Path:
    """The folder of the table; raises ``InputError``."""
    names = ("maestro-v3.0.0", "maestro-v2.0.0")
    command = f"python -m core corpora --download {NAME}"
    return find_folder(NAME, names, TABLE, "magenta.tensorflow.org/datasets/maestro", root, command)


def read_maestro(root: Path | None = None) -> Iterator[Piece]:
    """The melody of every performance by the published method, on its official side of the split.

    Times are as performed, in quarters at 120 a minute. Performances of one composition are one group.
    """
    folder = maestro_folder(root)
    rows = read_table(sorted(folder.glob(TABLE))[-1])
    files = [folder / row["midi_filename"] for row in rows]
    for row, notes in zip(rows, melodies(files), strict=True):
        composer, title = row["canonical_composer"], row["canonical_title"]
        if len(notes) >= MIN_NOTES:
            yield Piece(
                id=str(Path(row["midi_filename"]).with_suffix("")),
                score=Score(notes_of(notes), 60 * QUARTERS_PER_SEC, title=title),
                split=SPLITS[row["split"]],
                group=f"{composer}: {title}",
                metadata={"composer": composer, "title": title, "year": row["year"]},
            )


def read_maestro_by_file(root: Path | None = None) -> Iterator[Piece]:
    """The same melodies, split at random by file as in 'Everybody Compose': one work may fall on both sides."""
    for piece in read_maestro(root):
        name = hashlib.sha256(piece.id.encode()).hexdigest()
        yield replace(piece, split=split_of(name), group=name)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of the dataset's CSV; raises ``InputError``."""
    columns = {"canonical_composer", "canonical_title", "split", "year", "midi_filename"}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The file {path} cannot be read; unpack MAESTRO again.") from error
    if not rows or not all(columns <= row.keys() and row["split"] in SPLITS for row in rows):
        raise InputError(f"The file {path} is not MAESTRO's table; it needs the columns {', '.join(sorted(columns))}.")
    return rows


def melodies(files: Sequence[Path]) -> list[Floats]:
    """The melody of each file, as ``melody_of`` has it; empty for a file that is missing or damaged.

    What was done before is read from the cache, so that an interrupted run goes on where it stopped; the rest is
    shared among the processors, with a progress bar.
    """
    from tqdm import tqdm

    known = {path: load_arrays(stored_at(path)) for path in files if path.is_file()}
    missing = [path for path, stored in known.items() if "notes" not in stored]
    with tqdm(total=len(missing), desc="Melodies of MAESTRO", unit="file", disable=None, leave=False) as bar:
        for path, notes in zip(missing, each_melody(missing), strict=True):
            known[path] = {"notes": notes}
            bar.update()
    return [known[path]["notes"] if path in known else np.empty((0, 4)) for path in files]


def each_melody(files: Sequence[Path]) -> Iterator[Floats]:
    """``keep_melody`` of each, in order, on all processors."""
    num_done, workers = 0, min(os.cpu_count() or 1, len(files) // MIN_FILES)
    if workers > 1:
        # a fresh interpreter each: to fork is not safe where threads run, as they do in the app
        try:
            with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
                for notes in pool.map(keep_melody, files, chunksize=4):
                    yield notes
                    num_done += 1
        except (BrokenProcessPool, OSError):
            pass  # a script without a main guard cannot start processes, nor can a small container
    yield from map(keep_melody, files[num_done:])


def keep_melody(path: Path) -> Floats:
    """``melody_of``, stored for the next time; empty for a damaged file."""
    try:
        notes = melody_of(path)
    except FormatError:
        notes = np.empty((0, 4))
    save_arrays(stored_at(path), {"notes": notes})
    return notes


def stored_at(path: Path) -> Path:
    return cache_path("melodies/viterbi", [path])


def melody_of(path: Path) -> Floats:
    """(M, 4): onset and duration in quarters, pitch and velocity; raises ``FormatError``."""
    midi = read_tracks(path)
    played = midi.mixed()
    onset_sec, offset_sec = midi.seconds(played.onset), midi.seconds(played.onset + played.duration)
    melody = viterbi_melody(onset_sec, offset_sec, played.pitch)
    duration_sec = melody.offset_sec - melody.onset_sec
    chosen = played.pitch[melody.index], played.velocity[melody.index]
    return np.stack([melody.onset_sec * QUARTERS_PER_SEC, duration_sec * QUARTERS_PER_SEC, *chosen], axis=1)
