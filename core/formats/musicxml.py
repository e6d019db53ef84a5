"""MusicXML: a score as notation, written with music21 and read back.

Written notes are numbered: the first notehead of note i of the score has the id ``n{i}``, the noteheads that are tied
to it ``n{i}t1``, ``n{i}t2`` and so on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from core.formats.accidentals import AccidentalRules
from core.formats.bars import Bar, score_to_bars
from core.formats.grid import UNITS
from core.formats.musicxml_notes import (
    beat,
    check_writable,
    element,
    fill,
    full_rest,
    key_signature,
    short_title,
    to_document,
)
from core.formats.musicxml_reader import musicxml_to_score
from core.formats.spelling import Spelled, parse_key, spell
from core.score import Score

if TYPE_CHECKING:
    from music21 import meter, stream

__all__ = ["musicxml_to_score", "score_to_musicxml"]

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

    check_writable(score.qpm, score.pitches)
    title = short_title(score.title)
    document = stream.Score([_part(score)])
    document.metadata = metadata.Metadata(title=title)
    # Measures, ties, beams and accidentals are made below: music21 need not make them again.
    root = ScoreExporter(document, makeNotation=False).parse()
    return to_document(root, score.qpm, score.time_signature, title)


def _part(score: Score) -> stream.Part:
    from music21 import bar as barline
    from music21 import clef, instrument, meter, stream, tempo

    bars = score_to_bars(score)
    parsed_key = parse_key(score.key)
    spelled = spell(score.pitches, parsed_key)
    metre = meter.TimeSignature("{}/{}".format(*score.time_signature))
    rules = AccidentalRules(parsed_key)
    measures = [_measure(bar, score, metre, spelled, rules) for bar in bars]
    first = measures[0]
    first.timeSignature = metre
    first.keySignature = key_signature(parsed_key)
    first.clef = getattr(clef, _best_clef(spelled))()
    first.insert(0, tempo.MetronomeMark(number=score.qpm, referent=beat(score.time_signature)))
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
    from music21 import stream
    from music21.stream.enums import ShowNumber

    measure = stream.Measure(number=bar.number)
    if bar.start:
        measure.paddingLeft = bar.start / UNITS
        measure.showNumber = ShowNumber.NEVER  # an upbeat is not counted
    written = [element(symbol, spelled, rules) for symbol in bar.symbols]
    fill(measure, written or [full_rest(metre)], metre, bar.start / UNITS)
    rules.next_bar()
    return measure


def _best_clef(spelled: list[Spelled]) -> str:
    """Choose the clef with the fewest ledger lines."""
    places = [7 * octave + "CDEFGAB".index(step) for step, _, octave in spelled]

    def ledger(clef: tuple[str, int, int, float]) -> float:
        _, lowest, highest, reluctance = clef
        return sum(max(lowest - place, 0, place - highest) for place in places) + reluctance * len(places)

    return min(_CLEFS, key=ledger)[0]
