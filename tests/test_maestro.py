from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

import core.data.maestro
from core.data.corpora import CORPORA, installed_corpora, load_corpus
from core.data.maestro import each_melody, melodies
from core.data.melody import extract_melody
from core.errors import InputError
from core.formats.midi import midi_to_score
from tests.midi_files import TicksNote, write_tracks

HEAD = "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n"
ROWS = [
    ("Alban Berg", "Sonata Op. 1", "train", "2008", "2008/one.midi"),
    ("Alban Berg", "Sonata Op. 1", "train", "2018", "2018/two.midi"),
    ("Franz Liszt", '"Un sospiro", Étude', "validation", "2018", "2018/three.midi"),
    ("Franz Liszt", "Missing", "test", "2018", "2018/missing.midi"),
    ("Franz Liszt", "Damaged", "train", "2018", "2018/damaged.midi"),
]


def performance(seed: int) -> list[TicksNote]:
    """A tune over broken chords, neither on a grid nor of one strength."""
    rng = np.random.default_rng(seed)
    tune = [(400 * i + rng.integers(30), 350 + rng.integers(60), 70 + rng.integers(12), 60 + i) for i in range(20)]
    chords = [(200 * i + rng.integers(30), 150 + rng.integers(200), 40 + rng.integers(20), 40) for i in range(40)]
    return [tuple(map(int, note)) for note in tune + chords]


@pytest.fixture(params=["2.0.0", "3.0.0"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a small MAESTRO as either version lays it out."""
    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TUNESMITH_CORPORA", raising=False)
    load_corpus.cache_clear()
    version = request.param
    folder = tmp_path / f"maestro-v{version}"
    for number, (*_, name) in enumerate(ROWS[:3]):
        resolution = 480 if version == "2.0.0" else 384
        write_tracks(folder / name, {"": performance(number)}, resolution=resolution)
    (folder / "2018" / "damaged.midi").write_bytes(b"MThd")
    lines = [",".join([*(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row), "x.wav", "1.0"]) for row in ROWS]
    (folder / f"maestro-v{version}.csv").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    (folder / f"maestro-v{version}.json").write_text(json.dumps({}))
    return folder


def test_pieces_are_melodies_as_performed_on_the_official_split(root: Path) -> None:
    pieces = load_corpus("maestro", root)
    assert [(piece.id, piece.split) for piece in pieces] == [
        ("2008/one", "train"), ("2018/two", "train"), ("2018/three", "valid"),
    ]  # fmt: skip
    assert pieces[0].group == pieces[1].group != pieces[2].group
    assert pieces[2].score.title == '"Un sospiro", Étude'
    assert dict(pieces[2].metadata) == {"composer": "Franz Liszt", "title": '"Un sospiro", Étude', "year": "2018"}
    for piece, (*_, name) in zip(pieces, ROWS, strict=False):
        expected = extract_melody(midi_to_score((root / name).read_bytes()), "viterbi").notes
        assert [n[2:] for n in piece.score.notes] == [n[2:] for n in expected]
        assert np.array([n[:2] for n in piece.score.notes]) == pytest.approx(np.array([n[:2] for n in expected]))
        assert piece.score.qpm == 120
    assert CORPORA["maestro"].performed
    assert "BY-NC-SA" in CORPORA["maestro"].license


def test_split_by_file_shows_the_same_melodies_and_is_not_offered(root: Path) -> None:
    official, by_file = load_corpus("maestro", root), load_corpus("maestro-by-file", root)
    assert [piece.score for piece in by_file] == [piece.score for piece in official]
    assert len({piece.group for piece in by_file}) == 3  # the two performances of one work as well
    assert "maestro-by-file" not in installed_corpora(root)


def test_it_is_read_from_the_cache_with_its_velocities(root: Path) -> None:
    pieces = load_corpus("maestro", root)
    assert len({note.velocity for note in pieces[0].score.notes}) > 10
    load_corpus.cache_clear()
    assert load_corpus("maestro", root.parent) == pieces


def test_it_is_found_by_its_version(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_CORPORA", str(root.parent))
    assert "maestro" in installed_corpora()
    assert len(load_corpus("maestro")) == 3


def test_an_interrupted_run_goes_on_where_it_stopped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [root / row[-1] for row in ROWS]
    done, extract = [], core.data.maestro.melody_of

    def interrupted(path: Path) -> core.data.maestro.Floats:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(path)
        return extract(path)

    monkeypatch.setattr(core.data.maestro, "melody_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        melodies(files)
    done.pop(0)
    assert [len(notes) > 0 for notes in melodies(files[:3])] == [True] * 3
    assert done == [files[1], files[2]]


def test_a_changed_file_is_done_anew(root: Path) -> None:
    file = root / ROWS[0][-1]
    (before,) = melodies([file])
    write_tracks(file, {"": performance(9)})
    (after,) = melodies([file])
    assert len(before) != len(after) or not np.allclose(before, after)


def test_several_processes_find_what_one_does(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [root / row[-1] for row in ROWS[:3]]
    alone = list(each_melody(files))
    monkeypatch.setattr(core.data.maestro, "MIN_FILES", 1)
    monkeypatch.setattr(core.data.maestro.os, "cpu_count", lambda: 2)
    together = list(each_melody(files))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_where_no_process_can_be_started_one_does_it_all(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> Broken:
            return self

        def __exit__(self, *_: object) -> None: ...
        def map(self, work: object, files: list[Path], **_: object) -> Iterator[core.data.maestro.Floats]:
            yield core.data.maestro.keep_melody(files[0])
            raise BrokenProcessPool

    monkeypatch.setattr(core.data.maestro, "ProcessPoolExecutor", Broken)
    monkeypatch.setattr(core.data.maestro, "MIN_FILES", 1)
    monkeypatch.setattr(core.data.maestro.os, "cpu_count", lambda: 2)
    assert len(list(each_melody([root / row[-1] for row in ROWS[:3]]))) == 3


@pytest.mark.parametrize("table", ["", "a,b\n1,2\n", HEAD + "a,b,nowhere,2000,x.midi,y,1\n", "\udcff"])
def test_another_table_is_one_sentence(table: str, root: Path) -> None:
    next(root.glob("*.csv")).write_text(table, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(InputError, match="MAESTRO"):
        list(CORPORA["maestro"].read(root))
