"""Choosing a piece to look into: a tune of a corpus, typed ABC, a file, or what another page has made."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePath
from typing import Any, NamedTuple

import streamlit as st

from core.composition import Composition
from core.data.corpora import CORPORA
from core.data.melody import find_melody
from core.data.piece import Piece
from core.errors import InputError
from core.files import READERS, check_size
from core.formats.abc_notation import header_fields, split_tunes
from core.inspection import performance_of
from core.recolour import take_rhythm
from core.sampling import SamplingConfig
from core.score import Score, printable
from core.ui.continue_page import DESK as CONTINUE_DESK
from core.ui.neuron_told import MAX_NOTES, cut
from core.ui.neuron_why import SPACE, Source
from core.ui.page import MAX_UPLOAD_MB, count, keep
from core.ui.piano_desk import Take
from core.ui.piano_page import DESK as PIANO_DESK
from core.ui.recolour_panel import choose_tune, title_of
from core.ui.tunes_page import DESK as TUNES_DESK
from core.ui.turns import turn
from core.ui.work import melody_of, score_of

GIVEN = SPACE + "given"
"""where a visit keeps the piece that another page sent it here with"""
BROUGHT, TUNE, TYPED, FILE = "The piece you came with", "A tune", "Type ABC", "Upload"
FIRST_TUNE = """X:1
T:The Kesh
R:jig
M:6/8
L:1/8
K:G
|:G3 GAB|A3 ABd|edd gdd|edB dBA|
G3 GAB|A3 ABd|edd gdB|AGF G3:|
|:BAB dBd|ege dBA|BAB dBG|ABA AGA|
BAB dBd|ege dBd|gfg aga|bgg g3:|"""
"""a traditional jig, to open on"""
MAX_TEXT, MAX_TITLE = 20_000, 200
"""characters of a tune and of what it is called"""


def choose_source(space: str) -> Source | None:
    """The piece that the user wants, None while there is none yet; raises ``InputError``."""
    held = {name: piece for name, desk in DESKS.items() if (piece := desk.piece())}
    ways = [*([BROUGHT] if GIVEN in st.session_state else []), TYPED, TUNE, FILE, *held]
    way = st.segmented_control(
        "Piece", ways, key=keep(space + "way", ways[0], ways), required=True, label_visibility="collapsed"
    )
    if way == BROUGHT:
        brought: Source = st.session_state[GIVEN]
        return brought
    if way in held:
        return DESKS[way].to_source(held[way])
    return {TUNE: from_corpus, TYPED: typed, FILE: uploaded}[way or TYPED](space)


def from_corpus(space: str) -> Source | None:
    chosen = choose_tune(space)
    return tune_source(*chosen) if chosen else None


def tune_source(corpus: str, tune: Piece) -> Source:
    """A tune of a corpus, as it is performed if it is, with all that is played with it where the corpus has that."""
    told = as_told(tune.score, not CORPORA[corpus].performed)
    return Source(title_of(tune.score, tune.id), told, tune.text, played_with(corpus, tune.id))


@lru_cache(maxsize=8)
def played_with(corpus: str, id_: str) -> Score | None:
    """The beginning of a performance of a corpus, all its notes: see ``performance_of``."""
    with turn():
        played = performance_of(corpus, id_)
    return played and cut(played)


def as_told(melody: Score, written: bool) -> Composition | Score | None:
    """A written melody as it stands; one that is performed together with the notation that is found for it."""
    if not melody.notes:
        return None
    if written:
        return melody
    with turn():
        beats, original = take_rhythm(melody, melody.title, written, MAX_NOTES)
    return Composition("", beats, original.pitches, SamplingConfig(), len(beats), title=original.title)


def typed(space: str) -> Source:
    text = st.text_area("ABC notation", key=keep(space + "text", FIRST_TUNE), height=240, max_chars=MAX_TEXT)
    return text_source(text)


def text_source(text: str) -> Source:
    """The first tune of a text; raises ``InputError`` where there is nothing in it, or too much."""
    lines = text.replace("\r\n", "\n").strip()
    if not lines:
        raise InputError("There is no text yet; type a tune in ABC notation.")
    first = next(iter(split_tunes(lines)), lines).strip() or lines
    if len(first) > MAX_TEXT:
        raise InputError(f"The tune has over {MAX_TEXT:,} characters; give a shorter one.")
    title = printable(header_fields(first).get("T", "").strip()[:MAX_TITLE])
    return Source(title or "Typed tune", text=first)


def uploaded(space: str) -> Source | None:
    file = st.file_uploader(
        "A piece of music (MIDI, MusicXML, ABC, Humdrum)",
        [ending.lstrip(".") for ending in READERS],
        key=space + "file",
        max_upload_size=MAX_UPLOAD_MB,
    )
    if file is None:
        return None
    data, name = file.getvalue(), file.name
    check_size(data)
    if PurePath(name).suffix.lower() == ".abc":
        return text_source(data.decode("utf-8", errors="replace"))
    (melody, written, line), whole = melody_of(data, name), score_of(data, name)
    st.caption(
        f"Its melody is {line}: {count(len(melody.notes), 'note')}. "
        f"Models of piano music read all its {count(len(whole.notes), 'note')}."
    )
    return Source(title_of(melody, PurePath(name).stem[:MAX_TITLE]), as_told(melody, written), whole=cut(whole))


def piece_source(piece: Composition) -> Source:
    return Source(piece.name, piece)


@lru_cache(maxsize=8)
def take_source(take: Take) -> Source:
    """Piano music, for other models its melody."""
    with turn():
        melody, _ = find_melody(take.score)
        return Source(take.score.title, as_told(melody, not take.performed), whole=cut(take.score))


class OtherDesk(NamedTuple):
    """A piece that lies on another page."""

    key: str
    """of the desk in the session"""
    holds: str
    """what the desk calls it"""
    to_source: Callable[[Any], Source]

    def piece(self) -> object:
        """None, or nothing, where there is none."""
        return getattr(st.session_state.get(self.key), self.holds, None)


DESKS = {
    "From Compose": OtherDesk("desk", "piece", piece_source),
    "From Continue": OtherDesk(CONTINUE_DESK, "piece", piece_source),
    "From Piano": OtherDesk(PIANO_DESK, "take", take_source),
    "From Tunes": OtherDesk(TUNES_DESK, "text", text_source),
}
