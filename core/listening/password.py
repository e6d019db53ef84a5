"""The door of the study leader's view."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine, select, update

from core.listening import schema
from core.listening.database import StudyError, reading, writing

LEADER = "leader"
"""the name of the door, of which the database keeps one row, however many knock"""
FREE_TRIES = 3
"""wrong passwords in a row before anybody has to wait"""
LONGEST_WAIT_SEC = 30.0
MAX_DOUBLINGS = 10
"""of the wait: powers without end are no numbers any more"""


class Door:
    """Compares passwords in a time that tells nothing, and ever more slowly while they are wrong.

    The database counts: for all visits and servers together, so that a second browser tries no faster than the first,
    and whatever is started again. Who knocks while the door is closed only reads.

    Parameters
    ----------
    clock
        Seconds by a clock that all servers share, and that goes on while none runs.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine, self.clock = engine, clock

    def opens(self, given: str, password: str) -> bool:
        """Whether ``given`` is the password.

        Raises ``StudyError`` while one has to wait after wrong ones, and where the database does not answer.
        """
        with reading(self.engine) as connection:
            self.failures(connection)
        with writing(self.engine) as connection:
            failures = self.failures(connection, lock=True)  # others may have knocked since
            if hmac.compare_digest(digest(given), digest(password)):
                if failures:
                    note(connection, 0, 0.0)
                return True
            failures = min(failures + 1, FREE_TRIES + MAX_DOUBLINGS)
            note(connection, failures, self.clock() + wait_sec(failures))
            return False

    def failures(self, connection: Connection, lock: bool = False) -> int:
        """Wrong passwords since the last right one; raises ``StudyError`` while the door is closed.

        A wait beyond the longest is none: somebody has set the clock back.
        """
        query = select(schema.doors).where(schema.doors.c.name == LEADER)
        row = connection.execute(query.with_for_update() if lock else query).one()
        wait = row.closed_until - self.clock()
        if 0 < wait <= LONGEST_WAIT_SEC:
            raise StudyError(f"Too many wrong passwords were given; try again in {wait:.0f} seconds.")
        return int(row.failures)


def wait_sec(failures: int) -> float:
    """How long everybody waits after so many wrong passwords in a row."""
    return min(2.0 ** (failures - FREE_TRIES + 1), LONGEST_WAIT_SEC) if failures >= FREE_TRIES else 0.0


def note(connection: Connection, failures: int, closed_until: float) -> None:
    row = update(schema.doors).where(schema.doors.c.name == LEADER)
    connection.execute(row.values(failures=failures, closed_until=closed_until))


def digest(text: str) -> bytes:
    """Of one length, whatever the text's."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).digest()
