"""MusicXML out and in: what a musician reads, what music21 reads, and what strangers upload."""

from __future__ import annotations

import contextlib
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import music21
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FormatError
from core.formats.musicxml import musicxml_to_score, score_to_musicxml
from core.formats.musicxml_file import MAX_BYTES, MAX_ELEMENTS
from core.formats.musicxml_reader import MAX_NOTES
from core.score import Note, Score
from tests.essen import essen_scores
from tests.test_bars import melodies, melody

CORPUS = Path(music21.__file__).parent / "corpus"
CHORALES = sorted((CORPUS / "bach").glob("*.mxl"))[::12][:30]
OTHERS = [  # divided parts, grace notes, upbeats, tied chords, piano staves
    CORPUS / "haydn/opus1no1/movement1.mxl",
    CORPUS / "mozart/k155/movement1.mxl",
    CORPUS / "monteverdi/madrigal.4.19.mxl",
    CORPUS / "corelli/opus3no1/1grave.xml",
]


def elements(score: Score, path: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(score_to_musicxml(score)).findall(f".//{path}")


def texts(score: Score, path: str) -> list[str | None]:
    return [element.text for element in elements(score, path)]


def with_pitches(score: Score, *pitches: int, key: str = "C") -> Score:
    return replace(score.with_pitches(pitches), key=key)


def assert_same(read: Score, score: Score) -> None:
    """Equal in all that a written melody has: velocity and performed time are not written."""
    assert len(read.notes) == len(score.notes)
    for a, b in zip(read.notes, score.notes, strict=True):
        assert a[:3] == pytest.approx(b[:3], abs=1e-9)
    assert (read.time_signature, read.key, read.qpm) == (score.time_signature, score.key, score.qpm)
    assert read.title == score.title
    assert read.upbeat == pytest.approx(score.upbeat)


# -- out and back -----------------------------------------------------------------------------------------------------


def test_essen_tunes_come_back() -> None:
    for score in essen_scores():
        printable = replace(score, title="".join(c for c in score.title if c.isprintable()))
        assert_same(musicxml_to_score(score_to_musicxml(printable).encode()), printable)


@settings(max_examples=40)
@given(melodies(), st.sampled_from(["C", "F#m", "Bb", "C#", "Abm"]), st.floats(20, 400), st.booleans())
def test_written_melodies_come_back(score: Score, key: str, qpm: float, with_title: bool) -> None:
    score = replace(score, key=key, qpm=qpm, title="Ännchen <& 'Co'>" if with_title else "")
    assert_same(musicxml_to_score(score_to_musicxml(score).encode()), score)


def test_chords_come_back() -> None:
    score = Score((Note(0, 1, 60), Note(0, 1, 64), Note(0, 3, 67), Note(1, 2, 62), Note(3, 1, 60)))
    assert musicxml_to_score(score_to_musicxml(score).encode()).notes == score.notes


def test_music21_reads_what_is_written() -> None:
    for score in essen_scores()[:12]:
        parsed = music21.converter.parseData(score_to_musicxml(score), format="musicxml")
        part = parsed.parts[0]
        assert all(bar.duration.quarterLength == score.bar_length for bar in part[music21.stream.Measure][1:])
        read = [(float(n.offset), float(n.quarterLength), n.pitch.midi) for n in part.stripTies().flatten().notes]
        assert read == [pytest.approx(note[:3], abs=1e-6) for note in score.notes]


def test_the_same_score_gives_the_same_file() -> None:
    score = essen_scores()[0]
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(score_to_musicxml, [score] * 8))) == 1


# -- what a musician reads --------------------------------------------------------------------------------------------


def test_every_notehead_has_the_id_of_its_note() -> None:
    ids = [note.get("id") for note in elements(melody(1, 5.5, -0.5, 1, 8), "note") if note.find("rest") is None]
    assert ids == ["n0", "n1", "n1t1", "n1t2", "n2", "n3", "n3t1"]


def test_noteheads_of_chords_have_ids() -> None:
    score = Score((Note(0, 2, 60), Note(0, 1, 72), Note(1, 1, 71)))
    octaves = {note.get("id"): note.findtext("pitch/octave") for note in elements(score, "note")[:4]}
    low, high = score.pitches.index(60), score.pitches.index(72)
    assert octaves == {f"n{low}": "4", f"n{high}": "5", f"n{low}t1": "4", "n2": "4"}


def test_an_upbeat_is_a_bar_of_its_own_that_is_not_counted() -> None:
    measures = elements(melody(1, 4, upbeat=1), "measure")
    assert [(m.get("number"), m.get("implicit")) for m in measures] == [("0", "yes"), ("1", "no")]


