from __future__ import annotations

from pathlib import Path

import pytest

from core.data.corpora import corpus_facts, installed_corpora, load_corpus, pieces_of
from core.data.pop909 import read_pop909, read_song
from core.data.tracks import read_tracks
from core.errors import FormatError, InputError
from core.score import monophonic
from tests.midi_files import TicksNote, write_tracks

LATE = 40  # ticks by which everything stands off the grid
BARS = 8


def tune(first_beat: int = 3) -> list[TicksNote]:
    """Quarters from the last beat of the third bar on, and eighths in every other bar; short, as sung."""
    quarters = [(LATE + 480 * beat, 400, 60 + beat % 7, 90 + beat) for beat in range(8 + first_beat, 4 * BARS)]
    eighths = [(LATE + 1920 * bar + 240, 100, 55, 50) for bar in range(3, BARS, 2)]
    return quarters + eighths


CHORDS = [(LATE + 1920 * bar, 1900, pitch, 60) for bar in range(BARS) for pitch in (36, 48, 52)]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a corpus of three songs, one of them damaged."""
    monkeypatch.setenv("TUNESMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TUNESMITH_CORPORA", raising=False)
    load_corpus.cache_clear()
    folder = tmp_path / "corpora" / "pop909"
    write_tracks(folder / "midi" / "001.mid", {"MELODY": tune(), "BRIDGE": [], "PIANO": CHORDS}, [(0, 600_000)])
    write_tracks(folder / "midi" / "002.mid", {"MELODY": tune(2), "PIANO": CHORDS}, [(0, 400_000), (960, 750_000)])
    (folder / "midi" / "003.mid").write_bytes(b"MThd and no more")
    (folder / "metadata.csv").write_text(
        "file,split\nmidi/001.mid,test\nmidi/002.mid,train\nmidi/003.mid,train\nmidi/004.mid,valid\n"
    )
    return folder


def test_the_official_split_is_taken_and_what_is_damaged_left_out(root: Path) -> None:
    pieces = load_corpus("pop909", root)
    assert [(piece.id, piece.split) for piece in pieces] == [("001", "test"), ("002", "train")]
    assert pieces[0].group == pieces[1].group  # one melody, if from another note on
    assert pieces_of("pop909", "test", root) == [pieces[0]]
    assert load_corpus("pop909", root.parent) == pieces  # from the cache, by the folder above


def test_a_melody_is_in_quarters_from_its_first_note_with_its_bars(root: Path) -> None:
    score = load_corpus("pop909", root)[0].score
    assert (score.qpm, score.time_signature, score.upbeat) == (100, (4, 4), 1)
    assert [note.onset for note in score.notes[:5]] == [0, 1, 1.5, 2, 3]
    assert score.notes[0].duration == pytest.approx(400 / 480)
    assert [(note.pitch, note.velocity) for note in score.notes[:2]] == [(64, 101), (65, 102)]
    assert monophonic(score) == score


def test_the_tempo_is_that_of_the_most_of_the_song_and_notes_stay_on_its_grid(root: Path) -> None:
    score = load_corpus("pop909", root)[1].score
    assert score.qpm == 80
    assert all(note.onset % 0.5 == 0 for note in score.notes)


def test_a_song_for_measuring_is_as_performed(root: Path) -> None:
    song = read_song(root / "midi" / "002.mid")
    quarter_sec = 60 / song.mixed.qpm
    assert quarter_sec == pytest.approx(0.4)
    assert len(song.mixed.notes) == len(song.melody.notes) + len(CHORDS)
    first = song.melody.notes[0]
    tick = LATE + 480 * 10
    assert first.onset * quarter_sec == pytest.approx(960 / 480 * 0.4 + (tick - 960) / 480 * 0.75)
    assert first.duration * quarter_sec == pytest.approx(400 / 480 * 0.75)
    assert set(song.melody.notes) <= set(song.mixed.notes)


def test_of_notes_that_begin_together_on_one_pitch_the_longest_is_mixed(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "x.mid", {"MELODY": [(0, 240, 60, 90)], "PIANO": [(0, 480, 60, 70)]})
    assert [(note.duration, note.velocity) for note in read_song(path).mixed.notes] == [(1, 70)]


def test_the_reader_is_exact_about_tempi_and_drops_notes_that_do_not_last(tmp_path: Path) -> None:
    notes = [(100, 50, 60, 64), (0, 100, 62, 64), (200, 0, 70, 1)]
    midi = read_tracks(write_tracks(tmp_path / "x.mid", {"a": notes}, [(0, 250_000), (150, 1_000_000)], resolution=100))
    assert midi.mixed().onset.tolist() == [0, 100]
    assert midi.seconds(midi.mixed().onset).tolist() == [0, 0.25]
    assert midi.seconds(midi.mixed().onset + midi.mixed().duration).tolist() == [0.25, 0.375]
    assert midi.seconds(midi.mixed().onset + 100).tolist() == [0.25, 0.875]


def test_what_is_not_pop909_is_one_sentence(root: Path, tmp_path: Path) -> None:
    other = write_tracks(tmp_path / "x.mid", {"PIANO": CHORDS})
    with pytest.raises(FormatError, match="MELODY"):
        read_song(other)
    with pytest.raises(FormatError, match="damaged"):
        read_song(root / "midi" / "003.mid")
    with pytest.raises(InputError, match=r"metadata\.csv"):
        load_corpus("pop909", tmp_path)
    (root / "metadata.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns file and split"):
        list(read_pop909(root))


def test_it_is_found_where_corpora_are_kept(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "pop909" not in installed_corpora()
    monkeypatch.setenv("TUNESMITH_CORPORA", str(root.parent))
    assert "pop909" in installed_corpora()
    assert len(load_corpus("pop909")) == 2
    facts = corpus_facts("pop909", tmp_path)
    assert (facts["installed"], facts["train"], facts["valid"], facts["test"]) == (True, 1, 0, 1)
