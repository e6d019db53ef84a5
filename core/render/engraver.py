"""Verovio in processes of its own: a document that crashes it or hangs it ends one of them, and never the app."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Timer
from typing import Any

from core.errors import FormatError

LIMIT_SEC = 60.0
"""for one document by the clock, with the start of a process, be the machine as busy as it may"""
PROCESSOR_SEC = 20
"""for one document; 2,000 notes take a second or two, 12,000 of a piano six"""
_OUT_OF_TIME = -getattr(signal, "SIGXCPU", 0)
"""what a child returns that has used them up; Windows counts none"""
AT_ONCE = 4
"""processes: as many as the pages have places for heavy jobs, so that no job waits in its place for another's child"""
_SCRIPT = Path(__file__).with_name("verovio_process.py")
_REFUSED = "This score cannot be engraved: change its notes or its metre and try again."


class EngravingError(FormatError):
    """Verovio did not survive a document, or did not finish it in time."""


class CrashError(EngravingError):
    """A child ended before it answered."""


class Engraver:
    """Draws documents in a few child processes that live on from one to the next; for any number of threads.

    A child starts when it is first needed. It ends when its standard input closes, so with this process, however that
    ends.

    Parameters
    ----------
    at_once
        Most children. Who comes when all are at work waits; each document before takes ``limit_sec`` at the most.
    limit_sec
        Seconds by the clock that a document may take.
    processor_sec
        Seconds of a processor that a document may take, of which systems count whole ones.
    """

    def __init__(
        self, at_once: int = AT_ONCE, limit_sec: float = LIMIT_SEC, processor_sec: int = PROCESSOR_SEC
    ) -> None:
        self.at_once, self.limit_sec, self.processor_sec = at_once, limit_sec, processor_sec
        self.forget()

    def draw(self, musicxml: str, options: Mapping[str, Any]) -> list[str]:
        """The pages of a MusicXML document as SVG, drawn with these options of Verovio.

        Raises FormatError where Verovio does not take the document, EngravingError where it crashes or hangs; the
        next document has a new child then.
        """
        try:
            pages = self._draw(musicxml, options)
        except CrashError:  # perhaps of what another document had broken in it, so this one is given a second
            pages = self._draw(musicxml, options)
        if not pages:
            raise FormatError(_REFUSED)
        return pages

    def warm_up(self) -> None:
        """Start a child, if there is none, without waiting for it."""
        with suppress(Empty, EngravingError):
            child = self.places.get_nowait()
            try:
                child = child or Child()
            finally:
                self.places.put(child)

    def forget(self) -> None:
        """Begin without children; a forked process leaves them to the one that started them."""
        self.places: LifoQueue[Child | None] = LifoQueue()  # who is free; last in, first out: a running child is used
        for _ in range(self.at_once):
            self.places.put(None)

    def _draw(self, musicxml: str, options: Mapping[str, Any]) -> list[str]:
        with self._child() as child:
            return child.draw(musicxml, options, self.limit_sec, self.processor_sec)

    @contextmanager
    def _child(self) -> Iterator[Child]:
        """A running child, for the caller alone; whatever goes wrong is its end."""
        child = self.places.get()
        try:
            if child and not child.is_running():
                child.end()
                child = None
            child = child or Child()
            yield child
        except BaseException:
            if child:
                child.end()
            child = None
            raise
        finally:
            self.places.put(child)


class Child:
    """One process; raises EngravingError where it cannot start."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", str(_SCRIPT)]  # -P: its folder holds modules of names that others have, too
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError:
            raise EngravingError("The score cannot be engraved at the moment: wait a little and try again.") from None

    def is_running(self) -> bool:
        return self.process.poll() is None

    def draw(
        self, musicxml: str, options: Mapping[str, Any], limit_sec: float, processor_sec: int = PROCESSOR_SEC
    ) -> list[str]:
        """As ``Engraver.draw``, with no pages where Verovio does not take the document."""
        # The child's own limit counts only where this process is no more.
        limits = {"limit_sec": limit_sec + 1, "processor_sec": processor_sec}
        request = {"musicxml": musicxml, "options": dict(options), **limits}
        began = time.monotonic()
        reply = self._ask(json.dumps(request).encode() + b"\n", limit_sec)
        if reply.endswith(b"\n"):
            return json.loads(reply)
        self.end()
        if time.monotonic() - began < limit_sec and self.process.returncode != _OUT_OF_TIME:
            raise CrashError(_REFUSED)
        raise EngravingError("This score takes too long to engrave: shorten it and try again.")

    def end(self) -> None:
        with suppress(OSError), self.process:  # closes the pipes, and waits
            self.process.kill()

    def _ask(self, request: bytes, limit_sec: float) -> bytes:
        """The line that answers this one; cut short or empty where the child ends before it has answered."""
        assert self.process.stdin
        assert self.process.stdout
        timer = Timer(limit_sec, self._kill)  # whatever the system, a pipe is closed when the other side is dead
        timer.daemon = True
        timer.start()
        try:
            self.process.stdin.write(request)
            self.process.stdin.flush()
            return self.process.stdout.readline()
        except OSError:
            return b""
        finally:
            timer.cancel()
            timer.join()  # past this the child is either dead, and seen to be, or safe

    def _kill(self) -> None:
        self.process.kill()
        self.process.wait()


ENGRAVER = Engraver()
"""of this process"""
if hasattr(os, "register_at_fork"):  # two processes must not talk to one child
    os.register_at_fork(after_in_child=ENGRAVER.forget)
