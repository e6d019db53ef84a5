"""What is left when a process is killed, a disk is full, or a folder may only be read: see docs/faults.md.

Every process here is a real one that dies of a signal, at each change that it makes to a folder or at a random moment.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest
import torch
from sqlalchemy import text

import core.checkpoint
import core.recipes
import core.training.loop
from core import cli
from core.checkpoint import HISTORY, load_checkpoint, read_card, save_checkpoint
from core.data.cache import load_pieces, save_pieces
from core.data.download import install
from core.data.piece import Piece
from core.errors import InputError
from core.listening import sound
from core.listening.database import StudyError, reading
from core.listening.groups import HEARD, new_code
from core.listening.schema import open_studies
from core.listening.studies import add_study
from core.listening.visits import Answer, answer, join, visit
from core.render import synthesisers
from core.render.audio import render
from core.render.synthesisers import Engine as Synthesiser
from core.score import Note, Score
from core.storage import PARTIAL, sweep, write_whole
from core.training.history import LOGS, history_csv
from core.training.loop import train
from tests.conftest import tiny_checkpoint
from tests.faults import Ended, Work, adopt_orphans, as_another_user, dies, fork, in_child, limit_files, without_rights
from tests.studies import address, draft, postgres
from tests.test_audio import install as install_fluidsynth
from tests.test_download import FILES, Publisher, installed, publisher
from tests.test_training import give_pieces, rows_of, tiny_recipe

__all__ = ["address", "postgres", "publisher"]  # fixtures
NOTES = tuple(Note(0.5 * i, 0.5, (60, 62, 64, 67)[i % 4]) for i in range(32))
PIECES = [Piece(str(i), Score(NOTES).transposed(i), "train", "") for i in range(8)]
MODEL = "beat-lstm-local"
GENERATE = ("generate", MODEL, "--rhythm", "rhythm.csv", "--seed", 1)
WRITE = (*GENERATE, "--out", "a.mid", "--out", "a.musicxml")
SENTENCE = re.compile(r"[A-Z/][^\n]*\.\n")


def moments(work: Work, folder: Path) -> Iterator[int]:
    """After each death of some work, which comes one change later each time; ends when there was none."""
    for moment in count(1):
        if not dies(work, moment, folder):
            assert moment > 1, "it changed nothing"
            return
        yield moment


def partials(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith(PARTIAL)]


def forget(folder: Path) -> None:
    """What was left there was left long ago."""
    for path in partials(folder):
        os.utime(path, (0, 0))


def command(*arguments: object, before: Work = lambda: None) -> Ended:
    """A command of Tunesmith in a process of its own."""

    def work() -> None:
        sys.argv = ["core", *map(str, arguments)]
        before()
        cli.main()

    return in_child(work)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models, which has one; and a working folder with a rhythm."""
    save_checkpoint(tiny_checkpoint(MODEL), tmp_path / "models")
    for module in (core.checkpoint, core.training.loop):
        monkeypatch.setattr(module, "CHECKPOINTS", tmp_path / "models")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("rhythm.csv").write_text("rest_sec,duration_sec\n" + "0.0,0.5\n" * 60)
    monkeypatch.setattr(sys, "argv", ["core", *map(str, WRITE)])
    with pytest.raises(SystemExit) as ended:
        cli.main()  # what it imports, its forks need not
    assert not ended.value.code
    return tmp_path / "models"


# --- killed ---


def test_a_training_run_that_is_killed_again_and_again_comes_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if Path("/dev/shm").is_dir():  # another disk
        monkeypatch.setenv("TMPDIR", "/dev/shm")
        monkeypatch.setattr(tempfile, "tempdir", None)
    give_pieces(monkeypatch, PIECES)
    recipe = tiny_recipe(3)

    def run(where: str) -> None:
        train(recipe, run_root=tmp_path / where, checkpoint_root=tmp_path / where)

    def state(where: str) -> dict[str, object]:
        last = torch.load(tmp_path / where / recipe.name / "last.ckpt", weights_only=False)
        card = read_card(tmp_path / where / recipe.name)
        return {"steps": last["global_step"], "epochs": card.training["epochs"], "metrics": card.metrics.keys()}

    deaths = list(moments(lambda: run("killed"), tmp_path / "killed"))
    run("undisturbed")
    assert len(deaths) > 12
    assert state("killed") == state("undisturbed")
    rows = rows_of((tmp_path / "killed" / recipe.name / HISTORY).read_text())
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert all(row["valid_nll"] for row in rows)
    assert load_checkpoint(recipe.name, tmp_path / "killed").card.name == recipe.name
    assert partials(tmp_path / "killed")
    forget(tmp_path / "killed")
    run("killed")
    assert not partials(tmp_path / "killed")


