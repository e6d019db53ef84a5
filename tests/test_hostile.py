"""What is given in bad faith: files that grow, texts that would run, formulas, names, guesses of a password."""

from __future__ import annotations

import csv
import hmac
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
import streamlit as st
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.claps.recording
import core.files
import core.formats.smf
import core.ui.listening_leader
from core import cli
from core.accompaniment import MAX_MELODY_BARS, accompany
from core.beats import Beats, Reading
from core.claps import read_recording
from core.cli.neurons import page
from core.composition import Composition
from core.errors import FormatError, InputError
from core.files import read_score
from core.formats.kern import (
    MAX_GRACE_NOTES,
    MAX_METRE_CHANGES,
    MAX_METRES,
    MAX_SIGNS,
    MAX_SPINES,
    MAX_WORDS,
    kern_to_score,
)
from core.formats.midi import midi_to_score, score_to_midi
from core.formats.musicxml_file import MAX_MEMBERS, MAX_NAMES, MAX_SCORES
from core.formats.two_staves import PianoScore
from core.inspection import subject, trace
from core.link import MAX_LINK_NOTES, LinkError, pack, piece_to_query, query_to_piece
from core.listening import schema
from core.listening.database import writing
from core.listening.password import FREE_TRIES, LONGEST_WAIT_SEC, Door
from core.listening.schema import open_studies
from core.listening.studies import add_study
from core.piano import MAX_PROMPT_NOTES, MAX_PROMPT_SEC, write_piano
from core.piano_notation import notate_piano
from core.project import MAX_UNWRITTEN_NOTES, ProjectError, json_to_project, project_to_json
from core.render.notation import engrave, piano_svg, score_to_svg
from core.rhythm import Rhythm
from core.sampling import SamplingConfig
from core.score import Note, Score
from core.ui.downloads import file_name
from core.ui.neuron_piece import text_source, uploaded
from core.ui.neuron_view import text_file
from core.ui.tune_text import tunes_in
from tests.conftest import MELODY, tiny_checkpoint
from tests.studies import draft

ROOT = Path(__file__).parent.parent
EVIL = '</title></script><script>alert(1)</script>" onload="alert(2)" ]]> [x](javascript:alert(3)) ![y](http://e.example/z)'
RUNS = re.compile(r"(?<!\\)</?script|\]\((javascript|http)")
"""the signs of Markdown and HTML in ``EVIL`` where nothing escapes them"""
PART = "<score-partwise><part id='P1'><measure number='1'>{}</measure></part></score-partwise>"
NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"


def score_xml(before: str = "", inside: str = NOTE) -> bytes:
    return (before + PART.format(inside)).encode()


LAUGHS = "".join(f"<!ENTITY l{i} '{f'&l{i - 1};' * 10}'>" for i in range(1, 10))


@pytest.mark.parametrize(
    "declared",
    [
        f"<!DOCTYPE x [<!ENTITY l0 'lol'>{LAUGHS}]>",
        f"<!DOCTYPE x [<!ENTITY l9 '{'x' * 100_000}'>]>",
        "<!DOCTYPE x [<!ENTITY l9 SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE x [<!ENTITY l9 SYSTEM 'http://e.example/x'>]>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>",
        "<!DOCTYPE x [<!ENTITY l9 SYSTEM 'x' NDATA gif>]>",
    ],
)
def test_entities_are_refused_where_they_are_declared(declared: str) -> None:
    with pytest.raises(FormatError, match="entities"):
        read_score(score_xml(declared, "<words>&l9;</words>" * 1000 + NOTE), "x.musicxml")
    with pytest.raises(FormatError):
        read_score(score_xml("", "<words>&l9;</words>" + NOTE), "x.musicxml")  # never declared


def test_a_document_type_of_another_place_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", None)
    kind = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://e.example/x.dtd">'
    assert read_score(score_xml(kind), "x.musicxml").pitches == (60,)


