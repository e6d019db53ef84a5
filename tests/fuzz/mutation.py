"""Damaged copies of good inputs: in their bytes, in their words, in their JSON, in what a zip archive or a link packs.

Every function takes the input, other inputs of its kind and a random generator, and is the same for the same three.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import Any

from core.link import pack, unpack

Mutation = Callable[[bytes, Sequence[bytes], Random], bytes]

LARGEST = 200_000
"""bytes of an input: what grows with the square of its size shows long before"""
TIMES = (1, 1, 1, 1, 2, 2, 3, 6, 12)
"""that an input is damaged"""
EDGES = (0, 1, 0x7F, 0x80, 0xFF)
WORD = re.compile(rb"\d+(?:\.\d+)?|[^\W\d]+|\s+|[^\w\s]|.", re.DOTALL)
ODD_WORDS = tuple(
    word.encode("utf-8", "surrogatepass")
    for word in (
        "", "0", "-1", "-0", "1e999", "nan", "inf", "0.0000000001", "2147483648", "99999999999999999999", "9" * 5000,
        "²", "½", "٣", "é", "\0", "\x0b", "\r", "\u2028", "\ufeff", "\ud800", "😀", "<", ">", "&", "]]>", '"', "'", "%",
        "\\", "/", "[", "]", "(", ")", "{", "}", "|", ":", ";", "~", "-", "=cmd|' /C calc'!A0", "&lol;", "../../x",
        "<!DOCTYPE a [<!ENTITY b 'c'>]>", "[" * 3000, "(" * 3000, "\n", "\t", "a" * 3000,
    )
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, 1e308, float("nan"), float("inf"), 10**400, 2**63, "", "0", "\0", "\ud800",
    "nan", "9" * 5000, "x" * 3000, [], {}, [[]], [None], {"": None}, [0] * 300, [[0, 1]] * 120,
)  # fmt: skip


def damaged_bytes(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """Bits turned, numbers at their edges, pieces lost, repeated, moved, or from another input."""
    for _ in range(rng.choice(TIMES)):
        start, stop = cut(data, rng)
        match rng.randrange(8):
            case 0 if data:
                data = data[:start] + bytes([data[start] ^ 1 << rng.randrange(8)]) + data[start + 1 :]
            case 1:
                data = data[:start] + bytes([rng.choice(EDGES)]) * rng.choice((1, 2, 4)) + data[start + 1 :]
            case 2:
                data = data[:start] + rng.randbytes(rng.choice((1, 2, 4, 8))) + data[start:]
            case 3:
                data = data[:start] + data[stop:]
            case 4:
                data = data[:start] + data[start:stop] * rng.choice((2, 3, 50, 1000)) + data[stop:]
            case 5:
                data = data[: rng.randrange(len(data) + 1)]
            case 6:
                size = rng.choice((2, 4))
                data = (
                    data[:start] + rng.choice((0, 1, 2**31 - 1, 2**32 - 1)).to_bytes(4)[-size:] + data[start + size :]
                )
            case _:
                data = data[:start] + piece(others, rng) + data[stop:]
        data = data[:LARGEST]
    return data


def damaged_words(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """Words lost, repeated, exchanged, odd ones between them; now and then bytes."""
    if rng.random() < 0.15:
        return damaged_bytes(data, others, rng)
    words = WORD.findall(data)
    for _ in range(rng.choice(TIMES)):
        start, stop = cut(words, rng)
        match rng.randrange(6):
            case 0:
                words[start:stop] = []
            case 1:
                words[start:stop] = words[start:stop] * rng.choice((2, 3, 50, 1000))
            case 2:
                words[start : start + 1] = [rng.choice(ODD_WORDS)]
            case 3:
                words.insert(start, rng.choice(ODD_WORDS))
            case 4:
                words[start : start + 1] = [str(rng.choice((rng.randrange(300), rng.randrange(10**9)))).encode()]
            case _:
                words[start:stop] = WORD.findall(piece(others, rng))
        words = words[: LARGEST // 10]
    return b"".join(words)[:LARGEST]


def damaged_json(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """Values of other types, out of bounds or from another place; now and then words of the text."""
    if rng.random() < 0.2:
        return damaged_words(data, others, rng)
    value = json.loads(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = list(inner_places(value))
        if not places:
            break
        holder, key = rng.choice(places)
        other, its_key = rng.choice(places)
        match rng.randrange(5):
            case 0:
                del holder[key]
            case 1:
                holder[key] = deepcopy(other[its_key])
            case 2 if isinstance(holder[key], int | float):
                holder[key] = rng.choice((-holder[key], holder[key] + 1, holder[key] * 1000, str(holder[key])))
            case _:
                holder[key] = deepcopy(rng.choice(ODD_VALUES))
    return json.dumps(value).encode()[:LARGEST]


def inner_places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of all that a JSON value holds."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from inner_places(value[key])


def damaged_midi(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """The file as it stands, or the events of a track, whose length is then told as it is."""
    if rng.random() < 0.4:
        return damaged_bytes(data, others, rng)
    header, *tracks = data.split(b"MTrk")
    place = rng.randrange(len(tracks))
    tracks[place] = bytes(4) + damaged_bytes(tracks[place][4:], others, rng)
    chunks = [b"MTrk" + (len(track) - 4).to_bytes(4) + track[4:] for track in tracks]
    return b"".join([header, *chunks])[:LARGEST]


def damaged_zip(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """The archive itself, or a file in it, which is then packed as it should be."""
    if rng.random() < 0.4:
        return damaged_bytes(data, others, rng)
    texts = [b"".join(files_in(other).values()) for other in others]
    files = files_in(data)
    name = rng.choice(list(files))
    files[name] = damaged_words(files[name], texts, rng)
    if rng.random() < 0.2:
        files[rng.choice(("../../x.xml", "/etc/x.xml", "META-INF/container.xml", "a\\b.xml", "x" * 500))] = files.pop(
            name
        )
    return zipped(files)


def files_in(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def damaged_link(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """A query as JSON: its texts, or the numbers that they pack."""
    query = json.loads(data)
    packed = [name for name in ("rhythm", "notes", "original") if query.get(name)]
    if not packed or rng.random() < 0.5:
        return damaged_json(data, others, rng)
    name = rng.choice(packed)
    unit, dot, text = query[name].rpartition(".")
    numbers = unpack(text)
    for _ in range(rng.choice((1, 2, 4))):
        start, stop = cut(numbers, rng)
        odd = rng.choice((0, 1, 127, 128, 10**6, 10**9, 2**64, 2**2000))
        numbers[start:stop] = rng.choice(([], [odd], numbers[start:stop] * 2, [odd] * (stop - start)))
    return json.dumps({**query, name: unit + dot + pack(numbers)}).encode()


def cut(items: Sequence[Any], rng: Random) -> tuple[int, int]:
    """A place, more often near the beginning, where headers are, and another one behind it, more often close."""
    start = min(rng.randrange(len(items) + 1), rng.randrange(len(items) + 1)) if items else 0
    start = min(start, max(len(items) - 1, 0))
    return start, min(len(items), start + rng.choice((1, 1, 2, 4, 8, 40, 400)))


def piece(others: Sequence[bytes], rng: Random) -> bytes:
    """Of one of the other inputs."""
    other = rng.choice(others) if others else b""
    start, stop = cut(other, rng)
    return other[start:stop]
