"""Recolouring: the rhythm of a tune that is there already, for a new melody on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

import streamlit as st

from core.data.corpora import CORPORA, installed_corpora
from core.data.piece import Piece
from core.files import READERS
from core.recolour import take_rhythm
from core.rhythm import MAX_NOTES
from core.score import Score, quoted
from core.ui.desk import Desk
from core.ui.page import MAX_UPLOAD_MB, keep
from core.ui.turns import turn
from core.ui.work import melody_of, tunes

CORPUS, FILE = "From a corpus", "From a file"
MAX_MATCHES = 60
FIRST_NOTES = 256
"""of a long piece; so many fit into a link"""


def recolour(desk: Desk) -> None:
    """A tune of a corpus, or the melody of an uploaded file."""
    source = st.segmented_control(
        "Whose rhythm", [CORPUS, FILE], key=keep("source", CORPUS), required=True, label_visibility="collapsed"
    )
    if source == FILE:
        from_file(desk)
    else:
        from_corpus(desk)


def from_corpus(desk: Desk) -> None:
    chosen = choose_tune()
    if chosen:
        corpus, tune = chosen
        offer(desk, tune.score, title_of(tune.score, tune.id), written=not CORPORA[corpus].performed)


def choose_tune(space: str = "") -> tuple[str, Piece] | None:
    """A corpus and a tune of it, found by what is told of it; ``space`` is what the keys of its settings begin with."""
    names = installed_corpora()
    where, search = st.columns([1, 2])
    corpus = where.selectbox(
        "Tunes of",
        names,
        key=keep(space + "tunes_of", names[0], names),
        format_func=lambda name: CORPORA[name].title,
    )
    words = search.text_input(
        "Search the tunes",
        key=keep(space + "search", ""),
        placeholder="a title, a composer, a place or a genre",
        max_chars=200,
    )
    found = {piece.id: piece for piece in tunes(corpus) if matches(piece.score.title, piece.metadata, words)}
    if not found:
        st.info("No tune matches; try another word.")
        return None
    if len(found) > MAX_MATCHES:
        st.caption(f"{len(found):,} tunes, the first {MAX_MATCHES} shown; search to find others.")
    shown = list(found)[:MAX_MATCHES]
    chosen = st.selectbox(
        "Tune",
        shown,
        format_func=lambda id_: tune_label(title_of(found[id_].score, id_), found[id_].metadata, found[id_].score),
        key=keep(space + "tune", shown[0], shown),
    )
    return corpus, found[chosen]


def from_file(desk: Desk) -> None:
    endings = [ending.lstrip(".") for ending in READERS]
    file = st.file_uploader(
        "A melody, a piece in several voices or a performance (MIDI, MusicXML, ABC, Humdrum)",
        endings,
        key="recolour.file",
        max_upload_size=MAX_UPLOAD_MB,
    )
    if file is None:
        return
    melody, written, line = melody_of(file.getvalue(), file.name)
    title = title_of(melody, PurePath(file.name).stem)
    st.caption(f"Its melody is {line}: {len(melody.notes):,} notes.")
    offer(desk, melody, title, written)


def offer(desk: Desk, melody: Score, title: str, written: bool) -> None:
    """The button that lays the rhythm of ``melody`` on the desk; of a long one the first notes."""
    length = len(melody.notes)
    if length > FIRST_NOTES:
        length = st.number_input(
            "Notes to take, from its beginning", 1, min(length, MAX_NOTES), FIRST_NOTES, key=f"take.{title}"
        )
    if st.button("Use its rhythm", icon=":material/palette:"):
        with turn():
            beats, original = take_rhythm(melody, title, written, length)
        desk.lay(beats, f"the rhythm of {quoted(title)}", original)


def title_of(melody: Score, otherwise: str) -> str:
    return melody.title.strip() or otherwise


def tune_label(title: str, metadata: Mapping[str, str], melody: Score) -> str:
    return " · ".join(filter(None, (title, metadata.get("composer"), f"{len(melody.notes)} notes")))


def matches(title: str, metadata: Mapping[str, str], words: str) -> bool:
    """Whether every word occurs in the title or the facts of a tune."""
    text = " ".join([title, *metadata.values()]).lower()
    return all(word in text for word in words.lower().split())
