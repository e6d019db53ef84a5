from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import core.data.cache
import core.data.corpora
from core.data.cache import KEPT, cache_folder, cache_path, load_pieces, save_pieces
from core.data.corpora import CORPORA, Corpus, corpus_facts, installed_corpora, load_corpus, pieces_of
from core.data.essen import essen_folder
from core.data.piece import Piece
from core.data.rhythms import draw_beats
from core.data.variants import events, fingerprint, group_variants, split_of
from core.errors import InputError
from core.score import Note, monophonic

TUNE = """X:1
T:Round
M:4/4
L:1/4
K:C
cdec|cdec|efg2|efg2|c'bag|fedc|
"""
SPLITS = ("train", "valid", "test")
PINNED = {
    "ballad50/109-108": "train",
    "erk20/168-167": "train",
    "han1/553-552": "train",
    "zuccal0/7-6": "train",
    "ballad50/186-185": "valid",
    "erk20/355-354": "valid",
    "han2/34-33": "valid",
    "lux/537-536": "valid",
    "ballad50/185-184": "test",
    "erk10/655-654": "test",
    "han1/541-540": "test",
    "test0/2-1": "test",
}


@pytest.fixture
def small_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file of one tune, and a cache of its own."""
    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "cache"))
    load_corpus.cache_clear()
    root = tmp_path / "tunes"
    root.mkdir()
    (root / "one.abc").write_text(TUNE)
    return root


def reread(root: Path) -> tuple[Piece, ...]:
    """As another process would."""
    load_corpus.cache_clear()
    return load_corpus("essen", root)


def cached(root: Path) -> Path:
    return cache_path("essen", sorted(root.glob("*.abc")))


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_every_corpus_says_whose_it_is(corpus: Corpus) -> None:
    assert corpus.title
    assert corpus.license
    assert corpus.source


def test_what_the_installation_carries_keeps_the_contract() -> None:
    pieces = load_corpus("essen")
    assert len({piece.id for piece in pieces}) == len(pieces)
    for piece in pieces:
        score = piece.score
        assert piece.split in SPLITS
        assert piece.text
        assert len(score.notes) >= 8
        assert monophonic(score) == score
        assert all(0 <= note.pitch <= 127 and note.duration > 0 and note.onset >= 0 for note in score.notes)
        assert 0 <= score.upbeat < score.bar_length


def test_essen_is_read_whole_and_split_80_10_10() -> None:
    pieces = load_corpus("essen")
    assert len(pieces) > 8400
    counts = Counter(piece.split for piece in pieces)
    for split, share in zip(SPLITS, (0.8, 0.1, 0.1), strict=True):
        assert counts[split] / len(pieces) == pytest.approx(share, abs=0.02)
        assert {piece.split for piece in pieces_of("essen", split)} == {split}


def test_no_melody_stands_on_both_sides_of_the_split() -> None:
    sides, twins = defaultdict(set), defaultdict(set)
    for piece in load_corpus("essen"):
        sides[piece.group].add(piece.split)
        twins[fingerprint(events(piece.score))].add(piece.split)
    assert {len(splits) for splits in sides.values()} == {1}
    assert {len(splits) for splits in twins.values()} == {1}


def test_a_long_run_of_one_melody_in_another_keeps_them_together() -> None:
    owner: dict[tuple[tuple[int, int], ...], str] = {}
    for piece in load_corpus("essen"):
        melody = events(piece.score)
        for start in range(len(melody) - 11):
            assert owner.setdefault(melody[start : start + 12], piece.split) == piece.split


def test_the_split_never_changes() -> None:
    """A model must never meet in its validation what an earlier version of the program had it learn."""
    splits = {piece.id: piece.split for piece in load_corpus("essen")}
    assert {name: splits[name] for name in PINNED} == PINNED


def test_the_split_does_not_depend_on_the_order_of_the_tunes() -> None:
    melodies = [events(piece.score) for piece in load_corpus("essen")[:1000]]
    backwards = group_variants(melodies[::-1])[::-1]
    assert group_variants(melodies) == backwards


def test_duplicates_variants_and_strangers() -> None:
    pieces = load_corpus("essen")
    one, other = (next(p.score for p in pieces[start:] if len(p.score.notes) > 30) for start in (10, 5000))
    slower = replace(one, notes=tuple(n._replace(onset=2 * n.onset, duration=2 * n.duration) for n in one.notes))
    ornamented = replace(one, notes=(Note(0, 0.5, 60), *(n._replace(onset=n.onset + 1) for n in one.notes)))
    family = [one, one.transposed(-5), slower, replace(one, qpm=77, title="Another name"), ornamented]
    groups = group_variants([events(score) for score in [*family, other]])
    assert len(set(groups[:-1])) == 1
    assert groups[-1] != groups[0]


def test_groups_chain() -> None:
    """Where A shares a run with B, and B one with C, all three are one group."""
    a, b, c = ([(step, 0) for step in range(first, first + 20)] for first in (0, 8, 16))
    assert len(set(group_variants([tuple(a), tuple(c)]))) == 2
    assert len(set(group_variants([tuple(a), tuple(c), tuple(b)]))) == 1


def test_splits_are_drawn_80_10_10() -> None:
    counts = Counter(split_of(fingerprint([(i, 0)])) for i in range(5000))
    assert [counts[split] / 5000 for split in SPLITS] == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_the_cache_gives_back_what_was_read(small_corpus: Path) -> None:
    first = load_corpus("essen", small_corpus)
    assert len(first) == 1
    assert cached(small_corpus).exists()
    assert load_pieces(cached(small_corpus)) == first
    assert reread(small_corpus) == first
    assert [path.suffix for path in cache_folder().iterdir()] == [".npz"]


def test_the_cache_keeps_the_last_versions_of_a_corpus_and_no_other(small_corpus: Path) -> None:
    others = [cache_path(name, []) for name in ("essen-too", "irish")]
    for path in others:
        save_pieces(path, ())
    versions = []
    for number in range(KEPT + 2):
        (small_corpus / "one.abc").write_text(TUNE + "\n" * number)
        reread(small_corpus)
        versions.append(cached(small_corpus))
        os.utime(versions[-1], (number, number))
    assert set(cache_folder().iterdir()) == {*versions[-KEPT:], *others}


def test_the_cache_keeps_every_field_of_the_corpus() -> None:
    pieces = load_corpus("essen")
    assert load_pieces(cached(essen_folder())) == pieces


def test_the_second_reading_parses_nothing(small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_corpus("essen", small_corpus)

    def fail(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(core.data.corpora, "read_pieces", fail)
    assert reread(small_corpus) == first


@pytest.mark.parametrize(
    "damage", [b"", b"PK\x03\x04", b"garbage" * 50, "half", "swapped", "number", "other fields", "pickled"]
)
def test_a_damaged_cache_is_ignored_and_made_anew(damage: bytes | str, small_corpus: Path) -> None:
    first = load_corpus("essen", small_corpus)
    path, whole = cached(small_corpus), cached(small_corpus).read_bytes()
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    elif damage == "half":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "swapped":
        middle = len(whole) // 3
        path.write_bytes(whole[:middle] + bytes(40) + whole[middle + 40 :])
    elif damage == "number":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif damage == "other fields":
        np.savez(path, notes=np.zeros((3, 3)), ends=np.array([3]), heads=np.array("[7]"))
    else:
        np.savez(path, notes=np.array([object()]), ends=np.array([1]), heads=np.array("[{}]"))
    assert load_pieces(path) is None
    assert reread(small_corpus) == first
    assert load_pieces(path) == first


def test_changed_files_have_another_cache(small_corpus: Path) -> None:
    before = cached(small_corpus)
    load_corpus("essen", small_corpus)
    (small_corpus / "two.abc").write_text(TUNE.replace("X:1", "X:2"))
    assert cached(small_corpus) != before
    assert len(reread(small_corpus)) == 2
    both = cached(small_corpus)
    os.utime(small_corpus / "two.abc", ns=(1, 1))
    assert cached(small_corpus) != both


def test_without_a_cache_folder_the_corpus_is_read_all_the_same(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "file" / "cache"))
    assert len(reread(small_corpus)) == len(reread(small_corpus)) == 1


def test_damaged_tunes_are_left_out(small_corpus: Path) -> None:
    (small_corpus / "two.abc").write_text("X:1\nT:Broken\nM:nonsense\nK:H\n???\n\n" + TUNE.replace("X:1", "X:2"))
    assert [piece.id.partition("-")[0] for piece in reread(small_corpus)] == ["one/1", "two/2"]


def test_corpora_are_listed_where_they_are_installed(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TUNESMITH_CORPORA", raising=False)
    assert installed_corpora() == ["essen", "irish"]
    assert installed_corpora(small_corpus) == ["essen"]
    assert installed_corpora(tmp_path) == []
    assert corpus_facts("essen", small_corpus)["train"] + corpus_facts("essen", small_corpus)["valid"] == 1
    for name in ("pop909", "maestro", "abc-songs", "abc-tunes"):
        facts = corpus_facts(name)
        assert facts["installed"] is False
        assert "TUNESMITH_CORPORA" in facts["how"]
    assert "corpora --download maestro" in corpus_facts("maestro")["how"]


def test_a_corpus_that_is_not_in_a_folder_is_that_of_the_installation(tmp_path: Path) -> None:
    assert corpus_facts("essen", tmp_path)["train"] > 6000


def test_missing_corpora_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="essen"):
        load_corpus("bach")
    for root in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match=r"no \.abc or \.krn files"):
            load_corpus("essen", root)


@pytest.mark.parametrize("length", [None, 1, 16, 300, 2000])
def test_rhythms_are_drawn_by_seed_and_have_the_length_asked_for(length: int | None) -> None:
    beats = draw_beats("essen", 7, length)
    assert beats == draw_beats("essen", 7, length)
    assert beats != draw_beats("essen", 8, length)
    assert len(beats) == (length or len(draw_beats("essen", 7)))
    tune = draw_beats("essen", 7).performed
    shared = min(len(tune), len(beats)) - 1  # the last note of the tune may be cut where the next tune begins
    assert beats.performed.onset_sec[:shared] == pytest.approx(tune.onset_sec[:shared])


def test_rhythms_come_from_tunes_that_no_model_learnt() -> None:
    valid = {tuple(note.onset for note in piece.score.notes) for piece in pieces_of("essen", "valid")}
    for seed in range(20):
        assert tuple(note.onset for note in draw_beats("essen", seed).written.notes) in valid


def test_a_folder_of_kern_files_is_the_same_songs(small_corpus: Path) -> None:
    notes = "4cc 4dd 4ee 4cc 4cc 4dd 4ee 4cc 4ee 4ff 2gg 4ee 4ff 2gg 4ccc 4bb 4aa 4gg 4ff 4ee 4dd 4cc"
    lines = ["!!!OTL: Round", "!!!ARE: Europa, Deutschland", "**kern", "*M4/4", "*C:", *notes.split(), "*-"]
    (small_corpus / "europa").mkdir()
    (small_corpus / "europa" / "round.krn").write_text("\n".join(lines) + "\n")
    (small_corpus / "europa" / "broken.krn").write_text("**kern\n")
    tune, song = reread(small_corpus)
    assert song.id == "europa/round"
    assert dict(song.metadata) == {"T": "Round", "O": "Europa, Deutschland"}
    assert song.score.notes == tune.score.notes
    assert (song.group, song.split) == (tune.group, tune.split)  # variants stay together
