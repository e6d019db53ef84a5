"""Reading whole collections, and reading them as music21 does."""

from __future__ import annotations

import random
import re

import pytest

from core.errors import FormatError
from core.formats.abc_notation import abc_to_score
from tests.abc_tunes import DAMAGED, corpus, is_read, music21_notes, sample, times

# The one difference of meaning over all 8508 readable Essen tunes: a tie carries an accidental over the bar line
# as in all written music, while music21 goes back to the key signature and sounds two pitches for one tied note.
MUSIC21_FORGETS_AT_TIES = {
    *(("altdeu10", str(x)) for x in (28, 48, 70, 100, 101, 126, 172, 178, 217, 301, 310)),
    *(("altdeu20", str(x)) for x in (273, 289)),
    *(("dva0", str(x)) for x in (33, 46, 62)),
    *(("ballad40", "129"), ("ballad60", "58"), ("erk10", "280"), ("erk30", "531"), ("fink0", "5"), ("lux", "52")),
    *(("testd", "4"), ("teste", "4"), ("test1", "7")),
}
# What music21 loses or misplaces in O'Neill's: notes behind a fermata, trill or annotation, broken rhythm across a
# slur, grace note or tie, tuplets with a slur or grace note in them, and rests of whole bars.
MUSIC21_MISREADS = re.compile(r'[HTZ+"]|[<>][({-]|[)}-][<>]|\(3[^|]*[({]')


class TestCorpora:
    def test_essen_is_read_but_for_its_damaged_tunes(self) -> None:
        tunes = corpus("essenFolksong")
        assert len(tunes) == 8514
        refused = set()
        for name, text in tunes.items():
            try:
                assert abc_to_score(text).notes
            except FormatError:
                refused.add(name)
        assert refused == set(DAMAGED)
        for name, damage in DAMAGED.items():
            assert damage in tunes[name]

    def test_essen_agrees_with_music21(self) -> None:
        differing = {
            name
            for name, text in sample("essenFolksong", 200)
            if times(abc_to_score(text).notes) != music21_notes(text)
        }
        assert differing <= MUSIC21_FORGETS_AT_TIES

    def test_where_music21_differs_the_tie_is_one_note(self) -> None:
        text = corpus("essenFolksong")["altdeu10", "101"]
        assert "_B2- | B2" in text
        assert (60, 2, 70) in times(abc_to_score(text).notes)
        assert {(60, 1, 70), (61, 1, 71)} <= set(music21_notes(text))

    def test_oneill_agrees_with_music21(self) -> None:
        tunes = [
            text for _, text in sample("oneills1850", 70) if not MUSIC21_MISREADS.search(text[text.index("\nK:") :])
        ]
        assert len(tunes) > 20
        for text in tunes:
            assert times(abc_to_score(text, expand_repeats=False).notes) == music21_notes(text)

    @pytest.mark.parametrize(
        ("collection", "share"), [("oneills1850", 1.0), ("airdsAirs", 1.0), ("ryansMammoth", 0.97)]
    )
    def test_other_collections_are_read(self, collection: str, share: float) -> None:
        tunes = random.Random(1).sample(sorted(corpus(collection).values()), 300)
        assert sum(is_read(text) for text in tunes) >= share * len(tunes) - 3
