"""Verovio in processes of its own: what is drawn, and what crashes, hangs and sudden ends come to."""

from __future__ import annotations

import json
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import verovio

from core.errors import FormatError
from core.formats.musicxml import score_to_musicxml
from core.formats.piano_musicxml import piano_musicxml
from core.piano_notation import notate_piano
from core.render import verovio_process
from core.render.engraver import ENGRAVER, Child, Engraver, EngravingError
from tests.essen import essen_scores
from tests.fuzz.hunt import FOUND, ROOT
from tests.test_bars import melody

KILLER = (FOUND / "drawing" / "83c2a713a81e").read_text(encoding="utf-8")
"""half of a bar's attributes are gone, and Verovio divides by the beats that are not there"""
OPTIONS = {"scale": 40, "pageWidth": 900, "pageHeight": 2000, "svgViewBox": True, "xmlIdChecksum": True}
TRAPS = platform.machine().lower() in ("x86_64", "amd64", "i686")


@pytest.fixture(scope="module")
def documents() -> list[str]:
    scores = essen_scores()[:4]
    return [*map(score_to_musicxml, scores), piano_musicxml(notate_piano(scores[0], performed=False))]


@pytest.fixture
def engraver() -> Iterator[Engraver]:
    made = Engraver(at_once=1)
    yield made
    for child in children(made):
        child.end()


def children(engraver: Engraver) -> list[Child]:
    """Those that nobody uses now."""
    return [child for child in engraver.places.queue if child]


def drawn_here(musicxml: str, options: dict[str, Any] = OPTIONS) -> list[str]:
    verovio.setDefaultResourcePath(str(Path(verovio.__file__).parent / "data"))
    return verovio_process.draw(verovio.toolkit(), musicxml, options)


def test_the_pages_are_those_that_verovio_draws_in_this_process(engraver: Engraver, documents: list[str]) -> None:
    for document in documents:
        assert engraver.draw(document, OPTIONS) == drawn_here(document)
    small = {**OPTIONS, "pageHeight": 500}
    long = score_to_musicxml(melody(*[1] * 400))
    assert len(engraver.draw(long, small)) > 3
    assert engraver.draw(long, small) == drawn_here(long, small)


def test_one_child_draws_one_document_after_another(engraver: Engraver, documents: list[str]) -> None:
    engraver.warm_up()
    (child,) = children(engraver)
    engraver.warm_up()
    for document in documents:
        engraver.draw(document, OPTIONS)
        child.process.send_signal(signal.SIGINT)  # Ctrl-C, of which the whole group of processes hears
    assert children(engraver) == [child]
    assert child.is_running()


@pytest.mark.skipif(not TRAPS, reason="on this processor a division by zero is no fault")
def test_a_document_that_kills_verovio_is_answered_in_a_sentence(engraver: Engraver, documents: list[str]) -> None:
    for _ in range(2):
        pages = engraver.draw(documents[0], OPTIONS)
        (child,) = children(engraver)
        with pytest.raises(EngravingError, match=r"^This score cannot be engraved: .*\.$"):
            engraver.draw(KILLER, OPTIONS)
        assert child.process.returncode == -signal.SIGFPE
        assert engraver.draw(documents[0], OPTIONS) == pages


@pytest.mark.parametrize("document", ["", "<a/>", "no music", "<score-partwise/>", "\x00", "\ud800"])
def test_what_is_no_score_is_refused(engraver: Engraver, documents: list[str], document: str) -> None:
    with pytest.raises(FormatError, match="cannot be engraved"):
        engraver.draw(document, OPTIONS)
    assert engraver.draw(documents[0], OPTIONS)


def test_a_child_that_hangs_is_given_up(engraver: Engraver, documents: list[str]) -> None:
    usual = engraver.limit_sec
    engraver.draw(documents[0], OPTIONS)
    (child,) = children(engraver)
    child.process.send_signal(signal.SIGSTOP)
    engraver.limit_sec = 0.3
    with pytest.raises(EngravingError, match="takes too long"):
        engraver.draw(documents[0], OPTIONS)
    assert child.process.returncode == -signal.SIGKILL
    engraver.limit_sec = usual
    assert engraver.draw(documents[0], OPTIONS)


def test_a_document_is_given_up_that_takes_too_much_of_a_processor(engraver: Engraver) -> None:
    long = score_to_musicxml(melody(*[0.5] * 2000)).replace("</part>", "")
    bars = long[long.index("<measure") : long.rindex("</measure>") + len("</measure>")]
    engraver.processor_sec = 0
    with pytest.raises(EngravingError, match="takes too long"):
        engraver.draw(long.replace("</score-partwise>", "") + bars * 5 + "</part></score-partwise>", OPTIONS)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of other processes are read as Linux has them")
