"""Processes that die in the middle of their work, disks without room, folders without rights (Linux)."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, NamedTuple, TextIO

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}
"""audit events by which a process changes a folder; it writes to files between them"""
WRITES = os.O_WRONLY | os.O_RDWR
FIRST_BYTES = 700
"""of a file: in the middle of these a process that writes it dies, or at the end of a shorter one"""
CAPABILITIES = 0x20080522
"""the version of the kernel's call"""
NOBODY = 65534
SUBREAPER = 36
"""of prctl: whose children's orphans become this process' own"""

Work = Callable[[], Any]


class Ended(NamedTuple):
    """How a child ended: its exit code, minus the signal where one killed it, and what it wrote to standard error."""

    code: int
    said: str


def fork(work: Work) -> tuple[ForkProcess, TextIO]:
    """A child that does some work, and the end of the pipe that is its standard error."""
    receiver, sender = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=quietly, args=(work, sender))
    child.start()
    os.close(sender)
    return child, os.fdopen(receiver)


def in_child(work: Work) -> Ended:
    """Does some work in a fork of this process, to its end or to its death."""
    child, errors = fork(work)
    with errors:
        said = errors.read()
    child.join()
    assert child.exitcode is not None
    return Ended(child.exitcode, said)


def quietly(work: Work, errors: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(errors, 2)
    with Path(os.devnull).open("w") as sys.stdout, os.fdopen(errors, "w", buffering=1) as sys.stderr:
        try:
            work()
        except Exception:
            traceback.print_exc()
            sys.exit(1)


def dies(work: Work, moment: int, folder: Path) -> bool:
    """Whether some work, in a child, was killed at its change number ``moment``, from 1 on, of what is in a folder.

    It dies before it renames, removes or makes a thing, and in the middle of the bytes that it writes.
    """
    ended = in_child(lambda: (die_at(moment, folder), work()))
    assert ended.code in (0, -signal.SIGKILL, -signal.SIGXFSZ), ended.said
    return ended.code != 0


def die_at(moment: int, folder: Path) -> None:
    changes = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        writes = event == "open" and bool((arguments[2] or 0) & WRITES)
        if not (writes or event in CHANGES) or not lies_in(folder, arguments[:2]):
            return
        changes += 1
        if changes > moment or (changes == moment and not writes):
            os.kill(os.getpid(), signal.SIGKILL)
        elif changes == moment:  # the kernel kills it where the file grows over this
            limit_files(FIRST_BYTES, deadly=True)

    sys.addaudithook(watch)


def lies_in(folder: Path, arguments: tuple[Any, ...]) -> bool:
    return any(
        f"{os.path.abspath(os.fsdecode(path))}/".startswith(f"{folder}/")  # noqa: PTH100 - Path would be watched as well
        for path in arguments
        if isinstance(path, str | bytes | os.PathLike)
    )


def limit_files(num_bytes: int, deadly: bool = False) -> None:
    """No file may grow beyond this: writing fails as it does on a full disk, or kills the process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if deadly else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, resource.RLIM_INFINITY))


def without_rights() -> None:
    """Root writes wherever it likes; without its capabilities it heeds what folders allow, as others do."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = CAPABILITIES.to_bytes(4, sys.byteorder) + bytes(4)
    assert libc.capset(header, bytes(24)) == 0, os.strerror(ctypes.get_errno())


def as_another_user() -> None:
    """Where root runs the tests; elsewhere whoever runs them stays who they are."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def adopt_orphans() -> None:
    """As the first process of a container does: what nobody else buries stays as its zombie."""
    assert ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0) == 0
