"""``python -m core continue`` as a user meets it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import core.checkpoint
from core import cli
from core.checkpoint import save_checkpoint
from core.files import WRITERS, read_score
from core.score import Note, Score
from tests.conftest import tiny_checkpoint

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty folder, with tiny models; (exit code, output, errors)."""
    for architecture in ("step-bilstm", "beat-rnn", "roll-gru", "piano-transformer", "char-lstm"):
        save_checkpoint(tiny_checkpoint(architecture), tmp_path / "checkpoints")
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["core", "continue", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return int(exit_.value.code or 0), *capsys.readouterr()

    return run_command


def facts(run: Run, *arguments: object) -> dict[str, Any]:
    code, out, _ = run(*arguments, "--model", "step-bilstm", "--out", "tune.mid", "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_typed_melody_goes_on_and_the_file_has_the_same_notes(run: Run) -> None:
    told = facts(run, "D4 G4 A4/2 B4/2", "--bars", 2, "--seed", 3, "--metre", "3/4", "--upbeat", 1, "--qpm", 90)
    assert told["pitches"][:4] == [62, 67, 69, 71]
    assert (told["name"], told["seed"], told["num_given"]) == ("step-bilstm.essen", 3, 4)
    assert told["bars"] <= 3
    assert told["num_notes"] == len(told["onsets"]) == len(told["durations"])
    written = read_score(Path("tune.mid").read_bytes(), "tune.mid")
    assert list(written.pitches) == told["pitches"]
    assert [note.onset for note in written.notes] == pytest.approx(told["onsets"], abs=1e-3)
    assert [note.duration for note in written.notes] == pytest.approx(told["durations"], abs=1e-3)
    assert written.qpm == pytest.approx(90, abs=0.01)
    again = facts(run, "D4 G4 A4/2 B4/2", "--bars", 2, "--seed", 3, "--metre", "3/4", "--upbeat", 1, "--qpm", 90)
    assert {**again, "seconds": 0} == {**told, "seconds": 0}


def test_the_first_bars_of_a_file_or_a_text_in_one(run: Run) -> None:
    tune = Score(tuple(Note(onset, 1, 60 + onset) for onset in range(12)), time_signature=(3, 4))
    Path("tune.musicxml").write_bytes(WRITERS[".musicxml"](tune, tune, 0))
    Path("seed.txt").write_text("67 _ _ _ 69 _ r /")
    assert facts(run, "tune.musicxml", "--first-bars", 2, "--bars", 1)["pitches"][:6] == list(range(60, 66))
    assert facts(run, "seed.txt", "--bars", 1)["pitches"][:2] == [67, 69]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("G4 H4",), "In word 2, 'H4' is not a note"),
        (("G4", "--bars", 0), "1 to 64 bars"),
        (("G4", "--metre", "5/3"), "5/3 cannot be used"),
        (("G4", "--upbeat", 9), "upbeat must be shorter"),
        (("missing.mid",), "missing.mid cannot be read"),
        (("G4", "--temperature", 0), "Temperature must be"),
        (("G4", "--model", "beat-rnn"), "on a rhythm and cannot go on from a melody; choose one whose name begins"),
        (("G4", "--model", "roll-gru"), "go on from a MIDI file: python -m core piano MODEL --prompt FILE."),
        (("G4", "--model", "piano-transformer"), "plays the piano with both hands; choose one whose name begins with"),
        (("G4", "--model", "char-lstm"), "writes tunes as ABC text; choose one whose name begins with 'step', or go"),
        (("G4", "--model", "nothing"), "no model called 'nothing'"),
        (("G4", "--out", "tune.xyz"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(run: Run, arguments: tuple[object, ...], sentence: str) -> None:
    usual: list[object] = [] if "--model" in arguments else ["--model", "step-bilstm"]
    usual += [] if "--out" in arguments else ["--out", "tune.mid"]
    code, out, error = run(*arguments, *usual)
    assert (code, out) == (2, "")
    assert sentence in error
    assert error.endswith(".\n")
    assert not Path("tune.mid").exists()
