"""Everything that reads what a user gives, as functions of bytes: they return, or raise ``InputError``.

What they return is looked at as well: music that is accepted has to be music.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from core.beats import Beats
from core.claps import claps_to_rhythm, find_claps, read_recording
from core.claps.recording import envelope
from core.codecs import ArrangementCodec, PianoCodec, StepCodec
from core.codecs.arrangement import bar_steps, lead_of, told_events
from core.codecs.step_text import parse_steps, steps_to_text
from core.composition import Composition
from core.continuation import Seed, seed_of
from core.data.piano import played_notes
from core.errors import InputError
from core.files import read_beats, read_score
from core.formats.abc_notation import header_fields, score_to_abc
from core.formats.midi import score_to_midi
from core.formats.musicxml import score_to_musicxml
from core.formats.pitch_names import parse_pitches, pitch_names
from core.link import query_to_piece, query_to_tune, tune_to_query
from core.listening.database import StudyError
from core.listening.groups import read_code
from core.listening.password import Door
from core.listening.schema import open_studies
from core.listening.studies import add_study
from core.listening.visits import Answer, answer, excerpt_at, favour, join, visit
from core.notation import written_melody
from core.piano import opening
from core.piano_notation import notate_piano
from core.project import json_to_project, project_to_json
from core.recolour import in_note_values, read_melody, take_rhythm
from core.render.engraver import EngravingError
from core.render.notation import draw_pages, engrave, engrave_piano
from core.rhythm import csv_to_rhythm, parse_note_values, parse_time_signature, rhythm_to_csv
from core.score import Score, monophonic
from core.tunes import Header
from core.ui.components.clap_line import _claps
from core.ui.components.mount import is_index
from core.ui.components.piano import _timed
from core.ui.components.tap_pad import checked_metronome, checked_taps
from core.ui.neuron_piece import text_source
from core.ui.tune_text import MAX_SHOWN, read, tunes_in
from tests.fuzz import seeds
from tests.fuzz.mutation import (
    Mutation,
    damaged_bytes,
    damaged_json,
    damaged_link,
    damaged_midi,
    damaged_words,
    damaged_zip,
)
from tests.studies import draft

STEPS = StepCodec()


@dataclass(frozen=True)
class Parser:
    read: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    damaged: Mutation
    share: float = 1.0
    """of the inputs, beside the others: slow ones get fewer"""


def is_music(score: Score) -> Score:
    """``score``, or AssertionError where it holds what no music has."""
    assert all(
        0 <= note.onset < 1e6 and 0 < note.duration < 1e6 and type(note.pitch) is int and 0 <= note.pitch <= 127
        for note in score.notes
    ), "notes that are none"
    assert len(score.notes) <= 25_000, "too many notes"
    assert 0 < score.qpm < 1e6, "no tempo"
    assert score.bar_length > 0, "no metre"
    assert 0 <= score.upbeat < score.bar_length + 1e-9, "no upbeat"
    assert score.title.isprintable(), "a title that cannot be shown"
    return score


def file_called(name: str) -> Callable[[bytes], Score]:
    """All notes of a file, and its melody."""

    def read_file(data: bytes) -> Score:
        score = is_music(read_score(data, name))
        is_music(monophonic(score))
        return score

    return read_file


def abc(data: bytes) -> None:
    """A file of tunes in the editor, and its first one as music."""
    for tune in tunes_in(data):
        reading = read.__wrapped__(tune)  # without its cache
        if reading.score is not None:
            is_music(reading.score)
            assert all(0 <= start < stop <= len(tune) for start, stop in reading.places), "places out of the text"
            assert len(reading.places) == len(reading.score.notes), "notes without a place"
        assert bool(reading.problem) or reading.score is not None, "no reason"
        sentence(reading.problem or "-")
        header_fields(tune)
    is_music(read_score(data, "x.abc"))


def performance(data: bytes) -> None:
    """A MIDI file as a melody, a rhythm, sheet music, and a prompt for a piano model."""
    score = read_score(data, "x.mid")
    melody, written, _ = read_melody(data, "x.mid")
    is_music(in_note_values(is_music(melody), written))
    take_rhythm(melody, "x", written)
    read_beats(data, "x.mid", 200)
    PianoCodec().notes_tokens(played_notes(opening(score, 30)))


def melody_called(name: str) -> Callable[[bytes], None]:
    """A file of notation as a melody, a rhythm, and what models continue, recolour and accompany."""

    def read_file(data: bytes) -> None:
        melody, written, _ = read_melody(data, name)
        is_music(in_note_values(is_music(melody), written))
        take_rhythm(melody, "x", written)
        is_music(read_beats(data, name).written)
        is_music(written_melody(data, name))

    return read_file


def text_to_look_into(data: bytes) -> None:
    """ABC as the Neurons page takes it."""
    source = text_source(text_of(data))
    assert 0 < len(source.title) <= 200, "no title"
    assert source.title.isprintable(), "a title that cannot be shown"
    assert source.text, "no text"


def melody_to_go_on_from(data: bytes) -> None:
    """ABC as a melody that models continue, recolour and accompany."""
    melody = written_melody(data, "x.abc")
    seed_of(melody, STEPS, 8)
    Beats.from_score(melody)
    told_events(monophonic(melody).notes, (), bar_steps(melody), lead_of(melody))
    assert ArrangementCodec().told(melody).tokens is not None


def files_of(data: bytes) -> None:
    """ABC, of no more notes than pages show, as every kind of file that is written at once."""
    score = read_score(data, "x.abc")
    score = replace(score, notes=score.notes[:MAX_SHOWN])
    is_music(read_score(score_to_midi(score), "x.mid"))
    is_music(read_score(score_to_abc(score).encode(), "x.abc"))
    is_music(read_score(score_to_musicxml(monophonic(score)).encode(), "x.musicxml"))


def engraving(data: bytes) -> None:
    """ABC as Verovio draws it, on one staff and on two: of what we write, nothing may kill or hang its process."""
    score = read.__wrapped__(data.decode("utf-8", "replace")).score
    if score is None:
        return
    try:
        engrave(monophonic(score), page_width=360)
        engrave_piano(notate_piano(score, performed=False))
    except EngravingError as error:
        raise AssertionError("the end of Verovio's process") from error


def drawing(data: bytes) -> None:
    """MusicXML that no visitor can send, as it would come to Verovio; its process may die of it, this one not."""
    draw_pages(text_of(data), {})


def rhythm_csv(data: bytes) -> None:
    rhythm = csv_to_rhythm(data)
    assert csv_to_rhythm(rhythm_to_csv(rhythm)) == rhythm, "not the same rhythm"
    is_music(Beats.from_rhythm(rhythm.cut(200)).written)


def project(data: bytes) -> None:
    versions, current = json_to_project(data)
    for _, piece in versions:
        is_piece(piece)
    assert json_to_project(project_to_json(versions, current).encode()) == (versions, current), "not the same project"


def link(data: bytes) -> None:
    """An address: Streamlit gives the values of its query as texts."""
    values = json_value(data)
    query = {str(k): str(v) for k, v in values.items() if v is not None} if isinstance(values, dict) else {}
    if "tune" in query:
        assert tune_to_query(query_to_tune(query), "m"), "a tune that no link would hold"
    else:
        is_piece(query_to_piece(query))


def is_piece(piece: Composition) -> None:
    is_music(piece.written)
    is_music(piece.performed)
    assert math.isfinite(piece.log_likelihood or 0.0)
    reading = {"qpm": 100.0, "time_signature": (4, 4), "upbeat": 0.0} | piece.beats.reading.given
    numerator, denominator = reading["time_signature"]
    assert 20 <= reading["qpm"] <= 400, "no tempo to read it in"
    assert denominator in (1, 2, 4, 8, 16), "no metre to read it in"
    assert 0 < numerator <= 4 * denominator, "a bar that nobody reads it in"
    assert 0 <= reading["upbeat"] < 16, "no upbeat to read it with"


def sound(data: bytes) -> None:
    recording = read_recording(data, "x.wav")
    envelope(recording.samples, recording.sample_rate)
    claps_to_rhythm(find_claps(recording.samples, recording.sample_rate), 0.9)


def note_names(data: bytes) -> None:
    pitch_names(parse_pitches(text_of(data)), "C")


def note_values(data: bytes) -> None:
    score = is_music(parse_note_values(text_of(data)))
    Beats.from_score(score)


def step_text(data: bytes) -> None:
    symbols = parse_steps(text_of(data), STEPS)
    assert parse_steps(steps_to_text(symbols, STEPS), STEPS), "not read back"
    Seed(symbols, (3, 4), 1.0, 100.0, "x")


def header(data: bytes) -> None:
    """Title, rhythm, metre, unit, key and first bar, each in a line."""
    fields = (text_of(data).split("\n", 5) + [""] * 6)[:6]
    try:
        parse_time_signature(fields[2])
    except InputError as error:
        sentence(str(error))
    Header(*fields[:5]).prompt(fields[5].replace("\n", " "))


def browser_value(data: bytes) -> None:
    """What a component sends; whatever it is, it is read or passed over."""
    value = json_value(data)
    if not isinstance(value, dict):
        return
    checked_taps(value, 100)
    checked_metronome(value.get("metronome"))
    _timed(value, (48, 72))
    _claps(value, 10.0)
    for name in ("start", "stop", "index", "note"):
        is_index(value.get(name), 5)


@cache
def studies() -> tuple[Any, Door, str]:
    """A database with one study, at whose door an hour passes between knocks; made anew by each process."""
    engine = open_studies(f"sqlite:///{Path(tempfile.mkdtemp(prefix='fuzz-')) / 'studies.db'}")
    return engine, Door(engine, count(step=3600).__next__), add_study(engine, draft())


def study(data: bytes) -> None:
    """What a listener sends, and the leader's password; the answer of a listener who is there is stored or refused."""
    value = json_value(data)
    if not isinstance(value, dict):
        return
    engine, door, study_id = studies()
    code = str(value.get("code")).encode("utf-8", "replace").decode()  # as addresses have it
    door.opens(str(value.get("password")), "secret")
    known, given = "K7MP-2QXR-9TDW", value.get("answer")
    place = value.get("place")
    place = place if isinstance(place, int) and abs(place) < 2**31 else 0  # the page counts them itself
    given = (*given, None, None, None, None)[:4] if isinstance(given, list) else (given,) * 4
    join(engine, study_id, known)
    for do in (
        lambda: visit(engine, read_code(code) or code),
        lambda: answer(engine, known, place, Answer(*given)),
        lambda: excerpt_at(engine, known, place),
        lambda: favour(engine, known, place),
        lambda: add_study(engine, draft(title=str(value.get("title"))), "fuzz"),
    ):
        try:
            do()
        except StudyError as error:
            sentence(str(error))


