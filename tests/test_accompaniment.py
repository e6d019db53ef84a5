from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import core.accompaniment
import core.checkpoint
from core.accompaniment import accompany, behind_bar_lines, beside, let_go, moved_key, share_in_key, together
from core.checkpoint import Checkpoint
from core.cli import main
from core.codecs import ArrangementCodec, CodecError
from core.codecs.arrangement import (
    ACCOMPANIMENT,
    ACCOMPANIMENT_VELOCITY,
    BAR,
    MELODY,
    MELODY_VELOCITY,
    Bars,
    Event,
    bar_steps,
    counted_bars,
    told_events,
)
from core.errors import InputError
from core.files import read_score
from core.formats.midi import score_to_midi
from core.piano_files import PIANO_WRITERS
from core.piano_notation import notate_piano
from core.sampling import SamplingConfig
from core.score import Note, Score
from core.ui.piano_desk import taken
from tests.conftest import MELODY as SEVEN_NOTES
from tests.conftest import tiny_checkpoint
from tests.piano_pieces import bars_add_up

CODEC = ArrangementCodec()
LONG = Score(tuple(Note(16 * i, 16, 60 + i % 12) for i in range(30)))


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """An untrained network: it says anything that it may."""
    return tiny_checkpoint("piano-accompaniment")


melodies = st.builds(
    lambda steps, metre, upbeat, quarter, qpm: Score(
        tuple(
            Note(sum(s[0] + s[1] for s in steps[:i]) * quarter + step[0] * quarter, step[1] * quarter, step[2])
            for i, step in enumerate(steps)
        ),
        qpm=qpm,
        time_signature=metre,
        upbeat=upbeat,
    ),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(40, 90)), min_size=1, max_size=12),
    st.sampled_from([(4, 4), (3, 4), (2, 4), (6, 8), (2, 2), (5, 4), (9, 8), (12, 8), (3, 2)]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.25, 1 / 3]),
    st.sampled_from([60.0, 120.0, 160.0, 300.0]),
)


def places(score: Score) -> list[tuple[float, float, int]]:
    return [(round(note.onset, 6), round(note.duration, 6), note.pitch) for note in score.notes]


def one_hand_a_key(score: Score) -> bool:
    """Whether each key is let go before it is struck again."""
    by_key = sorted(score.notes, key=lambda note: (note.pitch, note.onset))
    return all(a.pitch != b.pitch or a.onset < b.onset >= a.offset - 1e-9 for a, b in pairwise(by_key))


@settings(max_examples=25)
@given(melodies, st.integers(0, 1000))
def test_the_melody_survives_note_for_note(checkpoint: Checkpoint, melody: Score, seed: int) -> None:
    found = accompany(checkpoint, melody, SamplingConfig(seed=seed))
    both, given_notes, kept, alone = (
        [(round(note.onset, 9), round(note.duration, 9), note.pitch) for note in score.notes]
        for score in (found.score, melody, found.melody, found.accompaniment)
    )
    assert sorted(both) == sorted(given_notes + alone)
    assert kept == given_notes
    assert all(note.onset >= 0 and note.offset <= melody.duration + 0.25 for note in found.accompaniment.notes)
    assert one_hand_a_key(found.accompaniment)
    assert replace(found.score, notes=()) == replace(melody, notes=())


SIXTEENTHS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 16), st.integers(0, 11)), max_size=30)
"""onset and length in steps, and which of the melody's keys"""


