from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FormatError
from core.formats.abc_notation import abc_to_score, header_fields, split_tunes
from tests.abc_tunes import is_read, sample, times


def tune(music: str, metre: str = "4/4", key: str = "C", unit: str = "1/4") -> str:
    return f"X:1\nT:Test\nM:{metre}\nL:{unit}\nK:{key}\n{music}\n"


def read(music: str, **header: str) -> list[tuple[float, float, int]]:
    return times(abc_to_score(tune(music, **header)).notes)


def pitches(music: str, **header: str) -> list[int]:
    return [pitch for _, _, pitch in read(music, **header)]


def durations(music: str, **header: str) -> list[float]:
    return [duration for _, duration, _ in read(music, **header)]


class TestHeader:
    def test_fields_are_collected_and_repeated_ones_joined(self) -> None:
        fields = header_fields("X: 1\nT:One\nT: Two % a comment\nM: none\nK: G\nGABc\nw: la la")
        assert fields == {"X": "1", "T": "One\nTwo", "M": "none", "K": "G"}

    def test_a_file_is_split_at_its_tunes(self) -> None:
        text = (
            "\ufeff% a collection\r\nX:1\r\nK:C\r\nCDE\r\n\r\nsome words\r\n\r\nX:2\r\nK:G\r\nGAB\r\nX:3\r\nK:D\r\nDEF"
        )
        assert split_tunes(text) == ["X:1\nK:C\nCDE", "X:2\nK:G\nGAB", "X:3\nK:D\nDEF"]
        assert split_tunes("no tunes") == []

    @pytest.mark.parametrize(
        ("metre", "expected"),
        [
            ("4/4", (4, 4)),
            ("C", (4, 4)),
            ("C|", (2, 2)),
            ("6/8", (6, 8)),
            ("3/4 2/4", (3, 4)),
            ("none", (4, 4)),
            ("(2+3)/8", (5, 8)),
        ],
    )
    def test_metres(self, metre: str, expected: tuple[int, int]) -> None:
        assert abc_to_score(tune("C", metre=metre)).time_signature == expected

    @pytest.mark.parametrize(
        ("key", "name", "sounding_f"),
        [
            ("G", "G", 66), ("Emin", "Em", 66), ("Ador", "Em", 66), ("D mixolydian", "G", 66), ("C Lydian", "G", 66),
            ("Bphr", "Em", 66), ("Am", "Am", 65), ("F#m", "F#m", 66), ("Cb", "Cb", 64), ("none", "C", 65),
            ("HP", "C", 65), ("Hp", "D", 66), ("C ^f", "C", 66), ("D exp _b", "C", 65), ("G clef=F4", "G", 66),
            ("G#", "Ab", 67), ("", "C", 65), ("C treble", "C", 65),
        ],
    )  # fmt: skip
    def test_keys_and_modes(self, key: str, name: str, sounding_f: int) -> None:
        score = abc_to_score(tune("F", key=key))
        assert (score.key, score.pitches) == (name, (sounding_f,))

    @pytest.mark.parametrize(
        ("tempo", "qpm"),
        [
            ("1/4=100", 100),
            ("3/8=60", 90),
            ('"Slow" 1/2 = 40', 80),
            ("1/4 3/8 1/4=40", 140),
            ("120", 60),
            ("C3=40", 60),
            ('"Slow"', 120),
        ],
    )
    def test_tempo(self, tempo: str, qpm: float) -> None:
        assert abc_to_score(f"Q:{tempo}\nL:1/8\nK:C\nC").qpm == qpm

    @pytest.mark.parametrize(("metre", "quarters"), [("2/4", 0.25), ("3/4", 0.5), ("6/8", 0.5), ("none", 0.5)])
    def test_the_unit_follows_from_the_metre_where_it_is_missing(self, metre: str, quarters: float) -> None:
        assert abc_to_score(f"M:{metre}\nK:C\nC").notes[0].duration == quarters

    @pytest.mark.parametrize(
        ("music", "upbeat"),
        [("C | DEFG | C", 1), ("CDEF | G", 0), ("| (3CDE |: F4 | G", 2), ("CDEFGAB | C", 0), ("CD", 0)],
    )
    def test_the_upbeat_is_an_incomplete_first_bar(self, music: str, upbeat: float) -> None:
        assert abc_to_score(tune(music)).upbeat == upbeat
        assert abc_to_score(tune(music, metre="none")).upbeat == 0


