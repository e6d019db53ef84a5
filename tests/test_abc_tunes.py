"""The corpora of tunes in ABC notation: small files made here, and the collections that music21 carries."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import core.data.abc_tunes
from core.codecs.abc_chars import ALPHABET
from core.data.abc_tunes import runs, tune_piece, without_leaks
from core.data.corpora import load_corpus, pieces_of
from core.data.piece import Piece
from core.data.rhythms import draw_beats
from core.errors import InputError
from core.score import Note, Score

TRAIN = """<start>
X:1
T:Bourr\u00e9e\tmontagnarde
Z:Pour toute observation mailto:someone@free.fr
M:3/8
K:G
GAB|c2d|e3|
<end>
<start>
X: 2
T:Estampie (
<end>
<start>
X:3
Z:J. Doe, jdoe:some.where.net, <jane@doe.org
K:C
CDEF|GABc|
<end>
"""
VALID = """<start>
X:1
T:Reel
K:D
DEFG|ABcd|
<end>
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of corpora, with a few songs in it."""
    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TUNESMITH_CORPORA", raising=False)
    load_corpus.cache_clear()
    folder = tmp_path / "corpora" / "abc_songs"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_bytes(TRAIN.replace("\n", "\r\n").encode())
    (folder / "valid.txt").write_text(VALID)
    yield folder.parent
    load_corpus.cache_clear()


@pytest.fixture
def irish(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of Aird's Airs where music21 carries only what a test writes there."""
    folder = root.parent / "music21" / "airdsAirs"
    folder.mkdir(parents=True)
    monkeypatch.setattr(core.data.abc_tunes, "music21_corpora", lambda: folder.parent)
    return folder


def random_tune(number: int) -> str:
    notes = "".join(random.Random(number).choices("CDEFGABcdefg", k=48))
    return f"X:{number}\nT:Tune {number}\nM:none\nK:C\n{notes}|"


def test_songs_keep_their_split_and_all_their_texts(root: Path) -> None:
    pieces = load_corpus("abc-songs", root)
    assert [(piece.id, piece.split, len(piece.score.notes)) for piece in pieces] == [
        ("train/1", "train", 6),
        ("train/2", "train", 0),
        ("train/3", "train", 8),
        ("valid/1", "valid", 8),
    ]
    assert pieces[1].text == "X: 2\nT:Estampie ("
    assert pieces[3].text == "X:1\nT:Reel\nK:D\nDEFG|ABcd|"
    load_corpus.cache_clear()
    assert load_corpus("abc-songs", root) == pieces  # from the cache, texts and all


def test_texts_are_plain_and_nobody_is_reached_by_them(root: Path) -> None:
    first, _, third, _ = load_corpus("abc-songs", root)
    assert first.text.startswith("X:1\nT:Bourr?e montagnarde\nZ:Pour toute observation mailto:e-mail\nM:3/8\n")
    assert first.score.title == first.metadata["T"] == "Bourr?e montagnarde"
    assert third.metadata["Z"] == "J. Doe, e-mail, <e-mail"


def test_music_is_never_taken_for_an_address() -> None:
    for music in ("G2:.c.d", "AB::.c|", "GA:|.B.c d.e", "[K:D]A.B.c", "w:la-la.la.lo"):
        assert tune_piece("x", f"X:1\nK:G\n{music}").text.endswith(music)


def test_tunes_without_notes_are_not_offered_as_rhythms(root: Path) -> None:
    (root / "abc_songs" / "valid.txt").write_text(VALID + "<start>\nX:2\nT:no music\n<end>\n")
    assert not all(piece.score.notes for piece in pieces_of("abc-songs", "valid", root))
    for seed in range(8):
        assert len(draw_beats("abc-songs", seed, 20, root)) == 20


def test_the_irish_tunes_come_with_the_installation() -> None:
    pieces = load_corpus("irish")
    assert Counter(piece.id.split("/")[0] for piece in pieces) == {
        "oneills1850": 2009,
        "ryansMammoth": 1059,
        "airdsAirs": 1180,
    }
    assert len({piece.id for piece in pieces}) == len(pieces)
    assert sum(not piece.score.notes for piece in pieces) <= 30
    sides: dict[str, set[str]] = {}
    for piece in pieces:
        assert set(piece.text) <= set(ALPHABET)
        assert not re.search(r"\w@\w|\(at:|ubc\.ca|uva\.nl|casc\.com", piece.text + "".join(piece.metadata.values()))
        assert piece.text.lstrip().startswith("X:")
        sides.setdefault(piece.group, set()).add(piece.split)
    assert all(len(side) == 1 for side in sides.values())
    shares = Counter(piece.split for piece in pieces)
    assert min(shares["valid"], shares["test"]) > 0.07 * len(pieces)


def test_both_together_have_no_variant_on_two_sides(root: Path, irish: Path) -> None:
    tunes = [random_tune(number) for number in range(40)]
    (irish / "book1.abc").write_text("\n\n".join(tunes))
    (irish / "book2.abc").write_text("X:1\nT:no music\n")
    alone = [piece for piece in load_corpus("irish") if piece.score.notes]
    same, other = (next(piece for piece in alone if piece.split == split) for split in ("valid", "train"))
    sung = [piece.text.replace("T:", "T:Another name of ") for piece in (same, other)]
    (root / "abc_songs" / "valid.txt").write_text(VALID + "".join(f"<start>\n{text}\n<end>\n" for text in sung))
    pieces = load_corpus("abc-tunes", root)
    assert [piece.id for piece in pieces[:6]] == ["train/1", "train/2", "train/3", "valid/1", "valid/2", "valid/3"]
    names = {piece.id for piece in pieces[6:]}
    unread = next(piece for piece in load_corpus("irish") if piece.id == "airdsAirs/book2/1")
    assert unread.split == "train"  # whose variants it has nobody can tell
    assert names == {piece.id for piece in load_corpus("irish")} - {other.id, unread.id}


def test_a_shared_run_of_16_intervals_is_a_leak() -> None:
    def piece(pitches: list[int], split: str) -> Piece:
        return Piece(str(pitches), Score(tuple(Note(i, 1, pitch) for i, pitch in enumerate(pitches))), split)

    walk = [60, 62, 64, 65, 67, 65, 64, 62, 60, 67, 72, 71, 69, 67, 65, 64, 62]
    song = piece([50, *walk, 40], "valid")
    transposed, shorter = [pitch + 5 for pitch in walk], [pitch + 5 for pitch in walk[1:]]
    assert len(list(runs(song.score))) == 3
    assert without_leaks([piece([*transposed, 90], "train")], [song]) == []
    for tune in (piece([*transposed, 90], "valid"), piece([*shorter, 90], "train"), piece([], "valid")):
        assert without_leaks([tune], [song]) == [tune]
    assert without_leaks([piece([], "train")], [song]) == []
    assert without_leaks([piece(walk, "train")], [song, replace(song, split="train")]) == []


def test_the_union_is_read_anew_when_either_changes(root: Path, irish: Path) -> None:
    path = irish / "book1.abc"
    path.write_text(random_tune(1))
    assert len(load_corpus("abc-tunes", root)) == 5
    path.write_text(random_tune(1) + "\n\n" + random_tune(2))
    load_corpus.cache_clear()
    assert len(load_corpus("abc-tunes", root)) == 6


@pytest.mark.parametrize("corpus", ["abc-songs", "irish", "abc-tunes"])
def test_missing_tunes_are_one_sentence(corpus: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose the folder"):
        load_corpus(corpus, tmp_path)