def zipped(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_archives_that_grow_and_names_that_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bomb = zipped(**{"x.xml": b" " * 50_000_000})
    assert len(bomb) < 100_000
    for data in (bomb, zipped(**{"META-INF/container.xml": b" " * 50_000_000, "x.xml": score_xml()}), zipped(a=bomb)):
        with pytest.raises(FormatError):
            read_score(data, "x.mxl")
    for name in ("../../x.xml", "/etc/x.xml", "C:\\x.xml", "x" * 500 + ".xml"):
        container = f'<container><rootfiles><rootfile full-path="{name}"/></rootfiles></container>'.encode()
        assert read_score(zipped(**{"META-INF/container.xml": container, name: score_xml()}), "x.mxl").pitches == (60,)
        with pytest.raises(FormatError, match="no score"):
            read_score(zipped(**{"META-INF/container.xml": container}), "x.mxl")
    assert list(tmp_path.iterdir()) == []


def test_an_archive_of_many_files_or_names_is_not_looked_through() -> None:
    many = {f"{i}.png": b"" for i in range(MAX_MEMBERS)}
    with pytest.raises(FormatError, match="1,000 files"):
        read_score(zipped(**many, **{"x.xml": score_xml()}), "x.mxl")
    high = score_xml("", NOTE.replace("<octave>4", "<octave>5"))
    for missing, pitches in ((MAX_SCORES - 1, (72,)), (MAX_SCORES, (60,))):
        container = b"<c>" + b'<rootfile full-path="none.xml"/>' * missing + b'<rootfile full-path="y.xml"/></c>'
        files = {"META-INF/container.xml": container, "x.xml": score_xml(), "y.xml": high}
        assert read_score(zipped(**files), "x.mxl").pitches == pitches


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_no_notation_program_writes_is_refused_damaged_or_not(method: int) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        archive.writestr("x.xml", score_xml())
    whole = data.getvalue()
    for place in (None, *range(35, 60)):
        damaged = bytearray(whole)
        if place is not None:
            damaged[place] ^= 0xFF
        with pytest.raises(FormatError):
            read_score(bytes(damaged), "x.mxl")


def test_more_names_of_elements_than_there_are_in_music_are_refused() -> None:
    elements = "".join(f"<e{i}/>" for i in range(MAX_NAMES))
    attributes = "<words " + " ".join(f"a{i}='1'" for i in range(MAX_NAMES)) + "/>"
    for many in (elements, attributes):
        with pytest.raises(FormatError, match="2,000 kinds of elements"):
            read_score(score_xml("", NOTE + many), "x.musicxml")


def test_nothing_runs_in_a_drawing() -> None:
    for title in (EVIL, "javascript:alert(1)", "<![CDATA[", "&lt;script>", "&#x3c;script&#x3e;"):
        score = Score(MELODY.notes, title=title)
        piano = notate_piano(score, performed=False)
        assert isinstance(piano, PianoScore)
        for svg in (engrave(score).svg, score_to_svg(score), piano_svg(piano)):
            root = ElementTree.fromstring(svg)
            for element in root.iter():
                assert element.tag.rpartition("}")[2] not in ("script", "foreignObject", "a", "image", "iframe")
                names = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
                assert not any(name.startswith("on") for name in names)
                assert names.get("href", "#").startswith("#")


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts, self.handlers = 0, list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attributes if name.startswith("on")]


def test_nothing_of_the_piece_runs_in_a_page_of_neurons() -> None:
    checkpoint = tiny_checkpoint("char-lstm")
    pages = []
    for title in ("One", EVIL):
        read = subject(checkpoint, f"X:1\nT:{title}\nK:C\nCDEF|\n")
        pages.append(Tags(page(read, trace(checkpoint, read.encoded), "lstm", 0, title).decode()))
    assert pages[0].scripts == pages[1].scripts > 0
    assert pages[1].handlers == []


def said_on(app: AppTest) -> Iterator[str]:
    """Every text of a page that Streamlit reads as Markdown or HTML: all but values and placeholders of widgets."""
    blocks: list[Any] = [app.main, app.sidebar]
    while blocks:
        block = blocks.pop()
        blocks += getattr(block, "children", {}).values()
        yield from texts_in(block.proto)


def texts_in(message: Any) -> Iterator[str]:
    for field, value in message.ListFields() if hasattr(message, "ListFields") else ():
        if isinstance(value, str) and field.name in ("body", "label", "help", "text", "caption", "content"):
            yield value
        elif hasattr(value, "ListFields"):
            yield from texts_in(value)


@pytest.fixture
def tiny(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tiny_checkpoints)
    monkeypatch.setenv("TUNESMITH_STUDIES", f"sqlite:///{tmp_path / 'studies.db'}")
    monkeypatch.setenv("TUNESMITH_STUDY_PASSWORD", "right")
    st.cache_data.clear()
    st.cache_resource.clear()


