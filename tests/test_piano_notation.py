"""Piano music on two staves: what a pianist reads, and that nothing that sounds is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.formats.bars import Bar
from core.formats.grid import UNITS
from core.formats.metre import bar_units
from core.formats.pitch_names import pitch_name
from core.formats.two_staves import PianoScore, piano_bars
from core.piano_notation import notate_piano, single_strokes
from core.piano_notation.hands import split_hands
from core.score import Note, Score
from tests.piano_pieces import PIECES, bars_add_up, performed, piece
from tests.test_bars import SIGNS


def line(*pitches_and_lengths: tuple[int | tuple[int, ...] | None, float], start: float = 0) -> list[Note]:
    """Notes, chords and rests (None) one after the other."""
    notes, now = [], start
    for pitches, length in pitches_and_lengths:
        chord = (pitches,) if isinstance(pitches, int) else pitches or ()
        notes += [Note(now, length, pitch) for pitch in chord]
        now += length
    return notes


def shown(score: PianoScore) -> list[str]:
    """Both staves: ``C4E4/2. r/4``, ties as ``~``, voices divided by ``&``, bars by ``|``, triplets in brackets."""
    return [
        " | ".join(" & ".join(_voice(score, bar) for bar in voices) for voices in staff) for staff in piano_bars(score)
    ]


def _voice(score: PianoScore, bar: Bar) -> str:
    words = []
    for symbol in bar.symbols:
        names = "".join(pitch_name(score.pitches[head.note]) for head in symbol.heads)
        value, dots = symbol.value
        tied = any(not head.last for head in symbol.heads)
        word = f"{names or 'r'}/{SIGNS[value]}{'.' * dots}{'~' * tied}"
        words.append("[" * symbol.opens + word + "]" * symbol.closes)
    return " ".join(words)


def check(written: PianoScore, played: Score) -> None:
    """What holds for every piano score."""
    assert written.pitches == played.pitches
    assert bars_add_up(written)
    assert all(len(staff) <= 2 for staff in written.staves)
    for staff in piano_bars(written):
        for voices in staff:
            assert len(voices) in (1, 2)
            for symbol in (symbol for voice in voices for symbol in voice.symbols):
                assert symbol.length >= UNITS // 8
                assert symbol.value[0] in ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd")
    for voice in (voice for staff in written.staves for voice in staff):
        assert all(before.end <= after.start for before, after in pairwise(voice))


# -- composed on a grid -----------------------------------------------------------------------------------------------


def test_a_melody_over_chords():
    melody = line((72, 1), (76, 1), (79, 1.5), (77, 0.5), (76, 2), (74, 1), (None, 1))
    chords = line(((48, 52, 55), 4), ((43, 50, 53), 4))
    written = notate_piano(Score(tuple(melody + chords), qpm=96), key="C")
    assert shown(written) == [
        "C5/4 E5/4 G5/4. F5/8 | E5/2 D5/4 r/4",
        "C3E3G3/1 | G2D3F3/1",
    ]
    assert (written.qpm, written.time_signature) == (96, (4, 4))


def test_an_alberti_bass():
    bass = [(pitch, 0.5) for pitch in (48, 55, 52, 55) * 2]
    written = notate_piano(Score(tuple(line((72, 2), (76, 1), (79, 1)) + line(*bass))))
    assert shown(written) == ["C5/2 E5/4 G5/4", "C3/8 G3/8 E3/8 G3/8 C3/8 G3/8 E3/8 G3/8"]


def test_two_voices_in_one_hand():
    held = line((79, 2), (77, 2), (76, 4))
    moving = line((67, 1), (64, 1), (65, 1), (62, 1), (60, 1), (62, 1), (60, 2))
    bass = line((48, 4), (43, 4))
    written = notate_piano(Score(tuple(held + moving + bass)))
    assert shown(written) == ["G5/2 F5/2 & G4/4 E4/4 F4/4 D4/4 | E5/1 & C4/4 D4/4 C4/2", "C3/1 | G2/1"]


def test_a_bass_held_under_moving_chords():
    chords = line((None, 1), ((52, 55), 1), ((52, 55), 1), (None, 1), ((53, 57), 1), ((53, 57), 1))
    written = notate_piano(
        Score(tuple(line((76, 3), (77, 3)) + line((36, 3), (41, 3)) + chords), time_signature=(3, 4))
    )
    assert shown(written)[1] == "r/4 E3G3/4 E3G3/4 & C2/2. | r/4 F3A3/4 F3A3/4 & F2/2."


def test_rests_and_ties_follow_the_rules_of_note_values():
    melody = line((None, 0.5), (72, 1), (74, 2.5), (76, 1), (None, 3), start=0)
    written = notate_piano(Score(tuple(melody + line((48, 8)))))
    assert shown(written) == ["r/8 C5/4 D5/8~ D5/2 | E5/4 r/4 r/2", "C3/1~ | C3/1"]


def test_triplets_and_an_upbeat():
    third = 1 / 3
    melody = line((67, 1), (72, third), (74, third), (76, third), (77, 2))
    written = notate_piano(Score(tuple(melody + line((48, 3), start=1)), time_signature=(3, 4), upbeat=1))
    assert shown(written) == ["G4/4 | [C5/8 D5/8 E5/8] F5/2", "r/4 | C3/2."]


def test_three_against_two():
    third = 2 / 3
    melody = line(*[(pitch, third) for pitch in (72, 74, 76)] * 2)
    written = notate_piano(Score(tuple(melody + line(*[(48, 1), (55, 1)] * 2))))
    assert shown(written) == ["[C5/4 D5/4 E5/4] [C5/4 D5/4 E5/4]", "C3/4 G3/4 C3/4 G3/4"]


def test_what_is_on_the_grid_keeps_its_metre():
    score = Score(tuple(line(*[(60, 0.75), (64, 0.25)] * 6)), qpm=70, time_signature=(6, 4), title="Air")
    written = notate_piano(score)
    assert (written.qpm, written.time_signature, written.title, written.num_bars) == (70, (6, 4), "Air", 1)


# -- performed --------------------------------------------------------------------------------------------------------


def test_pedalled_chords_last_until_the_next():
    """Each rings on for two seconds; the reader sees one after the other."""
    chords = [(0, (48, 64, 67, 72)), (1, (43, 62, 67, 71)), (2, (45, 60, 64, 69)), (3, (41, 60, 65, 69))] * 3
    notes = [Note(1.21 * beat, 4.0, pitch) for beat, (_, chord) in enumerate(chords) for pitch in chord]
    written = notate_piano(Score(tuple(notes)))
    right, left = written.staves
    assert (len(right), len(left)) == (1, 1)
    for (voice,) in written.staves:
        assert {chord.length for chord in voice[:-1]} == {UNITS}
    assert [len(chord.notes) for chord in left[0]] == [1] * 12
    check(written, Score(tuple(notes)))


def test_a_chord_is_struck_within_a_moment():
    notes = [Note(onset + 0.06 * index, 1, pitch) for onset in range(8) for index, pitch in enumerate((60, 64, 67))]
    written = notate_piano(Score(tuple(notes)))
    assert {len(chord.notes) for chord in written.chords()} == {3}


def test_a_short_touch_is_no_rest():
    notes = [Note(1.05 * beat, 0.4, 60 + beat % 5) for beat in range(16)]
    written = notate_piano(Score(tuple(notes)))
    lengths = {chord.length for staff in written.staves for voice in staff for chord in voice[:-1]}
    assert lengths == {UNITS}


def test_a_long_silence_is_rests():
    notes = [Note(beat, 0.9, 60) for beat in (*range(8), *range(12, 20))]
    written = notate_piano(Score(tuple(notes)), performed=True)
    assert "r/" in shown(written)[0].rsplit("|", 1)[0]


@pytest.mark.parametrize("name", PIECES)
def test_pieces_played_from_the_score(name):
    """A pianist's jitter of 15 ms: every note is there, and most bar lines and hands are those of the composer."""
    played = performed(piece(name), jitter_sec=0.015)
    written = notate_piano(played.score)
    check(written, played.score)
    hands = {
        note: hand for hand, staff in enumerate(written.staves) for voice in staff for c in voice for note in c.notes
    }
    assert np.mean([hands[note] == hand for note, hand in enumerate(played.hands)]) > 0.85