@settings(max_examples=40)
@given(melodies, SIXTEENTHS)
@example(Score((Note(1 / 3, 1 / 3, 72),), qpm=160), [(1, 2, 0)])
def test_the_melody_survives_whatever_the_page_does(melody: Score, rows: list[tuple[int, int, int]]) -> None:
    """On the desk, in MIDI, on two staves and in MusicXML, where an onset may move by a 32nd among others' triplets.

    The accompaniment is the worst: all of it is on keys of the melody.
    """
    notes = {(start / 4, melody.pitches[key % len(melody.pitches)]): length / 4 for start, length, key in rows}
    others = [Note(onset, length, pitch, ACCOMPANIMENT_VELOCITY) for (onset, pitch), length in notes.items()]
    made = together(melody, replace(melody, notes=tuple(beside(melody, others))))
    take = taken("", made, "", performed=False, key="C").score
    assert places(take) == places(made)
    loud = [note for note in take.notes if note.velocity == MELODY_VELOCITY]
    assert places(replace(take, notes=tuple(loud))) == places(melody)

    played = read_score(PIANO_WRITERS[".mid"](take, False, "C"), "two.mid")
    sec = [
        [(note.onset * 60 / score.qpm, note.pitch, note.velocity) for note in score.notes] for score in (played, take)
    ]
    loud_sec = [sorted((pitch, onset) for onset, pitch, velocity in one if velocity == MELODY_VELOCITY) for one in sec]
    assert [pitch for pitch, _ in loud_sec[0]] == [pitch for pitch, _ in loud_sec[1]]
    assert [onset for _, onset in loud_sec[0]] == pytest.approx([onset for _, onset in loud_sec[1]], abs=1e-3)
    assert len(played.notes) == len(take.notes)

    written = notate_piano(take, performed=False, key="C")
    assert bars_add_up(written)
    assert written.pitches == take.pitches
    read = read_score(PIANO_WRITERS[".musicxml"](take, False, "C"), "two.musicxml")
    assert Counter(read.pitches) == Counter(take.pitches)
    for pitch in set(melody.pitches):
        before, after = ([note.onset for note in score.notes if note.pitch == pitch] for score in (take, read))
        assert after == pytest.approx(before, abs=0.126)


def test_no_note_of_the_melody_is_swallowed_by_hand() -> None:
    """A sixteenth and a triplet of one key, 31 ms apart at this tempo, would be taken for one stroke."""
    melody = Score((Note(1 / 3, 1 / 3, 72, 96), Note(2, 2, 60)), qpm=160)
    others = [
        Note(0.25, 0.5, 72, 64),  # about to be struck
        Note(0.5, 1, 72, 64),  # held
        Note(0.75, 1, 72, 64),
        Note(0.25, 0.5, 48, 64),
        Note(1, 3, 60, 64),  # struck anew
        Note(3, 1, 60, 64),
    ]
    assert list(beside(melody, others)) == [Note(0.75, 1, 72, 64), Note(0.25, 0.5, 48, 64), Note(1, 1, 60, 64)]


@given(st.lists(st.builds(Note, st.integers(0, 20), st.integers(1, 16), st.integers(60, 63)), max_size=40))
@example([Note(0, 1, 60), Note(0, 4, 60), Note(2, 1, 60)])
def test_a_key_is_let_go_before_it_is_struck_again(notes: list[Note]) -> None:
    """Every key is struck whenever it was to be, and held no longer."""
    kept = list(let_go(notes))
    assert one_hand_a_key(Score(tuple(kept)))
    assert sorted((note.onset, note.pitch) for note in kept) == sorted({(note.onset, note.pitch) for note in notes})
    for note in kept:
        ends = [other.offset for other in notes if (other.onset, other.pitch) == (note.onset, note.pitch)]
        later = [other.onset for other in notes if other.pitch == note.pitch and other.onset > note.onset]
        assert note.offset == min(max(ends), *later, 99)