def test_beams_follow_the_beat() -> None:
    def beams(score: Score) -> str:
        shapes = {"begin": "(", "continue": "-", "end": ")", None: "."}
        return "".join(shapes[note.findtext("beam")] for note in elements(score, "note"))

    assert beams(melody(0.5, 0.5, 0.5, 0.5, 1, 1)) in ("()()..", "(--)..")
    assert beams(melody(*[0.5] * 6, metre=(6, 8))) == "(-)(-)"
    assert beams(melody(0.5, *[0.5] * 6, metre=(6, 8), upbeat=0.5)) == ".(-)(-)"
    assert beams(melody(*[1 / 3] * 3, 1, 0.75, 0.25, 1)) == "(-).()."


def test_triplets_have_brackets_and_numbers() -> None:
    score = melody(1 / 3, 1 / 3, 1 / 3, 3)
    assert [(t.get("type"), t.get("bracket")) for t in elements(score, "tuplet")] == [("start", "yes"), ("stop", None)]
    assert texts(score, "time-modification/actual-notes") == ["3"] * 3
    assert texts(score, "note/type") == ["eighth"] * 3 + ["half"]


def test_accidentals_are_shown_where_they_are_needed() -> None:
    def shown(score: Score) -> list[str | None]:
        return [note.findtext("accidental") for note in elements(score, "note")]

    four = melody(1, 1, 1, 1)
    assert shown(with_pitches(four, 65, 70, 69, 72, key="F")) == [None] * 4  # B flat stands in the signature
    assert shown(with_pitches(four, 66, 66, 65, 66, key="C")) == ["sharp", None, "natural", "sharp"]
    assert shown(with_pitches(four, 64, 63, 62, 66, key="Em")) == [None, "sharp", "natural", None]
    assert shown(with_pitches(four, 66, 78, 66, 78, key="C")) == ["sharp", "sharp", None, None]  # each octave its own


def test_a_tie_carries_its_accidental_over_the_bar_line() -> None:
    score = with_pitches(melody(3, 2, 1, 1), 60, 66, 66, 65)
    accidentals = [note.findtext("accidental") for note in elements(score, "note")]
    assert accidentals[:5] == [None, "sharp", None, "sharp", "natural"]


def test_an_accidental_of_the_bar_before_is_taken_back_in_brackets() -> None:
    reminder = elements(with_pitches(melody(3, 1, 2, 2), 60, 66, 65, 65), "accidental")[-1]
    assert (reminder.text, reminder.get("parentheses")) == ("natural", "yes")


@pytest.mark.parametrize(
    ("pitches", "clef"),
    [
        ((67, 72, 76, 79), ("G", "2", None)),
        ((60, 64, 67, 72), ("G", "2", None)),
        ((43, 48, 52, 55), ("F", "4", None)),
        ((52, 57, 60, 64), ("G", "2", "-1")),
    ],
)
def test_the_clef_suits_the_range(pitches: tuple[int, ...], clef: tuple[str, str, str | None]) -> None:
    (element,) = elements(melody(1, 1, 1, 1).with_pitches(pitches), "clef")
    assert (element.findtext("sign"), element.findtext("line"), element.findtext("clef-octave-change")) == clef


@pytest.mark.parametrize(
    ("metre", "unit", "dots", "per_minute"),
    [
        ((4, 4), "quarter", 0, "90"),
        ((6, 8), "quarter", 1, "60"),
        ((2, 2), "half", 0, "45"),
        ((3, 16), "eighth", 1, "120"),
    ],
)
def test_the_tempo_counts_beats(metre: tuple[int, int], unit: str, dots: int, per_minute: str) -> None:
    score = replace(melody(0.5, metre=metre), qpm=90)
    assert texts(score, "beat-unit") == [unit]
    assert len(elements(score, "beat-unit-dot")) == dots
    assert texts(score, "per-minute") == [per_minute]
    assert float(elements(score, "sound")[0].get("tempo", "")) == 90


def test_key_metre_title_and_final_bar_line() -> None:
    score = replace(melody(3, metre=(3, 4)), key="Cm", title="Ah! vous dirai-je")
    assert (texts(score, "fifths"), texts(score, "mode")) == (["-3"], ["minor"])
    assert (texts(score, "beats"), texts(score, "beat-type")) == (["3"], ["4"])
    assert texts(score, "movement-title") == ["Ah! vous dirai-je"]
    assert texts(score, "bar-style") == ["light-heavy"]


def test_music21_adds_nothing_of_its_own() -> None:
    score = melody(4)
    assert not elements(score, "movement-title") + elements(score, "creator") + elements(score, "encoding-date")


