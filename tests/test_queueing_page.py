"""The queue as visitors meet it, on a real server: by Streamlit's own websocket, without a browser."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import FormatError
from core.ui import turns
from core.ui.queueing import BusyError, Turnstile
from core.ui.turns import Shelf
from tests.conftest import said
from tests.load.server import Server
from tests.load.visit import Visit

PAGE = """
import json
import time

import streamlit as st

from core.ui import turns
from core.ui.progress import EVERY, Progress

LONG_STEPS = 2_000

turns.MAX_AT_ONCE = 2  # so many hold all places below

@st.cache_resource
def shared():
    return {"open": False, "served": [], "alike": 0}

@turns.shared(2)
def remembered(number):
    with turns.turn():
        return number

@turns.shared(2)
def product(name):
    shared()["served"].append(name)
    while not shared()["open"]:
        time.sleep(0.02)
        st.session_state.get("made")
    return name

def hold():
    with turns.turn():
        while not shared()["open"]:
            time.sleep(0.02)
            st.session_state.get("held")  # as a progress bar does, it notices that its visitor has gone

def wait():
    st.button("Again")
    with turns.turn():
        st.markdown("served")

def remember():
    st.markdown(f"remembered {remembered(7)}")

def ask(name):
    shared()["alike"] += 1
    try:
        st.markdown(product(name))
    finally:
        shared()["alike"] -= 1

def bread():
    ask("bread")

def cake():
    ask("cake")

def long():
    progress = Progress("Working", "long")
    with turns.turn():
        for done in range(LONG_STEPS):
            time.sleep(0.02)
            progress.show(done * EVERY, LONG_STEPS * EVERY)
            if "short" in shared()["served"]:
                break
    shared()["served"].append("long")

def short():
    with turns.turn():
        shared()["served"].append("short")

def tell():
    told = {"waiting": turns.turnstile().num_waiting, "free": turns.turnstile().num_free, "served": shared()["served"],
            "alike": shared()["alike"]}
    st.markdown(json.dumps(told))

def begin():
    shared().update(open=False, served=[])

def end():
    shared()["open"] = True

globals()[st.query_params["do"]]()
"""
BUSY = "The machine is busy; try again in a minute."
SAME = "Waiting: another visit has the same made"
PLACE = "Waiting: place {} in the queue".format


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    script = tmp_path_factory.mktemp("app") / "app.py"
    script.write_text(PAGE)
    with Server(script) as server:
        yield server.url
        assert "Traceback" not in server.printed


class Waiter:
    """A visitor who looks at a page while it is still at work."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.seen = visit, list[str]()
        visit.on_element = lambda element: self.seen.append(element.markdown.body)
        self.task = asyncio.create_task(visit.run())

    async def sees(self, text: str) -> None:
        async with asyncio.timeout(30):
            while text not in self.seen:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def comes(url: str, what: str) -> AsyncIterator[Waiter]:
    async with Visit.open(url, query="do=tell") as visit:
        visit.query = f"do={what}"
        waiter = Waiter(visit)
        yield waiter
        waiter.task.cancel()


async def asked(url: str, what: str = "tell") -> dict[str, Any]:
    async with Visit.open(url, query=f"do={what}") as visit:
        return json.loads(visit.shown("markdown")[0].body) if what == "tell" else {}


async def until(url: str, **state: object) -> None:
    async with asyncio.timeout(30):
        while (told := await asked(url)) | state != told:
            await asyncio.sleep(0.05)


def play_out(scene: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own, as the tests in a browser leave a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene).result()


def while_others_work(url: str, scene: Coroutine[Any, Any, None]) -> None:
    """Plays a scene while two visitors have the places; then they leave, and by that all places are free."""

    async def play() -> None:
        await asked(url, "begin")
        async with comes(url, "hold"), comes(url, "hold"):
            await until(url, free=0)
            await scene
        await until(url, waiting=0, free=2)

    play_out(play())


