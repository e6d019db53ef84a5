"""``python -m core neurons`` as a user meets it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import core.checkpoint
from core import cli
from core.formats.midi import score_to_midi
from core.score import Note, Score
from tests.conftest import MELODY

TUNE = "X:1\nT:One & only\nK:C\nCDEF|\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_checkpoints: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tiny_checkpoints)
    Path("tune.abc").write_text(TUNE)

    def run_command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["core", "neurons", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return int(exit_.value.code or 0), *capsys.readouterr()

    return run_command


def test_a_page_that_needs_nothing_else(run: Run) -> None:
    code, out, _ = run("char-lstm", "--piece", "tune.abc", "--out", "page.html", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["name"] == "char-lstm.essen"
    assert facts["num_tokens"] == len(TUNE.strip()) + 1  # its end
    assert facts["layers"] == {"lstm": 12, "lstm cell": 12}
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.count("Plotly.newPlot(") == 2
    assert "<script src=" not in page
    assert f"Unit {facts['unit']} of lstm" in page


def test_the_unit_that_is_asked_for(run: Run) -> None:
    code, out, _ = run(
        "char-lstm", "--piece", "tune.abc", "--out", "page.html", "--layer", "lstm cell", "--unit", 3, "--json"
    )
    assert code == 0
    assert (json.loads(out)["layer"], json.loads(out)["unit"]) == ("lstm cell", 3)
    assert "Unit 3 of lstm cell" in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["beat-lstm-echo", "step-gru-attention", "step-vae-sequence", "char-lstm-echo"])
def test_all_arrays(run: Run, name: str) -> None:
    Path("tune.mid").write_bytes(score_to_midi(MELODY))
    code, out, _ = run(name, "--piece", "tune.mid", "--out", "trace.npz", "--length", 5, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["num_tokens"] == 5
    with np.load("trace.npz", allow_pickle=False) as arrays:
        assert arrays["labels"].shape == (5,)
        assert arrays["probs"].shape[0] == 5
        assert facts["nll"] == pytest.approx(arrays["surprise"].mean(), abs=1e-4)
        assert {f"layer {layer}": (5, units) for layer, units in facts["layers"].items()} == {
            key: arrays[key].shape for key in arrays if key.startswith("layer ")
        }


@pytest.mark.parametrize("name", ["piano-transformer", "piano-accompaniment", "roll-transformer"])
def test_a_model_of_the_piano_reads_all_notes(run: Run, name: str) -> None:
    chords = Score(tuple(Note(i, 1, pitch) for i in range(4) for pitch in (48, 64, 67)))
    Path("chords.mid").write_bytes(score_to_midi(chords))
    code, out, _ = run(name, "--piece", "chords.mid", "--out", "trace.npz", "--json")
    assert code == 0
    with np.load("trace.npz", allow_pickle=False) as arrays:
        names = arrays["labels"].tolist()
    assert json.loads(out)["num_tokens"] == len(names)
    if name == "roll-transformer":  # whose untrained vocabulary has no chords
        assert [names.count(keys) for keys in ("…", "G4")] == [4, 0]
    else:
        assert [names.count(key) for key in ("C3", "E4", "G4")] == [4, 4, 4]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["char-lstm", "--piece", "tune.abc", "--out", "page.png"], "Files ending in .png cannot be written"),
        (["char-lstm", "--piece", "tune.abc", "--out", "p.html", "--layer", "gru"], "choose one of: lstm, lstm cell."),
        (["char-lstm", "--piece", "tune.abc", "--out", "p.html", "--unit", "12"], "choose one from 0 to 11."),
        (["char-lstm", "--piece", "none.abc", "--out", "p.html"], "The file none.abc cannot be read"),
        (["char-lstm", "--piece", "tune.txt", "--out", "p.html"], "The file tune.txt cannot be read"),
        (["beat-rnn", "--piece", "long.abc", "--out", "p.html"], "This is not an ABC tune"),
        (["char-rnn", "--piece", "long.abc", "--out", "p.html"], "must have 1 to 2,048 tokens; this one has 3,001."),
        (["nothing", "--piece", "tune.abc", "--out", "p.html"], "There is no model called 'nothing'"),
    ],
)
def test_bad_input_is_one_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    Path("long.abc").write_text("CDE" * 1000)
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert not Path("p.html").exists()
