"""A process in which Verovio draws what comes in, until standard input closes; a script that imports nothing of ours.

What comes in and what goes out are lines of JSON: ``{"musicxml": ..., "options": ..., "limit_sec": ...,
"processor_sec": ...}`` makes a list of pages in SVG, empty where Verovio does not take the document. An exception ends
the process.
"""

from __future__ import annotations

import faulthandler
import json
import math
import os
import signal
import sys
import time
from contextlib import suppress

import verovio

try:
    import resource
except ImportError:  # on Windows, which has no such limits
    resource = None  # type: ignore[assignment]

MAX_BYTES = 1 << 30
"""of addresses; 12,000 notes of a piano take a quarter of it"""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app, with whose end standard input closes
    replies = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # nothing that a library prints comes between the replies
    limit("RLIMIT_AS", MAX_BYTES)
    limit("RLIMIT_CORE", 0)
    toolkit = verovio.toolkit()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        # ends this process even inside of Verovio: one that hangs when the app is killed must not go on for ever
        faulthandler.dump_traceback_later(request["limit_sec"], exit=True, file=silence)
        limit("RLIMIT_CPU", math.ceil(time.process_time()) + request["processor_sec"])
        pages = draw(toolkit, request["musicxml"], request["options"])
        faulthandler.cancel_dump_traceback_later()
        replies.write(json.dumps(pages).encode() + b"\n")
        replies.flush()
        toolkit = verovio.toolkit()  # each document has its own; made now, it is ready when the next one comes


def limit(name: str, value: int) -> None:
    """Sets a limit of the system, where it has it."""
    if resource is not None:
        with suppress(OSError, ValueError):
            kind = getattr(resource, name)
            resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


def draw(toolkit: verovio.toolkit, musicxml: str, options: dict[str, object]) -> list[str]:
    toolkit.setOptions(options)
    if not toolkit.loadData(musicxml):
        return []
    return [toolkit.renderToSVG(number) for number in range(1, toolkit.getPageCount() + 1)]


if __name__ == "__main__":
    main()