class TestNotes:
    def test_octaves(self) -> None:
        assert pitches("C,, C, C c c' c''") == [36, 48, 60, 72, 84, 96]

    def test_accidentals_hold_for_their_step_in_every_octave_until_the_bar_line(self) -> None:
        assert pitches("^F F f =F F | F ^^F __B", key="D") == [66, 66, 78, 65, 65, 66, 67, 69]

    def test_accidentals_hold_as_the_tune_directs(self) -> None:
        assert pitches("I:propagate-accidentals octave\n^F F f") == [66, 66, 77]
        assert pitches("I:propagate-accidentals not\n^F F f") == [66, 65, 77]

    def test_lengths(self) -> None:
        assert durations("C C2 C/2 C/ C// C3/2 C12", metre="none") == [1, 2, 0.5, 0.5, 0.25, 1.5, 12]

    def test_broken_rhythm(self) -> None:
        assert durations("C>D E<F A>>B c > {de} d") == [1.5, 0.5, 0.5, 1.5, 1.75, 0.25, 1.5, 0.5]

    def test_tuplets(self) -> None:
        third = pytest.approx(2 / 3, abs=1e-6)
        assert durations("(3CDE F (3:2:2C2D E") == [third, third, third, 1, pytest.approx(4 / 3, abs=1e-6), third, 1]
        assert durations("(2CD (4CDEF", metre="6/8") == [1.5, 1.5, 0.75, 0.75, 0.75, 0.75]
        assert durations("(5CDEFG", metre="6/8") == [pytest.approx(0.6)] * 5
        assert durations("(5CDEFG", metre="4/4") == [pytest.approx(0.4)] * 5

    def test_a_tie_joins_and_carries_its_accidental_over_the_bar_line(self) -> None:
        assert read("^F4- | F2 F2") == [(0, 6, 66), (6, 2, 65)]
        assert read("C-C-C D- E C- z C") == [(0, 3, 60), (3, 1, 62), (4, 1, 64), (5, 1, 60), (7, 1, 60)]

    def test_chords(self) -> None:
        assert read("[CEG]2 [C-E]G [c/e/]") == [
            (0, 2, 60), (0, 2, 64), (0, 2, 67), (2, 1, 60), (2, 1, 64), (3, 1, 67), (4, 0.5, 72), (4, 0.5, 76),
        ]  # fmt: skip
        assert read("[C-E] [CF]") == [(0, 1, 64), (0, 2, 60), (1, 1, 65)]

    def test_rests(self) -> None:
        assert read("z2 C x D | Z2 | E") == [(2, 1, 60), (4, 1, 62), (13, 1, 64)]

    def test_what_does_not_sound_is_passed_over(self) -> None:
        music = '% words\nP:A\n"Am"C !trill!~.D +f+ uE {/cd}(F vT(G)A)y`B \\\nw: la la\n%%scale 1\nHc  % the end'
        assert pitches(music) == [60, 62, 64, 65, 67, 69, 71, 72]

    def test_fields_inside_the_tune(self) -> None:
        assert read("C [K:D] F [L:1/8] F\nM:3/4\nK:C\nF Z F") == [
            (0, 1, 60), (1, 1, 66), (2, 0.5, 66), (2.5, 0.5, 65), (6, 0.5, 65),
        ]  # fmt: skip

    def test_voices_sound_together(self) -> None:
        assert read("V:1\nc2 d2\nV:2\n^C D E F\n[V:1] c") == [
            (0, 1, 61), (0, 2, 72), (1, 1, 62), (2, 1, 64), (2, 2, 74), (3, 1, 65), (4, 1, 72),
        ]  # fmt: skip

    def test_a_tune_ends_with_an_empty_line(self) -> None:
        assert pitches("C D\n\nThis is no music") == [60, 62]


