"""Counting on two staves what is wrong, and the command that does so with a corpus."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import core.evaluation.two_staves
from core import cli
from core.data.piece import Piece
from core.evaluation.two_staves import Written, adds_up, excerpts, measure, music_of
from core.formats.bars import Bar, Symbol
from core.formats.grid import UNITS
from core.formats.two_staves import Chord, PianoScore
from core.score import Note, Score

TRIAD = tuple(Note(float(beat), 1.0, pitch) for beat in range(8) for pitch in (48, 64, 67))


def test_what_is_right_counts_as_right() -> None:
    found = measure([("triads", Score(TRIAD))])
    assert list(found) == ["performed", "written"]
    for written in found.values():
        facts = written.facts()
        assert facts["pieces"] == 1
        assert facts["notes"] == 24
        assert facts["most voices on a staff"] == 1
        wrong = ("refused", "bars that do not add up", "notes lost or doubled", "overlaps in a voice")
        assert [facts[name] for name in wrong] == [0, 0, 0, 0]
    assert found["written"].bars == 4
    assert found["written"].shortest == "quarter"


def test_a_bar_is_filled_end_to_end() -> None:
    quarter, rest = Symbol(0, UNITS, ()), Symbol(UNITS, 2 * UNITS, ())
    full, short, late = (Bar(1, 0, symbols) for symbols in ((quarter, rest), (quarter,), (rest,)))
    upbeat = Bar(0, 2 * UNITS, (Symbol(2 * UNITS, UNITS, ()),))
    assert adds_up((full, Bar(1, 0, ())), (3, 4))
    assert adds_up((upbeat,), (3, 4))
    assert not adds_up((full,), (4, 4))
    assert not adds_up((full, short), (3, 4))
    assert not adds_up((late,), (3, 4))
    assert not adds_up((full, upbeat), (3, 4))


def test_notes_that_are_lost_doubled_or_too_long_are_counted() -> None:
    twice = Chord(0, 4 * UNITS, (0,))
    staves = (((twice, Chord(2 * UNITS, 2 * UNITS, (1,))),), ((twice,),))
    written = Written()
    written.add(PianoScore((60, 62, 64), staves), seconds=1.0)
    assert (written.lost, written.overlaps) == (2, 1)


def test_what_is_refused_is_told_why() -> None:
    endless = Score(tuple(Note(index * 0.25, 0.1, 60 + index % 7) for index in range(4500)))
    found = measure([("endless", endless)], ["written"])["written"]
    assert found.pieces == 0
    assert found.facts()["why"] == ["The piece has more than 4000 chords and single notes: choose a shorter excerpt."]


def test_what_is_played_with_a_melody_is_part_of_its_music() -> None:
    played = np.array([[0.5, 1.0, 48, 64]], np.float32)
    melody = Score((Note(0, 2, 72),), qpm=90, time_signature=(3, 4))
    assert music_of(Piece("song", melody, played=played)).notes == (Note(0, 2, 72), Note(1, 2, 48, 64))
    assert music_of(Piece("song", melody, played=played)).time_signature == (3, 4)
    assert music_of(Piece("piece", Score(()), played=played)).qpm == 120


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five pieces of eight beats."""

    def pieces_of(name: str, split: str, root: Path | None) -> list[Piece]:
        assert (name, split, root) == ("songs", "valid", None)
        return [Piece(f"song {i}", Score(TRIAD, qpm=60)) for i in range(5)]

    monkeypatch.setattr(core.evaluation.two_staves, "pieces_of", pieces_of)


@pytest.mark.usefixtures("corpus")
def test_pieces_are_from_all_over_the_corpus_and_may_be_cut() -> None:
    assert [id_ for id_, _ in excerpts("songs", 2, None)] == ["song 0", "song 2"]
    assert [len(score.notes) for _, score in excerpts("songs", 9, 3.0)] == [9] * 5


@pytest.mark.usefixtures("corpus")
def test_the_command_prints_both_kinds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["core", "two-staves", "songs", "--num", "2", "--json"])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert not exit_.value.code
    performed, written = json.loads(capsys.readouterr().out)
    assert (performed["as"], written["as"]) == ("performed", "written")
    assert written["bars"] == 8
    assert performed["bars that do not add up"] == 0
