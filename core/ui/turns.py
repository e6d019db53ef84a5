"""Heavy work in turn: a bounded number of jobs of all visits at once, and what many ask for made once."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from typing import Any, Generic, TypeVar, TypeVarTuple
from weakref import WeakValueDictionary

import streamlit as st
from streamlit import runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.render.engraver import AT_ONCE
from core.ui.queueing import BUSY, LONGEST_WAIT_SEC, LOOK_EVERY_SEC, BusyError, Look, Turnstile, left

MAX_AT_ONCE = AT_ONCE
"""generations, engravings and renderings; who comes later waits. Half of their time is that of other processes"""
T = TypeVar("T")
Of = TypeVarTuple("Of")

# Each element of a page is handed on under a lock of Streamlit's, and wakes its event loop; beside a thread that
# computes, every such moment lasts as long as Python lets that thread run on, 5 ms by default. Under `python -m
# tests.load` a click waits less than half as long for its score so.
sys.setswitchinterval(0.0005)


@st.cache_resource
def turnstile() -> Turnstile:
    """One for all visits."""
    return Turnstile(MAX_AT_ONCE)


@contextmanager
def turn(look: Look | None = None) -> Iterator[None]:
    """Waits for a place among the heavy jobs of all visits, and tells on the page how many come first.

    Every look at the queue writes to the page; there Streamlit ends a run whose visitor has pressed something else or
    has left, and its place is free. Raises ``InputError`` where the wait is too long.

    Who has a turn must not ask for what is ``shared`` and takes a turn: whoever is about to make that value holds its
    lock while waiting for this one. Streamlit's own caches are for what takes none.

    Parameters
    ----------
    look
        Shows the place in the queue in another way than ``Waiting``.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        look, visit = None, ""  # outside a page, where nothing can be shown
    else:
        look, visit = look or Waiting().show, context.session_id
    with turnstile().turn(visit, look):
        yield


def later(made: Callable[[], T]) -> Callable[[], T]:
    """``made`` for a button that has it made when it is pressed, which happens in a thread that belongs to no visit.

    It has its turn as one of the visit that the button is drawn for, and gives up waiting when that has gone.
    """
    context = get_script_run_ctx(suppress_warning=True)
    visit = context.session_id if context else ""

    def look(_: int) -> None:
        if runtime.exists() and not runtime.get_instance().is_active_session(visit):
            raise BusyError("Nobody waits for this file any more; open the page again.")

    def make() -> T:
        with turnstile().turn(visit, look):
            return made()

    return make


@contextmanager
def held(lock: Lock) -> Iterator[None]:
    """Holds a lock that another visit may hold while it makes the same; who waits can leave, as in the queue.

    Raises ``BusyError`` where it is not free in time.
    """
    waiting, until = Waiting(), time.monotonic() + LONGEST_WAIT_SEC
    while not lock.acquire(timeout=min(LOOK_EVERY_SEC, left(until))):
        if not left(until):
            waiting.tell("")
            raise BusyError(BUSY)
        waiting.tell("Waiting: another visit has the same made")
    try:
        waiting.tell("")
        yield
    finally:
        lock.release()


def give_way(look: Look) -> None:
    """Lets others go first, if any wait and this job has gone on for long; see ``Turnstile.give_way``."""
    turnstile().give_way(look)


class Waiting:
    """A line where the page is being written that tells the place in the queue, and goes when the turn has come."""

    def __init__(self) -> None:
        self.line: DeltaGenerator | None = None

    def show(self, place: int) -> None:
        self.tell(f"Waiting: place {place} in the queue" if place else "")

    def tell(self, text: str) -> None:
        if not (text or self.line):
            return
        self.line = self.line or st.empty()
        if text:
            self.line.caption(text)
        else:
            self.line.empty()


class Shelf(Generic[T]):
    """The last values of a function, each made by one of those who ask for it at once; thread-safe."""

    def __init__(self, max_entries: int) -> None:
        self.max_entries = max_entries
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        """by what was asked, the one to go next first"""
        self._makers: WeakValueDictionary[Hashable, Lock] = WeakValueDictionary()  # gone with the last who waits
        self._lock = Lock()

    def find(self, asked: Hashable, make: Callable[[], T]) -> T:
        """The value of ``asked``, made where it is not kept; raises what ``make`` and ``held`` raise."""
        with self._lock:
            if asked in self._values:
                return self._kept(asked)
            maker = self._makers.setdefault(asked, Lock())
        with held(maker):
            with self._lock:
                if asked in self._values:
                    return self._kept(asked)
            value = make()
            with self._lock:
                self._values[asked] = value
                while len(self._values) > self.max_entries:
                    self._values.popitem(last=False)
            return value

    def _kept(self, asked: Hashable) -> T:
        self._values.move_to_end(asked)
        return self._values[asked]


@st.cache_resource
def shelf(name: str, max_entries: int) -> Shelf[Any]:
    """That of one function, for all visits."""
    return Shelf(max_entries)


def shared(max_entries: int) -> Callable[[Callable[[*Of], T]], Callable[[*Of], T]]:
    """Has a function's last values kept for all visits, which must not change them; who leaves waits no more.

    Streamlit's own caches let who asks for what another has made wait without a word, and without an end.
    """

    def decorate(make: Callable[[*Of], T]) -> Callable[[*Of], T]:
        name = f"{make.__module__}.{make.__qualname__}"

        @wraps(make)
        def found(*asked: *Of) -> T:
            value: T = shelf(name, max_entries).find(asked, lambda: make(*asked))
            return value

        return found

    return decorate
