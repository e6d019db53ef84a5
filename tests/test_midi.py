"""MIDI files: seconds, pitches and velocities survive; nothing that is uploaded can do harm."""

from __future__ import annotations

import io
import struct

import mido
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FormatError, InputError
from core.formats.midi import midi_to_score, score_to_midi
from core.formats.smf import MAX_NOTES, MIN_TEMPO
from core.score import Note, Score

TUNE = Score(
    tuple(Note(i * 0.5, 0.5, pitch, 60 + i) for i, pitch in enumerate((67, 67, 69, 71, 74, 71, 67, 62))),
    qpm=97,
    time_signature=(3, 4),
    upbeat=1.0,
    key="F#m",
    title="Höhe, 春",
)


def seconds(score: Score) -> list[tuple[float, float]]:
    return [(note.onset * 60 / score.qpm, note.duration * 60 / score.qpm) for note in score.notes]


def smf(*tracks: bytes, form: int = 1, num_tracks: int | None = None, division: int = 480) -> bytes:
    header = struct.pack(">4sIHHH", b"MThd", 6, form, len(tracks) if num_tracks is None else num_tracks, division)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)


def saved(*tracks: list[mido.Message], form: int = 1) -> bytes:
    file = io.BytesIO()
    mido.MidiFile(type=form, ticks_per_beat=480, tracks=[mido.MidiTrack(track) for track in tracks]).save(file=file)
    return file.getvalue()


def note_messages(pitch: int, ticks: int = 480, wait: int = 0, channel: int = 0) -> list[mido.Message]:
    return [
        mido.Message("note_on", note=pitch, velocity=80, time=wait, channel=channel),
        mido.Message("note_off", note=pitch, time=ticks, channel=channel),
    ]


A_NOTE = b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x00"  # C4 for 480 ticks
END = b"\x00\xff\x2f\x00"


# --- there and back ---


def test_a_written_tune_comes_back_whole():
    assert midi_to_score(score_to_midi(TUNE)) == TUNE


@settings(max_examples=150, deadline=None)
@given(
    times=st.lists(st.tuples(st.floats(0.002, 20), st.floats(0.0005, 30)), min_size=1, max_size=60),
    pitches=st.lists(st.integers(0, 127), min_size=60, max_size=60),
    velocities=st.lists(st.integers(1, 127), min_size=60, max_size=60),
    qpm=st.floats(3, 1500),
)
def test_performed_times_survive_within_a_millisecond(times, pitches, velocities, qpm):
    """At any tempo, and with notes of one pitch that overlap."""
    notes, onset = [], 0.0
    for (gap, duration), pitch, velocity in zip(times, pitches, velocities, strict=False):
        onset += gap
        notes.append(Note(onset * qpm / 60, duration * qpm / 60, pitch, velocity))
    score = Score(tuple(notes), qpm=qpm)
    back = midi_to_score(score_to_midi(score))
    assert [(n.pitch, n.velocity) for n in back.notes] == [(n.pitch, n.velocity) for n in score.notes]
    for (onset, duration), (onset_back, duration_back) in zip(seconds(score), seconds(back), strict=True):
        assert onset_back == pytest.approx(onset, abs=1e-3)
        assert onset_back + duration_back == pytest.approx(onset + duration, abs=1e-3)


@given(st.integers(30, 300), st.lists(st.integers(1, 64), min_size=1, max_size=40))
def test_written_note_values_stay_on_the_grid(qpm, sixteenths):
    notes, onset = [], 0.0
    for length in sixteenths:
        notes.append(Note(onset, length / 4, 60))
        onset += length / 4
    score = Score(tuple(notes), qpm=qpm)
    assert midi_to_score(score_to_midi(score)) == score


def test_repeated_and_overlapping_notes_of_one_pitch_do_not_cut_each_other():
    notes = (Note(0, 4, 60), Note(0, 1, 60), Note(1, 1, 60), Note(1.5, 3, 60), Note(2, 1, 60), Note(4, 1, 60))
    score = Score(notes)
    assert midi_to_score(score_to_midi(score)) == score


def test_a_note_shorter_than_a_tick_is_kept():
    back = midi_to_score(score_to_midi(Score((Note(0, 0, 60), Note(1, 1e-7, 62)))))
    assert back.pitches == (60, 62)
    assert all(0 < note.duration < 0.002 for note in back.notes)


def test_pretty_midi_reads_what_we_write():
    midi = pretty_midi.PrettyMIDI(io.BytesIO(score_to_midi(TUNE, program=73)))
    (instrument,) = midi.instruments
    assert instrument.program == 73
    assert [note.pitch for note in instrument.notes] == list(TUNE.pitches)
    assert midi.get_tempo_changes()[1] == pytest.approx([97], abs=1e-4)
    assert [(t.numerator, t.denominator) for t in midi.time_signature_changes] == [(1, 4), (3, 4)]
    assert midi.time_signature_changes[1].time == pytest.approx(60 / 97, abs=1e-3)
    assert pretty_midi.key_number_to_key_name(midi.key_signature_changes[0].key_number) == "F# minor"


