"""Reads the melody of a MusicXML document: its first part that has notes, as it stands, repeats not played out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from xml.etree.ElementTree import Element

from core.errors import FormatError
from core.formats.metre import bar_units
from core.formats.musicxml_file import parse_musicxml
from core.formats.pitch_names import STEPS
from core.formats.spelling import Key, key_of_signature
from core.score import Note, Score

MAX_NOTES = 20_000
MAX_QUARTERS = 100_000
MAX_TITLE = 200
_MAX_DENOMINATOR = 10**9  # of a time in quarters; what notation programs write stays far below
_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,6})?")
_BEATS = re.compile(r"\d{1,2}( *\+ *\d{1,2}){0,7}")
_BEAT_UNITS = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25}
_SLOWEST, _FASTEST = 5.0, 1000.0  # a tempo outside is a slip of the pen


def musicxml_to_score(data: bytes) -> Score:
    """Read an uploaded .musicxml, .xml or .mxl file.

    Pitches are as they sound, tied notes are one, grace notes and cues are left out. Metre and key are the first that
    stand in the part; an incomplete first bar is the upbeat. Velocities are not read.

    Raises
    ------
    FormatError
        On anything that is no score, has no notes, more than ``MAX_NOTES`` of them, or times that make no sense.
    """
    root = parse_musicxml(data)
    for measures in _parts(root):
        part = _Part()
        for measure in measures:
            part.read(measure)
        if part.num_notes:
            return part.score(_tempo(root), _title(root))
    raise FormatError("There are no notes in this MusicXML file: choose one that holds a melody.")


def _parts(root: Element) -> Iterator[list[Element]]:
    """Yield the measures of each part."""
    if root.tag == "score-partwise":
        for part in root.iterfind("part"):
            yield part.findall("measure")
    elif root.tag == "score-timewise":
        for parts in zip(*(measure.findall("part") for measure in root.iterfind("measure")), strict=False):
            yield list(parts)
    else:
        raise FormatError("This XML file is no MusicXML score: export it from the notation program as MusicXML.")


class _Part:
    """What has been read of a part. Times are exact, in quarters."""

    def __init__(self) -> None:
        self._onsets: list[Fraction] = []
        self._ends: list[Fraction] = []
        self._pitches: list[int] = []
        self._tied: dict[tuple[int, Fraction], list[int]] = defaultdict(list)  # (pitch, end) -> notes to continue
        self._time_signature: tuple[int, int] | None = None
        self._key: tuple[int, str] | None = None  # fifths as written, mode
        self._divisions = Fraction(1)  # of a quarter
        self._transposition = 0
        self._bar_start = self._now = self._bar_end = self._chord_onset = Fraction(0)
        self._upbeat = Fraction(0)
        self._num_bars = 0
        self._starts_with_upbeat = False

    @property
    def num_notes(self) -> int:
        return len(self._pitches)

    def read(self, measure: Element) -> None:
        self._bar_start = self._now = self._bar_end
        for element in measure:
            if element.tag == "note":
                self._read_note(element)
            elif element.tag == "backup":
                self._now = max(self._bar_start, self._now - self._duration(element))
            elif element.tag == "forward":
                self._advance(self._duration(element))
            elif element.tag == "attributes":
                self._read_attributes(element)
        if self._num_bars == 0:
            self._upbeat = self._bar_end
            self._starts_with_upbeat = measure.get("implicit") == "yes" or measure.get("number") == "0"
        self._num_bars += 1

    def score(self, qpm: float, title: str) -> Score:
        spans = zip(self._onsets, self._ends, self._pitches, strict=True)
        notes = tuple(Note(float(onset), float(end - onset), pitch) for onset, end, pitch in spans)
        score = Score(notes, qpm=qpm, time_signature=self._time_signature or (4, 4), key=self._key_name(), title=title)
        may_be_upbeat = self._starts_with_upbeat or self._num_bars > 1
        if may_be_upbeat and self._upbeat < score.bar_length:
            score = replace(score, upbeat=float(self._upbeat))
        return score

    def _read_note(self, element: Element) -> None:
        if element.find("grace") is not None:
            return
        duration = self._duration(element)
        if element.find("chord") is None:
            self._chord_onset = self._now
            self._advance(duration)
        pitch = element.find("pitch")
        if pitch is None or duration == 0 or element.find("cue") is not None:
            return
        is_tied = any(tie.get("type") == "start" for tie in element.iterfind("tie"))
        self._sound(self._pitch(pitch), self._chord_onset, self._chord_onset + duration, is_tied)

    def _sound(self, pitch: int, onset: Fraction, end: Fraction, is_tied: bool) -> None:
        """Add a note, or continue the one that is tied to it: not every program marks where a tie ends."""
        if self._tied.get((pitch, onset)):
            note = self._tied[pitch, onset].pop(0)
            self._ends[note] = end
        else:
            note = self.num_notes
            if note == MAX_NOTES:
                raise FormatError(f"There are more than {MAX_NOTES} notes in this MusicXML file: choose a shorter one.")
            self._onsets.append(onset)
            self._ends.append(end)
            self._pitches.append(pitch)
        if is_tied:
            self._tied[pitch, end].append(note)

    def _pitch(self, element: Element) -> int:
        step = element.findtext("step", "").strip()
        if step not in STEPS:
            raise _unreadable("pitch")
        altered = STEPS[step] + _number(element, "alter", default=0) + self._transposition
        pitch = round(12 * (_number(element, "octave") + 1) + altered)
        if not 0 <= pitch <= 127:
            raise _unreadable("pitch")
        return pitch

    def _duration(self, element: Element) -> Fraction:
        duration = _number(element, "duration") / self._divisions
        if not 0 <= duration <= MAX_QUARTERS or duration.denominator > _MAX_DENOMINATOR:
            raise _unreadable("duration")
        return duration

    def _advance(self, duration: Fraction) -> None:
        self._now += duration
        self._bar_end = max(self._bar_end, self._now)
        if self._now > MAX_QUARTERS or self._now.denominator > _MAX_DENOMINATOR:
            raise _unreadable("duration")

    def _read_attributes(self, element: Element) -> None:
        if element.find("divisions") is not None:
            self._divisions = _number(element, "divisions")
            if self._divisions <= 0:
                raise _unreadable("divisions value")
        time = element.find("time")
        if self._time_signature is None and time is not None:
            beats = time.findtext("beats", "").strip()
            if _BEATS.fullmatch(beats):
                self._time_signature = sum(map(int, beats.split("+"))), int(_number(time, "beat-type"))
                bar_units(self._time_signature)
        key = element.find("key")
        if self._key is None and key is not None and key.find("fifths") is not None:
            self._key = int(_number(key, "fifths")), key.findtext("mode", "").strip()
        transpose = element.find("transpose")
        if transpose is not None:
            octaves = _number(transpose, "octave-change", default=0)
            self._transposition = int(_number(transpose, "chromatic") + 12 * octaves)

    def _key_name(self) -> str:
        """Name the key as it sounds; a signature without major or minor is judged by the notes."""
        fifths, mode = self._key or (0, "")
        fifths += 7 * self._transposition
        if abs(fifths) > 7:
            fifths = (fifths + 5) % 12 - 5
        if mode in ("major", "minor"):
            return Key(fifths, mode == "minor").name
        durations = [float(end - onset) for onset, end in zip(self._onsets, self._ends, strict=True)]
        return key_of_signature(fifths, self._pitches, durations)


def _number(element: Element, tag: str, default: int | None = None) -> Fraction:
    text = element.findtext(tag, "" if default is None else str(default)).strip()
    if not _NUMBER.fullmatch(text):
        raise _unreadable(tag)
    return Fraction(text)


def _unreadable(what: str) -> FormatError:
    return FormatError(f"A {what} in this MusicXML file makes no sense: export it again from the notation program.")


def _tempo(root: Element) -> float:
    """Quarters per minute of the first tempo that is given, for playback or else in print; 120 where there is none."""
    played = (_qpm(sound.get("tempo", ""), 1.0) for sound in root.iter("sound"))
    printed = (_qpm(mark.findtext("per-minute", ""), _beat_quarters(mark)) for mark in root.iter("metronome"))
    return next((qpm for qpm in chain(played, printed) if _SLOWEST <= qpm <= _FASTEST), 120.0)


def _qpm(per_minute: str, beat: float) -> float:
    try:
        return float(per_minute) * beat
    except ValueError:
        return 0.0


def _beat_quarters(mark: Element) -> float:
    dots = min(len(mark.findall("beat-unit-dot")), 2)
    return _BEAT_UNITS.get(mark.findtext("beat-unit", "").strip(), 0.0) * (2 - 0.5**dots)


def _title(root: Element) -> str:
    title = root.findtext("work/work-title") or root.findtext("movement-title") or ""
    return " ".join(title.split())[:MAX_TITLE]
