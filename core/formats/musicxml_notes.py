"""What every MusicXML document of ours is made of: music21's notes, and the text around them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from core.errors import FormatError
from core.formats.accidentals import AccidentalRules, Display
from core.formats.bars import Notehead, Symbol
from core.formats.metre import TRIPLET_VALUES
from core.formats.spelling import Key, Spelled

if TYPE_CHECKING:
    from music21 import duration, key, meter, note, stream

_HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" \
"http://www.musicxml.org/dtds/partwise.dtd">
"""
_MAX_TITLE = 200


def check_writable(qpm: float, pitches: Iterable[int]) -> None:
    """Raise FormatError when the tempo or a pitch cannot be written."""
    if not (math.isfinite(qpm) and qpm > 0):
        raise FormatError(f"A tempo of {qpm} cannot be written: give quarter notes per minute.")
    if not all(0 <= pitch <= 127 for pitch in pitches):
        raise FormatError("A pitch cannot be written: use MIDI note numbers from 0 to 127.")


def short_title(title: str) -> str:
    return " ".join(title.split())[:_MAX_TITLE]


def key_signature(parsed: Key) -> key.Key:
    from music21 import key

    return key.Key(parsed.name.removesuffix("m").replace("b", "-"), "minor" if parsed.minor else "major")


def element(symbol: Symbol, spelled: list[Spelled], rules: AccidentalRules) -> note.GeneralNote:
    """A note, chord or rest of music21; call it in the order of time, as accidentals hold for what follows."""
    from music21 import chord, note

    heads = [_notehead(head, spelled, rules) for head in symbol.heads]
    written: note.GeneralNote
    if heads:
        written = heads[0] if len(heads) == 1 else chord.Chord(heads)
    else:
        written = note.Rest()
        written.fullMeasure = False  # "auto" would compare it with the metre
    written.duration = _duration(symbol)
    return written


def full_rest(metre: meter.TimeSignature) -> note.Rest:
    """The rest of a silent bar, in whatever metre."""
    from music21 import duration, note

    rest = note.Rest(duration=duration.Duration(metre.barDuration.quarterLength))
    rest.fullMeasure = True
    return rest


def fill(
    voice: stream.Measure | stream.Voice, elements: list[note.GeneralNote], metre: meter.TimeSignature, start: float
) -> None:
    """Put notes and rests into a bar, or one voice of it, from ``start`` in quarters on, and beam them."""
    from music21 import note

    for written in elements:
        voice.append(written)
    for written, beams in zip(elements, metre.getBeams(elements, start), strict=True):
        if beams is not None and isinstance(written, note.NotRest):
            written.beams = beams


def _notehead(head: Notehead, spelled: list[Spelled], rules: AccidentalRules) -> note.Note:
    from music21 import note, pitch, tie

    step, alter, octave = spelled[head.note]
    written = note.Note(pitch.Pitch(f"{step}{octave}"))
    display = rules.display(spelled[head.note], tied=head.part > 0)
    if alter or display is not Display.HIDDEN:
        accidental = pitch.Accidental(alter)
        accidental.displayStatus = display is not Display.HIDDEN
        if display is Display.REMINDER:
            accidental.displayStyle = "parentheses"
        written.pitch.accidental = accidental
    if head.part > 0 or not head.last:
        written.tie = tie.Tie("start" if head.part == 0 else "stop" if head.last else "continue")
    written.id = f"n{head.note}t{head.part}" if head.part else f"n{head.note}"
    return written


def _duration(symbol: Symbol) -> duration.Duration:
    from music21 import duration

    value, dots = symbol.value
    made = duration.Duration(type=value, dots=dots)
    if symbol.triplet:
        triplet = duration.Tuplet(3, 2, TRIPLET_VALUES[symbol.triplet // 3][0])
        if symbol.opens and symbol.closes:
            triplet.type = "startStop"
        elif symbol.opens or symbol.closes:
            triplet.type = "start" if symbol.opens else "stop"
        made.appendTuplet(triplet)
    return made


def beat(time_signature: tuple[int, int]) -> float:
    """Length in quarters of the note that the tempo mark counts."""
    numerator, denominator = time_signature
    if denominator >= 8 and numerator % 3 == 0:
        return 12 / denominator
    return 2.0 if denominator == 2 else 1.0


def to_document(root: ElementTree.Element, qpm: float, time_signature: tuple[int, int], title: str) -> str:
    """The text of a document: the tempo exact, and nothing that music21 adds (empty titles, a composer, the date)."""
    for mark in root.iter("per-minute"):
        mark.text = str(max(1, round(qpm / beat(time_signature))))
    for sound in root.iter("sound"):
        sound.set("tempo", repr(float(qpm)))
    unwanted = [(".//identification", "creator"), (".//encoding", "encoding-date")]
    unwanted += [] if title else [(".", "work"), (".", "movement-title")]
    for parent_path, tag in unwanted:
        for parent in root.findall(parent_path):
            for child in parent.findall(tag):
                parent.remove(child)
    return _HEADER + ElementTree.tostring(root, encoding="unicode")
