from __future__ import annotations

from dataclasses import replace

import pytest

from core.beats import Beats, Reading
from core.composition import Composition, original_of, reread, transpose
from core.data import rhythms
from core.data.piece import Piece
from core.errors import InputError
from core.formats.abc_notation import score_to_abc
from core.formats.midi import score_to_midi
from core.link import piece_to_query, query_to_piece
from core.project import json_to_project, project_to_json
from core.recolour import Original, read_melody, take_rhythm
from core.rhythm import Rhythm
from core.sampling import SamplingConfig
from core.score import Note, Score
from tests.conftest import MELODY, tiny_checkpoint

CHECKPOINT = tiny_checkpoint()
PLAYED = Score(tuple(Note(onset, 0.31, pitch) for onset, pitch in ((0.013, 60), (0.52, 64), (1.003, 62), (1.4971, 67))))
TAPPED = Beats.from_rhythm(Rhythm.from_onsets([0, 0.5, 1, 1.5]))


def piece_on(beats: Beats, **facts: object) -> Composition:
    return Composition("beat-lstm-local.essen", beats, (60, 62, 64, 65)[: len(beats)], SamplingConfig(seed=7), **facts)


def test_a_written_melody_gives_its_rhythm_and_its_pitches() -> None:
    beats, original = take_rhythm(MELODY, "Seven notes", written=True)
    assert beats == Beats.from_score(MELODY)
    assert original == Original("Seven notes", MELODY.pitches)


def test_a_played_melody_keeps_its_times() -> None:
    beats, original = take_rhythm(PLAYED, "Played", written=False)
    assert not beats.metrical
    assert beats.performed.onset_sec == pytest.approx([n.onset / 2 for n in PLAYED.notes], abs=1e-6)
    assert original.pitches == PLAYED.pitches


@pytest.mark.parametrize("written", [True, False])
def test_every_note_of_the_rhythm_has_its_own_pitch_where_attacks_fall_together(written: bool) -> None:
    crowd = Score(tuple(Note(i * 0.013, 0.5, 40 + i % 37) for i in range(90)))
    beats, original = take_rhythm(crowd, "", written=written)
    assert len(beats) == len(original.pitches)
    beats, original = take_rhythm(crowd, "", written=written, length=7)
    assert len(beats) == len(original.pitches) == 7


def test_music_without_notes_is_said() -> None:
    with pytest.raises(InputError, match="no notes"):
        take_rhythm(Score(()), "Silence", written=True)


def test_the_melody_of_a_file_of_one_voice_is_that_voice() -> None:
    melody, written, line = read_melody(score_to_abc(MELODY).encode(), "tune.abc")
    assert (melody.pitches, written, line) == (MELODY.pitches, True, "its only line")
    melody, written, _ = read_melody(score_to_midi(PLAYED), "played.mid")
    assert (melody.pitches, written) == (PLAYED.pitches, False)


def test_of_several_voices_it_is_said_which_line_was_taken() -> None:
    chords = tuple(Note(n.onset, 1.0, low) for n in MELODY.notes for low in (43, 48))
    melody, written, line = read_melody(score_to_midi(replace(MELODY, notes=MELODY.notes + chords)), "piano.mid")
    assert written
    assert line.endswith("in its 21 notes")
    assert 0 < len(melody.notes) < 21


def test_a_line_is_taken_even_of_a_single_chord() -> None:
    chord = Score((Note(0, 4, 48), Note(0, 4, 52), Note(0, 4, 55)))
    melody, _, _ = read_melody(score_to_midi(chord), "chord.mid")
    assert len(melody.notes) == 1


def test_an_original_is_written_and_played_on_the_rhythm_of_the_new_melody() -> None:
    piece = piece_on(TAPPED, original=Original("A tune", (70, 71, 72, 73)), qpm=90.0, program=40)
    original = original_of(piece)
    assert original is not None
    assert original.name == "A tune"
    assert original.written.pitches == (70, 71, 72, 73)
    assert [n.onset for n in original.performed.notes] == [n.onset for n in piece.performed.notes]
    assert original.performed.qpm == 90
    assert original_of(original) is None
    with pytest.raises(InputError, match="a pitch for each"):
        piece_on(TAPPED, original=Original("A tune", (70,)))


@pytest.mark.parametrize(
    "beats", [TAPPED, TAPPED.read_as(Reading(120.0, (3, 4), 1.0)), TAPPED.read_as(Reading(time_signature=(6, 8)))]
)
def test_links_and_projects_keep_the_original_and_the_reading(beats: Beats) -> None:
    piece = piece_on(beats, original=Original("A & B = “ü”", (70, 71, 72, 73)))
    assert query_to_piece(piece_to_query(piece) or {}) == piece
    assert json_to_project(project_to_json([("one", piece)], 0).encode()) == ([("one", piece)], 0)


@pytest.mark.parametrize(
    "edit", [{"original": "!!"}, {"original": "AAAA"}, {"qpm": "nan"}, {"metre": "3"}, {"metre": "0/4"}]
)
def test_a_damaged_original_or_reading_in_a_link_is_refused(edit: dict[str, str]) -> None:
    query = piece_to_query(piece_on(TAPPED, original=Original("A tune", (70, 71, 72, 73))))
    assert query is not None
    with pytest.raises(InputError):
        query_to_piece(query | edit)


def test_another_notation_sounds_as_before() -> None:
    piece = piece_on(TAPPED, qpm=TAPPED.written.qpm * 1.5)
    again = reread(piece, TAPPED.read_as(Reading(qpm=2 * TAPPED.written.qpm)))
    seconds = [[n.onset * 60 / one.performed.qpm for n in one.performed.notes] for one in (piece, again)]
    assert seconds[0] == pytest.approx(seconds[1])
    assert again.written.qpm == 2 * piece.written.qpm


def test_a_transposed_piece_moves_written_and_played() -> None:
    piece = piece_on(TAPPED, locked=frozenset({1}))
    up = transpose(CHECKPOINT, piece, 2)
    assert up.pitches == up.written.pitches == up.performed.pitches == (62, 64, 66, 67)
    assert up.locked == {1}
    with pytest.raises(InputError, match="range"):
        transpose(CHECKPOINT, piece, -61)


def test_names_say_where_a_piece_comes_from() -> None:
    piece = piece_on(TAPPED)
    assert piece.name == piece.written.title == "Melody 7"
    assert replace(piece, original=Original("X", (1, 2, 3, 4))).name == "New melody on “X”"
    assert replace(piece, original=Original("X", (1, 2, 3, 4)), title="Mine").name == "Mine"


@pytest.mark.parametrize(("corpus", "metrical"), [("essen", True), ("maestro", False)])
def test_the_rhythm_of_a_corpus_tune_is_played_or_written_as_the_corpus_is(
    corpus: str, metrical: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rhythms, "pieces_of", lambda *_: [Piece("one", PLAYED, "valid")])
    monkeypatch.setattr(rhythms, "installed_corpora", lambda _: ["essen", "maestro"])
    for length in (None, 3, 9):
        beats = rhythms.draw_beats(corpus, 1, length)
        assert (len(beats), beats.metrical) == (length or 4, metrical)
