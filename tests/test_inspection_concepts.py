"""Concepts mark what a musician would mark."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codecs import CODECS
from core.inspection import CONCEPTS, subject
from core.inspection.abc_signs import music_signs
from core.inspection.subject import END
from core.score import Note, Score
from tests.conftest import tiny_checkpoint

CHARS, BEATS, STEPS = (tiny_checkpoint(name) for name in ("char-lstm", "beat-rnn", "step-bilstm"))

JIG = """X:1
T:The Kesh Jig
M:6/8
L:1/8
K:G
D|:"G"G3 {c}GAB|"D7"z3 ~ABd|[1 ^f2A (3agf:|2 d,6||
G3 d'3|]"""
IN_JIG = {
    "header": "X:1$T:The Kesh Jig$M:6/8$L:1/8$K:G$...........................................................",
    "title": "......The Kesh Jig............................................................................",
    "title-capitals": "......T...K....J..............................................................................",
    "key": ".................................G............................................................",
    "bar-line": "....................................|:............|...........|[1...........:|2....||.......|]",
    "before-bar-line": "...................................D.............B...........d.............f......6........3..",
    "repeat-sign": "....................................|:......................................:|2...............",
    "note": "...................................D.....G.....GAB.........ABd.....f.A...agf....d.....G..d....",
    "rest": ".......................................................z......................................",
    "length": "..........................................3.............3...........2.............6....3...3..",
    "octave": ".................................................................................,........'...",
    "high": ".............................................................d.....f.....agf.............d....",
    "accidental": "..................................................................^...........................",
    "chord-symbol": '......................................"G".........."D7".......................................',
    "ornament": "............................................{c}...........~...................................",
    "tuplet": ".......................................................................(3.....................",
    "gap": "........................................... ............. ....... .... ........ ........ .....",
    "line-end": ".....................................................................................$........",
    "phrase": "...................................D.....G......................................d.....G.......",
    "downbeat": ".........................................G.........................f............d.....G.......",
    "ascending": ".........................................G......AB..........Bd.....f.....a............G..d....",
    "descending": "...........................................................A.........A....gf....d.............",
    "repeated": "...............................................G..............................................",
    "leap": ".........................................G...........................A...a......d.....G..d....",
}
"""by hand: the characters that are marked; $ is the end of a line"""

MELODY = Score(
    (
        Note(0, 1, 67), Note(1, 0.5, 79), Note(1.5, 0.5, 79), Note(2, 2, 73), Note(4.5, 0.5, 74), Note(5, 4, 67),
        Note(9, 1, 71),
    ),
    upbeat=1, key="G",
)  # fmt: skip
IN_MELODY = {
    "ascending": [1, 4, 6],
    "descending": [3, 5],
    "repeated": [2],
    "leap": [1, 3, 5],
    "octave": [1],
    "high": [1, 2],
    "tonic": [0, 1, 2, 5],
    "foreign": [3],
    "downbeat": [1, 5, 6],
    "off-beat": [2, 4],
    "long": [3, 5],
    "after-rest": [4],
    "phrase": [0, 4, 6],
}
"""by hand: the notes that are marked"""

SONG = Score((Note(0, 0.5, 60), Note(1, 0.25, 62)), time_signature=(2, 4), upbeat=0.5)
"""``60 _ r r 62 /``, of which the third step is the first of a bar"""
IN_SONG = {
    "note": [0, 4],
    "held": [1],
    "rest": [2, 3],
    "end": [5],
    "bar-start": [2],
    "beat": [2],
    "second-half": [0, 1],
}


def test_there_are_concepts_for_every_codec() -> None:
    assert set(CONCEPTS) == set(CODECS)
    assert len(CONCEPTS["abc-chars"]) >= 10
    assert len(CONCEPTS["beats"]) >= 6
    assert len(CONCEPTS["steps"]) >= 6
    assert set(IN_JIG) == set(CONCEPTS["abc-chars"])
    assert set(IN_MELODY) == set(CONCEPTS["beats"])
    assert set(IN_MELODY) | set(IN_SONG) == set(CONCEPTS["steps"])
    for concepts in CONCEPTS.values():
        assert all(concept.title and concept.help.endswith(".") for concept in concepts.values())


@pytest.mark.parametrize("name", IN_JIG)
def test_characters_of_a_jig(name: str) -> None:
    told = subject(CHARS, JIG)
    labels = CONCEPTS["abc-chars"][name].label(told)
    shown = JIG.replace("\n", "$") + END
    row = "".join(character if marked else "." for character, marked in zip(shown, labels, strict=True))
    assert row == IN_JIG[name] + "."


@pytest.mark.parametrize("name", IN_MELODY)
def test_notes_of_a_melody(name: str) -> None:
    """The same notes are marked where a token is a note and where it is a step."""
    assert CONCEPTS["beats"][name].label(subject(BEATS, MELODY)).nonzero()[0].tolist() == IN_MELODY[name]
    told = subject(STEPS, MELODY)
    marked = CONCEPTS["steps"][name].label(told).nonzero()[0].tolist()
    assert marked == [told.note_tokens[note] for note in IN_MELODY[name]]


@pytest.mark.parametrize("name", IN_SONG)
def test_steps_of_a_song(name: str) -> None:
    assert CONCEPTS["steps"][name].label(subject(STEPS, SONG)).nonzero()[0].tolist() == IN_SONG[name]


def downbeats(text: str) -> str:
    told = subject(CHARS, text)
    return "".join(told.labels[i] for i in CONCEPTS["abc-chars"]["downbeat"].label(told).nonzero()[0])


def test_an_upbeat_is_no_downbeat() -> None:
    head = "X:1\nM:4/4\nL:1/4\nK:C\n"
    assert downbeats(head + "C|DEFG|ABcd|e3:|f|gfed|c3|]") == "DAegc"
    assert downbeats(head + "CDEF|GABc|]") == "CG"
    assert downbeats(head + "|:C|DEFG|A3:|") == "DA"
    assert downbeats("C|DEFG|A3:|") == ""  # no music without a key


def test_the_beat_of_compound_metres_is_three_units() -> None:
    eighths = tuple(Note(i / 2, 0.5, 60 + i) for i in range(6))
    for metre, off in (((6, 8), [1, 2, 4, 5]), ((3, 4), [1, 3, 5]), ((3, 8), [])):
        told = subject(BEATS, Score(eighths, time_signature=metre))
        assert CONCEPTS["beats"]["off-beat"].label(told).nonzero()[0].tolist() == off


def test_what_is_played_freely_has_no_downbeats_but_a_key() -> None:
    rng = np.random.default_rng(0)
    played = Score(
        tuple(Note(0.6 * i + rng.uniform(0, 0.1), 0.4, p) for i, p in enumerate((62, 66, 69, 67, 66, 64, 62)))
    )
    told = subject(BEATS, played)
    marked = {name: concept.label(told).nonzero()[0].tolist() for name, concept in CONCEPTS["beats"].items()}
    assert marked["downbeat"] == marked["off-beat"] == marked["foreign"] == []
    assert marked["tonic"] == [0, 6]
    assert marked["phrase"] == [0]  # every note is followed by a silence


def test_a_text_without_notes_and_a_single_note() -> None:
    told = subject(CHARS, "")
    assert told.labels == (END,)
    assert not any(concept.label(told).any() for concept in CONCEPTS["abc-chars"].values())
    for checkpoint in (BEATS, STEPS):
        told = subject(checkpoint, replace(MELODY, notes=MELODY.notes[:1]))
        for concept in CONCEPTS[checkpoint.codec.name].values():
            assert len(concept.label(told)) == len(told.labels)


@given(st.text("ABcd,'^_=|:[]\"{}(32/z -!~%\nXTKMw" + "é", max_size=60), st.booleans())
def test_any_text_can_be_labelled(text: str, headed: bool) -> None:
    told = subject(CHARS, "X:1\nM:3/4\nK:D\n" * headed + text)
    for concept in CONCEPTS["abc-chars"].values():
        labels = concept.label(told)
        assert labels.dtype == bool
        assert labels.shape == (len(told.labels),)
        assert not labels[-1] or told.labels[-1] != END
    places = [place for sign in music_signs("".join(told.labels[:-1])) for place in sign.places]
    assert len(places) == len(set(places))