def open_page(file: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app = app if file == "app.py" else app.switch_page(file)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def check_said(app: AppTest) -> str:
    texts = list(said_on(app))
    for text in texts:
        assert not RUNS.search(text), text
    return "\n".join(re.sub(r"\\(.)", r"\1", text) for text in texts)


def test_a_title_in_a_link_is_text_on_the_page(tiny: None) -> None:
    beats = Beats.from_rhythm(Rhythm.from_onsets([0, 0.5, 1, 1.5]))
    piece = Composition(EVIL[:100], beats, (60, 62, 64, 65), SamplingConfig(seed=1), title=EVIL)
    query = piece_to_query(piece)
    assert query is not None
    assert EVIL in check_said(open_page("app.py", **query))


def test_titles_and_codes_are_text_in_a_study(tiny: None) -> None:
    engine = open_studies()
    study = add_study(engine, draft(title=EVIL[-80:]))
    app = open_page("pages/listening.py", study=study)
    assert EVIL[-80:] in check_said(app)
    for query in ({"study": EVIL}, {"code": EVIL}, {"leader": EVIL}):
        check_said(open_page("pages/listening.py", **query))
    engine.dispose()


FORMULAS = ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＠SUM(1)")  # noqa: RUF001


def test_no_cell_of_a_table_is_a_formula() -> None:
    table = text_file(FORMULAS, {name: np.arange(len(FORMULAS)) for name in FORMULAS})
    cells = [cell for row in csv.reader(io.StringIO(table, newline="")) for cell in row]
    assert len(cells) == (len(FORMULAS) + 1) * (len(FORMULAS) + 2)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠")) for cell in cells)  # noqa: RUF001


def test_passwords_are_compared_as_a_whole_and_ever_more_slowly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compared, now = [], [0.0]
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)) or compare(one, other))
    door = Door(open_studies(f"sqlite:///{tmp_path / 'studies.db'}"), lambda: now[0])
    for failures in range(1, 40):
        assert not door.opens("x" * failures, "right")
        if failures >= FREE_TRIES:
            with pytest.raises(InputError, match="Too many wrong passwords"):
                door.opens("right", "right")
        now[0] += LONGEST_WAIT_SEC
    assert door.opens("right", "right")
    assert {len(part) for pair in compared for part in pair} == {32}


def test_neither_another_browser_nor_a_restart_lets_one_guess_faster(
    tiny: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TUNESMITH_STUDIES", f"sqlite:///{tmp_path / 'studies.db'}")
    monkeypatch.setattr(core.ui.listening_leader, "Door", lambda engine: Door(engine, lambda: 0.0))
    for _ in range(FREE_TRIES):
        app = open_page("pages/listening.py", leader="1")
        app.text_input[0].set_value("wrong")
        next(b for b in app.button if b.label == "Open").click().run()
        assert "not the password" in app.error[0].value
    st.cache_resource.clear()  # as a restart does
    app = open_page("pages/listening.py", leader="1")
    app.text_input[0].set_value("right")
    next(b for b in app.button if b.label == "Open").click().run()
    assert "Too many" in app.error[0].value
    with writing(open_studies()) as connection:  # when the time is up
        connection.execute(update(schema.doors).values(closed_until=0))
    app.text_input[0].set_value("right")
    next(b for b in app.button if b.label == "Open").click().run()
    assert app.session_state["listening.leader"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "etc-passwd"), ("a\0b", "a-b"), ("..", "melody"), ("", "melody"), ("C:\\x|y?*", "C-x-y"),
        ("x" * 5000, "x" * 60), ("nul", "nul-melody"), ("COM1", "COM1-melody"), ("lpt9.", "lpt9-melody"),
        ("CON", "CON-melody"), ("Console", "Console"), ("-rf *", "rf"), ("\u202egpj.exe", "gpj-exe"), ("~/.x", "x"),
    ],
)  # fmt: skip
def test_names_of_downloads(title: str, name: str) -> None:
    assert file_name(title) == name
    assert len((file_name("\U00020000" * 100) + ".tunesmith.json").encode()) <= 255