def test_mozarts_bar_lines_are_found():
    source = piece("mozart/k545/movement1_exposition")
    played = performed(source, jitter_sec=0.015)
    written = notate_piano(played.score)
    assert written.time_signature == (4, 4)
    assert written.start == 0
    composed = Counter((round(note.onset * UNITS), note.pitch) for note in source.score.notes)
    found = Counter((chord.start, written.pitches[note]) for chord in written.chords() for note in chord.notes)
    assert (composed & found).total() >= 0.95 * composed.total()


# -- always -----------------------------------------------------------------------------------------------------------

NOTE = st.builds(
    Note,
    st.floats(0, 30).map(lambda onset: round(onset, 3)),
    st.floats(0.01, 12),
    st.integers(21, 108),
    st.integers(1, 127),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NOTE, max_size=40), st.booleans())
def test_nothing_is_lost_whatever_is_played(notes, is_performed):
    score = Score(tuple(notes))
    written = notate_piano(score, performed=is_performed)
    played = single_strokes(score, performed=is_performed)
    assert written.pitches == played.pitches
    assert bars_add_up(written)
    if is_performed:
        check(written, played)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 16), st.integers(30, 100)), max_size=40),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (2, 2), (9, 8), (5, 4), (7, 8), (3, 16)]),
)
def test_composed_sixteenths_stay_where_they_are(rows, metre):
    score = Score(tuple(Note(start / 4, length / 4, pitch) for start, length, pitch in set(rows)), time_signature=metre)
    written = notate_piano(score, performed=False)
    played = single_strokes(score, performed=False)
    check(written, played)
    assert written.num_bars * bar_units(metre) >= max((round(note.onset * UNITS) for note in played.notes), default=0)
    places = Counter((chord.start, note) for chord in written.chords() for note in chord.notes)
    assert places == Counter((round(note.onset * UNITS), index) for index, note in enumerate(played.notes))


