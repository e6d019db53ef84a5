"""The command line as a user meets it."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pretty_midi
import pytest
import soundfile
import typer

import core.bench
import core.checkpoint
from core import cli
from core.checkpoint import CARD, WEIGHTS, list_cards
from core.data.corpora import load_corpus
from core.data.rhythms import draw_beats
from core.files import MAX_BYTES, READERS, WRITERS, read_score
from core.formats.midi import score_to_midi
from core.score import Note, Score
from models import ARCHITECTURES
from tests.conftest import MELODY

ROOT = Path(__file__).parent.parent
RNN, LSTM = "beat-rnn.essen", "beat-lstm-local.essen"
ROWS = [(0.0, 0.25), (0.0123456, 0.7), (0.3, 0.0104), (0.0, 1.5), (2.0, 0.333333)]
LONG = Score(tuple(Note(i, 0.5, 60 + i % 12) for i in range(2500)))


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def here(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and tiny models."""
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tiny_checkpoints)
    monkeypatch.setattr(core.bench, "REPEATS", 1)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs a command in this process, by the same door as ``python -m core``."""

    def run_command(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["core", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return Outcome(int(exit_.value.code or 0), *capsys.readouterr())

    return run_command


Run = Callable[..., Outcome]


def write_rhythm(path: Path, rows: Sequence[tuple[object, object]] = ROWS) -> Path:
    path.write_text("\n".join(["rest_sec,duration_sec", *(f"{rest},{held}" for rest, held in rows)]) + "\n")
    return path


def write_melody(path: Path, score: Score = MELODY) -> Path:
    path.write_bytes(WRITERS[path.suffix](score, score, 0))
    return path


# What the commands give


def test_generate_prints_one_object_and_writes_the_file(run: Run, here: Path) -> None:
    done = run("generate", "beat-rnn", "--out", "a.mid", "--seed", 3, "--length", 20, "--json")
    assert done.code == 0
    assert done.out.count("\n") == 1
    facts = done.json
    assert {"name", "seed", "num_notes", "pitches", "onsets_sec", "durations_sec", "log_likelihood", "seconds"} <= set(
        facts
    )
    assert (facts["name"], facts["seed"], facts["num_notes"]) == (RNN, 3, 20)
    assert [len(facts[name]) for name in ("pitches", "onsets_sec", "durations_sec")] == [20] * 3
    assert facts["log_likelihood"] < 0 < facts["seconds"]
    notes = pretty_midi.PrettyMIDI(str(here / "a.mid")).instruments[0].notes
    assert [note.pitch for note in notes] == facts["pitches"]
    assert [note.start for note in notes] == pytest.approx(facts["onsets_sec"], abs=2e-3)
    assert [note.end - note.start for note in notes] == pytest.approx(facts["durations_sec"], abs=4e-3)


def test_the_same_seed_writes_the_same_file(run: Run, here: Path) -> None:
    for name, seed in (("a.mid", 5), ("b.mid", 5), ("c.mid", 6)):
        assert run("generate", LSTM, "--out", name, "--seed", seed).code == 0
    a, b, c = ((here / name).read_bytes() for name in ("a.mid", "b.mid", "c.mid"))
    assert a == b != c


def test_without_a_seed_one_is_drawn_and_named(run: Run) -> None:
    first = run("generate", "beat-rnn", "--out", "a.mid", "--length", 12, "--json").json
    other = run("generate", "beat-rnn", "--out", "a.mid", "--length", 12, "--json").json
    assert first["seed"] != other["seed"]
    again = run("generate", "beat-rnn", "--out", "a.mid", "--length", 12, "--seed", first["seed"], "--json").json
    assert again["pitches"] == first["pitches"]
    assert again["onsets_sec"] == first["onsets_sec"]


def test_settings_reach_the_draw(run: Run) -> None:
    plain = ("generate", "beat-rnn", "--out", "a.mid", "--length", 40, "--seed", 1, "--json")
    greedy = run(*plain, "--top-k", 1).json["pitches"]
    assert greedy == run(*plain, "--top-k", 1, "--temperature", 5).json["pitches"]
    assert greedy != run(*plain).json["pitches"]
    varied = run(*plain, "--repeat-decay", 1).json["pitches"]
    assert all(before != after for before, after in pairwise(varied))
    assert run(*plain, "--top-p", 0.3).json["pitches"] != run(*plain).json["pitches"]
    searched = run(*plain, "--num-beams", 4, "--beam-prob", 1).json
    assert searched["log_likelihood"] > run(*plain).json["log_likelihood"]


def test_the_times_of_a_rhythm_file_come_back(run: Run, here: Path) -> None:
    write_rhythm(here / "r.csv")
    facts = run("generate", "beat-rnn", "--out", "a.mid", "--rhythm", "r.csv", "--json").json
    now, onsets = 0.0, []
    for rest, held in ROWS:
        onsets.append(now + rest)
        now += rest + held
    assert facts["onsets_sec"] == pytest.approx(onsets, abs=1e-6)
    assert facts["durations_sec"] == pytest.approx([held for _, held in ROWS], abs=1e-6)
    assert run("rhythm", "r.csv", "again.csv", "--json").json["num_notes"] == 5
    with (here / "again.csv").open(newline="") as lines:
        rows = [(float(row["rest_sec"]), float(row["duration_sec"])) for row in csv.DictReader(lines)]
    assert sum(rows, ()) == pytest.approx(sum(ROWS, ()), abs=1e-6)


def test_length_cuts_a_rhythm_and_continues_a_tune(run: Run, here: Path) -> None:
    write_rhythm(here / "r.csv")
    plain = ("generate", "beat-rnn", "--out", "a.mid", "--seed", 2, "--json")
    assert run(*plain, "--rhythm", "r.csv", "--length", 3).json["num_notes"] == 3
    assert run(*plain, "--rhythm", "r.csv", "--length", 30).json["num_notes"] == 5
    tune, short, long = run(*plain).json, run(*plain, "--length", 5).json, run(*plain, "--length", 200).json
    assert tune["num_notes"] == len(draw_beats("essen", 2))
    assert (short["num_notes"], long["num_notes"]) == (5, 200)
    assert short["onsets_sec"] == tune["onsets_sec"][:5]
    assert long["onsets_sec"][: tune["num_notes"]] == tune["onsets_sec"]


def test_a_long_performance_may_be_cut(run: Run, here: Path) -> None:
    write_melody(here / "long.mid", LONG)
    plain = ("generate", "beat-rnn", "--out", "a.mid", "--rhythm", "long.mid", "--json")
    assert run(*plain, "--length", 10).json["num_notes"] == 10
    assert run(*plain).code == 2


@pytest.mark.parametrize("ending", [".mid", ".musicxml", ".abc"])
def test_recolor_keeps_the_rhythm_of_a_piece(ending: str, run: Run, here: Path) -> None:
    write_melody(here / f"in{ending}")
    facts = run("generate", LSTM, "--out", "a.mid", "--recolor", f"in{ending}", "--json").json
    sec = 60 / MELODY.qpm
    assert facts["onsets_sec"] == pytest.approx([note.onset * sec for note in MELODY.notes], abs=1e-3)
    assert facts["durations_sec"] == pytest.approx([note.duration * sec for note in MELODY.notes], abs=1e-3)


def test_the_prompt_comes_first_as_text_or_file(run: Run, here: Path) -> None:
    plain = ("generate", "beat-rnn", "--out", "a.mid", "--length", 12, "--seed", 4, "--json")
    (here / "first.txt").write_text("G4, A4\nB4 | 60\n")
    as_text, as_file = run(*plain, "--prompt", "G4 A4 B4 60").json, run(*plain, "--prompt", "first.txt").json
    assert as_text["pitches"][:4] == as_file["pitches"][:4] == [67, 69, 71, 60]
    assert as_text["pitches"] == as_file["pitches"]


def test_every_ending_can_be_written_at_once(run: Run, here: Path) -> None:
    outs = [argument for ending in WRITERS for argument in ("--out", f"tune{ending}")]
    notes = "G4 A4 B4 C5 B4 G4 D4 60 61 63 66 70 48 84"  # untrained models write what no clef holds
    done = run("generate", LSTM, *outs, "--prompt", notes, "--seed", 1, "--length", 14, "--json")
    assert done.code == 0
    pitches = done.json["pitches"]
    assert {path.name for path in here.iterdir()} == {f"tune{ending}" for ending in WRITERS}
    for ending in set(WRITERS) & set(READERS):
        assert list(read_score((here / f"tune{ending}").read_bytes(), f"tune{ending}").pitches) == pitches
    assert "<svg" in (here / "tune.svg").read_text()
    assert (here / "tune.pdf").read_bytes().startswith(b"%PDF")
    sound, rate = soundfile.read(here / "tune.wav")
    assert len(sound) / rate >= done.json["onsets_sec"][-1]
    assert abs(sound).max() > 0.01


def test_convert_goes_between_all_endings(run: Run, here: Path) -> None:
    write_melody(here / "in.mid")
    for ending in WRITERS:
        assert run("convert", "in.mid", f"out{ending}").code == 0
    for source in ("out.musicxml", "out.abc"):
        assert run("convert", source, "back.mid").code == 0
        assert read_score((here / "back.mid").read_bytes(), "back.mid").pitches == MELODY.pitches


def test_rhythm_takes_the_top_line_of_music(run: Run, here: Path) -> None:
    chords = Score(tuple(Note(i, 1, pitch) for i in range(4) for pitch in (48, 60, 67)))
    write_melody(here / "chords.mid", chords)
    done = run("rhythm", "chords.mid", "r.csv", "--json")
    assert done.json == {"num_notes": 4, "seconds": 2.0, "written": "r.csv"}
    assert (here / "r.csv").read_text().splitlines()[0] == "rest_sec,duration_sec"


def test_models_and_corpora_are_listed(run: Run) -> None:
    models = run("models", "--json").json
    assert [model["name"] for model in models] == sorted(f"{name}.essen" for name in ARCHITECTURES)
    assert all({"title", "description", "corpus", "license", "metrics"} <= set(model) for model in models)
    corpora = {corpus["name"]: corpus for corpus in run("corpora", "--json").json}
    assert list(corpora) == ["essen", "pop909", "maestro", "abc-songs", "irish"]
    assert [corpus["installed"] for corpus in corpora.values()] == [True, False, False, False, True]
    essen, maestro = corpora["essen"], corpora["maestro"]
    assert "corpora --download maestro" in maestro["how"]
    assert essen["train"] + essen["valid"] + essen["test"] == len(load_corpus("essen"))
    assert RNN in run("models").out
    assert "essen" in run("corpora").out


def test_melody_takes_one_line_of_many_with_its_velocities(run: Run, here: Path) -> None:
    top = tuple(Note(i, 1, 72 + i, 90 + i) for i in range(4))
    chords = Score((*top, *(Note(i, 1, pitch, 50) for i in range(4) for pitch in (48, 60, 67))))
    write_melody(here / "chords.mid", chords)
    done = run("melody", "chords.mid", "m.mid", "--method", "viterbi", "--json")
    facts = done.json
    assert (facts["method"], facts["num_notes"], facts["num_melody_notes"]) == ("viterbi", 16, 4)
    assert read_score((here / "m.mid").read_bytes(), "m.mid").notes == top


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (("missing.mid", "m.mid"), "missing.mid cannot be read"),
        (("in.mid", "m.wav"), "ends in .mid"),
        (("in.mid", "m.mid", "--method", "ear"), "choose one of: voice, viterbi"),
        (("noise.mid", "m.mid"), "not a MIDI file"),
        (("in.mid", "nowhere/m.mid", "--method", "viterbi"), "no folder nowhere"),
    ],
)
def test_a_melody_that_cannot_be_had_is_one_sentence(call: Sequence[str], sentence: str, run: Run, here: Path) -> None:
    write_melody(here / "in.mid")
    (here / "noise.mid").write_bytes(bytes(range(256)))
    before = set(here.iterdir())
    done = run("melody", *call)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert set(here.iterdir()) == before


def test_a_download_that_is_not_offered_is_one_sentence(run: Run) -> None:
    done = run("corpora", "--download", "essen")
    assert (done.code, done.out) == (2, "")
    assert "choose one of: maestro" in done.err


def test_evaluate_measures_own_music_beside_trivial_floors(run: Run, here: Path) -> None:
    write_melody(here / "in.mid")
    done = run("evaluate", "beat-rnn", "--pieces", "in.mid", "--floors", "--json")
    facts = done.json
    assert (facts["name"], facts["split"], facts["num_pieces"], facts["num_tokens"]) == (RNN, "in.mid", 1, 7)
    assert facts["nll"] > 0
    assert 0 <= facts["accuracy"] <= 1
    assert set(facts["floors"]) == {"most_frequent", "repeat_last", "5-gram"}
    assert "floors" not in run("evaluate", "beat-rnn", "--pieces", "in.mid", "--json").json


def test_evaluate_measures_a_split_of_the_corpus(run: Run, here: Path) -> None:
    (here / "tunes").mkdir()
    tune = "X:{}\nT:Tune\nM:4/4\nL:1/4\nK:C\n" + "CDEF|GABc|"
    scales = [tune.format(i) + "".join("CDEFGABc"[(i * j) % 8] for j in range(1, 9)) + "|\n" for i in range(40)]
    (here / "tunes" / "some.abc").write_text("\n".join(scales))
    total = 0
    for split in ("train", "valid", "test"):
        done = run("evaluate", "beat-rnn", "--split", split, "--corpus-root", "tunes", "--json")
        if done.code == 0:  # a split of so few tunes may be empty
            assert done.json["split"] == split
            assert done.json["num_tokens"] == 16 * done.json["num_pieces"]
            total += done.json["num_pieces"]
        else:
            assert (done.code, done.out) == (2, "")
    assert total == 40


def test_bench_lists_name_what_value_unit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once() -> list[core.bench.Row]:
        return []

    monkeypatch.setattr(core.bench, "start", at_once)  # a fresh process: measured by the command itself
    monkeypatch.setattr(core.bench, "memory", lambda name: [{"name": name, "what": "memory", "value": 1, "unit": "MB"}])
    monkeypatch.setattr(core.bench, "REPEATS", 1)
    two = [card for card in list_cards() if card.name in (RNN, LSTM)]
    monkeypatch.setattr(core.bench, "list_cards", lambda: two)
    monkeypatch.setattr(core.bench, "PUBLISHED", {"beat-rnn": {"embed_dim": 8, "hidden_dim": 8}})
    rows = run("bench", "--json").json
    assert all(set(row) == {"name", "what", "value", "unit"} for row in rows)
    assert {row["name"] for row in rows} >= {RNN, LSTM}
    whats = {row["what"] for row in rows}
    assert {f"sampling {n} notes, {beams}" for n in (64, 512) for beams in ("1 beam", "5 beams")} <= whats
    assert any("score and sound" in what for what in whats)
    assert all(row["value"] > 0 for row in rows)


@pytest.mark.parametrize("command", sorted(typer.main.get_command(cli.app).commands))
def test_help_is_there_for_every_command(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0
    assert "Usage" in done.out


# What is refused


def refused(outcome: Outcome, here: Path, before: set[Path]) -> str:
    """The one sentence on standard error; no output, trace-back or new file."""
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert set(here.rglob("*")) == before
    return outcome.err


GENERATE = ("generate", "beat-rnn", "--out", "x.mid")
BAD_CALLS: dict[str, tuple[tuple[object, ...], str]] = {
    "unknown model": (("generate", "beat-choir", "--out", "x.mid"), r"no model called 'beat-choir'"),
    "a model of steps on a rhythm": (("generate", "step-lstm-echo", "--out", "x.mid"), "no pitches on a rhythm"),
    "a model of characters on a rhythm": (("generate", "char-lstm", "--out", "x.mid"), "no pitches on a rhythm"),
    "a model of the piano on a rhythm": (("generate", "piano-transformer", "--out", "x.mid"), "no pitches on a rhythm"),
    "path for a model": (("generate", "../beat-rnn.essen", "--out", "x.mid"), "no model"),
    "unknown model to evaluate": (("evaluate", "beat-choir"), "no model"),
    "unknown recipe": (("train", "beat-choir"), "no recipe"),
    "unknown field": (("train", "beat-rnn", "--set", "colour=3"), "'colour' cannot be set"),
    "value that is no number": (("train", "beat-rnn", "--set", "batch_size=many"), "whole number"),
    "minutes that are none": (("train", "beat-rnn", "--max-minutes", "nan"), "minutes"),
    "negative minutes": (("train", "beat-rnn", "--max-minutes", "-1"), "minutes"),
    "unknown split": (("evaluate", "beat-rnn", "--split", "dev"), "train, valid or test"),
    "no pieces": (("evaluate", "beat-rnn", "--pieces", "nowhere"), "cannot be read"),
    "no corpus": (("corpora", "--corpus-root", "nowhere"), "no corpus in nowhere"),
    "temperature 0": ((*GENERATE, "--temperature", 0), "Temperature must be"),
    "temperature nan": ((*GENERATE, "--temperature", "nan"), "must be a number"),
    "temperature inf": ((*GENERATE, "--temperature", "inf"), "must be a number"),
    "top-p 0": ((*GENERATE, "--top-p", 0), "Top-p"),
    "top-k -1": ((*GENERATE, "--top-k", -1), "Top-k"),
    "repeat decay 2": ((*GENERATE, "--repeat-decay", 2), "Repeat decay"),
    "0 beams": ((*GENERATE, "--num-beams", 0), "beams"),
    "a million beams": ((*GENERATE, "--num-beams", 10**6), "beams"),
    "beam probability 2": ((*GENERATE, "--beam-prob", 2), "Beam probability"),
    "seed -1": ((*GENERATE, "--seed", -1), "seed must be"),
    "seed too large": ((*GENERATE, "--seed", 2**60), "seed must be"),
    "length 0": ((*GENERATE, "--length", 0), "from 1 to 2000"),
    "length 5000": ((*GENERATE, "--length", 5000), "from 1 to 2000"),
    "wrong note": ((*GENERATE, "--prompt", "G4 H9"), "'H9' is not a note"),
    "note out of range": ((*GENERATE, "--prompt", "G4 200"), "out of range"),
    "missing prompt file": ((*GENERATE, "--prompt", "missing.txt"), "is not a note"),
    "very long prompt": ((*GENERATE, "--prompt", "G4 " * 2000 + "x.y"), "'x.y' is not a note"),
    "more notes than the rhythm": ((*GENERATE, "--prompt", "60 " * 6, "--rhythm", "r.csv"), "6 first notes"),
    "two sources": ((*GENERATE, "--rhythm", "r.csv", "--recolor", "in.mid"), "not both"),
    "wrong ending to write": (("generate", "beat-rnn", "--out", "x.docx"), r"\.docx cannot be written"),
    "no ending to write": (("generate", "beat-rnn", "--out", "x"), "nothing cannot be written"),
    "second ending wrong": (("generate", "beat-rnn", "--out", "x.mid", "--out", "y.docx"), "docx"),
    "missing folder": (("generate", "beat-rnn", "--out", "nowhere/x.mid"), "no folder nowhere"),
    "a folder of that name": (("generate", "beat-rnn", "--out", "folder.mid"), "cannot be written"),
    "missing rhythm": ((*GENERATE, "--rhythm", "missing.csv"), r"missing\.csv cannot be read"),
    "folder for a rhythm": ((*GENERATE, "--rhythm", "folder.mid"), "cannot be read"),
    "rhythm of another kind": ((*GENERATE, "--rhythm", "notes.txt"), r"\.txt cannot be read"),
    "endless file": ((*GENERATE, "--rhythm", "/dev/zero"), "larger than"),
    "missing source": (("convert", "missing.mid", "x.abc"), "cannot be read"),
    "wrong target": (("convert", "in.mid", "x.csv"), r"\.csv cannot be written"),
    "a style of a model of frames": (("piano", "roll-gru", "--out", "x.mid", "--style", "no such"), "knows no styles"),
    "seconds of no prompt": (("piano", "roll-gru", "--out", "x.mid", "--prompt-seconds", 9), "give --prompt, or leave"),
    "rhythm to another ending": (("rhythm", "in.mid", "x.mid"), r"\.csv"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_CALLS)
def test_bad_calls_end_with_one_sentence_and_no_file(case: str, run: Run, here: Path) -> None:
    write_rhythm(here / "r.csv")
    write_melody(here / "in.mid")
    (here / "notes.txt").write_text("G4")
    (here / "folder.mid").mkdir()
    before = set(here.rglob("*"))
    call, message = BAD_CALLS[case]
    said = refused(run(*call), here, before)
    assert said.count("\n") == 1
    assert said.endswith(".\n")
    assert re.search(message, said)


MIDI = score_to_midi(MELODY)
BAD_FILES: dict[str, tuple[str, bytes]] = {
    "empty csv": ("r.csv", b""),
    "header alone": ("r.csv", b"rest_sec,duration_sec\n"),
    "nan": ("r.csv", b"rest_sec,duration_sec\n0,nan\n"),
    "infinite": ("r.csv", b"rest_sec,duration_sec\n0,inf\n"),
    "negative duration": ("r.csv", b"rest_sec,duration_sec\n0,-1\n"),
    "negative rest": ("r.csv", b"rest_sec,duration_sec\n-0.5,1\n"),
    "zero duration": ("r.csv", b"rest_sec,duration_sec\n0,0\n"),
    "an hour": ("r.csv", b"rest_sec,duration_sec\n0,3600\n"),
    "one column": ("r.csv", b"rest_sec\n0\n"),
    "words": ("r.csv", b"rest_sec,duration_sec\nnone,long\n"),
    "too many rows": ("r.csv", b"rest_sec,duration_sec\n" + b"0,1\n" * 2001),
    "huge csv": ("r.csv", b"0,1\n" * (MAX_BYTES // 2)),
    "binary csv": ("r.csv", bytes(range(256))),
    "empty midi": ("r.mid", b""),
    "truncated midi": ("r.mid", MIDI[:30]),
    "png as midi": ("r.mid", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    "huge midi": ("r.mid", b"MThd" + bytes(MAX_BYTES)),
    "midi as musicxml": ("r.musicxml", MIDI),
    "entity bomb": ("r.musicxml", b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'),
    "empty musicxml": ("r.musicxml", b""),
    "zip that is none": ("r.mxl", b"PK\x03\x04broken"),
    "abc without notes": ("r.abc", b"X:1\nT:Silence\nK:C\n"),
    "abc of nothing": ("r.abc", b"\x00\xff"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_end_with_one_sentence_and_no_file(case: str, run: Run, here: Path) -> None:
    name, data = BAD_FILES[case]
    (here / name).write_bytes(data)
    before = set(here.rglob("*"))
    calls: list[tuple[object, ...]] = [(*GENERATE, "--rhythm", name), ("rhythm", name, "out.csv")]
    if not name.endswith(".csv"):
        calls += [("convert", name, "out.abc"), ("evaluate", "beat-rnn", "--pieces", name)]
    for call in calls:
        said = refused(run(*call), here, before)
        assert said.count("\n") == 1, said
        assert said.endswith(".\n")


def test_a_damaged_model_is_said(run: Run, here: Path, tiny_checkpoints: Path) -> None:
    (tiny_checkpoints / RNN / WEIGHTS).write_bytes(b"not weights")
    said = refused(run(*GENERATE), here, set())
    assert "missing or damaged" in said
    (tiny_checkpoints / LSTM / CARD).write_text("{")
    assert LSTM not in [model["name"] for model in run("models", "--json").json]
    refused(run("generate", LSTM, "--out", "x.mid"), here, set())


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        (("compose",), "No such command 'compose'"), (("generate",), "Missing argument 'name'"),
        (("generate", "beat-rnn"), "Missing option '--out'"), ((*GENERATE, "--length", "x"), "--length"),
        (("models", "--all"), "--all"),
    ],
)  # fmt: skip
def test_wrong_usage_is_explained_in_a_sentence(call: tuple[str, ...], wrong: str, run: Run, here: Path) -> None:
    done = run(*call)
    assert (done.code, done.out) == (2, "")
    assert wrong in done.err
    assert done.err.endswith("; see --help.\n")
    assert done.err.count("\n") == 1
    assert not any(here.iterdir())


def test_without_a_command_there_is_help(run: Run) -> None:
    done = run()
    assert (done.code, done.err) == (2, "")
    assert "Usage" in done.out
    assert "generate" in done.out


def test_no_file_is_written_where_another_has_no_folder(run: Run, here: Path) -> None:
    assert "no folder nowhere" in refused(run(*GENERATE, "--out", "x.mid", "--out", "nowhere/x.abc"), here, set())


# In a process of its own


def python_m_core(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "core", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def test_as_a_program_it_converts_and_prints_nothing(here: Path) -> None:
    write_melody(here / "in.mid")
    done = python_m_core("convert", "in.mid", "out.abc", cwd=here)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "T:Seven notes" in (here / "out.abc").read_text()


def test_as_a_program_it_exits_2_with_one_sentence(here: Path) -> None:
    done = python_m_core("rhythm", "missing.mid", "out.csv", cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "The file missing.mid cannot be read; check its name.\n"


def test_midi_goes_out_as_played_or_as_written(run: Run, here: Path) -> None:
    (here / "r.csv").write_text("rest_sec,duration_sec\n" + "0,0.513\n0,0.497\n0,0.252\n0,0.241\n0,0.508\n" * 3)
    call = ("generate", "beat-rnn", "--rhythm", "r.csv", "--seed", "3")
    run(*call, "--out", "played.mid")
    run(*call, "--out", "written.mid", "--as-written")
    played, written = (read_score((here / f"{name}.mid").read_bytes(), "x.mid") for name in ("played", "written"))
    assert played.pitches == written.pitches
    assert all((note.onset * 4).is_integer() for note in written.notes)
    assert not all((note.onset * 4).is_integer() for note in played.notes)
