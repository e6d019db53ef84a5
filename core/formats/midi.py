"""Standard MIDI Files. Seconds are kept: what was performed comes back within a millisecond."""

from __future__ import annotations

import heapq
import io
import math
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from core.errors import FormatError, InputError
from core.formats.smf import MAX_DENOMINATOR, MAX_TICK, read_smf
from core.score import Note, Score

if TYPE_CHECKING:
    import mido
    import pretty_midi

MAX_SECONDS = 3600.0
_TICKS_PER_SECOND = 2000  # wanted: a rounded time is a quarter of a millisecond off
_GRID = 480  # ticks per quarter are a multiple of this, so that written note values fall on ticks
_MICROSECONDS_PER_MINUTE = 60_000_000
_DRIFT_SEC = 2.5e-4  # a tempo may stand for another when they part by less than this over the whole piece


@dataclass(frozen=True)
class _Clock:
    """Whole microseconds per quarter, which is all that a MIDI file can say, and ticks per quarter."""

    tempo: int
    resolution: int

    @classmethod
    def of(cls, qpm: float) -> _Clock:
        # Outside 4 to 1000 quarters a minute the file counts at another tempo; its seconds stay right.
        tempo = round(_MICROSECONDS_PER_MINUTE / min(max(qpm, 4.0), 1000.0))
        return cls(tempo, _GRID * max(1, round(_TICKS_PER_SECOND * tempo / 1e6 / _GRID)))

    @property
    def qpm(self) -> float:
        return _MICROSECONDS_PER_MINUTE / self.tempo

    def seconds(self, ticks: int) -> float:
        return ticks * 60 / (self.resolution * self.qpm)


def score_to_midi(score: Score, program: int = 0, *, tail_sec: float = 0.0) -> bytes:
    """A MIDI file that plays the score on one General MIDI instrument.

    Parameters
    ----------
    score
        Notes that overlap on one pitch go to channels of their own, so that neither cuts the other short.
    program
        General MIDI program, 0 to 127.
    tail_sec
        Seconds of silence after the last note, which leave a synthesiser time for its release.

    Raises
    ------
    InputError
        Where a note has no place in a MIDI file: a pitch beyond 0 to 127, a time that is negative or hours long.
    """
    import pretty_midi

    clock = _Clock.of(score.qpm)
    # pretty_midi cuts the microseconds off where rounding left them a hair below a whole number.
    midi = pretty_midi.PrettyMIDI(
        resolution=clock.resolution, initial_tempo=_MICROSECONDS_PER_MINUTE / (clock.tempo + 1e-3)
    )
    _write_signatures(midi, score)
    for notes in _lanes(score, clock):
        instrument = pretty_midi.Instrument(program)
        instrument.notes = [
            pretty_midi.Note(velocity, pitch, clock.seconds(start), clock.seconds(end))
            for start, end, pitch, velocity in notes
        ]
        midi.instruments.append(instrument)
    if not midi.instruments:
        midi.instruments.append(pretty_midi.Instrument(program))
    first = midi.instruments[0]
    # The bytes in the file are UTF-8. mido's own choice of character set is a global, and threads share it.
    first.name = score.title.encode().decode("latin1")
    if tail_sec:
        end_sec = score.duration * 60 / score.qpm + tail_sec
        first.control_changes.append(pretty_midi.ControlChange(number=64, value=0, time=end_sec))
    file = io.BytesIO()
    midi.write(file)
    return file.getvalue()


def _lanes(score: Score, clock: _Clock) -> list[list[tuple[int, int, int, int]]]:
    """Notes as (start tick, end tick, pitch, velocity), parted so that no lane has a pitch twice at one time."""
    lanes: list[list[tuple[int, int, int, int]]] = []
    busy: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)  # pitch -> heap of (end tick, lane)
    # Quarters fall on ticks unless the rounded tempo would then be heard; else seconds count.
    same_tempo = _drift_sec(score.qpm, clock.qpm, score.duration) < _DRIFT_SEC
    ticks = clock.resolution * (1.0 if same_tempo else clock.qpm / score.qpm)  # per quarter of the score
    for note in score.notes:
        if not (0 <= note.pitch <= 127 and note.onset >= 0 and note.duration >= 0):
            raise InputError("A note lies outside what MIDI can hold; transpose the piece or check its times.")
        if note.offset * ticks >= MAX_TICK:
            raise InputError("The piece is too long for a MIDI file; cut it to an hour at most.")
        start = round(note.onset * ticks)
        end = max(start + 1, round(note.offset * ticks))  # a note of no ticks would be lost
        held = busy[note.pitch]
        lane = heapq.heappop(held)[1] if held and held[0][0] <= start else len(held)
        heapq.heappush(held, (end, lane))
        if lane == len(lanes):
            lanes.append([])
        lanes[lane].append((start, end, note.pitch, min(max(note.velocity, 1), 127)))
    return lanes


