"""A bounded reader of Standard MIDI Files, for uploads that nobody has looked at.

mido, with which pretty_midi reads, trusts its input: a run of high bytes is one number that grows for ever, five
megabytes of running status become two million objects, an odd key signature or a private chunk is an exception.
Here every length is checked, and only what music needs is kept: notes, tempo, signatures and a name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from core.errors import FormatError

if TYPE_CHECKING:
    import mido

MAX_BYTES = 5_000_000
MAX_NOTES = 20_000
MAX_EVENTS = 300_000  # a long piano performance has some 100,000, most of them pedal
MAX_CHANGES = 20_000  # of tempo, metre and key: a tempo for every beat of an hour is fewer
MAX_TICK = 9_999_990  # pretty_midi holds one float a tick and refuses 10,000,000
MAX_DENOMINATOR = 64
MIN_TEMPO = 600  # microseconds a quarter: nobody means a hundred thousand quarters a minute
DRUMS = 9  # the channel of General MIDI's percussion

_NOTE_OFF, _NOTE_ON, _PROGRAM, _PRESSURE, _SYSTEM = 0x8, 0x9, 0xC, 0xD, 0xF
_SYSEX, _SYSEX_END, _META = 0xF0, 0xF7, 0xFF
_NAME, _END_OF_TRACK, _TEMPO, _TIME_SIGNATURE, _KEY_SIGNATURE = 0x03, 0x2F, 0x51, 0x58, 0x59

_DAMAGED = "This MIDI file is damaged or cut short; export it again."


class _Event(NamedTuple):
    tick: int
    status: int
    data: bytes  # a meta event's type comes first


def read_smf(data: bytes) -> mido.MidiFile:
    """The music in a Standard MIDI File: track 0 has all tempi and signatures, the others notes without drums.

    Raises FormatError on anything that is not a MIDI file, is damaged, or is longer than the limits above.
    """
    import mido

    division, chunks = _chunks(data)
    conductor = [(0, mido.MetaMessage("set_tempo", tempo=500_000))]  # what holds until a tempo is given
    tracks = []
    num_notes = num_events = 0
    for chunk in chunks:
        track: list[tuple[int, mido.Message]] = []
        for event in _events(chunk):
            num_events += 1
            if event.status == _META:
                conductor += ((event.tick, message) for message in _meta_messages(event))
            elif event.status >> 4 in (_NOTE_OFF, _NOTE_ON) and event.status & 0xF != DRUMS:
                track.append((event.tick, mido.Message.from_bytes([event.status, *event.data])))
                num_notes += event.status >> 4 == _NOTE_ON and event.data[1] > 0
            if num_events > MAX_EVENTS or num_notes > MAX_NOTES:
                raise FormatError(
                    f"This MIDI file has over {MAX_NOTES:,} notes or {MAX_EVENTS:,} events; cut it into shorter pieces."
                )
            if len(conductor) > MAX_CHANGES:
                raise FormatError(f"This MIDI file has over {MAX_CHANGES:,} changes of tempo; export it with fewer.")
        if track:
            tracks.append(_to_track(track))
    if not tracks:
        raise FormatError("There are no notes in this MIDI file, or only drums; choose one with a melody.")
    # Players take tempo from any track, pretty_midi from the first alone: all of it goes there.
    conductor.sort(key=lambda timed: timed[0])
    return mido.MidiFile(type=1, ticks_per_beat=division, tracks=[_to_track(conductor), *tracks])


def _chunks(data: bytes) -> tuple[int, list[bytes]]:
    """Ticks per quarter and the contents of the track chunks."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"This MIDI file is larger than {MAX_BYTES // 1_000_000} MB; choose a smaller one.")
    if data[:4] != b"MThd":
        raise FormatError("This is not a MIDI file; choose one that ends in .mid.")
    if len(data) < 14:
        raise FormatError(_DAMAGED)
    header_size, form, num_tracks, division = struct.unpack(">IHHH", data[4:14])
    if form > 1:
        raise FormatError("This MIDI file holds several independent pieces; export one of them alone.")
    if division & 0x8000:
        raise FormatError("This MIDI file counts in video frames; export it with ticks per quarter note.")
    tracks: list[bytes] = []
    position = 8 + header_size
    while len(tracks) < num_tracks:
        if position + 8 > len(data):
            raise FormatError(_DAMAGED)
        kind, size = struct.unpack_from(">4sI", data, position)
        position += 8 + size
        if position > len(data):
            raise FormatError(_DAMAGED)
        if kind == b"MTrk":  # other chunks are private and to be skipped
            tracks.append(data[position - size : position])
    if not division or not tracks:
        raise FormatError(_DAMAGED)
    return division, tracks


def _events(chunk: bytes) -> Iterator[_Event]:
    try:
        yield from _unchecked_events(chunk)
    except IndexError:
        raise FormatError(_DAMAGED) from None


def _unchecked_events(chunk: bytes) -> Iterator[_Event]:
    """The events of a track with their absolute ticks; IndexError where the chunk ends inside one."""
    position = tick = status = 0
    while position < len(chunk):
        delta, position = _variable_length(chunk, position)
        tick += delta
        if chunk[position] & 0x80:
            status = chunk[position]
            position += 1
        start = position
        if status in (_META, _SYSEX, _SYSEX_END):
            length, body = _variable_length(chunk, position + (status == _META))
            position = body + length
            payload = chunk[start : start + (status == _META)] + chunk[body:position]
        elif status >> 4 == _SYSTEM or not status:
            raise FormatError(_DAMAGED)
        else:
            position += 1 if status >> 4 in (_PROGRAM, _PRESSURE) else 2
            payload = chunk[start:position]
            if any(byte & 0x80 for byte in payload):
                raise FormatError(_DAMAGED)
        if position > len(chunk):
            raise FormatError(_DAMAGED)
        if status == _META and payload[0] == _END_OF_TRACK:
            return
        yield _Event(tick, status, payload)


def _variable_length(chunk: bytes, position: int) -> tuple[int, int]:
    """A number of at most four bytes of seven bits each, and where it ends."""
    value = 0
    for end in range(position, position + 4):
        value = value << 7 | chunk[end] & 0x7F
        if chunk[end] < 0x80:
            return value, end + 1
    raise FormatError(_DAMAGED)


def _meta_messages(event: _Event) -> Iterator[mido.MetaMessage]:
    """Tempo, signatures and names; one that makes no sense is left out, for the notes are good without it."""
    import mido

    kind, body = event.data[0], event.data[1:]
    if kind == _NAME and body:
        yield mido.MetaMessage("track_name", name=body[:200].decode("latin1"))
    elif kind == _TEMPO and len(body) == 3 and int.from_bytes(body) >= MIN_TEMPO:
        yield mido.MetaMessage("set_tempo", tempo=int.from_bytes(body))
    elif kind == _TIME_SIGNATURE and len(body) >= 2 and body[0] and 1 << min(body[1], 8) <= MAX_DENOMINATOR:
        yield mido.MetaMessage("time_signature", numerator=body[0], denominator=1 << body[1])
    elif kind == _KEY_SIGNATURE and len(body) == 2 and body[1] < 2 and (body[0] + 7) % 256 < 15:
        yield mido.MetaMessage.from_bytes([_META, _KEY_SIGNATURE, 2, *body])


def _to_track(timed: Iterable[tuple[int, mido.Message]]) -> mido.MidiTrack:
    """Messages in order of their ticks, as a track that counts from one to the next."""
    import mido

    track, now = mido.MidiTrack(), 0
    for tick, message in timed:
        if tick > MAX_TICK:
            raise FormatError("This MIDI file is too long; cut it to an hour at most.")
        message.time, now = tick - now, tick
        track.append(message)
    return track