def test_a_key_that_two_notes_are_moved_on_to_is_struck_once(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fourth lower, A0 would lie before the first key: moved up by an octave it is E1, as A1 is."""
    events = [Event(BAR, ACCOMPANIMENT, pitch, length) for pitch, length in ((21, 4), (33, 2), (65, 4))]
    monkeypatch.setattr(core.accompaniment, "struck", lambda *_: events)
    scale = Score(tuple(Note(i, 1, pitch) for i, pitch in enumerate((67, 69, 71, 72, 74, 76, 78, 79))), key="G")
    alone = accompany(checkpoint, scale, SamplingConfig(seed=1)).accompaniment
    assert places(alone) == [(0, 1, 28), (0, 1, 60)]


def test_the_same_seed_gives_the_same_and_another_something_else(checkpoint: Checkpoint) -> None:
    first, again, other = (accompany(checkpoint, LONG, SamplingConfig(seed=seed)).score for seed in (1, 1, 2))
    assert first == again != other


def test_what_is_stopped_stays_as_far_as_it_has_come(checkpoint: Checkpoint) -> None:
    whole = accompany(checkpoint, LONG, SamplingConfig(seed=1))
    part = accompany(checkpoint, LONG, SamplingConfig(seed=1), on_step=lambda told, stop: told > stop / 2)
    assert part.melody == LONG
    assert 0 < len(part.accompaniment.notes) < len(whole.accompaniment.notes)
    struck, all_struck = ({note[::2] for note in one.accompaniment.notes} for one in (part, whole))
    assert struck <= all_struck


def test_only_the_notes_of_the_model_count(checkpoint: Checkpoint) -> None:
    found = accompany(checkpoint, LONG, SamplingConfig(seed=3))
    assert found.accompaniment.notes
    assert found.log_likelihood < 0


def test_what_cannot_be_accompanied_is_said(checkpoint: Checkpoint) -> None:
    with pytest.raises(InputError, match="5/32 cannot be accompanied"):
        accompany(checkpoint, replace(SEVEN_NOTES, time_signature=(5, 32)))
    with pytest.raises(InputError, match="no melody"):
        accompany(checkpoint, Score(()))
    with pytest.raises(InputError, match="no texture 'loud'"):
        accompany(checkpoint, SEVEN_NOTES, texture="loud")
    with pytest.raises(InputError, match="does not accompany"):
        accompany(tiny_checkpoint(), SEVEN_NOTES)
    with pytest.raises(InputError, match="longer than 200 bars"):
        accompany(checkpoint, Score((Note(900, 1, 60),)))


def test_the_accompaniment_is_told_a_bar_late_by_hand() -> None:
    melody = Score((Note(0, 1, 67), Note(1, 4, 72)), upbeat=1.0)
    chord = Score((Note(1, 2, 48), Note(1, 4, 52)))
    assert told_events(melody.notes, chord.notes, 16, 3.0) == [
        Event(12, MELODY, 67, 4),
        Event(16, MELODY, 72, 16),
        Event(32, ACCOMPANIMENT, 48, 8),
        Event(32, ACCOMPANIMENT, 52, 16),
    ]


@pytest.mark.parametrize(
    ("metre", "lengths"),
    [
        ((4, 4), (16,)),
        ((3, 4), (12,)),
        ((7, 8), (14,)),
        ((5, 4), (8, 12)),
        ((9, 8), (12, 6)),
        ((12, 8), (12, 12)),
        ((6, 4), (12, 12)),
        ((7, 4), (16, 12)),
        ((3, 2), (16, 8)),
    ],
)
def test_long_bars_are_counted_in_groups_of_beats(metre: tuple[int, int], lengths: tuple[int, ...]) -> None:
    score = Score((), time_signature=metre)
    assert counted_bars(score) == Bars(lengths)
    assert bar_steps(score) == sum(lengths)


@given(st.integers(1, 64), st.sampled_from([1, 2, 4, 8, 16]))
def test_any_bar_of_sixteenths_can_be_counted(numerator: int, denominator: int) -> None:
    bars = counted_bars(Score((), time_signature=(numerator, denominator)))
    assert sum(bars.lengths) * denominator == 16 * numerator
    assert all(0 < length <= BAR for length in bars.lengths)
    told = [bars.told(step) for step in range(3 * sum(bars.lengths))]
    assert told == sorted(set(told))
    assert [bars.step(time) for time in told] == list(range(len(told)))
    assert all(bars.step(time) is None for time in set(range(told[-1])) - set(told))


def test_what_would_follow_the_end_of_a_short_bar_begins_the_next() -> None:
    """Three steps of a bar of four quarters are beyond a bar that is three steps shorter."""
    chances = torch.zeros(1, 64)
    chances[0, 12:16] = torch.tensor([0.1, 0.2, 0.3, 0.1])
    chances[0, 16] = 0.3
    beyond = torch.arange(64) % 16 >= 13
    moved = behind_bar_lines(chances.log(), beyond).exp()
    assert moved[0, [12, 13, 14, 15, 16]].tolist() == pytest.approx([0.1, 0, 0, 0, 0.9])
    whole = torch.randn(1, 64)
    assert torch.equal(behind_bar_lines(whole, torch.zeros(64, dtype=torch.bool)), whole)


def test_places_are_bars_and_steps_by_hand() -> None:
    events = [Event(12, MELODY, 67, 4), Event(16, MELODY, 72, 16), Event(34, ACCOMPANIMENT, 48, 8)]
    tokens = CODEC.tokens_of(events).view(-1, 4) - torch.tensor(CODEC.starts[:4])
    assert tokens.tolist() == [[12, 0, 46, 3], [16 + 0, 0, 51, 15], [16 + 2, 1, 27, 7]]
    assert CODEC.events_of([0, *CODEC.tokens_of(events).tolist()]) == events


@given(melodies)
def test_the_codec_carries_its_own_music_unchanged(melody: Score) -> None:
    once = CODEC.canonical(replace(melody, time_signature=(4, 4)))
    assert CODEC.canonical(once) == once


def test_tokens_that_are_no_music_are_said() -> None:
    with pytest.raises(CodecError, match="no arrangement"):
        CODEC.events_of([0, 7, 7, 7, 7])


@pytest.mark.parametrize(
    ("key", "way", "moved"),
    [("G", -7, "C"), ("F", -5, "C"), ("Em", 5, "Am"), ("Bb", 2, "C"), ("A", 0, "A"), ("", 3, "")],
)
def test_a_key_moves_with_the_melody(key: str, way: int, moved: str) -> None:
    assert moved_key(key, way) == moved


def test_a_melody_in_another_key_gets_the_same_accompaniment_in_it(checkpoint: Checkpoint) -> None:
    """The model knows one key: what it plays moves along."""
    tune = Score(tuple(Note(4 * i, 4, pitch) for i, pitch in enumerate((60, 64, 67, 72, 71, 67, 65, 60) * 3)))
    low, high = (accompany(checkpoint, score, SamplingConfig(seed=5)) for score in (tune, tune.transposed(4)))
    assert [note.onset for note in low.accompaniment.notes] == [note.onset for note in high.accompaniment.notes]
    steps = zip(low.accompaniment.notes, high.accompaniment.notes, strict=True)
    assert {(b.pitch - a.pitch) % 12 for a, b in steps} == {4}


def test_the_key_that_is_written_counts_where_it_fits() -> None:
    """An estimate of a short tune may err; one that fits better is taken all the same."""
    scale = Score(tuple(Note(i, 1, pitch) for i, pitch in enumerate((67, 69, 71, 72, 74, 76, 78, 79))), key="G")
    assert share_in_key(scale) == 1
    assert share_in_key(replace(scale, key="C")) == 7 / 8
    assert share_in_key(replace(scale, key="Em")) == 1


@pytest.mark.parametrize(("below", "said"), [((48, 52), r"[1-5] of 6 onsets were taken as the melody\.\n"), ((), "")])
def test_the_command_says_what_it_leaves_out(
    checkpoint: Checkpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    below: tuple[int, ...],
    said: str,
) -> None:
    """A melody over chords that are struck after it, and alone."""
    notes = [Note(2 * i, 2, pitch) for i, pitch in enumerate((72, 74, 76))]
    notes += [Note(2 * i + 1, 1, pitch) for i in range(3) for pitch in below]
    (tmp_path / "in.mid").write_bytes(score_to_midi(Score(tuple(notes), qpm=60)))
    monkeypatch.setattr(core.checkpoint, "load_checkpoint", lambda _: checkpoint)
    arguments = ["accompany", str(tmp_path / "in.mid"), "--out", str(tmp_path / "out.mid"), "--json"]
    monkeypatch.setattr(sys, "argv", ["core", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert re.fullmatch(said, capsys.readouterr().err)