def _write_signatures(midi: pretty_midi.PrettyMIDI, score: Score) -> None:
    """Time signature, key signature and upbeat, which is a short first bar; what MIDI cannot say is left out.

    pretty_midi has one spelling for each key, so six flats are written as six sharps.
    """
    import pretty_midi

    bars = [(0.0, score.time_signature)]
    upbeat = Fraction(score.upbeat / 4).limit_denominator(MAX_DENOMINATOR)
    if 0 < upbeat < Fraction(*score.time_signature) and _is_writable(upbeat.as_integer_ratio()):
        bars = [(0.0, upbeat.as_integer_ratio()), (score.upbeat * 60 / score.qpm, score.time_signature)]
    if _is_writable(score.time_signature):
        midi.time_signature_changes = [pretty_midi.TimeSignature(*signature, sec) for sec, signature in bars]
    try:
        key = pretty_midi.key_name_to_key_number(score.key)
    except ValueError:
        return
    midi.key_signature_changes = [pretty_midi.KeySignature(key, 0.0)]


def _is_writable(signature: tuple[int, int]) -> bool:
    """Whether MIDI can say it: a byte over a power of two."""
    over, under = signature
    return 0 < over < 256 and under & (under - 1) == 0


def midi_to_score(data: bytes) -> Score:
    """All notes of a MIDI file but drums, at the tempo it begins with; later tempi are in the notes' times.

    Raises FormatError on what is not a MIDI file, is damaged, has no notes, more than 20,000 or lasts over an hour.
    """
    import pretty_midi

    smf = read_smf(data)
    conductor = smf.tracks[0]
    midi = pretty_midi.PrettyMIDI(mido_object=smf)
    notes = [note for instrument in midi.instruments for note in instrument.notes]
    if not notes:
        raise FormatError("No note in this MIDI file ever ends; export it again.")
    end_sec = max(note.end for note in notes)
    if end_sec > MAX_SECONDS:
        raise FormatError("This MIDI file is too long; cut it to an hour at most.")
    exact_qpm = float(midi.get_tempo_changes()[1][0])
    quarter = 60 / exact_qpm
    time_signature, upbeat = _read_metre(midi.time_signature_changes, quarter)
    return Score(
        tuple(
            # Nine decimals take the float noise off grid positions.
            Note(
                onset=round(float(note.start) / quarter, 9),
                duration=max(round(float(note.end - note.start) / quarter, 9), 1e-9),
                pitch=note.pitch,
                velocity=note.velocity,
            )
            for note in notes
        ),
        qpm=_plain_qpm(exact_qpm, end_sec / quarter),
        time_signature=time_signature,
        upbeat=upbeat,
        key=next((message.key for message in conductor if message.type == "key_signature"), "C"),
        title=next(filter(None, map(_name, conductor)), ""),
    )


def _plain_qpm(exact: float, duration: float) -> float:
    """The tempo that was meant where the difference is not heard: 97, not the 96.99995 of its whole microseconds."""
    plain = round(exact, 2)
    return plain if _drift_sec(plain, exact, duration) < _DRIFT_SEC else exact


def _drift_sec(qpm: float, other_qpm: float, duration: float) -> float:
    """How far two tempi have parted after ``duration`` quarters."""
    return abs(60 / qpm - 60 / other_qpm) * duration


def _read_metre(changes: list[pretty_midi.TimeSignature], quarter_sec: float) -> tuple[tuple[int, int], float]:
    """The first time signature, and the upbeat where that bar is a shorter one before the real signature."""
    bars = [(change.numerator, change.denominator) for change in changes[:2]] or [(4, 4)]
    if len(bars) == 2:
        upbeat, bar = (4 * over / under for over, under in bars)
        if upbeat < bar and math.isclose(changes[1].time / quarter_sec, upbeat, abs_tol=1e-3):
            return bars[1], upbeat
    return bars[0], 0.0


def _name(message: mido.MetaMessage) -> str:
    if message.type != "track_name":
        return ""
    raw = message.name.encode("latin1")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = message.name
    return "".join(filter(str.isprintable, text)).strip()