def test_a_tail_is_silence_after_the_last_note():
    end = mido.MidiFile(file=io.BytesIO(score_to_midi(Score((Note(0, 2, 60),)), tail_sec=1.5))).length
    assert end == pytest.approx(2.5, abs=0.01)


def test_no_notes_is_a_file_without_notes():
    assert not any(i.notes for i in pretty_midi.PrettyMIDI(io.BytesIO(score_to_midi(Score(())))).instruments)


@pytest.mark.parametrize("title", ["a\nb\x00", "\ud800", "é" * 300, ""])
def test_no_title_breaks_the_file(title):
    assert midi_to_score(score_to_midi(Score((Note(0, 1, 60),), title=title))).pitches == (60,)


def test_the_metre_stays_where_midi_cannot_say_the_upbeat():
    score = Score((Note(0, 1 / 3, 60), Note(1 / 3, 3, 62)), time_signature=(3, 4), upbeat=1 / 3)
    back = midi_to_score(score_to_midi(score))
    assert (back.time_signature, back.upbeat) == ((3, 4), 0)


def test_what_midi_cannot_say_is_left_out():
    score = Score((Note(0, 1, 60),), time_signature=(5, 3), key="D dorian")
    back = midi_to_score(score_to_midi(score))
    assert (back.time_signature, back.key) == ((4, 4), "C")


@pytest.mark.parametrize(
    "note", [Note(0, 1, 128), Note(0, 1, -1), Note(-1, 1, 60), Note(0, float("inf"), 60), Note(0, float("nan"), 60)]
)
def test_notes_beyond_midi_are_refused(note):
    with pytest.raises(InputError):
        score_to_midi(Score((note,)))


# --- files of others ---


def test_a_chorale_written_by_music21():
    from music21 import corpus, midi

    chorale = corpus.parse("bwv66.6")
    score = midi_to_score(midi.translate.music21ObjectToMidiFile(chorale).writestr())
    flat = chorale.stripTies().flatten().notes
    assert sorted((n.onset, n.pitch) for n in score.notes) == sorted((float(n.offset), n.pitch.midi) for n in flat)
    assert score.time_signature == (4, 4)


def test_all_tracks_but_drums_are_merged():
    data = saved(note_messages(60), note_messages(67, wait=240), note_messages(38, channel=9))
    score = midi_to_score(data)
    assert [(n.onset, n.duration, n.pitch) for n in score.notes] == [(0, 1, 60), (0.5, 1, 67)]


@pytest.mark.parametrize("separate", [True, False])
def test_seconds_are_exact_through_tempo_changes(separate):
    """A quarter at 120, then one at 60: half a second, then a whole one, whichever track the tempo is in."""
    slower = mido.MetaMessage("set_tempo", tempo=1_000_000)
    notes = note_messages(60) + note_messages(62)
    tracks = ([slower.copy(time=480)], notes) if separate else ([], [*notes[:2], slower, *notes[2:]])
    score = midi_to_score(saved(*tracks))
    assert score.qpm == 120
    assert [time for note in seconds(score) for time in note] == pytest.approx([0, 0.5, 0.5, 1.0])


def test_running_status_private_chunks_and_pedal_are_read():
    track = b"\x00\xb0\x40\x7f" + b"\x00\x90\x3c\x40\x83\x60\x3c\x00\x00\x3e\x40\x83\x60\x3e\x00" + END
    data = smf(track)
    data = data[:14] + b"XFIH" + struct.pack(">I", 3) + b"abc" + data[14:]
    assert [(n.onset, n.pitch) for n in midi_to_score(data).notes] == [(0, 60), (1, 62)]


def test_first_signatures_count_and_silence_before_the_first_note_stays():
    signatures = [
        mido.MetaMessage("time_signature", numerator=6, denominator=8),
        mido.MetaMessage("key_signature", key="Gb"),
        mido.MetaMessage("time_signature", numerator=2, denominator=4, time=4800),
    ]
    score = midi_to_score(saved(signatures, note_messages(60, wait=960)))
    assert (score.time_signature, score.key, score.upbeat) == ((6, 8), "Gb", 0)
    assert score.notes[0].onset == 2


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00\xff\x59\x02\x09\x00",  # nine sharps
        b"\x00\xff\x59\x02\x00\x07",  # neither major nor minor
        b"\x00\xff\x58\x04\x00\x02\x18\x08",  # no beats in a bar
        b"\x00\xff\x58\x04\x04\xff\x18\x08",  # beats of a 2^255th
        b"\x00\xff\x51\x03\x00\x00\x00",  # no time for a quarter
        b"\x00\xff\x51\x01\x07",
        b"\x00\xff\x03\x02\xff\xfe",  # a name in no known encoding
        b"\x00\xf0\x03\x01\x02\xf7",
    ],
)
def test_nonsense_beside_the_notes_costs_no_notes(nonsense):
    score = midi_to_score(smf(nonsense + A_NOTE + END))
    assert (score.pitches, score.qpm, score.time_signature, score.key) == ((60,), 120, (4, 4), "C")


