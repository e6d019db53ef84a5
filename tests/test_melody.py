"""The published melody extraction, against a literal and slow statement of the same method."""

from __future__ import annotations

import hashlib
import importlib.util
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import core.data.melody.viterbi
from core.data.melody import METHODS, extract_melody
from core.data.melody.viterbi import viterbi_melody
from core.errors import InputError
from core.files import read_score
from core.score import Note, Score

Line = list[tuple[float, float, int]]
"""(onset, offset, pitch)"""


def literal_melody(onset: NDArray, offset: NDArray, pitch: NDArray) -> Line:
    """Every frame, every pair of the 2P + 1 states: rest, P onsets, P sustained pitches."""
    time, pitches = np.unique(np.concatenate([[0.0], onset, offset])), np.unique(pitch)
    num = len(pitches)
    begins, sounds = np.zeros((2, len(time) - 1, num), bool)
    for a, b, p in zip(onset, offset, pitch, strict=True):
        first, last, place = *np.searchsorted(time, (a, b)), np.searchsorted(pitches, p)
        begins[first, place] = sounds[first:last, place] = True
    higher = np.array([[frame[place + 1 :].any() for place in range(num)] for frame in sounds])
    broken = np.diff(time)[:, None] * np.log(1e-15)
    likelihood = np.full((len(time) - 1, 1 + 2 * num), -np.inf)
    likelihood[~sounds.any(axis=1), 0] = 0
    likelihood[:, 1 : num + 1] = np.where(begins, broken * higher, -np.inf)
    likelihood[:, num + 1 :] = np.where(begins, -np.inf, broken * (higher.astype(int) + ~sounds))

    weight = np.array([[1 / (1 + ((a - b) / 2) ** 2) for b in range(128)] for a in range(128)])
    weight = weight / weight.sum(axis=1, keepdims=True) * 0.9
    change = np.full((1 + 2 * num, 1 + 2 * num), -np.inf)
    change[0, 0], change[0, 1 : num + 1], change[1:, 0] = 0, np.log(1 / 128), np.log(0.1)
    change[1 : num + 1, 1 : num + 1] = change[num + 1 :, 1 : num + 1] = np.log(weight[np.ix_(pitches, pitches)])
    for place in range(num):
        change[[1 + place, num + 1 + place], num + 1 + place] = 0

    value, sources = change[0] + likelihood[0], []
    for frame in likelihood[1:]:
        ways = value[:, None] + change
        sources.append(ways.argmax(axis=0))
        value = ways.max(axis=0) + frame
    states = [int(value.argmax())]
    for source in reversed(sources):
        states.append(int(source[states[-1]]))
    line: Line = []
    sustained = False
    for state, begin, end in zip(reversed(states), time, time[1:], strict=False):
        if 1 <= state <= num:
            line.append((begin, end, pitches[state - 1]))
        elif state > num:
            assert sustained
            line[-1] = (line[-1][0], end, line[-1][2])
        sustained = state > 0
    return line


def fast_melody(onset: NDArray, offset: NDArray, pitch: NDArray) -> Line:
    melody = viterbi_melody(onset, offset, pitch)
    assert np.array_equal(onset[melody.index], melody.onset_sec)
    return list(zip(melody.onset_sec, melody.offset_sec, pitch[melody.index], strict=True))


def arrays(score: Score) -> tuple[NDArray, NDArray, NDArray]:
    onset = np.array([note.onset for note in score.notes]).round(9) * 60 / score.qpm
    offset = np.array([note.offset for note in score.notes]).round(9) * 60 / score.qpm
    return onset, offset, np.array(score.pitches)


def piece(name: str) -> Score:
    """All notes of a piece of music21's corpus."""
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "corpus" / name
    return read_score(path.read_bytes(), path.name)


def chorale(name: str) -> Score:
    """The four voices of a chorale."""
    from music21 import corpus

    notes = corpus.parse(name).flatten().notes
    return Score(tuple(Note(float(n.offset), float(n.quarterLength), n.pitch.midi) for n in notes), qpm=90)


PIECES = {
    "rag": lambda: piece("joplin/maple_leaf_rag.mxl"),
    "prelude": lambda: piece("bach/bwv846.mxl"),
    "atonal": lambda: piece("schoenberg/opus19/movement2.mxl"),
    "chorale": lambda: chorale("bach/bwv66.6"),
    "minor chorale": lambda: chorale("bach/bwv269"),
}


@pytest.mark.parametrize("name", PIECES)
def test_it_is_the_published_method_on_real_pieces(name: str) -> None:
    notes = arrays(PIECES[name]())
    found = fast_melody(*notes)
    assert found == literal_melody(*notes)
    assert 10 < len(found) < len(notes[0])


