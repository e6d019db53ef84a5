"""Choosing a piece to look into: a tune of a corpus, typed ABC, a file, or what another page has made."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from core.composition import Composition
from core.data.corpora import CORPORA
from core.data.piece import Piece
from core.errors import InputError
from core.files import READERS
from core.formats.abc_notation import header_fields, split_tunes
from core.recolour import take_rhythm
from core.sampling import SamplingConfig
from core.score import Score
from core.ui.continue_page import DESK as CONTINUE_DESK
from core.ui.desk import Desk
from core.ui.neuron_view import MAX_NOTES
from core.ui.neuron_why import SPACE, Source
from core.ui.page import MAX_UPLOAD_MB, keep
from core.ui.recolour_panel import choose_tune, title_of
from core.ui.work import melody_of

GIVEN = SPACE + "given"
"""where a visit keeps the piece that another page sent it here with"""
BROUGHT, TUNE, TYPED, FILE = "The piece you came with", "A tune", "Type ABC", "Upload"
DESKS = {"From Compose": "desk", "From Continue": CONTINUE_DESK}
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
MAX_TEXT = 20_000


def choose_source(space: str) -> Source | None:
    """The piece that the user wants, None while there is none yet; raises ``InputError``."""
    desks = {way: desk for way, key in DESKS.items() if (desk := st.session_state.get(key)) and desk.piece}
    ways = [*([BROUGHT] if GIVEN in st.session_state else []), TYPED, TUNE, FILE, *desks]
    way = st.segmented_control(
        "Piece", ways, key=keep(space + "way", ways[0], ways), required=True, label_visibility="collapsed"
    )
    if way == BROUGHT:
        brought: Source = st.session_state[GIVEN]
        return brought
    if way in desks:
        return from_desk(desks[way])
    return {TUNE: from_corpus, TYPED: typed, FILE: uploaded}[way or TYPED](space)


def from_desk(desk: Desk) -> Source:
    assert desk.piece is not None
    return Source(desk.piece.name, desk.piece)


def from_corpus(space: str) -> Source | None:
    chosen = choose_tune(space)
    return tune_source(*chosen) if chosen else None


def tune_source(corpus: str, tune: Piece) -> Source:
    """A tune of a corpus, as it is performed if it is."""
    return Source(title_of(tune.score, tune.id), as_told(tune.score, not CORPORA[corpus].performed), tune.text)


def as_told(melody: Score, written: bool) -> Composition | Score | None:
    """A written melody as it stands; one that is performed together with the notation that is found for it."""
    if not melody.notes:
        return None
    if written:
        return melody
    beats, original = take_rhythm(melody, melody.title, written, MAX_NOTES)
    return Composition("", beats, original.pitches, SamplingConfig(), len(beats), title=original.title)


def typed(space: str) -> Source:
    text = st.text_area("ABC notation", key=keep(space + "text", FIRST_TUNE), height=240, max_chars=MAX_TEXT)
    return text_source(text)


def text_source(text: str) -> Source:
    """The first tune of a text; raises ``InputError`` where there is nothing in it."""
    lines = text.replace("\r\n", "\n").strip()
    if not lines:
        raise InputError("There is no text yet; type a tune in ABC notation.")
    first = next(iter(split_tunes(lines)), lines).strip() or lines
    return Source(header_fields(first).get("T", "").strip() or "Typed tune", text=first)


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
    if PurePath(name).suffix.lower() == ".abc":
        return text_source(data.decode("utf-8", errors="replace"))
    melody, written, line = melody_of(data, name)
    st.caption(f"Its melody is {line}: {len(melody.notes):,} notes.")
    return Source(title_of(melody, PurePath(name).stem), as_told(melody, written))
