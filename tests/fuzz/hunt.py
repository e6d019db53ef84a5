"""Reads damaged inputs in a child process that may not use more than so much time and memory for each."""

from __future__ import annotations

import faulthandler
import gc
import hashlib
import math
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import NamedTuple

from core.errors import InputError
from tests.fuzz.parsers import Parser, sentence

ROOT = Path(__file__).resolve().parents[2]
FOUND = Path(__file__).parent / "found"
MAX_SAVED = 20_000
"""bytes of an input that is kept"""
SLOWER = 12
"""times as many seconds may pass on the clock as in the processor: others use it too"""


class Finding(NamedTuple):
    number: int
    """of the input"""
    what: str
    """went wrong, and where: the same for the same fault"""


@dataclass
class Report:
    inputs: int = 0
    accepted: int = 0
    longest_sec: float = 0.0
    """of processor time that one input took"""
    most_bytes: int = 0
    """that memory grew over what it was before the first"""
    findings: list[Finding] = field(default_factory=list)


def complaint(read: Callable[[bytes], object], data: bytes) -> tuple[str, bool]:
    """(what is wrong with how an input is read, empty where nothing is; whether it was accepted)."""
    try:
        try:
            read(data)
        except InputError as error:
            check_causes(error)
            sentence(str(error))
            return "", False
    except Exception as error:
        return named(error), False
    return "", True


def check_causes(error: BaseException) -> None:
    """Raises a want of memory that a parser took for a fault of the input."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, MemoryError):
            raise cause
        cause = cause.__cause__ or cause.__context__


def named(error: Exception) -> str:
    """``ZeroDivisionError in core/formats/midi.py:12: ...``, the place being the innermost that is of this project."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if ROOT in Path(frame.filename).parents]
    place = f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}" if ours else "code of others"
    return f"{type(error).__name__} in {place}: {str(error)[:120]!r}"


def damaged(parser: Parser, seed: str, number: int) -> bytes:
    """Input ``number`` of a run with this seed."""
    rng, seeds = Random(f"{seed} {number}"), good(parser)
    return parser.damaged(rng.choice(seeds), seeds, rng)


@cache
def good(parser: Parser) -> tuple[bytes, ...]:
    """The inputs that damage is done to."""
    return tuple(parser.seeds())


def hunt(parser: Parser, inputs: int, seed: str, seconds: int = 5, megabytes: int = 300) -> Report:
    """Reads so many damaged inputs; what is neither success nor one sentence is a finding.

    A child reads them until one kills it, or takes too long; then another child goes on with the next.
    """
    warm_up(parser)
    report, first = Report(inputs), 0
    while first < inputs:
        last, ending = first, ""
        receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(
            target=read_all, args=(parser, range(first, inputs), seed, seconds, megabytes, sender)
        )
        child.start()
        sender.close()
        for told in messages(receiver):
            last = take(report, told)
        child.join()
        if child.exitcode:
            ending = signal.Signals(-child.exitcode).name if child.exitcode < 0 else f"exit code {child.exitcode}"
            report.findings.append(Finding(last, f"killed by {ending}"))
        first = last + 1
    return report


def warm_up(parser: Parser) -> None:
    """Reads the seeds, so that what is loaded at the first use belongs to what memory was before."""
    for data in good(parser):
        wrong, _ = complaint(parser.read, data)
        assert not wrong, wrong


Told = tuple[int, str, bool, float, int]
"""(input, complaint, whether it was accepted, seconds, bytes); before it is read -1.0 seconds"""


def messages(receiver: Connection) -> Iterator[Told]:
    while True:
        try:
            yield receiver.recv()
        except EOFError:
            return


def take(report: Report, told: Told) -> int:
    number, wrong, accepted, seconds, used = told
    report.accepted += accepted
    report.longest_sec = max(report.longest_sec, seconds)
    report.most_bytes = max(report.most_bytes, used)
    if wrong:
        report.findings.append(Finding(number, wrong))
    return number


def read_all(parser: Parser, numbers: range, seed: str, seconds: int, megabytes: int, sender: Connection) -> None:
    """In the child: tells of each input before and after it is read. Signals that nobody handles end it."""
    faulthandler.disable()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries have much to say about damaged files
    gc.freeze()
    idle = used_memory("VmRSS")
    limit = used_memory("VmSize") + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number in numbers:
        data = damaged(parser, seed, number)
        sender.send((number, "", False, -1.0, 0))
        began = time.process_time()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak of memory begins anew
        signal.alarm(SLOWER * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(began) + seconds, resource.RLIM_INFINITY))
        wrong, accepted = complaint(parser.read, data)
        signal.alarm(0)
        sender.send((number, wrong, accepted, time.process_time() - began, used_memory("VmHWM") - idle))


def used_memory(name: str) -> int:
    """A line of the process' status, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.partition(f"{name}:")[2].split(maxsplit=1)[0])


def save(name: str, data: bytes) -> Path:
    """Keeps an input for the tests; one that is too long is cut, and may then be harmless."""
    path = FOUND / name / hashlib.sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data[:MAX_SAVED])
    return path