@pytest.mark.parametrize(
    "out",
    ["x" * 5000 + ".abc", "y" * 5000 + "/x.abc", "none/x.abc", "folder.abc", "tune.abc/x.abc", "a\n\x1b[2Jb/x.abc"],
)
def test_the_command_line_writes_no_impossible_file(
    out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tune.abc").write_text("X:1\nT:../../x\nK:C\nCDEF|\n")
    Path("folder.abc").mkdir()
    monkeypatch.setattr("sys.argv", ["core", "convert", "tune.abc", out])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error.removesuffix("\n").isprintable()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.abc", "tune.abc"]


def test_what_takes_a_model_too_long_to_read_is_refused() -> None:
    piano = tiny_checkpoint("piano-transformer")
    for notes in ((Note(0, 1, 60),) * (MAX_PROMPT_NOTES + 1), (Note(2 * MAX_PROMPT_SEC + 1, 1, 60),)):
        with pytest.raises(InputError, match="keep less of it"):
            write_piano(piano, 1, prompt=Score(notes))
    many = Score(tuple(Note(i / 40, 0.02, 60) for i in range(16 * MAX_MELODY_BARS + 1)))
    with pytest.raises(InputError, match="longer than 200 bars"):
        accompany(tiny_checkpoint("piano-accompaniment"), many)


@pytest.mark.parametrize(
    ("many", "what"),
    [
        (["4c " * (MAX_WORDS + 1)], "words"),
        (["8cq"] * (MAX_GRACE_NOTES + 1) + ["4c"], "grace notes"),
        (["\t".join(["4c"] * (MAX_SPINES + 1))], "spines"),
        (["*F:", "*clefG2", "*MM120"] * (MAX_SIGNS // 3 + 1), "keys, clefs and tempi"),
        ([f"*M{beats}/4\n4c" for beats in range(1, MAX_METRES + 2)], "metres"),
        (["*M3/4\n4c", "*M4/4\n4c"] * (MAX_METRE_CHANGES // 2 + 1), "changes of metre"),
    ],
)
def test_kern_that_takes_long_to_read_is_refused(many: list[str], what: str) -> None:
    with pytest.raises(FormatError, match=what):
        kern_to_score("\n".join(["**kern", *many, "*-", ""]).encode())
    fewer = many[: len(many) - len(many) // 8 - 1] or ["4c"]
    assert kern_to_score("\n".join(["**kern", *fewer, "4c", "*-", ""]).encode()).notes


def test_a_midi_file_at_an_impossible_tempo_keeps_the_usual_one() -> None:
    data = score_to_midi(MELODY)
    place = data.index(b"\xff\x51\x03") + 3
    assert midi_to_score(data[:place] + b"\0\0\1" + data[place + 3 :]).qpm == 120


def test_a_midi_file_of_endless_changes_of_tempo_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.formats.smf, "MAX_CHANGES", 9)
    data = score_to_midi(MELODY)
    place = data.index(b"\xff\x51\x03") - 1  # of the time that goes before the tempo
    size = int.from_bytes(data[18:22])

    def with_tempi(number: int) -> bytes:
        return (
            data[:18]
            + (size + 7 * number).to_bytes(4)
            + data[22:place]
            + data[place : place + 7] * number
            + data[place:]
        )

    assert midi_to_score(with_tempi(3)).pitches == MELODY.pitches
    with pytest.raises(FormatError, match="changes of tempo"):
        midi_to_score(with_tempi(10))


def test_abc_that_the_browser_should_not_have_sent_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tune = "X:1\nT:{}\nK:C\nCDEF|{}\n"
    assert len(text_source(tune.format("T" * 5000, "")).title) == 200
    assert text_source(tune.format("\x1b[2J", "")).title == " [2J"
    assert len(read_score(tune.format("T" * 5000, "").encode(), "x.abc").title) == 200
    with pytest.raises(InputError, match="20,000 characters"):
        text_source(tune.format("", "C" * 20_000))
    monkeypatch.setattr(core.files, "MAX_BYTES", 100)
    tunes_in(tune.format("", "").encode())
    large = io.BytesIO(tune.format("", "C" * 100).encode())
    large.name = "x.abc"
    monkeypatch.setattr(st, "file_uploader", lambda *_, **__: large)
    with pytest.raises(FormatError, match="larger than"):
        tunes_in(large.getvalue())
    with pytest.raises(FormatError, match="larger than"):
        uploaded("")


def test_a_link_holds_no_more_notes_than_it_is_given() -> None:
    for notes in (MAX_LINK_NOTES, MAX_LINK_NOTES + 1):
        query = {"model": "m", "seed": "1", "rhythm": "us." + pack([0, 500_000] * notes), "notes": pack([60] * notes)}
        if notes == MAX_LINK_NOTES:
            assert len(query_to_piece(query).pitches) == notes
            continue
        with pytest.raises(LinkError):
            query_to_piece(query)


def test_a_small_file_of_long_silence_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.claps.recording, "MAX_SAMPLES", 96_000)
    file = io.BytesIO()
    soundfile.write(file, np.zeros(100_000), 96_000, format="FLAC")
    with pytest.raises(InputError, match=r"longer than 0\.0167 minutes"):
        read_recording(file.getvalue(), "silence.flac")


def test_a_project_holds_how_its_rhythms_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    beats = Beats.from_rhythm(Rhythm((0.0, 0.02, 0.3), (0.48, 0.25, 0.21)), Reading(time_signature=(3, 4)))
    versions = [("x", Composition("m", beats, (60, 62, 64), SamplingConfig(seed=1)))]
    saved = project_to_json(versions, 0)
    old = json.loads(saved)
    del old["rhythms"][0]["written"]
    assert json_to_project(json.dumps(old).encode()) == (versions, 0)
    monkeypatch.setattr("core.beats.notate", None)  # need not be found again
    assert json_to_project(saved.encode()) == (versions, 0)
    other = json.loads(saved)
    other["rhythms"][0]["written"]["notes"].pop()
    times = [0.5] * (MAX_UNWRITTEN_NOTES // 6 + 1)
    many = {**old, "rhythms": [{"rest_sec": times, "duration_sec": times}] * 6}
    for wrong in (other, many):
        with pytest.raises(ProjectError):
            json_to_project(json.dumps(wrong).encode())
