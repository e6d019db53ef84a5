"""Figures of whole songs by numbers worked out by hand, and the distances between samples of them."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.evaluation.songs
import core.ui.library
from core import cli
from core.checkpoint import CARD, SONGS, WEIGHTS, Checkpoint, list_cards
from core.codecs import BeatCodec, StepCodec
from core.data.piece import Piece
from core.errors import InputError
from core.evaluation.board import characters_table, markdown_table, steps_table
from core.evaluation.song_board import PEOPLE, closest, compare, songs_table
from core.evaluation.song_form import (
    FIGURES,
    bars,
    final_on_tonic,
    key_stability,
    pitch_class_entropy,
    repetition,
    scale_consistency,
)
from core.evaluation.songs import (
    Song,
    figures_of,
    figures_to_csv,
    human_figures,
    human_file,
    human_songs,
    load_figures,
    write_songs,
)
from core.evaluation.wasserstein import distance, wasserstein
from core.score import Note, Score
from core.ui.library import leaderboard
from tests.conftest import said, tiny_checkpoint

ROOT = Path(__file__).parent.parent
IN_C = [60, 64, 67, 72, 71, 67, 65, 62] * 2  # four bars of 4/4 in quarters
songs = some.lists(some.integers(43, 90), min_size=13, max_size=40)


def quarters(pitches: Sequence[int], upbeat: float = 0.0) -> Score:
    return Score(tuple(Note(i, 1, pitch) for i, pitch in enumerate(pitches)), upbeat=upbeat)


def test_bars_are_counted_from_the_first_bar_line() -> None:
    song = quarters([67, *IN_C[:6]], upbeat=1.0)
    assert [[(note.onset, note.pitch) for note in bar] for bar in bars(song)] == [
        [(0, 60), (1, 64), (2, 67), (3, 72)],
        [(0, 71), (1, 67)],
    ]
    assert bars(Score(())) == bars(quarters([60], upbeat=1.0)) == []


def test_key_stability_counts_windows_of_four_bars_in_the_key_of_the_song() -> None:
    in_c = [67, 65, 64, 60]
    in_g = [pitch + 7 for pitch in in_c]
    assert key_stability(quarters(in_c * 8)) == 1.0
    assert key_stability(quarters(in_c * 8 + in_g * 4 + in_c * 4)) == 12 / 13  # one window is all in G
    assert key_stability(quarters([67, *in_c * 4], upbeat=1.0)) == 1.0
    assert key_stability(quarters(in_c * 3)) is None


def test_scale_consistency_is_that_of_muspy() -> None:
    assert scale_consistency(quarters([60, 62, 64, 65, 67, 69, 71, 72])) == 1.0
    assert scale_consistency(quarters([60, 62, 63, 65, 67, 68, 70, 72])) == 1.0  # natural minor
    assert scale_consistency(quarters([60, 62, 64, 65, 67, 69, 71, 61])) == 7 / 8
    assert scale_consistency(quarters(range(60, 72))) == 7 / 12
    assert scale_consistency(Score(())) is None


def test_pitch_class_entropy_is_that_of_muspy() -> None:
    assert pitch_class_entropy(quarters([60, 72, 48])) == 0.0
    assert pitch_class_entropy(quarters([60, 72, 62, 64])) == 1.5  # shares of a half and two quarters
    assert pitch_class_entropy(quarters(range(60, 72))) == pytest.approx(math.log2(12))
    assert pitch_class_entropy(Score(())) is None


def test_repetition_is_what_bars_have_in_common_with_those_before() -> None:
    a, b, half = [60, 62, 64, 65], [67, 65, 64, 62], [60, 62, 67, 69]
    assert repetition(quarters([*a, *b, *a])) == 1.0
    assert repetition(quarters([*a, *b, *half])) == pytest.approx(2 / 6)  # two notes of six, and but one lag fits
    assert repetition(quarters([*a, *b, *b])) == pytest.approx(1 / 7)  # E on the third beat is in both
    assert repetition(quarters([*a, *b, *a, *b, *a])) == 1.0  # lags of 2 and 4
    assert repetition(quarters([*a, *a, *b, *b, *a])) == pytest.approx((3 / 7 / 3 + 1) / 2)
    assert repetition(quarters([*a, *b, *(pitch + 2 for pitch in a)])) == 0.0
    assert repetition(quarters([*a, *b])) is None


def test_bars_without_a_beginning_note_say_nothing_of_repetition() -> None:
    held = Score((Note(0, 4, 60), Note(4, 12, 62), Note(16, 4, 64)))
    assert repetition(held) == 0.0  # bars 3 and 5, 2 and 4, 1 and 3, 1 and 5: nothing in common
    assert repetition(Score((Note(0, 20, 60),))) == 0.0
    assert repetition(Score((Note(0, 4, 60), Note(4, 8, 62)), upbeat=8.0, time_signature=(4, 1))) is None


def test_coming_home() -> None:
    assert final_on_tonic(quarters([*IN_C, 60])) == 1.0
    assert final_on_tonic(quarters([*IN_C, 48])) == 1.0
    assert final_on_tonic(quarters([*IN_C, 62])) == 0.0
    assert final_on_tonic(quarters([57, 60, 64, 62, 60, 59, 56, 57])) == 1.0  # A minor
    assert final_on_tonic(Score(())) is None


@given(songs, some.integers(-5, 5))
def test_no_figure_but_that_of_the_key_finder_depends_on_the_key(pitches: list[int], semitones: int) -> None:
    song = quarters(pitches)
    for figure in (scale_consistency, pitch_class_entropy, repetition):
        assert figure(song.transposed(semitones)) == pytest.approx(figure(song))


@given(songs)
def test_figures_stay_in_their_ranges(pitches: list[int]) -> None:
    for name, figure in FIGURES.items():
        value = figure.of(quarters(pitches))
        if value is not None:
            assert 0 <= value <= (math.log2(12) + 1e-9 if name == "pitch_class_entropy" else 1)


def test_wasserstein_distances_worked_out_by_hand() -> None:
    a = np.array([0.0, 1.0, 3.0])
    assert wasserstein(a, np.array([5.0, 6.0, 8.0])) == pytest.approx(5.0)
    assert wasserstein(a, np.array([1.0, 0.0, 3.0, 0.0, 1.0, 3.0])) == pytest.approx(0.0)
    assert wasserstein(np.array([0.0, 1.0]), np.array([0.0, 0.0, 1.0])) == pytest.approx(1 / 6)
    assert wasserstein(np.array([2.0]), np.array([0.0, 1.0, 5.0])) == pytest.approx((2 + 1 + 3) / 3)
    assert wasserstein(np.stack([a, a + 1]), a) == pytest.approx([0.0, 1.0])


values = some.lists(some.integers(-50, 50).map(float), min_size=1, max_size=12).map(np.array)


@given(values, values, values)
def test_wasserstein_is_a_metric(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    assert wasserstein(a, b) == pytest.approx(wasserstein(b, a))
    assert wasserstein(a, a) == 0
    assert wasserstein(a, c) <= wasserstein(a, b) + wasserstein(b, c) + 1e-9
    assert wasserstein(a, b) >= abs(a.mean() - b.mean()) - 1e-9


def test_the_interval_is_repeatable_and_narrows_with_more_songs() -> None:
    rng = np.random.default_rng(3)
    few, many = (distance(rng.normal(0, 1, num), rng.normal(2, 1, num)) for num in (30, 400))
    assert few.low < few.value < few.high
    assert many.high - many.low < few.high - few.low
    assert many.low < 2.0 < many.high
    a, b = rng.random(20), rng.random(30)
    assert distance(a, b) == distance(a, b)
    assert distance(a, np.array([])) is None


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.evaluation.songs, "MAX_STEPS", 24)


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    """Eight songs to be held out, and one that no codec of steps carries."""
    songs = [quarters([pitch + i for pitch in IN_C], upbeat=i % 2) for i in range(8)]
    songs[3] = replace(songs[3], time_signature=(3, 4))
    pieces = [Piece(f"song{i}", song) for i, song in enumerate(songs)]
    pieces.append(Piece("odd", Score((Note(0, 0.3, 60),))))
    monkeypatch.setattr(core.evaluation.songs, "pieces_of", lambda *_: pieces)
    return pieces


@pytest.mark.parametrize("network", ["step-bilstm", "step-vae-sequence"])
def test_a_song_is_written_in_the_metre_of_a_held_out_one_and_again_by_its_seed(few_steps: None, network: str) -> None:
    checkpoint = tiny_checkpoint(network)
    held_out = [Song("a", Score((), time_signature=(3, 4), upbeat=1.0)), Song("b", Score((), time_signature=(6, 8)))]
    written, again = (list(write_songs(checkpoint, held_out)) for _ in range(2))
    assert written == again
    assert [song.name for song in written] == ["0", "1"]
    assert [(song.score.time_signature, song.score.upbeat) for song in written] == [((3, 4), 1.0), ((6, 8), 0.0)]
    assert all(song.score.duration <= 24 / 4 for song in written)


def test_a_song_ends_by_itself_or_is_cut_off(few_steps: None) -> None:
    checkpoint = tiny_checkpoint("step-bilstm")
    ended = []
    for bias in (50.0, -50.0):
        checkpoint.model.head.bias.data[checkpoint.codec.end_token] = bias
        [song] = write_songs(checkpoint, [Song("a", Score(()))])
        ended.append(song.ended)
    assert ended == [True, False]


def test_only_models_of_steps_write_songs() -> None:
    with pytest.raises(InputError, match="on a rhythm"):
        next(write_songs(tiny_checkpoint("beat-rnn"), [Song("a", Score(()))]))


def test_people_are_two_sets_of_songs_with_none_in_common(corpus: list[Piece]) -> None:
    sets = human_songs(StepCodec(), "essen")
    names = [{song.name for song in one} for one in sets]
    assert [len(one) for one in names] == [4, 4]
    assert names[0] | names[1] == {piece.id for piece in corpus[:-1]}
    assert sets == human_songs(StepCodec(), "essen")


def test_too_few_songs_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.evaluation.songs, "pieces_of", lambda *_: [Piece("one", quarters(IN_C))])
    with pytest.raises(InputError, match="more music"):
        human_songs(StepCodec(), "essen")


def test_a_table_holds_what_is_defined_and_comes_back(tmp_path: Path) -> None:
    home = quarters([*IN_C, 60])
    table = figures_of([Song("0", home), Song("1", home, ended=False), Song("2", Score(()))])
    assert table["final_on_tonic"].tolist()[:2] == [1.0, 0.0]  # what was cut off never came home
    assert table["num_bars"].tolist() == [5, 5, 0]
    assert table[list(FIGURES)].iloc[2].isna().all()
    (tmp_path / SONGS).write_bytes(figures_to_csv(table))
    again = load_figures(tmp_path / SONGS)
    assert again.equals(table.round(6))


@pytest.mark.parametrize("data", [b"", b"song,ended\n0,1\n", b"\xff\xfe\x00", b'a\n"', b"song\n" + b"x,y\n" * 9])
def test_a_damaged_table_is_said(tmp_path: Path, data: bytes) -> None:
    (tmp_path / SONGS).write_bytes(data)
    with pytest.raises(InputError, match="measure the songs again"):
        load_figures(tmp_path / SONGS)


@pytest.fixture
def measured(corpus: list[Piece], tiny_checkpoints: Path) -> Path:
    """Tiny checkpoints, of which one wrote just as people do, another two notes over and over."""
    people = human_songs(StepCodec(), "essen")
    human_file(tiny_checkpoints, "essen").write_bytes(figures_to_csv(human_figures(people)))
    dull = [Song(str(seed), quarters([60, 61] * 12), ended=False) for seed in range(4)]
    for name, written in (("step-bilstm", people.reference), ("step-gru-attention", dull)):
        (tiny_checkpoints / f"{name}.essen" / SONGS).write_bytes(figures_to_csv(figures_of(written)))
    return tiny_checkpoints


def test_models_are_compared_with_people(measured: Path) -> None:
    found = compare(list_cards(measured), measured, "essen")
    assert [one.name for one in found] == [PEOPLE, "step-bilstm.essen", "step-gru-attention.essen"]
    alike, dull = (one.distances for one in found[1:])
    assert all(of.value == 0 for of in alike.values() if of)
    assert dull["pitch_class_entropy"].value > 1
    assert set(closest(found).values()) == {"step-bilstm.essen"}
    people, *models = songs_table(found).splitlines()[2:]
    assert people.startswith("| people | 4 | 4 | ")
    assert models[1].startswith("| `step-gru-attention.essen` | 4 | 0 | ")
    assert compare(list_cards(measured), measured / "nowhere", "essen") == []


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    monkeypatch.setattr(sys, "argv", ["core", "songs", *map(str, arguments)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    shown = capsys.readouterr()
    assert bool(stopped.value.code) == (not shown.out)
    return shown.out, shown.err


def test_the_command_measures_a_model_and_prints_the_table(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    corpus: list[Piece],
    tiny_checkpoints: Path,
    few_steps: None,
) -> None:
    root = ("--checkpoint-root", tiny_checkpoints)
    assert "name a model" in command(monkeypatch, capsys, "--table", *root)[1]
    assert "--table" in command(monkeypatch, capsys, *root)[1]
    people, model = json.loads(command(monkeypatch, capsys, "step-bilstm", "--num", 3, "--json", *root)[0])
    assert (people["name"], people["num_songs"]) == (PEOPLE, 4)
    assert (model["name"], model["num_songs"]) == ("step-bilstm.essen", 3)
    assert len(load_figures(tiny_checkpoints / "step-bilstm.essen" / SONGS)) == 3
    assert command(monkeypatch, capsys, "--table", *root)[0].count("\n") == 4
    assert "on a rhythm" in command(monkeypatch, capsys, "beat-rnn", *root)[1]
    assert {path.name for path in tiny_checkpoints.glob("*.csv")} == {"human-songs.essen.csv"}


def library(root: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", root)
    monkeypatch.setattr(core.ui.library, "CHECKPOINTS", root)
    st.cache_data.clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/library.py").run()
    assert not app.exception
    return app


SECTION = "Do the songs hold together?"


def test_the_library_shows_distributions_and_distances(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = library(measured, monkeypatch)
    assert SECTION in [heading.value for heading in app.header]
    shown = " ".join(text.value for text in app.markdown)
    assert all(figure.title in shown for figure in FIGURES.values())
    table = app.dataframe[-1].value
    assert table["songs of"].tolist() == ["Other people", "step-bilstm", "step-gru-attention"]
    assert table["closest in"].tolist()[1:] == [5, 0]
    assert not app.error


def test_the_library_has_no_such_section_before_songs_are_measured(
    tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = library(tiny_checkpoints, monkeypatch)
    assert SECTION not in [heading.value for heading in app.header]


def test_a_damaged_table_is_one_sentence_in_the_library(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (measured / "step-bilstm.essen" / SONGS).write_text("nothing")
    [alert] = library(measured, monkeypatch).error
    assert "measure the songs again" in said(alert)


def with_figures(architecture: str, **metrics: float) -> Checkpoint:
    checkpoint = tiny_checkpoint(architecture)
    return checkpoint._replace(card=replace(checkpoint.card, metrics=metrics))


def test_notes_and_steps_never_share_a_table(tiny_checkpoints: Path) -> None:
    beat, exact, bound = (
        with_figures("beat-rnn", nll=1.6, accuracy=0.4).card,
        with_figures("step-bilstm", nll=0.5, accuracy=0.8).card,
        with_figures("step-gru-attention", nll=0.4, accuracy=0.85, bound_samples=64).card,
    )
    assert (beat.codec, exact.codec) == (BeatCodec.name, StepCodec.name)
    assert markdown_table([beat, exact, bound]) == markdown_table([beat])
    size = (tiny_checkpoints / exact.name / WEIGHTS).stat().st_size / 1e6
    assert steps_table([exact, beat, bound], tiny_checkpoints).splitlines()[2:] == [
        f"| `step-gru-attention` | 85.0 % | ≤ 0.400 | {size:.1f} MB |",
        f"| `step-bilstm` | 80.0 % | 0.500 | {size:.1f} MB |",
    ]
    assert steps_table([beat]) == ""
    board = leaderboard([bound, exact])
    assert "nll (nats a step)" in board
    assert "in the paper" not in board
    assert "64 samples" in board["nll is"].iloc[0]
    assert "nll (nats a note)" in leaderboard([beat])


def test_models_of_characters_have_a_table_of_their_own(tiny_checkpoints: Path) -> None:
    worse = with_figures("char-rnn", nll=1.7, header_nll=1.2, body_nll=1.8, accuracy=0.5).card
    better = with_figures("char-lstm", nll=1.4, header_nll=1.0, body_nll=1.6, accuracy=0.6).card
    assert steps_table([worse, better]) == ""
    size = (tiny_checkpoints / worse.name / WEIGHTS).stat().st_size / 1e6
    assert [line.split(" | ")[:4] for line in characters_table([worse, better], tiny_checkpoints).splitlines()[2:]] == [
        ["| `char-lstm`", "essen", "1.400", "1.000 / 1.600"],
        ["| `char-rnn`", "essen", "1.700", "1.200 / 1.800"],
    ]
    assert f"{size:.1f} MB |" in characters_table([worse], tiny_checkpoints)
    assert {"nll (nats a character)", "nll, header", "nll, body"} <= set(leaderboard([worse]))


def test_figures_of_songs_are_no_models(measured: Path) -> None:
    assert core.checkpoint.damaged_checkpoints(measured) == []
    assert {card.name for card in list_cards(measured)} == {path.parent.name for path in measured.glob(f"*/{CARD}")}