def test_hostile_titles_are_text() -> None:
    title = "<script>alert(1)</script>\x00\ud800\n&amp; ]]>" + "x" * 1000
    read = musicxml_to_score(score_to_musicxml(replace(melody(4), title=title)).encode()).title
    assert read.startswith("<script>alert(1)</script> &amp; ]]>xxx")
    assert len(read) == 200


@pytest.mark.parametrize(
    "score",
    [
        replace(melody(4), qpm=float("nan")),
        replace(melody(4), qpm=0),
        replace(melody(4), key="H"),
        melody(4).with_pitches([128]),
        melody(4).with_pitches([-1]),
        Score((Note(float("nan"), 1, 60),)),
        melody(4, metre=(0, 4)),
    ],
)
def test_what_cannot_be_written(score: Score) -> None:
    with pytest.raises(FormatError):
        score_to_musicxml(score)


def test_every_pitch_and_no_note_can_be_written() -> None:
    score = Score(tuple(Note(i, 1, i) for i in range(12, 128)))
    assert musicxml_to_score(score_to_musicxml(score).encode()).pitches == score.pitches
    assert elements(Score(()), "rest")[0].get("measure") == "yes"


# -- what others write ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CHORALES + OTHERS, ids=lambda path: path.stem)
def test_reads_as_music21_does(path: Path) -> None:
    """Onset, length and pitch of every note in the first part, as music21 has them once ties are joined."""
    part = music21.converter.parse(path, forceSource=True).toSoundingPitch().parts[0]
    expected = sorted(
        (float(note.getOffsetInHierarchy(part)), float(note.quarterLength), pitch.midi)
        for note in part.stripTies(matchByPitch=True).recurse().notes
        if not note.duration.isGrace and "ChordSymbol" not in note.classes
        for pitch in note.pitches
    )
    score = musicxml_to_score(path.read_bytes())
    assert [note[:3] for note in score.notes] == [pytest.approx(note, abs=1e-6) for note in expected]
    metre = part.recurse().getElementsByClass(music21.meter.TimeSignature).first()
    assert score.time_signature == (metre.numerator, metre.denominator)


def document(*measures: str, attributes: str = "<divisions>2</divisions>", head: str = "") -> bytes:
    body = "".join(
        f'<measure number="{i}">{f"<attributes>{attributes}</attributes>" if i == 1 else ""}{measure}</measure>'
        for i, measure in enumerate(measures, start=1)
    )
    return f"<score-partwise>{head}<part><measure/></part><part id='P2'>{body}</part></score-partwise>".encode()


def note(pitch: str = "C4", duration: object = 2, inside: str = "") -> str:
    alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>"}.get(pitch[1:-1], "")
    where = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    return f"<note>{inside}{where}<duration>{duration}</duration></note>"


def test_the_first_part_with_notes_is_read() -> None:
    assert musicxml_to_score(document(note("D4"))).notes == (Note(0, 1, 62),)


def test_voices_chords_graces_and_cues() -> None:
    measure = (
        note("C4", 4)
        + note("E4", 4, "<chord/>")
        + "<note><grace/><pitch><step>A</step><octave>4</octave></pitch></note>"
        + "<backup><duration>2</duration></backup>"
        + note("G#4", 2)
        + "<forward><duration>2</duration></forward>"
        + note("B4", 2, "<cue/>")
        + note("Bb3", 1)
    )
    score = musicxml_to_score(document(measure))
    assert score.notes == (Note(0, 2, 60), Note(0, 2, 64), Note(1, 1, 68), Note(4, 0.5, 58))