def test_no_music_is_a_silent_bar():
    written = notate_piano(Score((), time_signature=(3, 4), title="Nothing"))
    assert shown(written) == ["", ""]
    assert bars_add_up(written)


@pytest.mark.parametrize(
    "score",
    [
        Score((Note(float("nan"), 1, 60),)),
        Score((Note(0, float("inf"), 60),)),
        Score((Note(-1, 1, 60),)),
        Score((Note(0, 1, 128),)),
        Score((Note(0, 1, 60),), qpm=0),
        Score((Note(0, 1, 60),), qpm=float("nan")),
        Score((Note(0, 1, 60),), time_signature=(4, 3)),
        Score(tuple(Note(index * 0.2011, 0.1, 60 + index % 7) for index in range(4500))),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(score):
    with pytest.raises(InputError):
        notate_piano(score)


def test_a_key_struck_twice_in_a_moment_is_one_note():
    score = Score((Note(0, 1, 60), Note(0.02, 2, 60), Note(0.5, 1, 60)))
    assert [(note.onset, note.duration) for note in single_strokes(score).notes] == [(0, 2.02), (0.5, 1)]


def test_written_notes_are_as_many_at_any_tempo():
    """Two 32nds at 240 quarters a minute are 31 ms apart; what is on one place is one note."""
    score = Score((Note(0, 0.125, 60), Note(0.125, 0.125, 60), Note(1, 1, 60), Note(1, 2, 60)), qpm=240)
    assert [(note.onset, note.duration) for note in single_strokes(score, performed=False).notes] == [
        (0, 0.125),
        (0.125, 0.125),
        (1, 2),
    ]
    assert shown(notate_piano(score, performed=False))[1] == "C4/32 C4/32 r/16 r/8 C4/2 r/4"


# -- hands ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stroke", "left"), [((36, 43, 48, 64, 67, 72), 3), ((72, 76, 79), 0), ((36, 40, 43), 3), ((48, 84), 1)]
)
def test_a_chord_is_divided_where_hands_can_grip_it(stroke, left):
    assert split_hands([0.0], [stroke]) == [left]


def test_the_hands_move_together_up_the_keyboard():
    """Two lines an octave and a half apart, from the bass to the treble: each hand keeps its own."""
    strokes = [(36 + step, 57 + step) for step in range(36)]
    assert split_hands([0.2 * step for step in range(36)], strokes)[6:30] == [1] * 24


def test_no_strokes_have_no_hands():
    assert split_hands([], []) == []


def test_how_loud_composed_music_is_does_not_change_how_it_is_written():
    score = Score(tuple(line((72, 1), (74, 1)) + line((48, 2))))
    louder = replace(score, notes=tuple(note._replace(velocity=120) for note in score.notes))
    assert notate_piano(score) == notate_piano(louder)


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("mozart/k545/movement1_exposition", "C"),
        ("joplin/maple_leaf_rag", "Ab"),
        ("schumann_clara/polonaise_op1n1", "Eb"),
    ],
)
def test_the_key_of_a_performance_is_the_one_in_print(name, key):
    assert notate_piano(performed(piece(name), 0.01).score).key == key


@pytest.mark.parametrize(("chord", "key"), [((60, 81), "C"), ((57, 72), "Am")])
def test_the_bass_of_the_first_stroke_speaks_for_the_key(chord, key):
    rest = [(pitch, 1) for pitch in (65, 67, 69, 60, 62, 71, 64, 60, 69, 64)]
    assert notate_piano(Score(tuple(line((chord, 1), *rest)))).key == key
