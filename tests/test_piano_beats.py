"""Beats and bar lines of performances: accents say where they are when the times alone do not."""

from __future__ import annotations

import numpy as np
import pytest

from core.formats.grid import UNITS
from core.formats.metre import bar_units
from core.piano_notation import notate_piano
from core.piano_notation.accents import accents
from core.piano_notation.bar_lines import find_bar_lines
from core.piano_notation.beats import is_written, place_performance, place_written
from core.piano_notation.grid import fit
from core.rhythm.beat_search import SearchSettings, align
from core.rhythm.metre_prior import TICKS, all_priors
from core.score import Note, Score
from tests.piano_pieces import bars_add_up


def test_accents_move_the_beat():
    """Even onsets, of which the time says nothing: the accented ones are on the beat, whichever they are."""
    times = np.arange(0, 12.1, 0.3)
    for first in (0, 1):
        accent = np.where(np.arange(len(times)) % 2 == first, 1.0, -1.0)
        found = align(times, np.zeros(len(times)), all_priors(("folk",)), SearchSettings(usual_qpm=100), accent)
        places = (found.start + np.append(0, np.cumsum(found.values)))[: len(times)]
        assert {int(place) % TICKS for place in places[first::2][4:]} == {0}


def test_no_accents_are_accents_of_nothing():
    times = np.cumsum([0, 0.5, 0.25, 0.25, 0.5, 0.75, 0.25, 0.5, 1.0])
    plain = align(times, np.zeros(9), all_priors(), SearchSettings())
    zero = align(times, np.zeros(9), all_priors(), SearchSettings(), np.zeros(9))
    assert plain.values.tolist() == zero.values.tolist()


def test_bass_chords_loudness_and_length_are_accents():
    notes, strokes = [], []
    for beat in range(32):
        struck = (36, 60, 64) if beat % 4 == 0 else (62,)
        strokes.append(tuple(range(len(notes), len(notes) + len(struck))))
        notes += [Note(beat, 1, pitch, 90 if beat % 4 == 0 else 60) for pitch in struck]
    found = accents(Score(tuple(notes)), np.arange(32) * 0.5, strokes)
    assert found[8:24:4].min() > 1
    assert max(found[9:24:4].max(), found[10:24:4].max()) < 0
    assert abs(found[8:24].mean()) < 0.3


@pytest.mark.parametrize(("beats", "metre"), [(3, (3, 4)), (4, (4, 4))])
def test_the_metre_is_what_the_accents_repeat(beats, metre):
    positions = UNITS * np.arange(48)
    accent = np.where(np.arange(48) % beats == 1, 1.5, -0.3)
    moved, found = find_bar_lines(positions, (2, 4), accent)
    assert found == metre
    assert moved[1] % (beats * UNITS) == 0
    assert moved[0] == (beats - 1) * UNITS


def test_a_compound_metre_stays_one():
    positions = UNITS // 2 * np.arange(60)
    accent = np.where(np.arange(60) % 6 == 3, 1.0, -0.2)
    moved, found = find_bar_lines(positions, (6, 8), accent)
    assert found == (6, 8)
    assert moved[3] % (3 * UNITS) == 0


def test_a_waltz_with_a_slackening_tempo():
    notes, time = [], 0.0
    for beat in range(72):
        chord, velocity = ((40, 76), 80) if beat % 3 == 0 else ((55, 59, 62), 60)
        notes += [Note(2 * time, 1.0, pitch, velocity) for pitch in chord]
        time += 0.45 + 0.1 * beat / 72 + (0.06 if beat % 12 == 11 else 0)
    placed = place_performance(Score(tuple(notes)))
    assert placed.time_signature == (3, 4)
    assert [stroke.position for stroke in placed.strokes] == [UNITS * beat for beat in range(72)]
    assert placed.qpm == pytest.approx(60 / 0.5, abs=4)


@pytest.mark.parametrize("silence", [20, 284])
def test_a_silence_of_minutes_is_counted_out(silence):
    """In whole bars, so that the score lasts as long as the performance."""
    notes = [Note(beat, 0.9, 60) for beat in (*range(16), *range(16 + silence, 32 + silence))]
    placed = place_performance(Score(tuple(notes)))
    positions = [stroke.position for stroke in placed.strokes]
    assert len(set(positions)) == 32
    sec = (positions[16] - positions[15]) / UNITS * 60 / placed.qpm
    assert sec == pytest.approx((silence + 1) / 2, abs=bar_units(placed.time_signature) / UNITS * 60 / placed.qpm)


def test_of_strokes_a_minute_apart_each_is_a_bar_of_its_own():
    """No beat is heard: they are counted at the usual one."""
    placed = place_performance(Score(tuple(Note(60 * minute, 1, 60) for minute in range(3)), qpm=60))
    positions = [stroke.position / UNITS for stroke in placed.strokes]
    assert 40 < placed.qpm < 170
    assert np.diff(positions) * 60 / placed.qpm == pytest.approx([60, 60], abs=4)


def test_what_is_held_is_no_silence():
    """A pause on a long note is as long as it is written."""
    notes = [Note(beat, 21 if beat == 15 else 0.9, 60) for beat in (*range(16), *range(36, 52))]
    placed = place_performance(Score(tuple(notes)))
    assert placed.strokes[16].position - placed.strokes[15].position <= 8 * UNITS


def test_a_silence_of_a_day_is_a_thousand_bars():
    notes = [Note(beat, 0.9, 60) for beat in (*range(16), *range(172_800, 172_816))]
    written = notate_piano(Score(tuple(notes)), performed=True)
    assert 1000 <= written.num_bars <= 1001
    assert bars_add_up(written)


def test_releases_are_in_written_time():
    placed = place_written(Score((Note(0, 1.5, 60), Note(1, 2, 64)), upbeat=1))
    assert placed.start == 3 * UNITS
    assert placed.release.tolist() == [4.5 * UNITS, 6 * UNITS]


def test_what_is_played_is_not_on_a_grid():
    noise = np.random.default_rng(1)
    assert is_written(Score(tuple(Note(beat / 4, 1, 60) for beat in range(40))))
    assert is_written(Score(tuple(Note(beat / 3, 1, 60) for beat in range(40))))
    assert not is_written(Score(tuple(Note(beat / 4 + noise.uniform(0, 0.2), 1, 60) for beat in range(40))))


@pytest.mark.parametrize(
    ("right", "left", "moved"),
    [
        ({0, 12, 24, 36}, {0, 24}, {}),
        ({0, 16, 32}, {0, 24}, {}),  # three against two share a grid of sextuplets
        ({0, 12, 24, 36}, {0, 16, 32}, {}),  # three against four do not
        ({0, 8, 24}, set(), {8: 12}),  # a 16th, played early
        ({0, 6, 12}, {0}, {}),
        ({0, 8, 16, 32}, set(), {}),
    ],
)
def test_each_beat_has_the_simplest_grid_that_fits(right, left, moved):
    for positions, (places, grid) in zip((right, left), fit((right, left), (4, 4)), strict=True):
        assert places == {position: moved.get(position, position) for position in positions}
        assert set(places.values()) <= {0, *grid.places(0, UNITS)}


def test_notes_keep_places_of_their_own():
    crowded = {0, 3, 6, 9, 12, 15, 18, 21}
    (places, _), _ = fit((crowded, ()), (4, 4))
    assert len(set(places.values())) == len(crowded)
    assert sorted(places, key=places.__getitem__) == sorted(crowded)
