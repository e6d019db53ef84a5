"""Beats in a bar as musicians count them, and keys as they name them."""

from __future__ import annotations

import pytest

from core.errors import InputError
from core.formats.spelling import parse_key
from core.ui.components.tap_pad import Metronome, Tapped
from core.ui.playing import interval, key_label, keys_like
from core.ui.reading_panel import start_label, upbeats
from core.ui.rhythm_panel import tapped_beats, written_beats

TAPS = [(i * 0.5, i * 0.5 + 0.4) for i in range(8)]


@pytest.mark.parametrize(
    ("upbeat", "metre", "label"),
    [(0, (4, 4), "1"), (1, (4, 4), "4"), (0.5, (4, 4), "4½"), (1, (3, 4), "3"), (0.5, (6, 8), "6"), (1.5, (6, 8), "4"),
     (0.5, (2, 2), "2¾"), (2.5, (3, 4), "1½")],
)  # fmt: skip
def test_upbeats_are_named_by_the_beat_they_start_on(upbeat: float, metre: tuple[int, int], label: str) -> None:
    assert start_label(upbeat, metre) == label


def test_starts_run_through_the_bar() -> None:
    assert [start_label(upbeat, (3, 4)) for upbeat in upbeats(3.0)] == ["1", "1½", "2", "2½", "3", "3½"]
    assert [start_label(upbeat, (6, 8)) for upbeat in upbeats(3.0)] == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize(("place", "upbeat"), [(0.02, 0), (-0.02, 0), (3.97, 0), (-1.04, 1), (4.55, 3.5), (-0.48, 0.5)])
def test_the_first_tap_tells_the_upbeat(place: float, upbeat: float) -> None:
    beats = tapped_beats(Tapped(TAPS, Metronome(120, (4, 4), place)))
    assert beats.written.upbeat == upbeat
    assert [note.duration for note in beats.written.notes] == [1] * 8


@pytest.mark.parametrize("key", ["C", "F#", "Bb", "Am", "Ebm", "G#m"])
def test_twelve_keys_of_one_mode(key: str) -> None:
    keys = keys_like(key)
    assert len(keys) == 12
    assert key in keys
    assert {parse_key(name).minor for name in keys} == {key.endswith("m")}
    assert [interval(key, name, (60,)) % 12 for name in keys] == [(i - keys.index(key)) % 12 for i in range(12)]


def test_the_nearer_way_unless_it_leads_out_of_range() -> None:
    assert interval("C", "A", (60, 72)) == -3
    assert interval("C", "A", (2, 72)) == 9
    assert interval("Dm", "Em", (60,)) == 2


def test_no_written_note_is_lost() -> None:
    assert len(written_beats("q e e", "3/4", 112)) == 3
    with pytest.raises(InputError, match="too short to be told apart"):
        written_beats("0.001 0.001 q q", "4/4", 112)


def test_keys_are_named_in_full() -> None:
    assert (key_label("F#m"), key_label("Bb")) == ("F♯ minor", "B♭ major")
