"""Keys and the names of notes, against what is printed in real tunes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.corpora import pieces_of
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


def test_double_sharps_and_flats_are_for_lines_that_ask_for_them() -> None:
    assert names([68, 67, 68], "C#m") == "G#4 F##4 G#4"  # it leads on
    assert names([68, 67, 71], "C#m") == "G#4 G4 B4"
    assert names([67], "C#m") == "G4"
    assert names([70, 69, 73, 68], "Gb") == "Bb4 A4 Db5 Ab4"
    assert names([70, 69, 68], "Gb") == "Bb4 Bbb4 Ab4"
    assert names([68, 67, 75, 68], "G#m") == "G#4 F##4 D#5 G#4"  # the leading note, wherever it stands in the chord


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


def tonic(name: str) -> int:
    """Its pitch class."""
    key = parse_key(name)
    return 7 * (key.fifths + 3 * key.minor) % 12


WALTZ = [67, 69, 71, 66, 69, 71, 66, 71, 69, 67]  # G A B, F# A B, F# B A, G


@pytest.mark.parametrize("semitones", range(12))
def test_a_waltz_around_its_tonic(semitones: int) -> None:
    key = estimate_key([pitch + semitones for pitch in WALTZ], [1.0] * len(WALTZ))
    assert (tonic(key), key.endswith("m")) == ((7 + semitones) % 12, False)  # no E minor without an E


@given(st.lists(st.tuples(st.integers(0, 127), st.floats(0.1, 8)), min_size=1), st.integers(-7, 7))
def test_the_tonic_of_a_minor_key_sounds(notes: list[tuple[int, float]], fifths: int) -> None:
    pitches, durations = [pitch for pitch, _ in notes], [duration for _, duration in notes]
    for key in (estimate_key(pitches, durations), key_of_signature(fifths, pitches, durations)):
        assert not key.endswith("m") or tonic(key) in {pitch % 12 for pitch in pitches}


def test_a_minor_key_needs_its_tonic_and_a_major_key_does_not() -> None:
    assert estimate_key([60, 67, 71, 71, 71, 60, 71], [1.0] * 7) == "C"  # E minor, if there were an E
    assert estimate_key([67, 64, 62, 64, 65, 67, 71, 67, 64, 67], [1.0] * 10) == "C"


def test_the_ends_speak_for_the_key() -> None:
    """C major or A minor, by the note that these set out from, or rest on."""
    between = [64, 65, 67, 69, 60, 62, 71, 64, 60, 69]
    assert [estimate_key([first, *between, 64], [1.0] * 12) for first in (60, 64)] == ["C", "Am"]
    assert [estimate_key([60, *between, last], [1.0] * 12) for last in (60, 69)] == ["C", "Am"]


def test_a_restless_piece_is_in_the_key_that_can_be_read() -> None:
    """How long, in percent, each pitch class of a performance sounds that wanders, from C: C# is hardly among them."""
    percent = (3.5, 3.7, 7.8, 10.1, 9.8, 1.9, 15.6, 10.7, 6.8, 11.2, 2.2, 16.7)
    pitches = [67, 68, 69, 70, 71, 60, 61, 62, 64, 65, 66, 63]
    assert estimate_key(pitches, [percent[pitch % 12] for pitch in pitches]) == "Em"


@pytest.mark.parametrize(("corpus", "agreement"), [("essen", 0.77), ("irish", 0.9)])
def test_keys_that_collectors_named(corpus: str, agreement: float) -> None:
    """Of held-out tunes, none of which the constants were chosen by; one key in 24 is right by chance."""
    scores = [piece.score for piece in pieces_of(corpus, "valid") if piece.score.notes]
    found = [estimate_key(score.pitches, [note.duration for note in score.notes]) for score in scores]
    agree = [
        (tonic(key), key.endswith("m")) == (tonic(score.key), score.key.endswith("m"))
        for key, score in zip(found, scores, strict=True)
    ]
    assert np.mean(agree) > agreement


def test_key_of_essen_tunes() -> None:
    """The signature that the collectors printed is found for three tunes in four; chance is one in twelve."""
    found = [
        parse_key(estimate_key(score.pitches, [note.duration for note in score.notes])).fifths % 12
        == parse_key(score.key).fifths % 12
        for score in essen_scores()
    ]
    assert np.mean(found) > 0.75
