"""The app is killed while it writes a melody for a visitor, as a power cut does it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.checkpoint import CHECKPOINTS
from core.storage import PARTIAL
from tests.load.people import seconds_to_score
from tests.load.server import Server
from tests.load.visit import Visit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks ps for processes, as Linux has it")
END_SEC = 30.0


def test_an_app_that_is_killed_while_it_composes_leaves_nothing_behind_and_starts_again(tmp_path: Path) -> None:
    env = {"TUNESMITH_STUDIES": f"sqlite:///{tmp_path / 'studies.db'}", "TUNESMITH_CACHE": str(tmp_path)}
    weights = {path: path.stat().st_mtime_ns for path in CHECKPOINTS.rglob("*")}
    with Server(env=env) as server:
        asyncio.run(until_it_composes(server.url))
        engravers = server.children()
        server.kill()
    assert engravers
    assert not await_end(engravers)
    assert not list(tmp_path.rglob(f"*{PARTIAL}"))
    assert {path: path.stat().st_mtime_ns for path in CHECKPOINTS.rglob("*")} == weights
    with Server(env=env) as server:
        asyncio.run(compose(server.url))
        assert "Traceback" not in server.printed


async def until_it_composes(url: str) -> None:
    """Opens the front page, presses the button, and leaves when the model has begun to write."""
    async with Visit.open(url) as visit:
        begun = list[Element]()
        visit.on_element = lambda element: begun.append(element) if is_progress(element) else None
        await visit.send(visit.button("Compose"))
        while not begun:
            visit.take(ForwardMsg.FromString(await visit.socket.recv(decode=False)))


def is_progress(element: Element) -> bool:
    return element.WhichOneof("type") == "progress"


async def compose(url: str) -> None:
    async with Visit.open(url) as visit:
        await seconds_to_score(visit)


def await_end(processes: list[int]) -> list[int]:
    """Those of some processes that still run after a while."""
    last = time.monotonic() + END_SEC
    while (left := [number for number in processes if is_running(number)]) and time.monotonic() < last:
        time.sleep(0.05)
    return left


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
