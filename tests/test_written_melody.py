"""`notate`: files that somebody played become sheet music."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from core.cli import main
from core.data.melody import is_one_voice
from core.errors import InputError
from core.evaluation.transcription import perform
from core.files import read_score
from core.formats.midi import score_to_midi
from core.formats.musicxml import score_to_musicxml
from core.formats.piano_musicxml import piano_musicxml
from core.notation import written_melody
from core.piano_notation import notate_piano
from core.rhythm import Rhythm, parse_note_values, rhythm_to_csv
from core.score import Note, Score
from tests.midi_files import in_deltas

RHYTHM = parse_note_values("q | q q e e | h q | q. e q | h q | q q e e | h", qpm=96, time_signature=(3, 4))
TUNE = RHYTHM.with_pitches([67, 72, 71, 72, 74, 76, 72, 74, 72, 71, 67, 67, 72, 71, 72, 74, 76])


def played(score: Score = TUNE) -> Score:
    """With uneven timing, in a file that says 4/4 at 120."""
    rhythm = perform(score, 0.01, 0.0, 0.9, np.random.default_rng(0))
    return rhythm.to_score(score.pitches, qpm=120)


def slow_midi(score: Score) -> bytes:
    """In ticks of a tenth of a millisecond at 60 quarters a minute."""
    file = mido.MidiFile(ticks_per_beat=10_000)
    track = [(0, mido.MetaMessage("set_tempo", tempo=1_000_000))]
    for note in score.notes:
        for time, kind in ((note.onset, "note_on"), (note.offset, "note_off")):
            track.append((round(time * 10_000), mido.Message(kind, note=note.pitch)))
    file.tracks.append(in_deltas(track))
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def values(score: Score) -> list[tuple[float, float]]:
    return [(note.onset, note.duration) for note in score.notes]


def test_a_played_melody_is_written_in_its_metre_with_its_pitches() -> None:
    written = written_melody(score_to_midi(played()), "tune.mid")
    assert values(written) == values(TUNE)
    assert written.pitches == TUNE.pitches
    assert (written.time_signature, written.upbeat, written.key) == ((3, 4), 1.0, "C")
    assert written.qpm == pytest.approx(96, abs=3)


def test_silence_before_the_first_note_says_nothing_however_long_it_is() -> None:
    tune = played()
    late = replace(tune, notes=tuple(note._replace(onset=note.onset + 200) for note in tune.notes))  # 100 seconds
    assert written_melody(score_to_midi(late), "tune.mid") == written_melody(score_to_midi(tune), "tune.mid")


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


@pytest.mark.parametrize(("gap_sec", "num_notes"), [(0.0005, 5), (0.003, 5), (0.005, 5), (0.0095, 5), (0.012, 6)])
def test_notes_too_close_to_be_two_are_one_with_one_pitch(gap_sec: float, num_notes: int) -> None:
    """A flam or a grace note: two that do not overlap, as a file of one voice has them."""
    notes = [Note(onset, 1.0, pitch) for onset, pitch in ((0, 60), (2, 62), (4, 64), (6, 65))]
    notes += [Note(8.0, gap_sec / 2, 72), Note(8.0 + gap_sec, 0.5, 67)]
    data = slow_midi(Score(tuple(notes), qpm=60))
    written = written_melody(data, "flam.mid")
    assert written.pitches == (60, 62, 64, 65, 72, 67)[:num_notes]
    assert written_melody(data, "flam.mid", length=5).pitches == (60, 62, 64, 65, 72)


CHORDS_AND_SINGLE_NOTES = Score(
    tuple(
        Note(4 * bar + beat, duration, pitch)
        for bar in range(3)
        for beat, duration, chord in ((0, 1, (60, 64, 67)), (1, 1, (62,)), (2, 2, (59, 62, 67)))
        for pitch in chord
    )
)


def test_a_voice_of_chords_keeps_its_single_notes() -> None:
    """Nothing else sounds there: an onset is left out only where another line is heard."""
    sheet = notate_piano(CHORDS_AND_SINGLE_NOTES, performed=False)
    written = written_melody(piano_musicxml(sheet).encode(), "chords.musicxml")
    assert written.pitches == (67, 62, 67) * 3
    assert [note.onset for note in written.notes] == [4 * bar + beat for bar in range(3) for beat in (0, 1, 2)]


@pytest.mark.parametrize("overlap", [1e-9, 0.5])
def test_voices_are_those_that_sound_on(overlap: float) -> None:
    chords = (Note(0, 1 + overlap, 60), Note(0, 1, 64), Note(1, 1, 67), Note(1, 1, 72))
    assert is_one_voice(Score(chords)) == (overlap < 1e-6)


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