def test_transposing_instruments_sound() -> None:
    attributes = (
        "<divisions>2</divisions><key><fifths>2</fifths><mode>major</mode></key>"
        "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    )
    score = musicxml_to_score(document(note("D4"), attributes=attributes))
    assert (score.pitches, score.key) == ((60,), "C")


def test_a_short_first_bar_is_an_upbeat() -> None:
    attributes = "<divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type></time>"
    assert musicxml_to_score(document(note(), note("C4", 6), attributes=attributes)).upbeat == 1
    assert musicxml_to_score(document(note("C4", 6), note("C4", 6), attributes=attributes)).upbeat == 0
    assert musicxml_to_score(document(note(), attributes=attributes)).upbeat == 0  # a single bar is just unfinished


@pytest.mark.parametrize(
    ("head", "qpm"),
    [
        ("<sound tempo='96'/>", 96),
        ("<metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute></metronome>", 90),
        ("<metronome><beat-unit>half</beat-unit><per-minute>c. 60</per-minute></metronome>", 120),
        ("<sound tempo='nan'/><sound tempo='1e9'/><sound tempo='-3'/>", 120),
    ],
)
def test_tempo(head: str, qpm: float) -> None:
    assert musicxml_to_score(document(note(), head=head)).qpm == qpm


def test_timewise_scores_are_read() -> None:
    measures = "".join(f"<measure><part>{note(pitch)}</part></measure>" for pitch in ("C4", "D4"))
    score = musicxml_to_score(f"<score-timewise>{measures}</score-timewise>".encode())
    assert score.notes == (Note(0, 2, 60), Note(2, 2, 62))  # a quarter is one division unless it is said


def test_additive_metres_and_other_encodings() -> None:
    attributes = "<divisions>2</divisions><time><beats>3+2</beats><beat-type>8</beat-type></time>"
    xml = '<?xml version="1.0" encoding="UTF-16"?>' + document(note(), attributes=attributes).decode()
    assert musicxml_to_score(xml.encode("utf-16")).time_signature == (5, 8)


# -- what strangers upload --------------------------------------------------------------------------------------------


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


CONTAINER = b"<container><rootfiles><rootfile full-path='b.xml'/></rootfiles></container>"
ENTITIES = "<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><score-partwise>&b;</score-partwise>"
HOSTILE = {
    "empty": b"",
    "text": b"C D E F G",
    "midi": b"MThd\x00\x00\x00\x06\x00\x01",
    "truncated": score_to_musicxml(melody(1, 1, 1, 1)).encode()[:-200],
    "no score": b"<html><body/></html>",
    "no notes": b"<score-partwise><part><measure/></part></score-partwise>",
    "too large": b" " * (MAX_BYTES + 1),
    "too many elements": b"<score-partwise>" + b"<a/>" * MAX_ELEMENTS,
    "deep": b"<a>" * 200_000 + b"</a>" * 200_000,
    "entities": ENTITIES.encode(),
    "entities in UTF-16": ('<?xml version="1.0" encoding="UTF-16"?>' + ENTITIES).encode("utf-16"),
    "a file as entity": b"<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><score-partwise>&a;</score-partwise>",
    "unknown encoding": b'<?xml version="1.0" encoding="rot13"?><score-partwise/>',
    "zip bomb": zipped({"a.xml": b" " * 50_000_000}),
    "truncated zip": zipped({"a.xml": document(note())})[:-30],
    "zip header": b"PK\x03\x04",
    "zip without score": zipped({"a.txt": b"hello"}),
    "zip of entities": zipped({"META-INF/container.xml": ENTITIES.encode(), "b.xml": document(note())}),
    "too many notes": document(note("C4", 1) * (MAX_NOTES + 1)),
    "no divisions": document(note(), attributes="<divisions>0</divisions>"),
    "negative divisions": document(note(), attributes="<divisions>-4</divisions>"),
    "absurd duration": document(note("C4", "9" * 12)),
    "infinite duration": document(note("C4", "inf")),
    "negative duration": document(note("C4", -2)),
    "exponent": document(note("C4", "1e9")),
    "no duration": document("<note><pitch><step>C</step><octave>4</octave></pitch></note>"),
    "no such step": document(note("H4")),
    "no such octave": document(note("B9")),
    "absurd metre": document(note(), attributes="<time><beats>4</beats><beat-type>7</beat-type></time>"),
    "creeping divisions": document(
        "".join(f"<attributes><divisions>{p}</divisions></attributes>{note('C4', 1)}" for p in range(9001, 9101, 2))
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_bad_files_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(FormatError) as error:
        musicxml_to_score(HOSTILE[name])
    message = str(error.value)
    assert message.endswith(".")
    assert len(message) < 160
    assert "\n" not in message


def test_zipped_scores_are_read_by_their_container() -> None:
    files = {"META-INF/container.xml": CONTAINER, "a.xml": document(note("A4")), "b.xml": document(note("B4"))}
    assert musicxml_to_score(zipped(files)).pitches == (71,)
    assert musicxml_to_score(zipped({"../../a.xml": document(note("A4"))})).pitches == (69,)


@settings(max_examples=40)
@given(st.integers(0, 5000), st.binary(max_size=8))
def test_damaged_files_are_read_or_refused(position: int, junk: bytes) -> None:
    data = score_to_musicxml(melody(1, 0.5, 0.5, 2)).encode()
    damaged = data[:position] + junk + data[position + len(junk) :]
    for upload in (damaged, zipped({"a.xml": damaged}), zipped({"a.xml": data})[:position] + junk):
        with contextlib.suppress(FormatError):
            assert musicxml_to_score(upload).notes