def test_a_line_of_the_curve_that_is_not_whole_does_not_count(tmp_path: Path) -> None:
    lines = "epoch,step,train_nll,valid_nll\n0,3,,4.5\n0,3,4.25,\n1,6,,4.125\n"
    first, second = tmp_path / LOGS / "version_0", tmp_path / LOGS / "version_1"
    for folder in (first, second):
        folder.mkdir(parents=True)
    (second / "metrics.csv").write_text("epoch,step,train_nll,valid_nll\n1,6,,4.0\n")
    for end in range(len(lines)):
        (first / "metrics.csv").write_text(lines[:end])
        rows = rows_of(history_csv(tmp_path / LOGS))
        assert rows[-1]["valid_nll"] == "4.0000"
        assert all(row["valid_nll"] in ("", "4.5000", "4.0000") for row in rows)


def test_a_download_that_is_killed_again_and_again_is_whole_in_the_end(publisher: Publisher, tmp_path: Path) -> None:
    deaths = list(moments(lambda: install(publisher.download(), tmp_path / "corpora"), tmp_path))
    assert len(deaths) > 5
    forget(tmp_path)
    install(publisher.download(), tmp_path / "corpora")
    assert installed(tmp_path / "corpora") == FILES, "and nothing beside it"
    starts = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in publisher.ranges]
    assert starts[0] == 0
    assert starts == sorted(starts), "what has come is not fetched again"
    assert starts[-1] > 0


