"""Keys and the names of notes, against what is printed in real tunes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from core.formats.pitch_names import STEPS
from core.formats.spelling import Key, estimate_key, key_of_signature, parse_key, spell
from tests.essen import essen_scores

KEYS = [Key(fifths, minor) for fifths in range(-7, 8) for minor in (False, True)]


def names(pitches: list[int], key: str) -> str:
    signs = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}
    return " ".join(f"{step}{signs[alter]}{octave}" for step, alter, octave in spell(pitches, parse_key(key)))


@pytest.mark.parametrize("key", KEYS)
def test_the_name_of_a_key_reads_back(key: Key) -> None:
    assert parse_key(key.name) == key


def test_signatures() -> None:
    named = {"C": 0, "G": 1, "F": -1, "F#m": 3, "Bb": -2, "Em": 1, "Cm": -3, "C#": 7, "Abm": -7}
    assert {name: parse_key(name).fifths for name in named} == named


def test_impossible_signatures_become_enharmonic() -> None:
    assert parse_key("G#").name == "Ab"
    assert parse_key("Fb").name == "E"
    assert parse_key("B#m").name == "Cm"


@pytest.mark.parametrize("name", ["", "H", "c", "C major", "Cmm", "Am\n", "C##", "<script>"])
def test_no_key(name: str) -> None:
    with pytest.raises(FormatError, match="is not known"):
        parse_key(name)


def test_scales_keep_their_names() -> None:
    assert names([65, 67, 69, 70, 72, 74, 76, 77], "F") == "F4 G4 A4 Bb4 C5 D5 E5 F5"
    assert names([71, 73, 75, 76, 78, 80, 82, 83], "B") == "B4 C#5 D#5 E5 F#5 G#5 A#5 B5"
    assert names([64, 66, 67, 69, 71, 73, 75, 76], "Em") == "E4 F#4 G4 A4 B4 C#5 D#5 E5"  # melodic minor
    assert names([60, 62, 63, 65, 67, 68, 71, 72], "Cm") == "C4 D4 Eb4 F4 G4 Ab4 B4 C5"  # harmonic minor


def test_the_octave_is_that_of_the_name() -> None:
    assert names([60, 59], "C#") == "B#3 B3"
    assert names([59, 60], "Gb") == "Cb4 C4"


def test_chromatic_notes_lean_to_where_the_melody_goes() -> None:
    assert names([60, 61, 62, 61, 60], "C") == "C4 C#4 D4 Db4 C4"
    assert names([69, 70, 71, 70, 69], "C") == "A4 A#4 B4 Bb4 A4"
    assert names([67, 68, 68, 69], "C") == "G4 G#4 G#4 A4"  # a note that is struck again leads on all the same
    assert names([67, 66, 65], "C") == "G4 F#4 F4"  # the raised fourth is no flattened fifth
    assert names([69, 68, 67], "Am") == "A4 G#4 G4"  # the leading note stays what it is


@given(st.lists(st.integers(0, 127)), st.sampled_from(KEYS))
def test_spelling_keeps_the_pitch(pitches: list[int], key: Key) -> None:
    spelled = spell(pitches, key)
    assert [12 * (octave + 1) + STEPS[step] + alter for step, alter, octave in spelled] == pitches
    assert all(abs(alter) <= 2 for _, alter, _ in spelled)


ODE_TO_JOY = [66, 66, 67, 69, 69, 67, 66, 64, 62, 62, 64, 66, 66, 64, 64], [1.0] * 12 + [1.5, 0.5, 2]
TWINKLE = [60, 60, 67, 67, 69, 69, 67, 65, 65, 64, 64, 62, 62, 60], ([1.0] * 6 + [2]) * 2
GREENSLEEVES = (
    [69, 72, 74, 76, 77, 76, 74, 71, 67, 69, 71, 72, 69, 69, 68, 69, 71, 68, 64],
    [1, 2, 1, 1.5, 0.5, 1, 2, 1, 1.5, 0.5, 1, 2, 1, 1.5, 0.5, 1, 2, 1, 2],
)
SCARBOROUGH = (
    [69, 69, 76, 76, 71, 72, 71, 69, 76, 79, 81, 79, 76, 77, 74, 76, 81, 81, 79, 76, 76, 74, 72, 71, 69, 67, 69],
    [2, 1, 2, 1, 1.5, 0.5, 1, 3, 1, 1, 2, 1, 1, 1, 1, 3, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1, 3],
)


@pytest.mark.parametrize("tune", [(ODE_TO_JOY, 2, False), (TWINKLE, 0, False), (SCARBOROUGH, 9, True)])
@pytest.mark.parametrize("semitones", range(12))
def test_key_of_known_tunes_in_every_transposition(tune, semitones: int) -> None:
    (pitches, durations), tonic, minor = tune
    key = parse_key(estimate_key([pitch + semitones for pitch in pitches], durations))
    assert key.minor == minor
    assert 7 * (key.fifths + 3 * minor) % 12 == (tonic + semitones) % 12


def test_no_notes_are_in_c() -> None:
    assert estimate_key([], []) == "C"


def test_a_signature_alone_leaves_two_keys() -> None:
    pitches, durations = GREENSLEEVES
    assert key_of_signature(0, pitches, durations) == "Am"
    assert key_of_signature(0, *TWINKLE) == "C"
    assert key_of_signature(-6, [p + 6 for p in TWINKLE[0]], TWINKLE[1]) == "Gb"
    assert key_of_signature(3, [], []) == "A"


def test_key_of_essen_tunes() -> None:
    """The signature that the collectors printed is found for three tunes in four; chance is one in twelve."""
    found = [
        parse_key(estimate_key(score.pitches, [note.duration for note in score.notes])).fifths % 12
        == parse_key(score.key).fifths % 12
        for score in essen_scores()
    ]
    assert np.mean(found) > 0.75
