"""`notate`: files that somebody played become sheet music."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.errors import InputError
from core.evaluation.transcription import perform
from core.files import read_score
from core.formats.midi import score_to_midi
from core.formats.musicxml import score_to_musicxml
from core.notation import written_melody
from core.rhythm import Rhythm, parse_note_values, rhythm_to_csv
from core.score import Note, Score

RHYTHM = parse_note_values("q | q q e e | h q | q. e q | h q | q q e e | h", qpm=96, time_signature=(3, 4))
TUNE = RHYTHM.with_pitches([67, 72, 71, 72, 74, 76, 72, 74, 72, 71, 67, 67, 72, 71, 72, 74, 76])


def played(score: Score = TUNE) -> Score:
    """With uneven timing, in a file that says 4/4 at 120."""
    rhythm = perform(score, 0.01, 0.0, 0.9, np.random.default_rng(0))
    return rhythm.to_score(score.pitches, qpm=120)


def values(score: Score) -> list[tuple[float, float]]:
    return [(note.onset, note.duration) for note in score.notes]


def test_a_played_melody_is_written_in_its_metre_with_its_pitches() -> None:
    written = written_melody(score_to_midi(played()), "tune.mid")
    assert values(written) == values(TUNE)
    assert written.pitches == TUNE.pitches
    assert (written.time_signature, written.upbeat, written.key) == ((3, 4), 1.0, "C")
    assert written.qpm == pytest.approx(96, abs=3)


def test_what_is_known_is_given() -> None:
    written = written_melody(score_to_midi(played()), "tune.mid", qpm=192, time_signature=(6, 4), upbeat=2)
    assert (written.qpm, written.time_signature, written.upbeat) == (192, (6, 4), 2)
    assert values(written) == [(2 * onset, 2 * duration) for onset, duration in values(TUNE)]


def test_no_more_notes_than_asked_for() -> None:
    tapped = rhythm_to_csv(Rhythm.from_score(played())).encode()
    for data, name in ((score_to_midi(played()), "tune.mid"), (tapped, "taps.csv")):
        assert len(written_melody(data, name, length=5).notes) == 5
    assert written_melody(score_to_midi(played()), "tune.mid", length=5).pitches == TUNE.pitches[:5]


def test_a_rhythm_is_written_on_middle_c() -> None:
    written = written_melody(rhythm_to_csv(Rhythm.from_score(RHYTHM)).encode(), "claps.csv")
    assert values(written)[:-1] == values(RHYTHM)[:-1]
    assert set(written.pitches) == {60}


def test_sheet_music_stays_as_it_is_unless_asked() -> None:
    sheet = score_to_musicxml(TUNE).encode()
    assert written_melody(sheet, "tune.musicxml").notes == read_score(sheet, "tune.musicxml").notes
    assert written_melody(sheet, "tune.musicxml", time_signature=(6, 8)).time_signature == (6, 8)


def test_chords_under_a_melody_are_left_out() -> None:
    tune = played()
    chords = [Note(float(bar), 1.4, pitch, 50) for bar in np.arange(0.0, tune.duration, 1.5) for pitch in (40, 45, 48)]
    polyphony = Score((*(note._replace(velocity=90) for note in tune.notes), *chords), qpm=120)
    written = written_melody(score_to_midi(polyphony), "piece.mid")
    assert set(written.pitches) <= set(TUNE.pitches)
    assert len(written.notes) > 1


@pytest.mark.parametrize(("data", "name"), [(b"", "a.mid"), (b"MThd", "a.mid"), (b"", "a.csv"), (b"x", "a.txt")])
def test_what_is_no_music_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(InputError):
        written_melody(data, name)


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["tunesmith", "notate", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


@pytest.mark.parametrize("ending", [".musicxml", ".abc", ".mid", ".svg"])
def test_the_command_writes_every_kind_of_notation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    source, out = tmp_path / "in.mid", tmp_path / f"out{ending}"
    source.write_bytes(score_to_midi(played()))
    assert command(monkeypatch, source, out, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["time_signature"], said["upbeat"], said["num_notes"]) == ("3/4", 1.0, len(TUNE.notes))
    assert said["pitches"] == list(TUNE.pitches)
    assert said["onsets"] == [note.onset for note in TUNE.notes]
    if ending != ".svg":
        again = read_score(out.read_bytes(), out.name)
        assert [note.onset for note in again.notes] == pytest.approx(said["onsets"], abs=2e-3)


@pytest.mark.parametrize("option", [("--metre", "3"), ("--metre", "4/5"), ("--qpm", "0"), ("--upbeat", "4")])
def test_a_wrong_option_is_one_sentence_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: tuple[str, str]
) -> None:
    source, out = tmp_path / "in.mid", tmp_path / "out.musicxml"
    source.write_bytes(score_to_midi(played()))
    assert command(monkeypatch, source, out, *option) == 2
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1
    assert not said.out
    assert not out.exists()