def json_value(data: bytes) -> Any:
    """What Python makes of JSON; None where it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def sentence(text: str) -> None:
    """AssertionError where a message is not one plain sentence."""
    assert 0 < len(text) < 300, f"a message of {len(text)} characters"
    assert text.isprintable(), f"a message that cannot be shown: {text!r}"


NAMES = ("G4 A4 B4", "67, 69, 71", "F#3 | Bb5; Cx4 D♭2 E♮4")
VALUES = ("q q e e q | h hr", "2x(q e3 e3 e3 q~e) 1/8 1.5 .5", "quarter q. rq")
STEP_TEXTS = ("G4 G4 D5/2 D5*1.5 | r", "67 _ _ _ 69 _ r r /", "F#4*3/2, Bb3; r*2")
HEADERS = ("Title\njig\n6/8\n1/8\nG\nGAB cde|", "\n\n3/4\n\nAdor\n", "x\nreel\nC|\n1/16\nF#m\n")

PARSERS = {
    "midi": Parser(file_called("x.mid"), seeds.midi, damaged_midi),
    "performance": Parser(performance, seeds.midi, damaged_midi, 0.1),
    "musicxml": Parser(file_called("x.musicxml"), seeds.musicxml, damaged_words),
    "mxl": Parser(file_called("x.mxl"), seeds.mxl, damaged_zip, 0.5),
    "abc": Parser(abc, seeds.abc_files, damaged_words),
    "kern": Parser(file_called("x.krn"), seeds.kern, damaged_words, 0.1),
    "melody-xml": Parser(melody_called("x.musicxml"), seeds.musicxml, damaged_words, 0.3),
    "melody-mxl": Parser(melody_called("x.mxl"), seeds.mxl, damaged_zip, 0.1),
    "melody-kern": Parser(melody_called("x.krn"), seeds.kern, damaged_words, 0.05),
    "neuron-text": Parser(text_to_look_into, seeds.abc_files, damaged_words, 0.5),
    "melody": Parser(melody_to_go_on_from, seeds.tunes, damaged_words, 0.3),
    "files": Parser(files_of, seeds.tunes, damaged_words, 0.05),
    "engraving": Parser(engraving, seeds.tunes, damaged_words, 0.05),
    "drawing": Parser(drawing, seeds.musicxml, damaged_words, 0.05),
    "csv": Parser(rhythm_csv, seeds.rhythms, damaged_words, 0.5),
    "project": Parser(project, seeds.projects, damaged_json, 0.5),
    "link": Parser(link, seeds.links, damaged_link),
    "sound": Parser(sound, seeds.sounds, damaged_bytes, 0.5),
    "note-names": Parser(note_names, seeds.texts(*NAMES), damaged_words),
    "note-values": Parser(note_values, seeds.texts(*VALUES), damaged_words),
    "step-text": Parser(step_text, seeds.texts(*STEP_TEXTS), damaged_words),
    "header": Parser(header, seeds.texts(*HEADERS), damaged_words),
    "browser": Parser(browser_value, seeds.browser_values, damaged_json),
    "study": Parser(study, seeds.answers, damaged_json, 0.05),
}
"""by the names of their folders under ``found``"""