def test_who_waits_sees_the_place_and_is_served_when_it_is_free(url: str) -> None:
    async def scene() -> None:
        async with comes(url, "wait") as first, comes(url, "wait") as second:
            await first.sees(PLACE(1))
            await second.sees(PLACE(2))
            await asked(url, "end")
            for waiter in (first, second):
                await waiter.task
                assert waiter.seen[-1] == "served"
                texts = [one.body for one in waiter.visit.shown("markdown")]
                assert texts == ["served"], "the line about the queue is gone"

    while_others_work(url, scene())


def test_a_visitor_who_leaves_frees_the_place_in_the_queue(url: str) -> None:
    async def scene() -> None:
        async with comes(url, "wait") as second:
            async with comes(url, "wait") as third:
                await second.sees(PLACE(1))
                await third.sees(PLACE(2))
                await second.visit.socket.close()
                await third.sees(PLACE(1))
                await until(url, waiting=1)
            await until(url, waiting=0)

    while_others_work(url, scene())


def test_a_visitor_who_leaves_in_the_middle_of_a_job_frees_its_place(url: str) -> None:
    async def scene() -> None:
        await asked(url, "begin")
        async with comes(url, "hold"), comes(url, "hold") as leaves, comes(url, "wait") as waits:
            await waits.sees(PLACE(1))
            await leaves.visit.socket.close()
            await waits.task
            assert waits.seen[-1] == "served"
        await until(url, waiting=0, free=2)

    play_out(scene())


def test_another_press_gives_up_the_place_of_the_run_before(url: str) -> None:
    async def scene() -> None:
        async with comes(url, "wait") as waiter:
            await waiter.sees(PLACE(1))
            waiter.task.cancel()
            for _ in range(5):  # an impatient visitor
                await waiter.visit.send(waiter.visit.button("Again"))
            waiter.seen.clear()
            waiter.task = asyncio.create_task(waiter.visit.run())
            await waiter.sees(PLACE(1))
            await until(url, waiting=1)

    while_others_work(url, scene())


def test_a_value_from_the_cache_brings_no_line_about_the_queue_with_it(url: str) -> None:
    async def scene() -> None:
        async with comes(url, "remember") as first:
            await first.sees(PLACE(1))
            await asked(url, "end")
            await first.task
        async with comes(url, "remember") as second:
            await second.task
            assert second.seen == ["remembered 7"]

    while_others_work(url, scene())


def test_two_long_jobs_do_not_hold_up_a_short_one(url: str) -> None:
    async def scene() -> None:
        await asked(url, "begin")
        async with comes(url, "long") as one, comes(url, "long") as other:
            await until(url, free=0)
            await asked(url, "short")
            await asyncio.gather(one.task, other.task)
        assert (await asked(url))["served"] == ["short", "long", "long"]

    play_out(scene())


def test_who_waits_for_what_another_has_made_is_told_so_and_can_leave(url: str) -> None:
    async def scene() -> None:
        await asked(url, "begin")
        async with comes(url, "bread") as maker:
            await until(url, served=["bread"])
            async with comes(url, "bread") as waits, comes(url, "bread") as leaves:
                await waits.sees(SAME)
                await leaves.sees(SAME)
                await until(url, alike=3)
                await leaves.visit.socket.close()
                await until(url, alike=2)
                await asked(url, "end")
                await asyncio.gather(maker.task, waits.task)
                assert [one.body for one in waits.visit.shown("markdown")] == ["bread"]
        await until(url, alike=0, served=["bread"])

    play_out(scene())


def test_what_its_maker_has_left_is_made_by_who_waits_for_it(url: str) -> None:
    async def scene() -> None:
        await asked(url, "begin")
        async with comes(url, "cake") as maker:
            await until(url, served=["cake"])
            async with comes(url, "cake") as waits:
                await waits.sees(SAME)
                await maker.visit.socket.close()
                await until(url, alike=1, served=["cake", "cake"])
                await asked(url, "end")
                await waits.task
                assert [one.body for one in waits.visit.shown("markdown")] == ["cake"]

    play_out(scene())


