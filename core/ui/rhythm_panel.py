"""Ways to give a rhythm: tap it, write it, upload it, or take it from a tune."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.beats import Beats
from core.data.corpora import CORPORA
from core.files import READERS, read_beats
from core.rhythm import NOTE_VALUES_HELP, Rhythm, parse_note_values
from core.ui.components.tap_pad import tap_pad
from core.ui.desk import Desk
from core.ui.page import plain, plain_errors
from core.ui.settings import keep
from core.ui.work import tunes

START = "q q e e q  q. e h  q q e e q  q. e h | e e e e q q  q. e h  q q e e q  h. rq"
"""the rhythm on the desk when the page is first opened"""
METRES = ("4/4", "3/4", "2/4", "6/8", "2/2", "3/8", "9/8", "12/8", "5/4", "7/8")
MAX_MATCHES = 60


def rhythm_panel(desk: Desk) -> bool:
    """Lets the user give a rhythm and lays it on the desk; true when a new one has just come."""
    before = desk.beats
    way = st.segmented_control(
        "Rhythm", list(WAYS), key=keep("way", TAP, list(WAYS)), required=True, label_visibility="collapsed"
    )
    assert way is not None
    with plain_errors():
        WAYS[way](desk)
    if desk.beats is not None:
        seconds = desk.beats.performed.total_sec
        st.caption(f"On the desk: {plain(desk.beats_label)}, {len(desk.beats)} notes, {seconds:.1f} seconds.")
    return desk.beats is not before


def lay(desk: Desk, beats: Beats, label: str) -> None:
    desk.beats, desk.beats_label = beats, label


def tap(desk: Desk) -> None:
    taps = tap_pad(key="tap")
    if taps:
        lay(desk, Beats.from_rhythm(Rhythm.from_taps(taps)), "a tapped rhythm")


def write(desk: Desk) -> None:
    text = st.text_area("Note values", key=keep("values", START), help=NOTE_VALUES_HELP, max_chars=20_000)
    metre, tempo = st.columns(2)
    signature = metre.selectbox("Metre", METRES, key=keep("metre", METRES[0], list(METRES)))
    qpm = tempo.number_input("Quarter notes a minute", 20, 300, key=keep("qpm", 112), step=1)
    st.caption(NOTE_VALUES_HELP)
    if st.button("Use this rhythm", icon=":material/check:"):
        lay(desk, written_beats(text, signature, qpm), "a written rhythm")


def written_beats(text: str, metre: str, qpm: float) -> Beats:
    numerator, denominator = metre.split("/")
    return Beats.from_score(parse_note_values(text, qpm=qpm, time_signature=(int(numerator), int(denominator))))


def upload(desk: Desk) -> None:
    endings = [ending.lstrip(".") for ending in (".csv", *READERS)]
    file = st.file_uploader(
        "A rhythm (CSV of rest_sec, duration_sec) or a melody (MIDI, MusicXML, ABC)", endings, key="upload"
    )
    if file is not None and st.session_state.get("upload.seen") != file.file_id:
        st.session_state["upload.seen"] = file.file_id  # once: a later rerun must not lay it on the desk again
        try:
            lay(desk, read_beats(file.getvalue(), file.name), "the uploaded rhythm")
        except Exception:
            del st.session_state["upload.seen"]  # say it again as long as the file stays there
            raise


def recolour(desk: Desk) -> None:
    words = st.text_input(
        "Search the tunes", key=keep("search", ""), placeholder="a title, a place or a genre", max_chars=200
    )
    corpus = next(iter(CORPORA))
    found = [piece for piece in tunes(corpus) if matches(piece.score.title, piece.metadata, words)]
    if not found:
        st.info("No tune matches; try another word.")
        return
    if len(found) > MAX_MATCHES:
        st.caption(f"{len(found)} tunes, the first {MAX_MATCHES} shown; search to find others.")
    titles = {
        piece.id: f"{piece.score.title or 'Untitled'} · {len(piece.score.notes)} notes" for piece in found[:MAX_MATCHES]
    }
    chosen = st.selectbox(
        "Tune", list(titles), format_func=titles.__getitem__, key=keep("tune", next(iter(titles)), list(titles))
    )
    if st.button("Use its rhythm", icon=":material/palette:"):
        piece = next(piece for piece in found if piece.id == chosen)
        lay(desk, Beats.from_score(piece.score), f"the rhythm of “{piece.score.title}”")


def matches(title: str, metadata: Mapping[str, str], words: str) -> bool:
    """Whether every word occurs in the title or the facts of a tune."""
    text = " ".join([title, *metadata.values()]).lower()
    return all(word in text for word in words.lower().split())


TAP = "Tap"
WAYS = {TAP: tap, "Write": write, "Upload": upload, "Recolour a tune": recolour}
"""a new way to give a rhythm is a function here"""
