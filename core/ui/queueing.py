"""Who is next: a bounded number of heavy jobs at once, and a fair queue of those that wait. Knows nothing of a page.

Visits are served in turn (round robin), as in J. Nagle, "On packet switches with infinite storage", RFC 970, 1985: a
visit with ten jobs that wait has one turn for each turn of the others; of its jobs the first to come is served first.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from core.errors import InputError

LOOK_EVERY_SEC = 0.3
"""between two calls of what a job that waits wants to be called"""
LONGEST_WAIT_SEC = 60.0
SLICE_SEC = 1.0
"""of work after which a long job lets others go first"""

Look = Callable[[int], None]
"""told its place in the queue, from 1 on, every now and then while a job waits; once more, with 0, when that is over.

What it raises ends the waiting.
"""


BUSY = "The machine is busy; try again in a minute."


class BusyError(InputError):
    """There was no turn in time."""


class _Ticket:
    """A job that waits for its turn, has it, or is over; all of it belongs to the turnstile's lock but the event."""

    def __init__(self, visit: Hashable) -> None:
        self.visit = visit
        self.called = threading.Event()
        self.since = 0.0
        """when it was called"""


class Turnstile:
    """Lets ``num_places`` jobs in at once; thread-safe.

    A job inside that asks again, in the same thread, is inside already: an engraving may be part of a generation.
    """

    def __init__(self, num_places: int) -> None:
        self._num_free = num_places
        self._waiting: dict[Hashable, deque[_Ticket]] = {}
        """by visit, the one to be served next first; a visit without tickets is not in it"""
        self._lock = threading.Lock()
        self._own = threading.local()
        """``ticket``: that of the thread"""

    @contextmanager
    def turn(self, visit: Hashable, look: Look | None = None, longest_sec: float = LONGEST_WAIT_SEC) -> Iterator[None]:
        """Waits for a place and keeps it for the body, whatever ends that.

        Raises ``BusyError`` where there is none for ``longest_sec``, and what ``look`` raises.
        """
        if getattr(self._own, "ticket", None) is not None:
            yield
            return
        self._own.ticket = self._take_ticket(visit)
        try:
            self._wait(self._own.ticket, look, longest_sec)
            yield
        finally:
            ticket, self._own.ticket = self._own.ticket, None
            self._give_back(ticket)

    def give_way(self, look: Look | None = None, after_sec: float = SLICE_SEC) -> None:
        """Lets those who wait go first, where this job has had its place for ``after_sec``; a long job calls it often.

        It keeps its claim: there is no limit to the wait, which goes once round the visits. Without a place, or while
        nobody waits, it does nothing. Raises what ``look`` raises; then the place is gone.
        """
        ticket: _Ticket | None = getattr(self._own, "ticket", None)
        if ticket is None or time.monotonic() - ticket.since < after_sec or not self.num_waiting:
            return
        self._own.ticket = self._take_ticket(ticket.visit)  # before the old one is gone: the thread has one at any time
        self._give_back(ticket)
        self._wait(self._own.ticket, look, None)

    @property
    def num_waiting(self) -> int:
        """How many jobs wait."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    @property
    def num_free(self) -> int:
        """How many jobs would be let in at once."""
        with self._lock:
            return self._num_free

    def _take_ticket(self, visit: Hashable) -> _Ticket:
        ticket = _Ticket(visit)
        with self._lock:
            self._waiting.setdefault(visit, deque()).append(ticket)
            self._call()
        return ticket

    def _call(self) -> None:
        """Lets in as many as there are places; to be called with the lock held."""
        while self._num_free and self._waiting:
            visit = next(iter(self._waiting))
            queue = self._waiting.pop(visit)
            ticket = queue.popleft()
            if queue:
                self._waiting[visit] = queue  # behind all others
            self._num_free -= 1
            ticket.since = time.monotonic()
            ticket.called.set()

    def _give_back(self, ticket: _Ticket) -> None:
        """Frees the place of a job, or its place in the queue."""
        with self._lock:
            if ticket.called.is_set():
                self._num_free += 1
            else:
                self._waiting[ticket.visit].remove(ticket)
                if not self._waiting[ticket.visit]:
                    del self._waiting[ticket.visit]
            self._call()

    def _wait(self, ticket: _Ticket, look: Look | None, longest_sec: float | None) -> None:
        until = None if longest_sec is None else time.monotonic() + longest_sec
        looked = False
        while not ticket.called.wait(LOOK_EVERY_SEC if until is None else min(LOOK_EVERY_SEC, left(until))):
            if until is not None and not left(until):
                break
            if look is not None and (place := self._place(ticket)):
                look(place)
                looked = True
        if look is not None and looked:
            look(0)
        if not ticket.called.is_set():
            raise BusyError(BUSY)

    def _place(self, ticket: _Ticket) -> int:
        """How many tickets will have been called with this one, if no other job comes; 0 where it has been."""
        with self._lock:
            if ticket.called.is_set():
                return 0
            own = self._waiting[ticket.visit].index(ticket)
            visits = list(self._waiting)
            next_round = visits.index(ticket.visit)
            before = sum(min(len(self._waiting[visit]), own + (i < next_round)) for i, visit in enumerate(visits))
            return before + 1  # its own visit's part of the sum is the tickets before it


def left(until: float) -> float:
    """Seconds to a time of the monotonic clock, 0 when it is over."""
    return max(0.0, until - time.monotonic())
