"""MusicXML: a score as notation, written with music21 and read back.

Written notes are numbered: the first notehead of note i of the score has the id ``n{i}``, the noteheads that are tied
to it ``n{i}t1``, ``n{i}t2`` and so on.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from core.errors import FormatError
from core.formats.accidentals import AccidentalRules, Display
from core.formats.bars import Bar, Notehead, Symbol, score_to_bars
from core.formats.grid import UNITS
from core.formats.metre import TRIPLET_VALUES
from core.formats.musicxml_reader import musicxml_to_score
from core.formats.spelling import Spelled, parse_key, spell
from core.score import Score

if TYPE_CHECKING:
    from music21 import duration, meter, note, stream

__all__ = ["musicxml_to_score", "score_to_musicxml"]

_HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" \
"http://www.musicxml.org/dtds/partwise.dtd">
"""
_MAX_TITLE = 200
# music21's name of each clef, the diatonic notes between its ledger lines (C4 is 28), and how many steps of ledger
# lines a note may have on average before the clef is preferred to the treble clef.
_CLEFS = (
    ("TrebleClef", 29, 39, 0.0),
    ("BassClef", 17, 27, 0.5),
    ("Treble8vbClef", 22, 32, 1.0),
    ("Treble8vaClef", 36, 46, 2.0),
    ("Bass8vbClef", 10, 20, 2.0),
)


@lru_cache(maxsize=32)  # a page asks for the same score at several widths, and as a file
def score_to_musicxml(score: Score) -> str:
    """Write a score in metrical time as MusicXML; times off the grid of written music are moved to it.

    Raises
    ------
    FormatError
        When the metre, key, tempo, a pitch or a time cannot be written.
    """
    from music21 import metadata, stream
    from music21.musicxml.m21ToXml import ScoreExporter

    if not (math.isfinite(score.qpm) and score.qpm > 0):
        raise FormatError(f"A tempo of {score.qpm} cannot be written: give quarter notes per minute.")
    if not all(0 <= pitch <= 127 for pitch in score.pitches):
        raise FormatError("A pitch cannot be written: use MIDI note numbers from 0 to 127.")
    title = " ".join(score.title.split())[:_MAX_TITLE]
    document = stream.Score([_part(score)])
    document.metadata = metadata.Metadata(title=title)
    # Measures, ties, beams and accidentals are made below: music21 need not make them again.
    root = ScoreExporter(document, makeNotation=False).parse()
    _tidy(root, score, title)
    return _HEADER + ElementTree.tostring(root, encoding="unicode")


def _part(score: Score) -> stream.Part:
    from music21 import bar as barline
    from music21 import clef, instrument, key, meter, stream, tempo

    bars = score_to_bars(score)
    parsed_key = parse_key(score.key)
    spelled = spell(score.pitches, parsed_key)
    metre = meter.TimeSignature("{}/{}".format(*score.time_signature))
    rules = AccidentalRules(parsed_key)
    measures = [_measure(bar, score, metre, spelled, rules) for bar in bars]
    first = measures[0]
    first.timeSignature = metre
    tonic = parsed_key.name.removesuffix("m").replace("b", "-")
    first.keySignature = key.Key(tonic, "minor" if parsed_key.minor else "major")
    first.clef = getattr(clef, _best_clef(spelled))()
    first.insert(0, tempo.MetronomeMark(number=score.qpm, referent=_beat(score.time_signature)))
    measures[-1].rightBarline = barline.Barline("final")
    part = stream.Part(measures)
    part.partName = ""
    player = instrument.Instrument()
    player.partId, player.instrumentId, player.midiChannel = "P1", "P1-I1", 0  # else they are random
    part.insert(0, player)
    return part


def _measure(
    bar: Bar, score: Score, metre: meter.TimeSignature, spelled: list[Spelled], rules: AccidentalRules
) -> stream.Measure:
    from music21 import duration, note, stream
    from music21.stream.enums import ShowNumber

    measure = stream.Measure(number=bar.number)
    if bar.start:
        measure.paddingLeft = bar.start / UNITS
        measure.showNumber = ShowNumber.NEVER  # an upbeat is not counted
    elements = [_element(symbol, spelled, rules) for symbol in bar.symbols]
    if not elements:
        rest = note.Rest(duration=duration.Duration(score.bar_length))
        rest.fullMeasure = True
        elements = [rest]
    for element in elements:
        measure.append(element)
    for element, beams in zip(elements, metre.getBeams(elements, bar.start / UNITS), strict=True):
        if beams is not None and isinstance(element, note.NotRest):
            element.beams = beams
    rules.next_bar()
    return measure


def _element(symbol: Symbol, spelled: list[Spelled], rules: AccidentalRules) -> note.GeneralNote:
    from music21 import chord, note

    heads = [_notehead(head, spelled, rules) for head in symbol.heads]
    element: note.GeneralNote
    if heads:
        element = heads[0] if len(heads) == 1 else chord.Chord(heads)
    else:
        element = note.Rest()
        element.fullMeasure = False  # "auto" would compare it with the metre
    element.duration = _duration(symbol)
    return element


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


def _best_clef(spelled: list[Spelled]) -> str:
    """Choose the clef with the fewest ledger lines."""
    places = [7 * octave + "CDEFGAB".index(step) for step, _, octave in spelled]

    def ledger(clef: tuple[str, int, int, float]) -> float:
        _, lowest, highest, reluctance = clef
        return sum(max(lowest - place, 0, place - highest) for place in places) + reluctance * len(places)

    return min(_CLEFS, key=ledger)[0]


def _beat(time_signature: tuple[int, int]) -> float:
    """Length in quarters of the note that the tempo mark counts."""
    numerator, denominator = time_signature
    if denominator >= 8 and numerator % 3 == 0:
        return 12 / denominator
    return 2.0 if denominator == 2 else 1.0


def _tidy(root: ElementTree.Element, score: Score, title: str) -> None:
    """Set the tempo exactly, and take out what music21 adds of its own: empty titles, a composer, the date."""
    for mark in root.iter("per-minute"):
        mark.text = str(max(1, round(score.qpm / _beat(score.time_signature))))
    for sound in root.iter("sound"):
        sound.set("tempo", repr(float(score.qpm)))
    unwanted = [(".//identification", "creator"), (".//encoding", "encoding-date")]
    unwanted += [] if title else [(".", "work"), (".", "movement-title")]
    for parent_path, tag in unwanted:
        for parent in root.findall(parent_path):
            for child in parent.findall(tag):
                parent.remove(child)