def test_a_shelf_keeps_the_last_values_that_were_asked_for() -> None:
    shelf, made = Shelf[str](2), list[str]()

    def make(name: str) -> str:
        made.append(name)
        if name == "broken":
            raise FormatError("It is broken.")
        return name.upper()

    for name in ("a", "b", "a", "c", "a", "b"):  # c drives out b, and then b drives out c
        assert shelf.find(name, partial(make, name)) == name.upper()
    assert made == ["a", "b", "c", "b"]
    for _ in range(2):  # what could not be made is tried again
        with pytest.raises(FormatError):
            shelf.find("broken", partial(make, "broken"))
    assert made[4:] == ["broken", "broken"]


def test_nobody_waits_for_ever_for_what_another_has_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_SEC", 0.0)
    lock = Lock()
    with lock, pytest.raises(BusyError, match=re.escape(BUSY)), turns.held(lock):
        pass
    with turns.held(lock):
        assert lock.locked()
    assert not lock.locked()


def test_what_a_button_has_made_takes_the_turn_of_its_visit() -> None:
    def page() -> None:
        from concurrent.futures import ThreadPoolExecutor

        import streamlit as st

        from core.ui import turns
        from core.ui.queueing import Turnstile

        def made() -> str:
            with turns.turn():
                return "a file"

        visits = st.session_state["visits"] = []
        watched, usual = Turnstile(1), turns.turnstile
        take = watched._take_ticket
        watched._take_ticket = lambda visit: (visits.append(visit), take(visit))[1]  # type: ignore[method-assign]
        turns.turnstile = lambda: watched  # type: ignore[assignment]
        try:
            with ThreadPoolExecutor(1) as pool:  # as Streamlit does, where no visit is known
                st.markdown(pool.submit(turns.later(made)).result())
        finally:
            turns.turnstile = usual
        st.session_state["own"] = turns.get_script_run_ctx().session_id

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert app.markdown[0].value == "a file"
    assert app.session_state["visits"] == [app.session_state["own"]] != [""]


def test_a_file_that_nobody_waits_for_any_more_gives_up_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    full, gone = Turnstile(0), SimpleNamespace(is_active_session=lambda _: False)
    monkeypatch.setattr(turns, "turnstile", lambda: full)
    monkeypatch.setattr(turns, "runtime", SimpleNamespace(exists=lambda: True, get_instance=lambda: gone))
    with pytest.raises(BusyError, match="Nobody waits for this file"):
        turns.later(lambda: b"")()
    assert full.num_waiting == 0


def test_large_files_are_kept_for_their_visit_alone_and_only_the_last() -> None:
    def page() -> None:
        import streamlit as st

        from core.ui.work import LARGE, forget_exported, remembered

        made: list[str] = []

        @remembered
        def export(suffix: str, of: int) -> bytes:
            made.append(f"{suffix} {of}")
            return bytes(of)

        for suffix in (*LARGE, ".mid"):
            for number in (1, 1, 2, 2, 1):
                assert export(suffix, number) == bytes(number)
            forget_exported(suffix)
            export(suffix, 1)
        st.session_state["made"] = made

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    large = [f"{suffix} {number}" for suffix in (".wav", ".pdf") for number in (1, 2, 1, 1)]
    assert app.session_state["made"] == [*large, ".mid 1", ".mid 2"]


def test_where_no_turn_comes_the_page_says_so_in_a_sentence() -> None:
    def page() -> None:
        from functools import partial

        import streamlit as st

        from core.ui import turns
        from core.ui.page import plain_errors
        from core.ui.queueing import Turnstile
        from core.ui.tune_writing import Growing, Writing
        from core.ui.work import melody_of

        full = Turnstile(0)
        full.turn = partial(full.turn, longest_sec=0.0)  # type: ignore[method-assign]
        usual, turns.turnstile = turns.turnstile, lambda: full  # type: ignore[assignment]
        try:
            with plain_errors():
                melody_of(b"", "tune.abc")
            writing = Writing("model", [Growing(1, iter(()))])
            writing.grow()
        finally:
            turns.turnstile = usual
        st.markdown(f"{writing.tunes[0].problem} {writing.going}")

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert said(app.error[0]) == BUSY
    assert app.markdown[0].value == f"{BUSY} False"
