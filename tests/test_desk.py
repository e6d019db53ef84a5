from __future__ import annotations

from dataclasses import replace

import pytest

from core.beats import Beats, Reading
from core.composition import Composition
from core.errors import InputError
from core.project import MAX_VERSIONS, json_to_project, project_to_json
from core.recolour import Original
from core.rhythm import Rhythm, parse_note_values
from core.sampling import SamplingConfig
from core.score import Note, Score
from core.ui.desk import Desk, bars_around, lock


def piece(*pitches: int) -> Composition:
    beats = Beats.from_score(parse_note_values("q " * len(pitches), qpm=120, time_signature=(4, 4)))
    return Composition("model", beats, pitches, SamplingConfig(seed=1))


def desk_of(*versions: Composition) -> Desk:
    desk = Desk()
    for number, version in enumerate(versions):
        desk.add(str(number), version)
    return desk


def test_undo_and_redo_walk_the_versions_and_lose_none() -> None:
    a, b, c = piece(60, 61), piece(60, 62), piece(60, 63)
    desk = desk_of(a, b)
    desk.undo()
    assert desk.piece == a
    desk.redo()
    assert desk.piece == b
    desk.undo()
    desk.add("c", c)
    assert not desk.redo_stack
    assert [version for _, version in desk.versions] == [a, b, c], "what was undone stays in the history"
    desk.undo()
    assert desk.piece == a


def test_title_instrument_and_tempo_stay_when_notes_are_taken_back() -> None:
    desk = desk_of(piece(60, 61), piece(60, 62))
    flute = replace(piece(60, 62), program=73, title="Two notes", qpm=90.0)
    desk.present(flute)
    desk.undo()
    assert desk.piece == replace(flute, pitches=(60, 61))
    desk.redo()
    assert desk.piece == flute


def test_going_back_to_another_rhythm_brings_it_along() -> None:
    quarters = piece(60, 61)
    halves = replace(quarters, beats=Beats.from_score(parse_note_values("h h", qpm=120, time_signature=(4, 4))))
    desk = desk_of(quarters)
    desk.beats = halves.beats
    desk.add("halves", halves)
    desk.undo()
    assert desk.beats == quarters.beats


def test_going_back_brings_the_original_of_a_recoloured_tune_along() -> None:
    tapped = piece(60, 61)
    recoloured = replace(tapped, original=Original("A tune", (70, 71)))
    desk = desk_of(tapped)
    desk.lay(recoloured.beats, "the rhythm of a tune", recoloured.original)
    desk.add("recoloured", recoloured)
    desk.undo()
    assert desk.original is None
    desk.redo()
    assert desk.original == recoloured.original
    desk.lay(tapped.beats, "a tapped rhythm")
    assert desk.original is None


def test_another_reading_is_a_version_and_takes_the_candidates_along() -> None:
    beats = Beats.from_rhythm(Rhythm.from_onsets([0, 0.5, 1, 1.5, 2, 2.5]))
    one, two = (
        Composition("model", beats.cut(4), pitches, SamplingConfig(seed=1)) for pitches in ((60,) * 4, (61,) * 4)
    )
    desk = desk_of(one)
    desk.lay(beats, "a tapped rhythm")
    desk.candidates = [one, two]
    desk.read_as(Reading(time_signature=(3, 4)), "in 3/4")
    assert desk.piece is not None
    assert desk.beats is not None
    assert desk.piece.beats.written.time_signature == (3, 4)
    assert desk.piece.pitches == one.pitches
    assert len(desk.beats) == 6
    assert [c.beats for c in desk.candidates] == [desk.piece.beats] * 2
    assert desk.chosen == 0
    desk.undo()
    assert desk.piece == one
    with pytest.raises(InputError):
        desk.read_as(Reading(qpm=1e9), "too fast")
    assert desk.piece == one


def test_the_oldest_versions_are_forgotten() -> None:
    desk = desk_of(*(piece(60, i % 128) for i in range(MAX_VERSIONS + 5)))
    assert len(desk.versions) == MAX_VERSIONS
    assert desk.versions[0][0] == "5"
    while desk.undo_stack:
        desk.undo()
    assert desk.current == 0


def test_a_project_opens_behind_the_present_work() -> None:
    desk, opened = desk_of(piece(60)), [("x", piece(1)), ("y", piece(2)), ("z", piece(3))]
    desk.extend(opened, 1)
    assert desk.piece == piece(2)
    desk.undo()
    assert desk.piece == piece(60)


def test_a_full_desk_can_be_saved_and_opened() -> None:
    long = piece(*[60] * 2000)
    desk = desk_of(*(replace(long, pitches=(i % 128,) * 2000) for i in range(MAX_VERSIONS)))
    data = project_to_json(desk.versions, desk.current).encode()
    versions, current = json_to_project(data)
    assert (versions, current) == (desk.versions, desk.current)


def test_the_marked_candidate_is_the_one_on_the_desk() -> None:
    one, two = piece(60, 61), piece(60, 62)
    desk = desk_of(one)
    desk.candidates = [one, two]
    desk.add("two", two)
    assert desk.chosen == 1
    desk.undo()
    assert desk.chosen == 0
    desk.add("other", piece(1, 2))
    assert desk.chosen == -1


@pytest.mark.parametrize(("notes", "bars"), [((0, 1), (0, 1)), ((1, 2), (1, 5)), ((4, 6), (1, 9)), ((8, 9), (5, 9))])
def test_the_bars_around_notes_after_an_upbeat(notes: tuple[int, int], bars: tuple[int, int]) -> None:
    score = Score(tuple(Note(i * (1 - 1e-12), 1, 60) for i in range(9)), upbeat=1.0)
    upbeat = replace(piece(*range(60, 69)), beats=Beats.from_score(score))
    assert bars_around(upbeat, range(*notes)) == range(*bars)


def test_locking_and_unlocking() -> None:
    locked = lock(piece(60, 61, 62), range(1, 3), True)
    assert locked.locked == {1, 2}
    assert lock(locked, range(2, 3), False).locked == {1}
