"""Piano scores as MusicXML and drawings: read back by music21, note for note."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from functools import lru_cache
from xml.etree import ElementTree

import pytest

from core.errors import FormatError
from core.formats.grid import UNITS
from core.formats.piano_musicxml import piano_musicxml
from core.formats.two_staves import Chord, PianoScore, piano_bars
from core.piano_notation import notate_piano
from core.render.notation import NARROW, engrave_piano, piano_svg
from core.render.pdf import piano_pdf
from core.render.svg import SVG
from core.score import Note, Score
from tests.piano_pieces import PIECES, performed, piece


@lru_cache
def written(name: str) -> PianoScore:
    return notate_piano(performed(piece(name), jitter_sec=0.015).score)


def small(key: str = "C", **facts: object) -> PianoScore:
    notes = (Note(0, 2, 76), Note(0, 1, 60), Note(1, 1, 61), Note(2, 2, 62), Note(0, 4, 48), Note(4, 4, 48))
    return notate_piano(Score(notes, title="Air", **facts), key=key)


@pytest.mark.parametrize("name", PIECES)
def test_music21_reads_back_what_was_written(name):
    from music21 import converter

    score = written(name)
    parts = converter.parse(piano_musicxml(score), format="musicxml").parts
    assert len(parts) == 2
    for part, staff in zip(parts, score.staves, strict=True):
        expected = Counter(
            (Fraction(chord.start - score.start, UNITS), Fraction(chord.length, UNITS), score.pitches[note])
            for voice in staff
            for chord in voice
            for note in chord.notes
        )
        found: Counter[tuple[Fraction, Fraction, int]] = Counter()
        for element in part.stripTies().flatten().notes:
            for pitch in element.pitches:
                found[Fraction(element.offset), Fraction(element.quarterLength), pitch.midi] += 1
        assert Counter((onset, pitch) for onset, _, pitch in found.elements()) == Counter(
            (onset, pitch) for onset, _, pitch in expected.elements()
        )


@pytest.mark.parametrize("name", PIECES)
def test_every_voice_fills_its_bars(name):
    score = written(name)
    numerator, denominator = score.time_signature
    divisions = 0
    for number, measure in enumerate(ElementTree.fromstring(piano_musicxml(score)).iter("measure")):
        divisions = int(measure.findtext("attributes/divisions") or divisions)
        full = Fraction(4 * numerator, denominator) - (Fraction(score.start, UNITS) if number == 0 else 0)
        lengths: dict[tuple[str | None, str | None], int] = defaultdict(int)
        for note in measure.findall("note"):
            if note.find("chord") is None:
                lengths[note.findtext("staff"), note.findtext("voice")] += int(note.findtext("duration") or 0)
        assert {Fraction(length, divisions) for length in lengths.values()} == {full}
        assert {staff for staff, _ in lengths} == {"1", "2"}
        assert {voice for _, voice in lengths} <= {"1", "2", "5", "6"}


def test_the_second_voice_shows_no_rests():
    notes = (Note(0, 4, 76), Note(1, 1, 67), Note(2, 2, 69), Note(0, 4, 48))
    root = ElementTree.fromstring(piano_musicxml(notate_piano(Score(notes))))
    rests = [note for note in root.iter("note") if note.find("rest") is not None]
    assert [(note.get("print-object"), note.findtext("voice")) for note in rests] == [("no", "2")]


def test_an_accidental_holds_for_both_voices_of_a_staff():
    """Eb5 in the upper voice, sounded again by the lower one while it is held, needs no second flat."""
    pitches = (75, 60, 75)
    upper, lower = (Chord(0, 4 * UNITS, (0,)),), (Chord(0, 2 * UNITS, (1,)), Chord(2 * UNITS, 2 * UNITS, (2,)))
    score = PianoScore(pitches, ((upper, lower), ()), key="C")
    root = ElementTree.fromstring(piano_musicxml(score))
    assert len(list(root.iter("accidental"))) == 1


def test_clefs_follow_the_music():
    low = tuple(Note(beat, 1, 40 + beat % 3) for beat in range(16))
    both_high = tuple(Note(beat + 16, 1, pitch) for beat in range(16) for pitch in (76 + beat % 3, 91))
    root = ElementTree.fromstring(piano_musicxml(notate_piano(Score(low + both_high))))
    clefs = [(clef.get("number"), clef.findtext("sign")) for clef in root.iter("clef")]
    assert clefs[:2] == [("1", "G"), ("2", "F")]
    assert set(clefs[2:]) <= {("2", "G"), ("1", "F")}


def test_the_document_says_what_is_known():
    root = ElementTree.fromstring(piano_musicxml(small(qpm=72, key="Eb")))
    assert root.findtext("work/work-title") == "Air" or root.findtext("movement-title") == "Air"
    assert [part.get("id") for part in root.findall("part")] == ["P1"]
    assert root.findtext(".//staves") == "2"
    assert {fifths.text for fifths in root.iter("fifths")} == {"-3"}
    assert {sound.get("tempo") for sound in root.iter("sound")} == {"72.0"}
    assert not list(root.iter("creator"))


def test_the_same_score_gives_the_same_document():
    assert piano_musicxml.__wrapped__(small()) == piano_musicxml.__wrapped__(small())


@pytest.mark.parametrize("score", [PianoScore((), ((), ())), PianoScore((), ((), ()), time_signature=(6, 8))])
def test_silence_is_drawn(score):
    assert "svg" in engrave_piano(score).svg


def test_what_cannot_be_written_is_refused():
    chord = ((Chord(0, UNITS, (0,)),),)
    for score in (
        PianoScore((128,), (chord, ())),
        PianoScore((60,), (chord, ()), qpm=float("nan")),
        PianoScore((60,), (chord, ()), key="H"),
        PianoScore((60,), (chord, ()), time_signature=(4, 3)),
    ):
        with pytest.raises(FormatError):
            piano_musicxml(score)


# -- drawn ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_width", [NARROW, 880])
def test_every_note_can_be_found_in_the_drawing(page_width):
    score = written("mozart/k545/movement1_exposition")
    drawing = ElementTree.fromstring(engrave_piano(score, page_width=page_width).svg)
    ids = {element.get("id") for element in drawing.iter() if element.get("class") == "note"}
    heads = {
        f"n{head.note}t{head.part}" if head.part else f"n{head.note}"
        for staff in piano_bars(score)
        for voices in staff
        for voice in voices
        for symbol in voice.symbols
        for head in symbol.heads
    }
    assert ids == heads
    staves = [element for element in drawing.iter() if element.get("class") == "staff"]
    assert len(staves) == 2 * score.num_bars


def test_the_drawing_describes_itself():
    root = ElementTree.fromstring(engrave_piano(small()).svg)
    assert root.get("aria-label") == "Score of Air"
    assert root.findtext(f"{{{SVG}}}desc") == "Two staves: 6 notes in 4/4, C major; 2 bars."
    assert 'fill="black"' in piano_svg(small())


def test_the_printed_score_has_pages():
    document = piano_pdf(written("joplin/maple_leaf_rag"))
    assert document.startswith(b"%PDF")
    assert len(document) > 20_000
