"""Every parser on damaged inputs: those that once did harm, and fresh ones; and the fuzzer itself on parsers that fail.

``python -m tests.fuzz`` reads many more, each within bounds of time and memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from core.errors import InputError
from tests.fuzz.hunt import FOUND, MAX_SAVED, complaint, damaged, hunt
from tests.fuzz.mutation import damaged_bytes, damaged_json, damaged_words
from tests.fuzz.parsers import PARSERS, Parser

SAVED = sorted(path for path in FOUND.glob("*/*") if path.is_file())
SEEDS, FRESH = 4, 30
"""inputs a parser: good ones, and damaged ones, fewer of these for a slow one"""


@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_did_harm_does_none(path: Path) -> None:
    """Neither is it slow, nor large: it is read in a child, within the bounds of time and memory."""
    data, parser = path.read_bytes(), PARSERS[path.parent.name]
    assert len(data) <= MAX_SAVED
    again = Parser(parser.read, lambda: parser.seeds()[:1], lambda *_: data)
    assert hunt(again, 1, "").findings == []


@pytest.mark.parametrize("name", PARSERS)
def test_good_inputs_are_accepted_and_damaged_ones_answered_in_a_sentence(name: str) -> None:
    parser = PARSERS[name]
    for data in parser.seeds()[:SEEDS]:
        assert complaint(parser.read, data) == ("", True)
    for number in range(max(2, round(FRESH * parser.share))):
        assert complaint(parser.read, damaged(parser, name, number))[0] == ""


def test_the_same_seed_makes_the_same_inputs() -> None:
    for damage, data in (
        (damaged_bytes, b"\0\1\2" * 9),
        (damaged_words, b"one 2 three"),
        (damaged_json, b'{"a": [1]}'),
    ):
        made = [[damage(data, (data,), Random(f"{number}")) for number in range(50)] for _ in range(2)]
        assert made[0] == made[1]
        assert len(set(made[0])) > 20


def explode(data: bytes) -> None:
    raise ZeroDivisionError


def say_too_much(data: bytes) -> None:
    raise InputError("no " * 100)


def say_two_lines(data: bytes) -> None:
    raise InputError("One.\nTwo.")


def hide_want_of_memory(data: bytes) -> None:
    try:
        bytearray(10**12)
    except MemoryError as error:
        raise InputError("This is no music.") from error


def eat_memory(data: bytes) -> None:
    bytearray(10**9)


def hang(data: bytes) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (explode, "ZeroDivisionError"),
        (say_too_much, "300 characters"),
        (say_two_lines, "cannot be shown"),
        (hide_want_of_memory, "MemoryError"),
        (eat_memory, "MemoryError"),
        (hang, "SIGXCPU"),
        (lambda data: os.abort(), "SIGABRT"),
        (lambda data: os._exit(3), "exit code 3"),
        (lambda data: None, ""),
    ],
)
def test_the_fuzzer_finds(read: Callable[[bytes], object], what: str) -> None:
    good = [b"good"]

    def read_damaged(data: bytes) -> None:
        if data not in good:
            read(data)

    inputs = 1 if read is hang else 2
    report = hunt(Parser(read_damaged, lambda: good, lambda *_: b"bad"), inputs, "", seconds=1)
    assert len(report.findings) == (inputs if what else 0)
    assert all(what in finding.what for finding in report.findings)
    assert report.accepted == (0 if what else inputs)
