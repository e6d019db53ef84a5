"""One visitor as the server sees one: a websocket on which messages of Streamlit's protocol go both ways.

A visitor keeps what stands on the page, answers with the values of widgets, and fetches sound. Other than a browser it
tells the server of no message that it has kept, so the server sends everything each time.
"""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urljoin

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

RUN_SEC = 180.0
"""after which a run that has not finished counts as an error"""
ERROR = 1
"""of the formats of an alert"""

Path = tuple[int, ...]


class PageError(Exception):
    """What a visitor must not see: an error on the page, or no answer."""


class Visit:
    """A page in a session of its own."""

    def __init__(self, socket: ClientConnection, url: str, page: str, query: str) -> None:
        self.socket, self.url, self.page, self.query = socket, url, page, query
        self.num_runs = 0
        self.elements: dict[Path, tuple[int, Element]] = {}
        """(number of the run, element) by its place on the page"""
        self.values: dict[str, WidgetState] = {}
        self.on_element: Callable[[Element], None] = lambda _: None
        """told of every element as it comes"""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, page: str = "", query: str = "") -> AsyncIterator[Visit]:
        """The page ``page`` of the app at ``url``, when it has been drawn."""
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        async with connect(address, subprotocols=["streamlit"], max_size=None, origin=url) as socket:  # type: ignore[arg-type,list-item]
            visit = cls(socket, url, page, query)
            await visit.run()
            yield visit

    async def run(self, press: str | None = None) -> float:
        """Has the page run, after the button with the id ``press`` if there is one; returns the seconds that it took.

        Raises ``PageError`` where the page shows an error, or nothing new for ``RUN_SEC``.
        """
        start = time.perf_counter()
        await self.send(press)
        try:
            async with asyncio.timeout(RUN_SEC):
                while not self.take(ForwardMsg.FromString(await self.socket.recv(decode=False))):
                    pass
        except TimeoutError:
            raise PageError(f"no answer for {RUN_SEC:.0f} seconds") from None
        if wrong := self.wrong():
            raise PageError(wrong)
        return time.perf_counter() - start

    async def send(self, press: str | None = None) -> None:
        """Asks for a run, and does not wait for it."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = self.query, self.page
        state.widget_states.widgets.extend(self.values.values())
        if press:
            state.widget_states.widgets.append(WidgetState(id=press, trigger_value=True))
        await self.socket.send(message.SerializeToString())

    def take(self, message: ForwardMsg) -> bool:
        """Keeps what a message brings; whether the run is over with it."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.num_runs += 1
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            self.elements[tuple(message.metadata.delta_path)] = (self.num_runs, element)
            self.on_element(element)
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self.elements = {path: one for path, one in self.elements.items() if one[0] == self.num_runs}
            return True
        return False

    def shown(self, kind: str) -> list[Any]:
        """All elements of a kind, as the names of Streamlit's protocol have it, in the order of the page."""
        found = (element for _, (_, element) in sorted(self.elements.items(), key=lambda item: item[0]))
        return [getattr(element, kind) for element in found if element.WhichOneof("type") == kind]

    def button(self, label: str) -> str:
        """The id of the first button of this name."""
        found = [button.id for button in self.shown("button") if button.label == label]
        if not found:
            raise PageError(f"there is no button {label!r}")
        return str(found[0])

    def choose(self, widget: str, value: str) -> None:
        """Sets a widget whose value is one of several texts; the page learns of it with the next run."""
        self.values[widget] = WidgetState(id=widget, string_value=value)

    def wrong(self) -> str:
        """The first error on the page, if there is one."""
        errors = [alert.body for alert in self.shown("alert") if alert.format == ERROR]
        return next(iter([one.message or one.type for one in self.shown("exception")] + errors), "")

    async def fetch(self, address: str) -> bytes:
        """What lies at an address of the app, such as sound."""
        whole = urljoin(f"{self.url}/", address)
        return await asyncio.to_thread(lambda: urllib.request.urlopen(whole, timeout=RUN_SEC).read())
