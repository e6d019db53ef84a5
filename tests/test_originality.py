"""What a melody shares with the training tunes: made by hand, against brute force, and in the shipped indexes."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import cli
from core.data.corpora import CORPORA, pieces_of
from core.data.maestro import QUARTERS_PER_SEC
from core.data.piano import MAESTRO_PIANO, PIANO, POP909_PIANO
from core.data.two_hands import POP909_PAIRS
from core.errors import InputError
from core.evaluation.originality import (
    DamagedIndexError,
    Index,
    Originality,
    Usual,
    excerpt,
    in_words,
    load_index,
    originality,
)
from core.evaluation.originality import index as index_module
from core.evaluation.originality.build import build_index, quantiles, title_of
from core.evaluation.originality.copied import longest_within
from core.evaluation.originality.fingerprints import fingerprints, steps
from core.evaluation.originality.index import MIN_NOTES, index_to_bytes
from core.evaluation.originality.suffixes import END, sort_suffixes
from core.files import WRITERS
from core.score import Note, Score

RHYTHM = (1.0, 0.5, 0.5, 1.5, 0.5, 2.0, 1 / 3, 1 / 3, 1 / 3, 1.0)


def tune(pitches: Sequence[int], durations: Sequence[float] = RHYTHM, title: str = "") -> Score:
    """One note after another; the durations are gone through again and again."""
    notes, onset = [], 0.0
    for i, pitch in enumerate(pitches):
        notes.append(Note(onset, durations[i % len(durations)], pitch))
        onset = notes[-1].offset
    return Score(tuple(notes), title=title)


def random_walk(seed: int, num_notes: int, sizes: Sequence[int] = (1, 2, 3, 4)) -> list[int]:
    chance = random.Random(seed)
    pitches = [66]
    while len(pitches) < num_notes:
        pitches.append(pitches[-1] + chance.choice(sizes) * (1 if pitches[-1] < 66 else -1))
    return pitches


OTHER, COPIED = tune(random_walk(1, 30), title="Other"), tune(random_walk(2, 40), title="Copied")
KNOWN = Index.of("essen", True, [("a", "Other", OTHER), ("b", "Copied", COPIED)])
OWN = tune([60, 72] * 5)
"""leaps that no known tune has"""


def after(first: Score, second: Score) -> Score:
    notes = [note._replace(onset=note.onset + first.duration) for note in second.notes]
    return replace(first, notes=(*first.notes, *notes))


def part(score: Score, notes: range) -> Score:
    return replace(score, notes=score.notes[notes.start : notes.stop])


def from_zero(score: Score, factor: float = 1.0) -> Score:
    start = score.notes[0].onset
    notes = (n._replace(onset=(n.onset - start) * factor, duration=n.duration * factor) for n in score.notes)
    return replace(score, notes=tuple(notes))


# Passages


@pytest.mark.parametrize("factor", [1.0, 2.0, 0.5])
def test_a_transposed_copy_is_found_with_its_exact_place_in_any_note_values(factor: float) -> None:
    copy = from_zero(part(COPIED, range(12, 23)), factor).transposed(5)
    found = originality(after(after(OWN, copy), OWN), KNOWN)
    assert (found.longest, found.passage) == (11, range(10, 21))
    assert (found.tune_id, found.tune, found.tune_passage, found.num_tunes) == ("b", "Copied", range(12, 23), 1)


def test_one_changed_note_splits_the_passage() -> None:
    pitches = list(COPIED.pitches[:20])
    pitches[9] += 12
    found = originality(from_zero(COPIED.with_pitches([*pitches, *COPIED.pitches[20:]])), KNOWN)
    assert (found.passage, found.tune_passage) == (range(10, 40), range(10, 40))
    assert KNOWN.shared(COPIED.with_pitches([*pitches, *COPIED.pitches[20:]]))[0] == 9


def test_how_long_notes_are_held_before_a_rest_is_no_difference() -> None:
    detached = replace(COPIED, notes=tuple(note._replace(duration=note.duration * 0.6) for note in COPIED.notes))
    assert originality(detached, KNOWN).passage == range(40)


def test_another_rhythm_is_another_melody_unless_the_corpus_is_of_performances() -> None:
    other = tune(COPIED.pitches, (0.7, 1.1, 0.4))
    assert originality(other, KNOWN).longest < 8
    performed = Index.of("maestro", False, [("b", "Copied", COPIED)])
    assert originality(other, performed).passage == range(40)


def test_a_rhythm_alone_is_no_copy() -> None:
    found = originality(tune([60, 72, 59, 73] * 10), KNOWN)
    assert found == Originality(40, range(0), "", "", range(0), 0, {8: 0.0, 12: 0.0, 16: 0.0})


def test_the_first_of_several_tunes_is_named() -> None:
    tunes = [("x", "Own", OWN), ("b", "Copied", COPIED), ("c", "Again", COPIED.transposed(2))]
    found = originality(part(COPIED, range(5, 20)), Index.of("essen", True, tunes))
    assert (found.tune, found.num_tunes) == ("Copied", 2)


def test_shares_are_those_counted_by_hand() -> None:
    """The last 10 of 20 notes are copied: of 13 8-grams 3 lie in them, and of the longer ones none."""
    found = originality(after(OWN, from_zero(part(COPIED, range(10)))), KNOWN)
    assert found.shares == {8: 3 / 13, 12: 0.0, 16: 0.0}
    assert originality(part(COPIED, range(14)), KNOWN).shares == {8: 1.0, 12: 1.0}


def test_notes_that_were_given_are_not_looked_at() -> None:
    """The first 15 of 20 notes are copied, 6 of them given."""
    piece = after(from_zero(part(COPIED, range(3, 18))), tune([60, 72, 60, 72, 60]))
    found = originality(piece, KNOWN, num_given=6)
    assert (found.num_notes, found.passage, found.tune_passage) == (14, range(6, 15), range(9, 18))
    assert found.shares == {8: 2 / 7, 12: 0.0}
    assert in_words(found, KNOWN).startswith("After the notes given, no passage longer than 9 notes")
    assert originality(piece, KNOWN, num_given=20).longest == 0


@pytest.mark.parametrize("num_notes", range(MIN_NOTES + 1))
def test_what_is_too_short_shares_nothing(num_notes: int) -> None:
    assert originality(part(COPIED, range(num_notes)), KNOWN).longest == (num_notes if num_notes == MIN_NOTES else 0)
    assert originality(COPIED, Index.of("essen", True, [])).longest == 0


def brute_force(score: Score, tunes: Sequence[Score], timed: bool) -> list[int]:
    """For each note the longest passage from it on, by comparing it with every place of every tune."""

    def events(of: Score, stretch: float) -> list[tuple[int, float]]:
        return [(b.pitch - a.pitch, (b.onset - a.onset) * stretch if timed else 0) for a, b in pairwise(of.notes)]

    known = [events(one, 1.0) for one in tunes]
    found = [0] * len(score.notes)
    for stretch in (1.0, 0.5, 2.0):
        here = events(score, stretch)
        for start in range(len(here)):
            for there in known:
                for place in range(len(there)):
                    same = 0
                    while (
                        max(start + same - len(here), place + same - len(there)) < 0
                        and here[start + same] == there[place + same]
                    ):
                        same += 1
                    found[start] = max(found[start], same + 1)
    return [length if length >= MIN_NOTES else 0 for length in found]


melodies = st.lists(st.tuples(st.integers(60, 62), st.sampled_from([0.5, 1.0])), max_size=24).map(
    lambda notes: tune([pitch for pitch, _ in notes], [length for _, length in notes] or [1.0])
)


@settings(max_examples=60)
@given(melodies, st.lists(melodies, max_size=5), st.booleans())
def test_it_is_what_brute_force_finds(score: Score, tunes: list[Score], timed: bool) -> None:
    known = Index.of("essen", timed, [(str(i), "", one) for i, one in enumerate(tunes)])
    lengths = brute_force(score, tunes, timed)
    assert known.shared(score).tolist() == lengths
    found = originality(score, known)
    assert found.longest == max(lengths, default=0)
    if found.longest:
        place = part(tunes[int(found.tune_id)], found.tune_passage)
        assert brute_force(part(score, found.passage), [place], timed)[0] == found.longest


@given(st.lists(st.integers(END, 2), max_size=60))
def test_suffixes_are_in_order(text: list[int]) -> None:
    assert sort_suffixes(np.array(text, dtype=np.int64)).tolist() == sorted(range(len(text)), key=lambda i: text[i:])


# Fingerprints and files


def test_fingerprints_are_the_same_for_ever_and_in_every_key() -> None:
    """An index that was built on another machine is of use only if this holds."""
    melody = tune([67, 69, 71, 72, 71], (1.0, 0.5, 1 / 3, 0.25))
    assert steps(melody, timed=True).tolist() == [532504, 532492, 528392, 520198]
    assert steps(melody, timed=False).tolist() == [130, 130, 129, 127]
    assert fingerprints(steps(melody, timed=True)).tolist() == [15095883, 8108022]
    assert fingerprints(steps(melody.transposed(-7), timed=True)).tolist() == [15095883, 8108022]


def test_an_index_is_read_as_it_was_written_and_written_alike_each_time(tmp_path: Path) -> None:
    known = replace(KNOWN, usual=Usual({16: (5, 7, 10)}, {8: 0.125}))
    (tmp_path / "essen.npz").write_bytes(index_to_bytes(known))
    read = load_index("essen", tmp_path)
    assert read is not None
    assert index_to_bytes(read) == index_to_bytes(known)
    assert read.usual == known.usual
    assert originality(COPIED, read) == originality(COPIED, known)
    assert COPIED.title.encode() in np.load(tmp_path / "essen.npz")["facts"].tobytes()


@pytest.mark.parametrize("kept", [0, 10, 500])
def test_a_damaged_index_is_told_in_a_sentence(tmp_path: Path, kept: int) -> None:
    (tmp_path / "essen.npz").write_bytes(index_to_bytes(KNOWN)[:kept])
    with pytest.raises(DamagedIndexError, match=r"essen\.npz is damaged; restore it, or build it again"):
        load_index("essen", tmp_path)


def test_an_index_of_other_tunes_is_damaged(tmp_path: Path) -> None:
    wrong = replace(KNOWN, ends=KNOWN.ends - 1)
    (tmp_path / "essen.npz").write_bytes(index_to_bytes(wrong))
    with pytest.raises(DamagedIndexError):
        load_index("essen", tmp_path)


def test_there_may_be_no_index(tmp_path: Path) -> None:
    assert load_index("essen", tmp_path) is None
    assert load_index("../essen") is None


# What is usual, in words


def test_excerpts_do_not_overlap() -> None:
    shared = np.array([6, 0, 0, 9, 8, 7, 6, 5, 0, 0, 0, 0])
    assert longest_within(shared, 6) == [6, 6]
    assert longest_within(shared, 5) == [5, 5]
    assert longest_within(shared, 13) == []
    assert quantiles(list(range(101))) == (5, 50, 95)


def test_a_melody_is_compared_with_excerpts_of_its_length() -> None:
    usual = Usual({16: (0, 6, 9), 64: (6, 8, 12)})
    assert [usual.range_of(n) for n in (5, 16, 63, 64, 900)] == [(0, 9), (0, 9), (0, 9), (6, 12), (6, 12)]
    assert Usual().range_of(20) is None


def test_it_is_said_in_words() -> None:
    known = replace(KNOWN, usual=Usual({16: (6, 7, 12)}))
    found = originality(part(COPIED, range(7)), known)
    assert in_words(found, known) == (
        "No passage longer than 7 notes is in the training tunes (people's own tunes share 6 to 12); "
        "the nearest tune is “Copied”."
    )
    assert in_words(replace(found, num_tunes=4), KNOWN) == (
        "No passage longer than 7 notes is in the training tunes; the nearest tunes are “Copied” and 3 more."
    )
    assert in_words(originality(COPIED, known), known) == (
        "A passage of 40 notes is in the training tunes, in “Copied”; people's own tunes share 6 to 12."
    )
    performed = Index.of("maestro", False, [("a", "Other", OTHER)])
    assert in_words(originality(OWN, performed), performed) == (
        "No passage of 5 notes, rhythm aside, is in the training tunes."
    )


# A passage to be read


def test_an_excerpt_is_the_bars_of_a_passage_with_one_before_and_one_behind() -> None:
    score = replace(tune(range(60, 90), (1.0,)), upbeat=1.0, time_signature=(3, 4))
    shown, notes = excerpt(score, range(9, 11))  # the last note of the third bar, the first of the fourth
    assert shown.pitches == tuple(range(64, 76))
    assert [shown.pitches[i] for i in notes] == [69, 70]
    assert (shown.notes[0].onset, shown.upbeat) == (0.0, 0.0)
    shown, notes = excerpt(score, range(1, 7))
    assert (shown.pitches[0], shown.upbeat, notes) == (60, 1.0, range(1, 7))
    assert excerpt(score, range(30))[0] == score


def test_an_excerpt_of_a_performance_is_given_note_values() -> None:
    chance = random.Random(3)
    times = np.cumsum([0.5 + chance.uniform(-0.02, 0.02) for _ in range(60)]) * QUARTERS_PER_SEC + 500
    played = Score(tuple(Note(time, 0.8, pitch) for time, pitch in zip(times, random_walk(4, 60), strict=True)))
    shown, notes = excerpt(played, range(30, 40), written=False)
    assert [shown.pitches[i] for i in notes] == list(played.pitches[30:40])
    assert all(note.onset * 4 == round(note.onset * 4) for note in shown.notes)
    times[35] = times[34] + 0.004 * QUARTERS_PER_SEC  # struck almost together
    grace = replace(played, notes=tuple(n._replace(onset=t) for n, t in zip(played.notes, times, strict=True)))
    shown, notes = excerpt(grace, range(30, 40), written=False)
    assert [shown.pitches[i] for i in notes] == list(played.pitches[30:40])


# The indexes that come with the program


@pytest.mark.parametrize("corpus", sorted(CORPORA.keys() - {MAESTRO_PIANO, POP909_PIANO, PIANO, POP909_PAIRS}))
def test_every_corpus_of_melodies_has_an_index_that_says_what_is_usual(corpus: str) -> None:
    known = load_index(corpus)
    assert known is not None
    assert known.timed is not CORPORA[corpus].performed
    assert len(known.ids) == len(set(known.ids)) > 700
    for low, middle, high in known.usual.longest.values():
        assert low <= middle < high
    assert 0 < known.usual.shares[12] < known.usual.shares[8] < 0.3


def test_the_index_of_essen_holds_its_training_tunes_and_nothing_else() -> None:
    known, tunes = load_index("essen"), pieces_of("essen", "train")
    assert known is not None
    anew = Index.of("essen", True, [(piece.id, title_of(piece, "essen"), piece.score) for piece in tunes])
    assert (known.ids, known.titles) == (anew.ids, anew.titles)
    assert np.array_equal(known.prints, anew.prints)
    assert np.array_equal(known.ends, anew.ends)


def test_tunes_of_essen_find_themselves_and_held_out_ones_do_not() -> None:
    known = load_index("essen")
    assert known is not None
    for piece in pieces_of("essen", "train")[::997]:
        found = originality(piece.score.transposed(1), known)
        assert found.longest == len(piece.score.notes)
        assert known.ids.index(found.tune_id) <= known.ids.index(piece.id)
    for piece in pieces_of("essen", "valid")[::97]:
        assert originality(piece.score, known).longest < min(40, len(piece.score.notes))


# On the command line


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["core", "originality", *map(str, arguments)])
    with pytest.raises(SystemExit) as done:
        cli.main()
    return int(done.value.code or 0)


def test_a_file_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    score = part(pieces_of("essen", "train")[10].score, range(20)).transposed(-2)
    path = tmp_path / "copy.musicxml"
    path.write_bytes(WRITERS[".musicxml"](score, score, 0))
    assert run(monkeypatch, path, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["corpus"], facts["num_notes"], facts["longest"], facts["passage"]) == ("essen", 20, 20, [1, 20])
    assert facts["shares"] == {"8": 1.0, "12": 1.0, "16": 1.0}
    assert run(monkeypatch, path) == 0
    assert "in words: A passage of 20 notes is in the training tunes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Give a piece to look at"),
        (("a.mid", "--build", "essen"), "Give a piece to look at"),
        (("a.mid", "--corpus", "opera"), "no index of the training tunes of 'opera'"),
        (("--build", "maestro-by-file"), "build that one"),
        (("--build", "opera"), "no corpus called 'opera'"),
        (("nowhere.mid",), "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1


def test_an_index_is_built_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    tunes = [tune(random_walk(seed, 24), (1.0, 0.5, 0.5), f"Walk {seed}") for seed in range(100)]
    (tmp_path / "walks.abc").write_bytes(b"\n\n".join(WRITERS[".abc"](score, score, 0) for score in tunes))
    monkeypatch.setattr(index_module, "INDEXES", tmp_path)
    assert run(monkeypatch, "--build", "essen", "--corpus-root", tmp_path, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    data = (tmp_path / "essen.npz").read_bytes()
    known = load_index("essen")
    assert known is not None
    assert set(known.titles) == {piece.score.title for piece in pieces_of("essen", "train", tmp_path)}
    assert facts["num_tunes"] == len(known.ids)
    assert facts["bytes"] == len(data)
    assert data == index_to_bytes(build_index("essen", tmp_path))
    with pytest.raises(InputError):
        build_index("maestro-by-file")