class TestRepeats:
    @pytest.mark.parametrize(
        ("music", "played"),
        [
            ("C |: D E :| F", "CDEDEF"),
            ("C D :| E", "CDCDE"),  # from the beginning
            ("C || D :| E :|", "CDDEE"),  # from the double bar, and from the repeat before
            ("|: C || D :|", "CDCD"),  # a double bar inside says nothing
            ("C :: D :| E", "CCDDE"),
            ("|: C |1 D :|2 E || F", "CDCEF"),
            ("|: C [1 D :| [2 E |: F :|", "CDCEFF"),
            ("|: C |1 D :|2 E :|: F :|", "CDCEFF"),
            ("|: C |1,3 D :|2 E :| F", "CDCECDF"),
            ("|: C |1-2 D :|3 E |]", "CDCDCE"),
            ("|:: C ::| D", "CCCD"),
            ("C D ||\n:E F :|", "CDEFEF"),
        ],
    )
    def test_are_played_out(self, music: str, played: str) -> None:
        assert pitches(music) == pitches(played)

    def test_are_left_as_written_on_request(self) -> None:
        text = tune("|: C |1 D :|2 E ||")
        assert abc_to_score(text, expand_repeats=False).pitches == (60, 62, 64)

    def test_a_tie_reaches_into_the_repeat(self) -> None:
        assert read("|: C D C- :| E") == [(0, 1, 60), (1, 1, 62), (2, 2, 60), (4, 1, 62), (5, 1, 60), (6, 1, 64)]


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("", "needs a line such as K:G"),
            ("hello", "needs a line such as K:G"),
            (tune(""), "no notes"),
            (tune("z4"), "no notes"),
            (tune("CDE\nFG [ceg"), r"Line 7, column 4 of the tune: \[ is never closed"),
            (tune("CD {ef"), "column 4 of the tune: { is never closed"),
            (tune("CD &"), "'&' is not ABC"),
            (tune("C/0"), "out of bounds"),
            (tune("C0"), "out of bounds"),
            (tune("C999999999"), "out of bounds"),
            (tune("C9999"), "too long"),
            (tune("C" + "/" * 30), "out of bounds"),
            (tune("C64-" * 2), "tie fewer"),
            (tune("Z500" * 20 + "C"), "lasts for hours"),
            (tune("Z99999999999 C"), "longer than 500 bars"),
            (tune("(99999CDE"), "no tuplet"),
            (tune("> C"), "between two notes"),
            (tune("C" + "> " * 90_000), "between two notes"),
            (tune("C>>>>>>>>D"), "between two notes"),
            (tune("[]"), "chord is empty"),
            (tune("[C!]"), "no place in a chord"),
            (tune("c'''''''"), "outside what MIDI can play"),
            (tune("|: C |1-999999999 D :|"), "ending"),
            (tune("C", metre="0/0"), "Line 3 of the tune: the metre"),
            (tune("C", unit="1/0"), "L:1/8"),
            (tune("C", key="X"), "no key"),
            (tune("C", key="Es"), "no key"),
            (tune("C | 2D"), "no note before the length 2"),
            (tune("Q C").replace("K:", "Q:0\nK:"), "Q:1/4=120"),
            (tune("\n".join(f"V:{i}\nC" for i in range(100))), "voices"),
        ],
    )
    def test_say_what_to_do_and_where(self, text: str, complaint: str) -> None:
        with pytest.raises(FormatError, match=complaint) as caught:
            abc_to_score(text)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "music",
        [
            "[" * 1_000_000,
            *(
                part * (199_000 // len(part))
                for part in ("[", "(", "{", '"', ":", "|:", ":|", "!", "[K:", "[1", "A//", "V:1\n")
            ),
            "|: " + "C" * 15_000 + " :|",
            "C" * 30_000,
            "[CEGceg]" * 4_000,
            "C|1,2,3,4,5,6,7,8,9,10" + "D" * 3000 + ":|",
            "[Q:" + "1/1" * 50_000 + "]",
            "[M:" + "1+1" * 50_000 + "]",
        ],
    )
    def test_hostile_music_is_refused(self, music: str) -> None:
        with pytest.raises(FormatError):
            abc_to_score(tune(music))

    def test_long_fields_are_no_work(self) -> None:
        with pytest.raises(FormatError):
            abc_to_score("Q:" + "11/1" * 45_000 + "\nK:C\n&")

    @given(st.text())
    @settings(deadline=None)
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        is_read(text)
        is_read(tune(text))
        split_tunes(text)
        header_fields(text)

    @given(
        st.text(alphabet="ABCabcz[](){}<>|:-'\",/123=^_ \nKLMQV!+~%\\", max_size=60),
        st.sampled_from(["4/4", "6/8", "none"]),
    )
    @settings(max_examples=300, deadline=None)
    def test_any_signs_of_abc_are_read_or_refused(self, music: str, metre: str) -> None:
        is_read(tune(music, metre=metre))

    @given(st.integers(0, 10_000), st.data())
    @settings(deadline=None)
    def test_mutated_tunes_are_read_or_refused(self, index: int, data: st.DataObject) -> None:
        tunes = sample("oneills1850", 100)
        text = tunes[index % len(tunes)][1]
        for _ in range(data.draw(st.integers(1, 8))):
            at = data.draw(st.integers(0, len(text)))
            text = text[:at] + data.draw(st.text(alphabet='Cz[]():|/0123<>-!"{}\n', max_size=3)) + text[at + 1 :]
        is_read(text)