def told(number: int, labelled: bool) -> Answer:
    """An answer that tells its number."""
    ratings = (1 + number % 5, 1 + number // 5 % 5, 1 + number // 25 % 5)
    return Answer(*ratings, None if labelled else ("human", "machine")[number // 125 % 2])


def answers(address: str, code: str, told_to: int) -> None:
    """One answer after another for ever, each of which is said to be stored as soon as it is."""
    engine = open_studies(address)
    labelled = visit(engine, code).labelled
    for number in count():
        answer(engine, code, number % HEARD, told(number, labelled))
        os.write(told_to, b".")


def check_answers(address: str, code: str, num_told: int) -> None:
    """Those that were said to be stored are, once each; the next one is, too, or is not."""
    engine = open_studies(address)
    person = visit(engine, code)
    latest = {number % HEARD: told(number, person.labelled) for number in range(num_told)}
    stored = {place: given for place, given in enumerate(person.answers) if given}
    beyond = {num_told % HEARD: told(num_told, person.labelled)}
    assert stored in (latest, latest | beyond)
    with reading(engine) as connection:
        num = connection.execute(text("SELECT count(*) FROM answers WHERE code = :code"), {"code": code}).scalar()
        assert num == len(stored)
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
            assert not connection.execute(text("PRAGMA foreign_key_check")).all()
    engine.dispose()


def new_listener(address: str) -> str:
    engine = open_studies(address)
    code = join(engine, add_study(engine, draft(), "the-same"), new_code()).code
    engine.dispose()  # a fork must not inherit connections
    return code


@pytest.mark.parametrize("seed", range(4))
def test_answers_that_were_acknowledged_survive_a_kill_at_any_moment(address: str, seed: int) -> None:
    code = new_listener(address)
    receiver, sender = os.pipe()
    child, errors = fork(lambda: answers(address, code, sender))
    os.close(sender)
    with os.fdopen(receiver, "rb") as told_of, errors:
        num_told = len(told_of.read(1))
        time.sleep(Random(seed).uniform(0, 0.2))
        child.kill()
        child.join()
        num_told += len(told_of.read())
    assert num_told > 0
    check_answers(address, code, num_told)


@pytest.mark.parametrize("num_bytes", [0, 33_000, 40_000, 150_000, 150_100])
def test_answers_survive_a_death_in_the_middle_of_sqlites_own_files(tmp_path: Path, num_bytes: int) -> None:
    """One that dies at a certain byte of the journal; and one that goes on without room, which is told of in words."""
    address = f"sqlite:///{tmp_path / 'studies.db'}"
    code = new_listener(address)
    receiver, sender = os.pipe()

    def work() -> None:
        limit_files(num_bytes, deadly=deadly)
        try:
            answers(address, code, sender)
        except StudyError as error:
            sys.stderr.write(f"{error}\n")

    for deadly in (True, False):
        ended = in_child(work)
        if deadly:
            assert ended.code < 0, ended.said
        else:
            assert ended == (0, "The database of the studies does not answer; try again in a moment.\n")
        os.set_blocking(receiver, False)
        try:
            num_told = len(os.read(receiver, 1 << 16))
        except BlockingIOError:
            num_told = 0
        check_answers(address, code, num_told)
        code = new_listener(address)


def test_what_is_kept_is_whole_or_absent_and_made_again(tmp_path: Path) -> None:
    path, flac = tmp_path / "essen.npz", tmp_path / "sound.flac"
    data = Random(0).randbytes(5_000)

    def work() -> None:
        save_pieces(path, PIECES)
        sound.keep(flac, data)

    for _ in moments(work, tmp_path):
        assert load_pieces(path) in (None, tuple(PIECES))
        assert not path.exists() or load_pieces(path)
        assert not flac.exists() or flac.read_bytes() == data
    assert load_pieces(path) == tuple(PIECES)
    assert flac.read_bytes() == data
    assert partials(tmp_path)
    fresh = tmp_path / f"of-somebody-else{PARTIAL}"
    forget(tmp_path)
    fresh.touch()
    work()
    assert set(tmp_path.iterdir()) == {path, flac, fresh}, "what may still be written stays"


@pytest.mark.parametrize("others", [b"", b"what was there before"])
def test_what_a_command_writes_is_whole_or_as_before(model: Path, others: bytes) -> None:
    files = [Path("a.mid"), Path("a.musicxml")]
    wanted = {file: file.read_bytes() for file in files}
    for file in files:
        file.write_bytes(others) if others else file.unlink()
    for _ in moments(cli.main, Path.cwd()):  # with the arguments that are set
        for file in files:
            assert (file.read_bytes() if file.exists() else b"") in (wanted[file], others)
    assert {file: file.read_bytes() for file in files} == wanted


# --- no room ---


def test_a_full_disk_is_one_sentence_and_what_was_there_stays(model: Path) -> None:
    before = Path("a.mid").read_bytes()
    ended = command(*GENERATE, "--out", "a.mid", "--as-written", before=lambda: limit_files(100))
    assert ended == (2, "The file a.mid cannot be written; make room on its disk.\n")
    assert Path("a.mid").read_bytes() == before
    assert not partials(Path.cwd())
    ended = command(*GENERATE, "--out", "/dev/full/a.mid")
    assert ended.code == 2
    assert SENTENCE.fullmatch(ended.said)


def test_training_on_a_full_disk_is_one_sentence_and_goes_on_later(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_pieces(monkeypatch, PIECES)
    monkeypatch.setattr(core.recipes, "find_recipe", lambda _: tiny_recipe(2))
    ended = command("train", "beat-rnn", before=lambda: limit_files(5_000))
    assert ended.code == 2
    assert ended.said.endswith("\nWhat this makes cannot be written; make room on its disk.\n")
    assert "Traceback" not in ended.said
    assert not partials(Path.cwd())
    assert not (model / "beat-rnn.essen").exists()
    assert command("train", "beat-rnn").code == 0
    assert read_card(model / "beat-rnn.essen").training["epochs"] == 2


def test_a_download_onto_a_full_disk_goes_on_when_there_is_room(publisher: Publisher, tmp_path: Path) -> None:
    def work() -> None:
        limit_files(6_000)
        with pytest.raises(InputError, match=r"failed \(.*\); make room on its disk, then run the command again\.$"):
            install(publisher.download(), tmp_path)

    assert in_child(work) == (0, "")
    install(publisher.download(), tmp_path)
    assert publisher.ranges == ["bytes=0-", "bytes=6000-"]
    assert installed(tmp_path) == FILES


def test_a_cache_on_a_full_disk_costs_time_alone(tmp_path: Path) -> None:
    def work() -> None:
        limit_files(100)
        save_pieces(tmp_path / "pieces.npz", PIECES)
        sound.keep(tmp_path / "a.flac", bytes(5_000))

    assert in_child(work) == (0, "")
    assert not list(tmp_path.iterdir())


# --- no rights ---


def test_models_that_may_only_be_read_are_played_and_not_trained_in_vain(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_pieces(monkeypatch, PIECES)
    monkeypatch.setattr(core.recipes, "find_recipe", lambda _: tiny_recipe(2))
    model.chmod(0o555)
    assert command(*WRITE, before=without_rights).code == 0
    ended = command("train", "beat-rnn", before=without_rights)
    assert ended.code == 2
    assert (
        ended.said
        == f"Nothing can be written to {model / 'beat-rnn.essen'}; choose another folder, or ask for the right to.\n"
    )
    assert not Path("runs").exists()
    assert command("train", "beat-rnn", "--checkpoint-root", Path.cwd(), before=without_rights).code == 0
    model.chmod(0o755)


def test_a_folder_that_may_only_be_read_is_said(model: Path) -> None:
    folder = Path("closed")
    folder.mkdir(mode=0o555)
    ended = command(*GENERATE, "--out", folder / "a.mid", before=without_rights)
    assert ended.code == 2
    assert ended.said == "The file closed/a.mid cannot be written; choose another folder, or ask for the right to it.\n"


def test_a_cache_that_may_only_be_read_is_read(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    folder = Path(tempfile.mkdtemp(prefix="cache-"))
    request.addfinalizer(lambda: (folder.chmod(0o755), shutil.rmtree(folder)))
    monkeypatch.chdir(folder)  # which another user finds by no other name
    monkeypatch.setenv("TUNESMITH_CACHE", ".")
    monkeypatch.setattr(sound, "frozen_notes", lambda *_: ([(0.0, 1.0, 60)], 5.0, "piano"))
    made: list[int] = []
    monkeypatch.setattr(sound, "rendered", lambda *_: made.append(1) or b"a sound")
    flac = sound.sound_of(None, "study", 0, None)  # type: ignore[arg-type]
    save_pieces(Path("kept.npz"), PIECES)
    load_pieces(Path("kept.npz"))  # another user may have no right to import what that needs
    folder.chmod(0o555)

    def work() -> None:
        as_another_user()
        assert sound.sound_of(None, "study", 0, None) == flac  # type: ignore[arg-type]
        assert made == [1], "it is not made again"
        assert load_pieces(Path("kept.npz")) == tuple(PIECES)
        save_pieces(Path("new.npz"), PIECES)
        sound.keep(Path("new.flac"), b"a sound")

    assert in_child(work) == (0, "")
    if os.geteuid() == 0:
        assert not Path("new.npz").exists()


# --- sound ---

HANGS, CRASHES, SAYS_NOTHING, BABBLES = "exec sleep 600", "kill -9 $$", "exit 0", "head -c 3000 /dev/urandom > out.wav"


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (HANGS, "did not finish in time"),
        (CRASHES, "wrote no sound file"),
        (SAYS_NOTHING, "wrote no sound file"),
        (BABBLES, "wrote no sound file"),
    ],
)
@pytest.mark.parametrize("another", [True, False])
def test_a_fluidsynth_that_fails_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, what: str, another: bool
) -> None:
    install_fluidsynth(tmp_path, monkeypatch, script)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(synthesisers, "TIMEOUT_SEC", 1.0 if script == HANGS else 60.0)
    if not another:
        missing = Synthesiser("TinySoundFont", None, "It is not installed.")
        monkeypatch.setattr(synthesisers, "_find_tinysoundfont", lambda: missing)

    def work() -> None:
        adopt_orphans()
        if another:
            assert render(Score(NOTES[:2])).notice == f"FluidSynth {what}, so TinySoundFont plays instead."
        else:
            with pytest.raises(InputError, match=f"^FluidSynth {what}; install it anew, or another one\\.$"):
                render(Score(NOTES[:2]))
        with pytest.raises(ChildProcessError):  # neither running nor a zombie
            os.waitpid(-1, os.WNOHANG)

    assert in_child(work) == (0, "")
    assert not list((tmp_path / "temporary").iterdir())


def test_without_room_for_fluidsynths_files_the_other_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_fluidsynth(tmp_path, monkeypatch, SAYS_NOTHING)

    def work() -> None:
        limit_files(50)
        notice = "FluidSynth could not write its files, so TinySoundFont plays instead."
        assert render(Score(NOTES[:2])).notice == notice

    assert in_child(work) == (0, "")


@pytest.mark.parametrize("font", [None, b"", b"no sound font at all", b"RIFF" + bytes(400)])
def test_without_a_sound_font_there_is_a_sentence_and_still_a_score(
    model: Path, monkeypatch: pytest.MonkeyPatch, font: bytes | None
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    path = Path("broken.sf2")
    path.write_bytes(font or b"")
    missing = "" if font is not None else "The sound font is not installed."
    found = Synthesiser("TinySoundFont", path, missing)
    monkeypatch.setattr(synthesisers, "_find_tinysoundfont", lambda: found)
    ended = command(*GENERATE, "--out", "a.wav")
    assert ended.code == 2
    assert "sound font" in ended.said
    assert SENTENCE.fullmatch(ended.said)
    assert not Path("a.wav").exists()
    assert command(*WRITE).code == 0


# --- files ---


def test_two_disks_or_one_a_file_is_written_in_one_stroke(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    for _ in moments(lambda: write_whole(tmp_path / "a", bytes(2_000)), tmp_path):
        assert (tmp_path / "a").read_bytes() in (b"old", bytes(2_000))
    assert (tmp_path / "a").read_bytes() == bytes(2_000)
    sweep(tmp_path / "missing")


def test_a_file_that_is_written_is_on_the_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[int, list[str]]] = []
    fsync = os.fsync

    def sync(descriptor: int) -> None:
        fsync(descriptor)
        synced.append((os.fstat(descriptor).st_ino, [path.suffix for path in tmp_path.iterdir()]))

    monkeypatch.setattr(os, "fsync", sync)
    write_whole(tmp_path / "a.txt", b"new")
    file, folder = ((tmp_path / name).stat().st_ino for name in ("a.txt", "."))
    assert synced == [(file, [PARTIAL]), (folder, [".txt"])]