def test_a_child_has_a_limit_of_memory_and_leaves_no_image_of_it(engraver: Engraver, documents: list[str]) -> None:
    import resource

    engraver.draw(documents[0], OPTIONS)
    (child,) = children(engraver)
    assert resource.prlimit(child.process.pid, resource.RLIMIT_AS)[0] == verovio_process.MAX_BYTES
    assert resource.prlimit(child.process.pid, resource.RLIMIT_CORE)[0] == 0
    free = Path(f"/proc/{child.process.pid}/status").read_text().split("VmPeak:")[1].split()[0]
    assert int(free) * 1024 < verovio_process.MAX_BYTES / 4


def test_as_many_children_as_places() -> None:
    from core.ui.turns import MAX_AT_ONCE

    assert ENGRAVER.places.qsize() <= ENGRAVER.at_once == MAX_AT_ONCE


def test_a_document_too_large_for_the_pipe_of_a_child_that_hangs(engraver: Engraver, documents: list[str]) -> None:
    engraver.draw(documents[0], OPTIONS)
    children(engraver)[0].process.send_signal(signal.SIGSTOP)
    engraver.limit_sec = 0.3
    with pytest.raises(EngravingError, match="takes too long"):
        engraver.draw("x" * 1_000_000, OPTIONS)


def test_a_child_that_died_between_documents_is_replaced(engraver: Engraver, documents: list[str]) -> None:
    pages = engraver.draw(documents[0], OPTIONS)
    (child,) = children(engraver)
    child.process.kill()
    child.process.wait()
    assert engraver.draw(documents[0], OPTIONS) == pages


def test_a_child_that_dies_of_something_else_does_not_cost_the_document(
    engraver: Engraver, documents: list[str]
) -> None:
    pages = engraver.draw(documents[0], OPTIONS)
    (child,) = children(engraver)
    child.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        drawing = pool.submit(engraver.draw, documents[0], OPTIONS)
        while engraver.places.qsize():
            time.sleep(0.01)
        child.process.kill()
        assert drawing.result() == pages


def test_where_no_process_can_start_the_place_stays_free(
    engraver: Engraver, documents: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        engraver.warm_up()
        for _ in range(2):
            with pytest.raises(EngravingError, match="at the moment"):
                engraver.draw(documents[0], OPTIONS)
    assert engraver.draw(documents[0], OPTIONS)


def test_threads_share_few_children_and_get_each_its_own_pages(documents: list[str]) -> None:
    engraver = Engraver(at_once=2)
    alone = [drawn_here(document) for document in documents]

    def draw(number: int) -> bool:
        if number % 5 == 4 and TRAPS:
            with pytest.raises(EngravingError):
                engraver.draw(KILLER, OPTIONS)
        return engraver.draw(documents[number % 3], OPTIONS) == alone[number % 3]

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(draw, range(18)))
    assert engraver.places.qsize() == 2
    for child in children(engraver):
        child.end()


def test_a_forked_process_leaves_the_children_to_its_parent(documents: list[str]) -> None:
    script = f"""
import multiprocessing, sys
from core.render.engraver import ENGRAVER
pages = ENGRAVER.draw(sys.stdin.read(), {OPTIONS!r})
used = [child.process.pid for child in ENGRAVER.places.queue if child]
def draw():
    assert ENGRAVER.draw({documents[1]!r}, {OPTIONS!r})
    assert used != [child.process.pid for child in ENGRAVER.places.queue if child]
forked = multiprocessing.get_context("fork").Process(target=draw)
forked.start()
for _ in range(5):
    assert ENGRAVER.draw({documents[0]!r}, {OPTIONS!r}) == pages
forked.join()
assert used == [child.process.pid for child in ENGRAVER.places.queue if child]
sys.exit(forked.exitcode)
"""
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, input=documents[0], text=True, cwd=ROOT, timeout=120).returncode == 0


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None], ids=["killed", "told to end", "ends"])
def test_children_end_with_the_process_that_started_them(end: signal.Signals | None) -> None:
    script = """
import sys
from core.render.engraver import ENGRAVER
ENGRAVER.warm_up()
sys.stdout.write("started\\n")
sys.stdout.flush()
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"started\n"
        if end:
            parent.send_signal(end)
        assert parent.communicate(timeout=60)[1] == b""  # the child holds standard error open as long as it lives


def test_a_document_that_hangs_does_not_outlive_the_app() -> None:
    """The process looks at the clock itself, should nobody be left who does."""
    request = {
        "musicxml": score_to_musicxml(melody(*[0.5] * 1500)),
        "options": OPTIONS,
        "limit_sec": 0.01,
        "processor_sec": 60,
    }
    child = Child()
    assert child.process.stdin
    child.process.stdin.write(json.dumps(request).encode() + b"\n")
    child.process.stdin.flush()
    assert child.process.wait(60) == 1
    child.end()


def test_verovio_is_not_loaded_into_the_app() -> None:
    script = """
import sys
from core.render.notation import engrave
from core.score import Note, Score
assert engrave(Score((Note(0, 1, 60),))).svg
assert "verovio" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, timeout=120)
