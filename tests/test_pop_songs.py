"""The bars of an accompaniment; a small POP909 is made for the purpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from typer.testing import CliRunner

from core.errors import InputError
from core.evaluation import transcription
from core.evaluation.pop_songs import find_bars, passages, pop909_passages
from core.rhythm import parse_note_values
from core.score import Note, Score

QUARTER_SEC = 0.6
MELODY = parse_note_values("q | 6x(q e e q e e | h. q |) h.")
START = 3.0 + 0.17  # the first bar line in quarters from the start of the file


def song(path: Path, melody: Score, bar: int = 4) -> None:
    """A melody and a bass that changes at every bar line and strikes once more, higher, within the bar."""
    midi = pretty_midi.PrettyMIDI(initial_tempo=60 / QUARTER_SEC)
    voice, piano = pretty_midi.Instrument(0, name="MELODY"), pretty_midi.Instrument(0, name="PIANO")
    first = START - melody.upbeat
    voice.notes = [
        pretty_midi.Note(80, 72, (first + n.onset) * QUARTER_SEC, (first + n.offset - 0.1) * QUARTER_SEC)
        for n in melody.notes
    ]
    for number in range(int(melody.duration / bar)):
        line = START + number * bar
        for onset, pitch in ((line, 36 + 5 * (number % 2)), (line + 2, 48 + 5 * (number % 2))):
            piano.notes.append(pretty_midi.Note(80, pitch, onset * QUARTER_SEC, (onset + 1) * QUARTER_SEC))
    midi.instruments = [voice, piano]
    midi.write(str(path))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "midi").mkdir()
    song(tmp_path / "midi" / "001.mid", MELODY)
    (tmp_path / "metadata.csv").write_text("file,split\nmidi/001.mid,valid\n")
    return tmp_path


def test_a_melody_comes_back_as_written(corpus: Path) -> None:
    (passage,) = pop909_passages(corpus)
    assert [note[:2] for note in passage.notes] == [note[:2] for note in MELODY.notes]
    assert (passage.time_signature, passage.upbeat) == ((4, 4), 1.0)
    assert passage.qpm == pytest.approx(100, abs=0.1)


def test_a_bass_in_three() -> None:
    onset = np.arange(0.0, 60.0)
    pitch = np.where(onset % 3 == 1, 36 + 2 * (onset // 3 % 2), 55).astype(int)
    metre, downbeat = find_bars(onset, pitch)
    assert (metre, downbeat % 3) == ((3, 4), 1.0)


def test_an_interlude_parts_passages() -> None:
    later = tuple(note._replace(onset=note.onset + 71) for note in MELODY.notes)
    first, second = passages(Score(MELODY.notes + later, upbeat=1.0))
    assert first.notes == MELODY.notes
    assert second.notes == MELODY.notes
    assert (first.upbeat, second.upbeat) == (1.0, (1.0 - 71) % 4)
    assert list(passages(Score((Note(0, 1, 60),)))) == []


def test_what_is_no_pop909_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        pop909_passages(tmp_path)


def test_the_table_is_printed(corpus: Path) -> None:
    said = CliRunner().invoke(transcription.app, ["--corpus", "pop909", "--root", str(corpus)])
    assert said.exit_code == 0
    header, *rows = said.output.strip().splitlines()
    assert header.split()[:7] == ["jitter_ms", "drift", "scores", "notes", "values", "intervals", "places"]
    assert len(rows) == len(transcription.JITTERS_MS) * len(transcription.DRIFTS)