def test_a_note_that_a_mad_tempo_makes_vanish_keeps_a_length():
    slow, mad = b"\x00\xff\x51\x03\xff\xff\xff", b"\x00\xff\x51\x03" + MIN_TEMPO.to_bytes(3)
    notes = midi_to_score(smf(slow + b"\x01\x90\x3c\x40" + mad + b"\x01\x80\x3c\x00", division=0x7FFF)).notes
    assert 0 < notes[0].duration < 1e-6


# --- hostile files ---

DENSE = b"\x00\x90\x3c\x40" + b"\x01\x3c\x00\x00\x3c\x40" * (MAX_NOTES + 1)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"MThd", id="four bytes"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(1000), id="a picture"),
        pytest.param(b"X:1\nT:tune\nK:G\nGABc|", id="ABC"),
        pytest.param(smf(A_NOTE + END) + bytes(5_000_000), id="too large"),
        pytest.param(smf(A_NOTE, num_tracks=0xFFFF), id="65535 tracks said, one there"),
        pytest.param(smf(A_NOTE, num_tracks=0), id="no tracks"),
        pytest.param(smf(A_NOTE, form=2), id="independent pieces"),
        pytest.param(smf(A_NOTE, division=0), id="no ticks"),
        pytest.param(smf(A_NOTE, division=0xE728), id="video frames"),
        pytest.param(smf(END), id="no notes"),
        pytest.param(smf(b"\x00\x99\x26\x40\x60\x89\x26\x00"), id="drums"),
        pytest.param(smf(b"\x00\x90\x3c\x40" + END), id="never released"),
        pytest.param(smf(b"\x00\x90\x3c\x40\x00\x80\x3c\x00"), id="of no length"),
        pytest.param(smf(b"\xff" * 4_000_000), id="an endless number"),
        pytest.param(smf(A_NOTE + b"\x00\xff\x01\xff\xff\xff\x7f"), id="a text longer than the file"),
        pytest.param(smf(b"\x00\x3c\x40"), id="running status of nothing"),
        pytest.param(smf(b"\x00\x90\x3c\xc0\x00\x80\x3c\x00"), id="a velocity of 192"),
        pytest.param(smf(b"\x00\xf4\x00"), id="an undefined status"),
        pytest.param(smf(b"\x00\x90\x3c\x40\xff\xff\xff\x7f\x80\x3c\x00"), id="a note of 77 hours"),
        pytest.param(smf(b"\x00\x90\x3c\x40\x81\xd3\x80\x00\x80\x3c\x00"), id="a note of an hour and a bit"),
        pytest.param(smf(DENSE), id="too many notes"),
        pytest.param(smf(b"\x00\xb0\x40\x40" + b"\x00\x40\x00" * 1_600_000), id="too many events"),
        pytest.param(score_to_midi(TUNE)[:-10], id="cut short"),
    ],
)
def test_bad_files_are_one_plain_sentence(data):
    with pytest.raises(FormatError) as error:
        midi_to_score(data)
    message = str(error.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 150


def test_of_too_many_notes_it_is_said_what_to_do() -> None:
    with pytest.raises(FormatError, match=r"over 20,000 notes or 300,000 events; cut it into shorter pieces\.$"):
        midi_to_score(smf(DENSE))


REAL = score_to_midi(TUNE)


@settings(max_examples=400, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(REAL) - 1), st.integers(0, 255)), max_size=12),
    cut=st.integers(0, len(REAL)),
    inserted=st.binary(max_size=20),
)
def test_a_mangled_file_is_read_or_refused(changes, cut, inserted):
    data = bytearray(REAL)
    for position, byte in changes:
        data[position] = byte
    data[cut:cut] = inserted
    check_read_or_refused(bytes(data))
    check_read_or_refused(bytes(data[:cut]))


@given(st.binary(max_size=200))
def test_any_track_is_read_or_refused(track):
    check_read_or_refused(smf(track))


def check_read_or_refused(data: bytes) -> None:
    try:
        score = midi_to_score(data)
    except FormatError:
        return
    assert score.notes
    assert score.qpm > 0
    assert all(0 <= n.pitch <= 127 and 0 < n.velocity <= 127 and n.duration > 0 <= n.onset for n in score.notes)
    assert all(onset + duration <= 3600.001 for onset, duration in seconds(score))
