"""Everything that two hands play: MAESTRO's performances, POP909's arrangements.

The sustain pedal is in the lengths of the notes: one whose key is let go while the pedal is down sounds until the pedal
comes up or the key is struck again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.cache import notes_of
from core.data.maestro import NAME as MAESTRO
from core.data.maestro import SPLITS, TABLE, maestro_folder, read_table
from core.data.piece import Piece, Played
from core.data.pop909 import METADATA, pop909_folder, read_splits
from core.data.pop909 import NAME as POP909
from core.errors import FormatError
from core.score import Score

PIANO = "piano"
MAESTRO_PIANO, POP909_PIANO = f"{MAESTRO}-{PIANO}", f"{POP909}-{PIANO}"
COMPOSER = "composer"
QPM = 120.0
"""of a performance, whose beat nobody wrote down: seconds are half its quarters"""
MIN_NOTES = 64


def read_maestro_piano(root: Path | None = None) -> Iterator[Piece]:
    """Every performance, on its official side of the split; those of one composition are one group."""
    folder = maestro_folder(root)
    for row in read_table(sorted(folder.glob(TABLE))[-1]):
        composer, title = row["canonical_composer"], row["canonical_title"]
        yield from performance(
            folder / row["midi_filename"],
            id=str(Path(row["midi_filename"]).with_suffix("")),
            split=SPLITS[row["split"]],
            group=f"{composer}: {title}",
            metadata={COMPOSER: composer, "title": title, "year": row["year"]},
        )


def read_pop909_piano(root: Path | None = None) -> Iterator[Piece]:
    """Every arrangement, the singer's melody among its notes, on its official side of the split."""
    folder = pop909_folder(root)
    for name, split in read_splits(folder / METADATA):
        yield from performance(folder / name, id=Path(name).stem, split=split)


def performance(path: Path, **facts: Any) -> Iterator[Piece]:
    """The piece in a file, or none where it is missing, damaged or hardly a piece."""
    try:
        played = read_played(path)
    except FormatError:
        return
    if len(played) >= MIN_NOTES:
        yield Piece(score=Score((), QPM), played=played, **facts)


def read_played(path: Path) -> Played:
    """All notes of a MIDI file of a corpus from the first on; raises ``FormatError`` where it is damaged."""
    import symusic

    try:
        midi: Any = symusic.Score(path, ttype="second")
    except (OSError, RuntimeError, ValueError) as error:
        raise FormatError(f"The file {path} is missing or damaged; unpack its corpus again.") from error
    tracks = [pedalled(track) for track in midi.tracks if not track.is_drum and len(track.notes)]
    rows = np.concatenate([np.empty((0, 4), np.float32), *tracks])
    if len(rows):
        rows[:, 0] -= rows[:, 0].min()
    rows = rows[np.lexsort((-rows[:, 1], rows[:, 2], rows[:, 0].round(3)))]
    again = np.append(False, (np.diff(rows[:, 0].round(3)) == 0) & (np.diff(rows[:, 2]) == 0))
    return rows[~again]  # of notes struck together on one key the longest


def pedalled(track: Any) -> Played:
    """The notes of a track with the pedal in their lengths."""
    notes = track.notes.numpy()
    rows = np.stack([notes[name].astype(np.float32) for name in ("time", "duration", "pitch", "velocity")], axis=1)
    rows = rows[rows[:, 1] > 0]
    pedals = track.pedals.numpy()
    if not len(pedals["time"]) or not len(rows):
        return rows
    down, up = pedals["time"], pedals["time"] + pedals["duration"]
    offset = rows[:, 0] + rows[:, 1]
    pressed = np.searchsorted(down, offset, side="right") - 1
    held = np.where(pressed >= 0, up[pressed], 0.0)  # until the pedal that was down then comes up
    offset = np.maximum(offset, np.minimum(held, struck_again(rows)))
    rows[:, 1] = offset - rows[:, 0]
    return rows


def struck_again(rows: Played) -> NDArray[np.float32]:
    """(N,) when the key of each note is next struck."""
    again = np.full(len(rows), np.inf, np.float32)
    order = np.lexsort((rows[:, 0], rows[:, 2]))  # key by key
    onset, pitch = rows[order, 0], rows[order, 2]
    same = pitch[1:] == pitch[:-1]
    again[order[:-1][same]] = onset[1:][same]
    return again


def played_score(played: Played) -> Score:
    """A performance as a score at ``QPM``."""
    quarters = np.array(played, np.float64)
    quarters[:, :2] *= QPM / 60
    return Score(notes_of(quarters), QPM)


def played_notes(score: Score) -> Played:
    """(N, 4) The notes of any score in seconds."""
    rows = np.array(score.notes, np.float32).reshape(-1, 4)
    rows[:, :2] *= 60 / score.qpm
    return rows
