"""Where in the text each note of a tune is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from core.formats.abc_fields import ACCIDENTALS, STEPS
from core.formats.abc_notation import abc_to_score, note_places
from tests.abc_tunes import is_read, sample

HEAD = "X:1\nM:4/4\nL:1/8\nK:G\n"
NOTE = re.compile(r"([\^_=]*)([A-Ga-g])([,']*)[\d/]*")


def written(text: str, expand_repeats: bool = True) -> list[str]:
    return [text[start:stop] for start, stop in note_places(text, expand_repeats)]


def natural(step: str, octaves: str) -> int:
    """The pitch of a letter as it stands, without accidentals."""
    octave = step.islower() + octaves.count("'") - octaves.count(",")
    return 60 + 12 * octave + STEPS[step.upper()]


@pytest.mark.parametrize("expand_repeats", [True, False])
@pytest.mark.parametrize("collection", ["oneills1850", "airdsAirs", "ryansMammoth", "essenFolksong"])
def test_every_note_of_real_tunes_is_where_it_is_said_to_be(collection: str, expand_repeats: bool) -> None:
    for _, text in sample(collection, 60):
        if not is_read(text):
            continue
        score = abc_to_score(text, expand_repeats)
        snippets = written(text, expand_repeats)
        for note, snippet in zip(score.notes, snippets, strict=True):
            match = NOTE.fullmatch(snippet)
            assert match is not None
            sign, step, octaves = match.groups()
            altered = note.pitch - natural(step, octaves)
            assert altered == ACCIDENTALS[sign] if sign else -1 <= altered <= 1


def test_by_hand() -> None:
    text = HEAD + '"Em"~G2 ^F>A (3Bcd {e}[Gce]2 z2|D4-D4|:e2|1 f:|2 g|]'
    once = ["G2", "^F", "A", "B", "c", "d", "G", "c", "e", "D4", "e2", "f", "g"]
    assert written(text, expand_repeats=False) == once
    assert written(text) == [*once[:10], "e2", "f", "e2", "g"]


def test_voices_are_in_the_order_of_the_score() -> None:
    text = HEAD + "V:1\nc4 d4|\nV:2\nC2 E2 D2 F2|\n"
    assert written(text) == ["C2", "c4", "E2", "D2", "d4", "F2"]


def test_places_are_those_of_the_text_that_was_given() -> None:
    music = "GAB^c|d2e2"
    for text in (HEAD + music, "\ufeff" + HEAD + music, (HEAD + music).replace("\n", "\r\n"), HEAD + "% no\n" + music):
        assert written(text) == ["G", "A", "B", "^c", "d2", "e2"]


def test_what_is_no_tune_has_no_places() -> None:
    with pytest.raises(FormatError, match="K:"):
        note_places("GAB")


@given(st.text(alphabet="GABcd2/()[]|:1 ->z\n^", max_size=60), st.booleans())
def test_there_is_a_place_for_every_note(music: str, expand_repeats: bool) -> None:
    try:
        score = abc_to_score(HEAD + music, expand_repeats)
    except FormatError:
        return
    snippets = written(HEAD + music, expand_repeats)
    assert len(snippets) == len(score.notes)
    assert all(NOTE.fullmatch(snippet) for snippet in snippets)
