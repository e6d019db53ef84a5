"""The door of the study leader's view."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable

from core.listening.database import StudyError

FREE_TRIES = 3
"""wrong passwords in a row before anybody has to wait"""
LONGEST_WAIT_SEC = 30.0
MAX_DOUBLINGS = 10
"""of the wait: powers without end are no numbers any more"""


class Door:
    """Compares passwords in a time that tells nothing, and ever more slowly while they are wrong.

    One door serves all visits, so that a second browser tries no faster than the first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.lock = clock, threading.Lock()
        self.failures, self.closed_until = 0, -float("inf")

    def opens(self, given: str, password: str) -> bool:
        """Whether ``given`` is the password; raises ``StudyError`` while one has to wait after wrong ones."""
        with self.lock:
            wait = self.closed_until - self.clock()
            if wait > 0:
                raise StudyError(f"Too many wrong passwords were given; try again in {wait:.0f} seconds.")
            if hmac.compare_digest(digest(given), digest(password)):
                self.failures = 0
                return True
            self.failures += 1
            if self.failures >= FREE_TRIES:
                doublings = min(self.failures - FREE_TRIES + 1, MAX_DOUBLINGS)
                wait = min(2.0**doublings, LONGEST_WAIT_SEC)
                self.closed_until = self.clock() + wait
            return False


def digest(text: str) -> bytes:
    """Of one length, whatever the text's."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).digest()
