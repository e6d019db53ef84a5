from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FormatError
from core.formats.abc_notation import abc_to_score, score_to_abc
from core.score import Note, Score
from tests.abc_tunes import music21_notes, sample, times

KEYS = [
    tonic + minor for tonic in ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B") for minor in ("", "m")
]
# In units of 1/12 quarter: what fills one or two beats, triplets and dotted notes among it.
FIGURES = [
    (3, 3, 6),
    (6, 3, 3),
    (9, 3),
    (6, 6),
    (12,),
    (18, 6),
    (24,),
    (36,),
    (60,),
    (4, 4, 4),
    (8, 4),
    (2, 2, 2, 6),
    (8, 8, 8),
    (4, 20),
]


@st.composite
def metrical_scores(draw: st.DrawFn) -> Score:
    metre = draw(st.sampled_from([(4, 4), (3, 4), (2, 4), (6, 8), (9, 8), (2, 2), (5, 4)]))
    upbeat = draw(st.sampled_from([0.0, 0.5, 1.0]))
    time = round(upbeat * 12) * draw(st.integers(0, 1))  # the upbeat may be silent
    notes = []
    for figure in draw(st.lists(st.sampled_from(FIGURES), min_size=1, max_size=16)):
        for length in figure:
            if draw(st.integers(0, 7)):  # else a rest
                notes.append(Note(time / 12, length / 12, draw(st.integers(36, 96))))
            time += length
    title = draw(st.sampled_from(["", "Tune", "100% \\ & more", "Hänschen klein"]))
    key = draw(st.sampled_from(KEYS))
    return Score((*notes, Note(time / 12, 1.0, 60)), 90.0, metre, upbeat, key, title)


class TestWriting:
    def test_a_tune_is_written_as_a_musician_would(self) -> None:
        beats = [
            (0, 1, 62),
            (1, 1.5, 67),
            (2.5, 0.5, 66),
            (3, 1, 66),
            (4, 3, 67),
            (7, 0.5, 65),
            (7.5, 0.5, 65),
            (8, 1, 65),
        ]
        thirds = [(9 + i / 3, 1 / 3, pitch) for i, pitch in enumerate((67, 69, 71))]
        score = Score(tuple(Note(*n) for n in beats + thirds), 100, (4, 4), 1.0, "G", "A\nTune\x00 100%")
        assert score_to_abc(score) == (
            "%abc-2.1\nX:1\nT:A Tune 100\\%\nM:4/4\nL:1/8\nQ:1/4=100\nK:G\n"
            "D2 | G3F F2 G2- | G4 =FF F2 | (3GAB z2 z4 |]\n"
        )

    def test_accidentals_are_kept_to_what_the_key_and_bar_ask_for(self) -> None:
        score = Score(tuple(Note(i / 2, 0.5, p) for i, p in enumerate([66, 66, 65, 78, 66, 66, 66, 66, 66])), key="C")
        music = score_to_abc(score).splitlines()[-1]
        assert music.startswith("^FF =F^f ^FF FF | ^F")

    def test_chords_and_notes_held_under_others(self) -> None:
        score = Score((Note(0, 2, 60), Note(0, 1, 64), Note(1, 1, 67), Note(2, 2, 60), Note(2, 2, 64)))
        assert score_to_abc(score).splitlines()[-1] == "[C-E]2 [CG]2 [CE]4 |]"

    def test_four_bars_a_line(self) -> None:
        score = Score(tuple(Note(float(i), 1, 60) for i in range(36)))
        lines = score_to_abc(score).splitlines()[7:]
        assert [line.count("|") for line in lines] == [4, 4, 1]
        assert lines[-1].endswith("|]")

    def test_a_score_without_notes_is_a_silent_bar(self) -> None:
        assert score_to_abc(Score(())).endswith("\nz8 |]\n")

    @given(metrical_scores())
    @settings(max_examples=200, deadline=None)
    def test_what_is_written_is_read_back(self, score: Score) -> None:
        again = abc_to_score(score_to_abc(score))
        assert times(again.notes) == times(score.notes)
        assert replace(again, notes=()) == replace(score, notes=())

    def test_real_tunes_are_read_back(self) -> None:
        for _, text in [*sample("essenFolksong", 300), *sample("oneills1850", 100)]:
            score = abc_to_score(text)
            again = abc_to_score(score_to_abc(score))
            assert times(again.notes) == times(score.notes)
            assert (again.upbeat, again.key, again.time_signature) == (score.upbeat, score.key, score.time_signature)

    def test_music21_reads_the_same(self) -> None:
        for _, text in sample("essenFolksong", 20):
            score = abc_to_score(text)
            assert music21_notes(score_to_abc(score)) == times(score.notes)

    @pytest.mark.parametrize(
        "score",
        [
            Score((Note(0, 1, 60),), key="H"),
            Score((Note(0, 1, 60),), qpm=float("nan")),
            Score((Note(0, 1, 60),), time_signature=(0, 4)),
            Score((Note(float("nan"), 1, 60),)),
            Score((Note(0, float("inf"), 60),)),
            Score((Note(1e9, 1, 60),)),
        ],
    )
    def test_what_cannot_be_written_is_refused(self, score: Score) -> None:
        with pytest.raises(FormatError):
            score_to_abc(score)
