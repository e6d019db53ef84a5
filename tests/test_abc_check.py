"""What a musician calls right and wrong in the notation of a tune."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.formats.abc_check import check_tune
from tests.abc_tunes import sample

HEAD = "X:1\nT:Test\nM:4/4\nL:1/8\nK:G\n"

LEGAL = {
    "whole bars": "GABc d2e2|d8|]",
    "no bar line": "GABc",
    "an upbeat, completed by the last bar": "D|G2A2 B2c2|d4 e3|]",
    "an upbeat, not completed": "D|G2A2 B2c2|d8|]",
    "a repeat with its upbeat": "|:D|G2A2 B2c2|d4 e3:|",
    "a repeat from the beginning": "D|G2A2 B2c2|d4 e3:|",
    "two parts with upbeats": "|:D|G2A2 B2c2|d4 e3:|\n|:f|g2f2 e2d2|G4 G3:|",
    "only the first part with an upbeat": "D|G2A2 B2c2|d4 e3:|:g4 g4|a4 b4:|",
    "an upbeat behind a full bar": "|:G8|A8:|\n|:D2|c8|d8:|",
    "an upbeat behind a full bar, which the end of its part completes": "D|G8|A8||c|d8|e7|]",
    "an upbeat behind a part that has another": "|:D|G8|A7:|\n|:c2|d8|e6:|",
    "an upbeat behind two endings": "|:G8|1 A8:|2 B8||\nd|e8|f8|]",
    "an upbeat of half a bar": "G8||d4|e8|f8|]",
    "a bar divided by a double bar line": "G8|A4 B2||c2|d8|e6|]",
    "a bar divided by two repeat signs": "|:D2|G8|A6::c2|d8|e6:|",
    "endings": "|:G8|A8|1 B8:|2 c8|]",
    "endings with an upbeat": "D|G8|A8|1 B4 c3:|2 d4 e3|]",
    "endings within a bar": "|:G8|A4 [1 B4:|[2 c4|]",
    "an ending within a bar and an upbeat": "c|:G8|A4 [1 B3 c:|[2 d3||e|f8|g7|]",
    "an ending for two times": "|:G8|1,2 A8:|3 B8|]",
    "bar lines with nothing between": "|:G8:|\n|:A8:|\n|B8||",
    "tuplets and broken rhythm": "(3GAB c>d e<f g2|{a}g4 (4GABc d|(6GABcde g4|]",
    "rests of bars": "G8|Z2|A8|]",
    "chords": "[GBd]4 [G2B2]2|G8|]",
    "the metre changes": "G8|[M:3/4]A6|B6|\nM:4/4\nc8|]",
    "free metre": "[M:none]GAB|cdefgab|c|]",
    "two voices": "[V:1]G8|A8|]\n[V:2]G,4 A,4|B,8|]",
    "decorations, symbols and fermatas": '"G"~G2 .A2 HB2 !trill!c2|"^slow"G8|]',
    "a line without its bar line": "G4\nA4|B8|]",
    "a last bar that is short": "G8|A4|]",
}
WRONG_BARS = {
    "too short": ("G8|GABc d2|d8|]", "GABc d2"),
    "too short within": ("G8|A4|B8|]", "A4"),
    "too short at the end, to be repeated": ("d|G8|A4:|", "A4"),
    "too long": ("G8|A8B|c8|]", "A8B"),
    "too long at the end": ("G8|A8B|]", "A8B"),
    "too long at the beginning": ("G8A|B8|]", "G8A"),
    "no upbeat completes it": ("|:G8|A8|B6:|\n|:c8|d8:|", "B6"),
    "the wrong upbeat completes it": ("|:D2|G8|A7:|\n|:c8|d8:|", "A7"),
    "more than half a bar, behind a full one": ("G8||d5|e8|f8|]", "d5"),
    "an upbeat behind a short bar": ("G8|A6||d|e8|f8|]", "A6"),
    "an upbeat in the middle of a part": ("G8|A8|d|e8|f8|]", "d"),
    "an upbeat that is a part": ("G8||d||e8|f8|]", "d"),
    "an ending that is short": ("|:G8|1 A8:|2 d|e8|f8|]", "d"),
    "a second upbeat behind the first": ("D||d|e8|f8|]", "d"),
    "in the second voice": ("[V:1]G8|A8|B8|]\n[V:2]G8|A6|B8|]", "A6"),
    "a chord symbol is no music": ('G8|"G"A4|B8|]', "A4"),
}
WRONG_REPEATS = {
    "never ended": ("|:G8|A8|]", "|:"),
    "begun twice": ("|:G8|A8|:B8:|", "|:"),
    "begun at the end": ("|:G8|A8::", "::"),
    "an ending alone": ("|:G8|1 A8:|", "|1"),
    "an ending left out": ("|:G8|1 A8:|3 B8|]", ":|3"),
    "an ending twice": ("|:G8|1 A8:|2 B8:|2 c8|]", ":|2"),
    "an ending that nobody comes to": ("|:G8|1 A8|2 B8:|", "|2"),
    "a second ending without a first": ("|:G8|A8:|2 B8|]", ":|2"),
}


@pytest.mark.parametrize("music", LEGAL.values(), ids=LEGAL)
def test_legal(music: str) -> None:
    checked = check_tune(HEAD + music)
    assert checked.legal, checked.problem
    assert (checked.problem, checked.place) == ("", None)


@pytest.mark.parametrize(("music", "blamed"), WRONG_BARS.values(), ids=WRONG_BARS)
def test_bars_that_do_not_add_up(music: str, blamed: str) -> None:
    text = HEAD + music
    checked = check_tune(text)
    assert (checked.parses, checked.bars_add_up, checked.repeats_closed) == (True, False, True)
    assert checked.place is not None
    assert text[slice(*checked.place)] == blamed
    assert "quarters" in checked.problem


@pytest.mark.parametrize(("music", "blamed"), WRONG_REPEATS.values(), ids=WRONG_REPEATS)
def test_repeats_that_are_not_closed(music: str, blamed: str) -> None:
    text = HEAD + music
    checked = check_tune(text)
    assert (checked.parses, checked.bars_add_up, checked.repeats_closed) == (True, True, False)
    assert checked.place is not None
    assert text[slice(*checked.place)] == blamed


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        (HEAD + "GABc|de^|", "^"),
        (HEAD + "GABc|[ceg|", "["),
        (HEAD + "GA [?B] c|", "[?B]"),
        (HEAD + "GABc|d1/2000|", "d1/2000"),
        (HEAD.replace("K:G", "K:H"), "K:H"),
        (HEAD.replace("L:1/8", "L:x"), "L:x"),
        ("\ufeff" + HEAD.replace("\n", "\r\n") + "GABc|\r\nde}|", "}"),
        ("GABc", None),
        (HEAD, None),
        ("", None),
    ],
)
def test_what_cannot_be_read(text: str, blamed: str | None) -> None:
    checked = check_tune(text)
    assert (checked.parses, checked.bars_add_up, checked.repeats_closed, checked.legal) == (False,) * 4
    assert "\n" not in checked.problem
    assert checked.problem.endswith(".")
    assert (checked.place and text[slice(*checked.place)]) == blamed


def test_the_first_of_several_problems_is_named() -> None:
    text = HEAD + "|:G8|A6|B8|]"
    assert "repeat" in check_tune(text).problem
    text = HEAD + "G8|A6|B8|:c8|]"
    assert "bar lasts 3 instead of 4" in check_tune(text).problem


@given(st.text(alphabet="GABcd28/()[]{}|:123 -<>z\nM:K%\\\"'^=", max_size=80))
def test_any_text(music: str) -> None:
    checked = check_tune(HEAD + music)
    assert checked.legal is (checked.problem == "")
    if checked.place:
        start, stop = checked.place
        assert 0 <= start < stop <= len(HEAD + music)


@pytest.mark.parametrize("music", ["a|" * 9_000, "|:a:|" * 4_000, "|1a" * 9_000, "|:" * 60_000, "::" * 60_000])
def test_hostile_tunes_are_judged_too(music: str) -> None:
    assert not check_tune(HEAD + music).legal


@pytest.mark.parametrize(("collection", "share"), [("airdsAirs", 0.95), ("ryansMammoth", 0.85), ("oneills1850", 0.8)])
def test_most_tunes_of_careful_editors_are_legal(collection: str, share: float) -> None:
    tunes = [text for _, text in sample(collection, 200)]
    assert sum(check_tune(text).legal for text in tunes) > share * len(tunes)
