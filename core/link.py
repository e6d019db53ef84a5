"""A composition, or the text of a tune, as short texts for the address bar."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from core.beats import Beats, Reading
from core.composition import Composition, Continued
from core.errors import InputError
from core.project import checked_piece, cut_text, metrical_beats, reading_from
from core.recolour import Original
from core.rhythm import Rhythm
from core.sampling import SamplingConfig

MAX_LINK_NOTES = 256
MAX_LINK_CHARACTERS = 4000
TICKS = 10080
"""of a quarter: binary, triplet, quintuplet, septuplet and ninth-tuplet values are whole numbers of them"""

SETTINGS = tuple(field.name for field in fields(SamplingConfig))


class LinkError(InputError):
    """An address that holds no piece."""


def piece_to_query(piece: Composition) -> dict[str, str] | None:
    """What the address bar holds of ``piece``; None when it is too long for a link."""
    if len(piece.pitches) > MAX_LINK_NOTES:
        return None
    neutral = asdict(SamplingConfig())
    chosen = {name: str(value) for name, value in asdict(piece.sampling).items() if value != neutral[name]}
    query = {"model": piece.model, **chosen, **beats_to_query(piece.beats), "notes": pack(piece.pitches)}
    extras = {
        "given": piece.num_given,
        "locked": ".".join(map(str, sorted(piece.locked))),
        "title": piece.title,
        "original": pack(piece.original.pitches) if piece.original else "",
        "original_title": piece.original.title if piece.original else "",
        "continued": continued_to_query(piece.continued) if piece.continued else "",
        "tempo": piece.qpm or "",
        "instrument": piece.program,
    }
    return query | {name: str(value) for name, value in extras.items() if value}


def beats_to_query(beats: Beats) -> dict[str, str]:
    if not beats.metrical:
        times = zip(beats.performed.rest_sec, beats.performed.duration_sec, strict=True)
        packed = "us." + pack([round(1e6 * time) for pair in times for time in pair])
        return {"rhythm": packed, **facts_to_query(beats.reading)}
    written, now, ticks = beats.written, 0, []
    for note in written.notes:
        onset, duration = round(note.onset * TICKS), round(note.duration * TICKS)
        ticks += [onset - now, duration]
        now = onset
    facts = Reading(written.qpm, written.time_signature, written.upbeat)
    return {"rhythm": "q." + pack(ticks), **facts_to_query(facts)}


def facts_to_query(reading: Reading) -> dict[str, str]:
    """Tempo, metre and upbeat, as far as they are known."""
    facts = {
        "qpm": reading.qpm,
        "metre": reading.time_signature and "/".join(map(str, reading.time_signature)),
        "upbeat": None if reading.upbeat is None else round(reading.upbeat * TICKS),
    }
    return {name: str(value) for name, value in facts.items() if value is not None}


def query_to_facts(query: Mapping[str, str]) -> Reading:
    """Undoes ``facts_to_query``; raises ``ValueError``."""
    return reading_from(
        {
            "qpm": query.get("qpm"),
            "time_signature": query["metre"].split("/") if "metre" in query else None,
            "upbeat": int(query["upbeat"]) / TICKS if "upbeat" in query else None,
        }
    )


def query_to_beats(query: Mapping[str, str]) -> Beats:
    """The rhythm in an address; raises ``LinkError``."""
    try:
        unit, _, packed = query["rhythm"].partition(".")
        numbers = unpack(packed)
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        if len(pairs) > MAX_LINK_NOTES:
            raise ValueError("more notes than a link is given")
        if unit == "us":
            rhythm = Rhythm(*(tuple(value / 1e6 for value in side) for side in zip(*pairs, strict=True)))
            return Beats.from_rhythm(rhythm, query_to_facts(query))
        onset, spans = 0, []
        for wait, duration in pairs:
            onset += wait
            spans.append((onset / TICKS, duration / TICKS))
        facts = query_to_facts(query)
        if facts.qpm is None or facts.time_signature is None or facts.upbeat is None:
            raise LinkError("The rhythm in this link is damaged; copy the whole link again.")
        return metrical_beats(spans, facts.qpm, facts.time_signature, facts.upbeat)
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise LinkError("The rhythm in this link is damaged; copy the whole link again.") from error


def query_to_settings(query: Mapping[str, str]) -> SamplingConfig:
    """The settings that an address names, neutral where it names none; raises ``InputError``."""
    try:
        named = {name: query[name] for name in SETTINGS if name in query}
        return SamplingConfig.from_mapping({k: v if k == "key" else float(v) for k, v in named.items()})
    except (ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise LinkError("A setting in this link is not a number; copy the whole link again.") from error


def query_to_piece(query: Mapping[str, str]) -> Composition:
    """The piece in an address; raises ``InputError``."""
    sampling, beats = query_to_settings(query), query_to_beats(query)
    try:
        return checked_piece(
            Composition(
                model=cut_text(query["model"], 100),
                beats=beats,
                pitches=tuple(unpack(query["notes"])),
                sampling=sampling,
                num_given=int(query.get("given", "0")),
                locked=frozenset(int(i) for i in query.get("locked", "").split(".") if i),
                title=cut_text(query.get("title", ""), 200),
                original=query_to_original(query),
                continued=query_to_continued(query),
                qpm=float(query["tempo"]) if "tempo" in query else None,
                program=int(query.get("instrument", "0")),
            )
        )
    except (ValueError, KeyError, OverflowError) as error:
        raise LinkError("The notes in this link are damaged; copy the whole link again.") from error


def query_to_original(query: Mapping[str, str]) -> Original | None:
    if "original" not in query:
        return None
    return Original(cut_text(query.get("original_title", ""), 200), tuple(unpack(query["original"])))


def continued_to_query(continued: Continued) -> str:
    return f"{continued.given:g}-{continued.length:g}-{continued.ended:d}"


def query_to_continued(query: Mapping[str, str]) -> Continued | None:
    if "continued" not in query:
        return None
    given, length, ended = query["continued"].split("-")
    return Continued(float(given), float(length), ended == "1")


def pack(numbers: Sequence[int]) -> str:
    """Whole numbers from 0 up as a short text of letters, digits, ``-`` and ``_``: deflated base-128 varints."""
    raw = bytearray()
    for number in numbers:
        while number > 127:
            raw.append(number & 127 | 128)
            number >>= 7
        raw.append(number)
    return deflated(bytes(raw))


def unpack(text: str) -> list[int]:
    """Undoes ``pack``; raises ``ValueError`` on anything else, and on more than a link holds."""
    raw = inflated(text, 20 * MAX_LINK_NOTES)
    if raw and raw[-1] > 127:
        raise ValueError("cut short")
    numbers, number, shift = [], 0, 0
    for byte in raw:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            number = shift = 0
    return numbers


def tune_to_query(text: str, model: str) -> dict[str, str] | None:
    """What the address bar holds of a tune in ABC notation; None when it is too long for a link."""
    if not 0 < len(text) <= MAX_LINK_CHARACTERS:
        return None
    return {"model": model, "tune": deflated(text.encode(errors="replace"))}


def query_to_tune(query: Mapping[str, str]) -> str:
    """The text of a tune; raises ``LinkError`` where the address holds none that is whole."""
    try:
        text = inflated(query["tune"], 4 * MAX_LINK_CHARACTERS).decode().replace("\0", "")
    except (KeyError, ValueError):
        text = ""
    if not 0 < len(text) <= MAX_LINK_CHARACTERS:
        raise LinkError("This link does not hold a whole tune; ask for it again.")
    return text


def deflated(raw: bytes) -> str:
    """Letters, digits, ``-`` and ``_``."""
    return base64.urlsafe_b64encode(zlib.compress(raw, 9)).decode().rstrip("=")


def inflated(text: str, most: int) -> bytes:
    """Undoes ``deflated``; raises ``ValueError`` on anything else, and on more than ``most`` bytes."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        inflater = zlib.decompressobj()
        raw = inflater.decompress(packed, most)
    except (binascii.Error, zlib.error) as error:
        raise ValueError("not deflated") from error
    if not inflater.eof:
        raise ValueError("cut short, or too long")
    return raw
