"""MusicXML for two staves: a piano score as notation, written with music21.

Noteheads have ids as in :mod:`core.formats.musicxml`: ``n{i}`` for note i of the piece, ``n{i}t1``, ``n{i}t2`` and so
on for those tied to it. Voices 1 and 2 are the right hand's, 5 and 6 the left hand's, as other programs number them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from core.formats.accidentals import AccidentalRules
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
from core.formats.spelling import Key, Spelled, parse_key, spell
from core.formats.two_staves import PianoScore, Staff, StaffBar, piano_bars

if TYPE_CHECKING:
    from music21 import meter, note, stream

_VOICES = ((1, 2), (5, 6))
# music21's name of each clef, and the diatonic notes (C4 is 28) that it shows with two ledger lines at most
_CLEFS = (("TrebleClef", 26, 42), ("BassClef", 14, 30))
_CHANGE = 10  # steps beyond them that a change of clef must save


@lru_cache(maxsize=32)  # a page asks for the same score at several widths, and as a file
def piano_musicxml(score: PianoScore) -> str:
    """Write a piano score as MusicXML: one part on two staves.

    Raises FormatError when the metre, key, tempo or a pitch cannot be written.
    """
    from music21 import layout, metadata, stream
    from music21.musicxml.m21ToXml import ScoreExporter

    check_writable(score.qpm, score.pitches)
    title, key = short_title(score.title), parse_key(score.key)
    spelled = _spelled(score, key)
    staves = [_staff(score, hand, bars, spelled, key) for hand, bars in enumerate(piano_bars(score))]
    document = stream.Score([*staves, layout.StaffGroup(staves, symbol="brace", barTogether=True)])
    document.metadata = metadata.Metadata(title=title)
    root = ScoreExporter(document, makeNotation=False).parse()
    return to_document(root, score.qpm, score.time_signature, title)


def _staff(score: PianoScore, hand: int, bars: list[StaffBar], spelled: list[Spelled], key: Key) -> stream.PartStaff:
    from music21 import bar as barline
    from music21 import clef, instrument, meter, stream, tempo

    metre = meter.TimeSignature("{}/{}".format(*score.time_signature))
    rules = AccidentalRules(key)
    measures = [_measure(bar, hand, metre, spelled, rules) for bar in bars]
    first = measures[0]
    first.timeSignature, first.keySignature = metre, key_signature(key)
    shown = None
    for measure, name in zip(measures, _clefs(bars, hand, spelled), strict=True):
        if name != shown:
            measure.clef = getattr(clef, name)()
        shown = name
    if hand == 0:
        first.insert(0, tempo.MetronomeMark(number=score.qpm, referent=beat(score.time_signature)))
    measures[-1].rightBarline = barline.Barline("final")
    part = stream.PartStaff(measures)
    part.partName = ""
    player = instrument.Instrument()
    player.partId, player.instrumentId, player.midiChannel = f"P{hand + 1}", f"P{hand + 1}-I1", 0  # else random
    part.insert(0, player)
    return part


def _measure(
    bar: StaffBar, hand: int, metre: meter.TimeSignature, spelled: list[Spelled], rules: AccidentalRules
) -> stream.Measure:
    from music21 import stream
    from music21.stream.enums import ShowNumber

    measure = stream.Measure(number=bar[0].number)
    start = bar[0].start / UNITS
    if start:
        measure.paddingLeft = start
        measure.showNumber = ShowNumber.NEVER  # an upbeat is not counted
    for number, elements in zip(_VOICES[hand], _elements(bar, spelled, rules), strict=False):
        voice = stream.Voice(id=str(number))
        fill(voice, elements or [full_rest(metre)], metre, start)
        measure.insert(0, voice)
    rules.next_bar()
    return measure


def _elements(bar: StaffBar, spelled: list[Spelled], rules: AccidentalRules) -> list[list[note.GeneralNote]]:
    """The notes and rests of each voice, made in the order of time, in which accidentals hold for what follows."""
    written: list[list[note.GeneralNote]] = [[] for _ in bar]
    symbols = [(symbol, number) for number, voice in enumerate(bar) for symbol in voice.symbols]
    for symbol, number in sorted(symbols, key=lambda placed: (placed[0].start, placed[1])):
        made = element(symbol, spelled, rules)
        if number and not symbol.heads:
            made.style.hideObjectOnPrint = True  # the first voice shows what time it is
        written[number].append(made)
    return written


def _spelled(score: PianoScore, key: Key) -> list[Spelled]:
    """The name of every note: the top notes of a voice's chords are a melody, so are those below them, and so on."""
    spelled: dict[int, Spelled] = {}
    for staff in score.staves:
        for line in _lines(staff):
            spelled |= zip(line, spell([score.pitches[note] for note in line], key), strict=True)
    return [spelled[note] for note in range(len(score.pitches))]


def _lines(staff: Staff) -> Iterator[list[int]]:
    for voice in staff:
        chords = [chord.notes[::-1] for chord in voice]
        for place in range(max(map(len, chords), default=0)):
            yield [notes[place] for notes in chords if place < len(notes)]


def _clefs(bars: list[StaffBar], hand: int, spelled: list[Spelled]) -> list[str]:
    """The clef of each bar: with the fewest ledger lines, and changes only where they save many."""
    totals, came_from = [0.0 if clef == hand else float(_CHANGE) for clef in range(len(_CLEFS))], []
    for bar in bars:
        places = _places(bar, spelled)
        costs = [sum(max(low - place, 0, place - high) for place in places) for _, low, high in _CLEFS]
        origins = [min((0, 1), key=lambda clef: totals[clef] + _CHANGE * (clef != here)) for here in (0, 1)]
        totals = [totals[origin] + _CHANGE * (origin != here) + costs[here] for here, origin in enumerate(origins)]
        came_from.append(origins)
    path = [totals.index(min(totals))]
    for origins in reversed(came_from[1:]):
        path.append(origins[path[-1]])
    return [_CLEFS[clef][0] for clef in path[::-1]]


def _places(bar: StaffBar, spelled: list[Spelled]) -> list[int]:
    heads = [head for voice in bar for symbol in voice.symbols for head in symbol.heads]
    return [7 * spelled[head.note].octave + "CDEFGAB".index(spelled[head.note].step) for head in heads]