@pytest.mark.parametrize("block", [1, 7, 100])
def test_it_does_not_depend_on_the_size_of_its_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = arrays(PIECES["atonal"]())
    whole = fast_melody(*notes)
    monkeypatch.setattr(core.data.melody.viterbi, "BLOCK", block)
    assert fast_melody(*notes) == whole


TIMES = st.integers(0, 24).map(lambda step: step / 16)
NOTES = st.lists(st.tuples(TIMES, st.integers(1, 12).map(lambda step: step / 16), st.integers(58, 67)), min_size=1)


@given(NOTES)
def test_it_is_the_published_method_on_anything(notes: list[tuple[float, float, int]]) -> None:
    onset, duration, pitch = (np.array(column) for column in zip(*notes, strict=True))
    found, expected = fast_melody(onset, onset + duration, pitch), literal_melody(onset, onset + duration, pitch)
    assert found == expected


@given(NOTES)
def test_a_melody_is_one_note_at_a_time_and_made_of_real_notes(notes: list[tuple[float, float, int]]) -> None:
    score = Score(tuple(Note(onset, duration, pitch, 1 + i % 127) for i, (onset, duration, pitch) in enumerate(notes)))
    melody = extract_melody(score, "viterbi").notes
    assert melody
    assert all(note.duration > 0 for note in melody)
    assert all(a.offset <= b.onset + 1e-9 for a, b in pairwise(melody))
    assert {(n.onset, n.pitch, n.velocity) for n in melody} <= {(n.onset, n.pitch, n.velocity) for n in score.notes}


def melody_of(*notes: Note) -> list[tuple[float, float, int]]:
    return [(n.onset, n.duration, n.pitch) for n in extract_melody(Score(notes, qpm=60), "viterbi").notes]


def test_the_top_of_a_chord_is_the_melody() -> None:
    assert melody_of(*(Note(beat, 1, pitch) for beat in range(3) for pitch in (48, 64, 67 + beat))) == [
        (0, 1, 67), (1, 1, 68), (2, 1, 69),
    ]  # fmt: skip


def test_an_accompaniment_below_a_held_note_is_not_the_melody() -> None:
    assert melody_of(Note(0, 4, 76), *(Note(0.5 * i, 0.5, 48) for i in range(8))) == [(0, 4, 76)]


def test_a_short_gap_is_bridged_and_a_long_one_is_a_rest() -> None:
    """A rest costs ln 0.1 + ln 1/128 = -7.2, a repeated note after a gap of d seconds ln 0.14 - 34.5 d."""
    assert melody_of(Note(0, 1, 60), Note(1.1, 1, 60)) == [(0, 1.1, 60), (1.1, 1, 60)]
    assert melody_of(Note(0, 1, 60), Note(1.25, 1, 60)) == [(0, 1, 60), (1.25, 1, 60)]


def test_a_repeated_note_is_struck_twice() -> None:
    assert melody_of(Note(0, 2, 60), Note(1, 1, 60)) == [(0, 1, 60), (1, 1, 60)]


def test_it_begins_with_the_silence_before_the_first_note() -> None:
    assert melody_of(Note(3, 1, 60)) == [(3, 1, 60)]


def test_notes_that_are_not_heard_change_nothing() -> None:
    given = np.array([0.0, 0.5, 0.2, np.nan, 0.0]), np.array([0.5, 1.0, 0.2, 1.0, np.inf]), np.array([60, 62, 99, 9, 9])
    melody = viterbi_melody(*given)
    assert melody.index.tolist() == [0, 1]
    assert viterbi_melody(*(np.empty(0),) * 2, np.empty(0, np.int64)).index.tolist() == []


def test_grids_survive_any_tempo() -> None:
    """A third of a quarter at 97 quarters a minute is no round number of seconds."""
    notes = tuple(Note(i / 3, 1 / 3, 60 + i % 5) for i in range(30))
    melody = extract_melody(Score(notes, qpm=97), "viterbi")
    assert [note.onset for note in melody.notes] == pytest.approx([note.onset for note in notes], abs=1e-9)
    assert melody.pitches == tuple(note.pitch for note in notes)


def test_a_score_without_notes_has_an_empty_melody() -> None:
    assert extract_melody(Score(()), "viterbi") == Score(())


def test_other_methods_are_one_sentence() -> None:
    assert list(METHODS) == ["voice", "viterbi"]
    with pytest.raises(InputError, match="voice, viterbi"):
        extract_melody(Score(()), "skyline")


def test_the_definition_never_moves() -> None:
    """Models are measured on these melodies: a change would make all figures incomparable."""
    chance = random.Random(0)
    notes = [(chance.randrange(4000), chance.randrange(1, 60), chance.randrange(40, 90)) for _ in range(3000)]
    onset, duration, pitch = np.array(notes).T
    told = repr(viterbi_melody(onset / 20, (onset + duration) / 20, pitch).index.tolist())
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == "6bca1843ec3c21ce"
