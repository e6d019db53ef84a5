"""Ways to give a rhythm: tap it, clap it, write it, upload it, or take it from a tune."""

from __future__ import annotations

import streamlit as st

from core.beats import Beats, Reading
from core.files import READERS, read_beats
from core.rhythm import NOTE_VALUES_HELP, Rhythm, RhythmError, parse_note_values
from core.ui.components.tap_pad import Tapped, tap_pad
from core.ui.desk import Desk
from core.ui.page import MAX_UPLOAD_MB, count, keep, plain, plain_errors
from core.ui.reading_panel import HALF_QUARTERS, METRES, reading_panel
from core.ui.recolour_panel import recolour
from core.ui.turns import turn

START = "q q e e q  q. e h  q q e e q  q. e h | e e e e q q  q. e h  q q e e q  h. rq"
"""the rhythm on the desk when the page is first opened"""


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
        st.caption(f"On the desk: {plain(desk.beats_label)}, {count(len(desk.beats), 'note')}, {seconds:.1f} seconds.")
    reading_panel(desk)
    return desk.beats is not before


def tap(desk: Desk) -> None:
    tapped = tap_pad(key="tap")
    if tapped:
        with turn():
            beats = tapped_beats(tapped)
        desk.lay(beats, "a tapped rhythm")


def tapped_beats(tapped: Tapped) -> Beats:
    """What was tapped, written as the metronome went if there was one."""
    rhythm, metronome = Rhythm.from_taps(tapped.taps), tapped.metronome
    if metronome is None:
        return Beats.from_rhythm(rhythm)
    bar = 4 * metronome.time_signature[0] / metronome.time_signature[1]
    place = round(metronome.place * HALF_QUARTERS) / HALF_QUARTERS  # nobody taps exactly on the click
    return Beats.from_rhythm(rhythm, Reading(metronome.qpm, metronome.time_signature, -place % bar))


def write(desk: Desk) -> None:
    text = st.text_area("Note values", key=keep("values", START), help=NOTE_VALUES_HELP, max_chars=20_000)
    metre, tempo = st.columns(2)
    signature = metre.selectbox("Metre", METRES, key=keep("metre", METRES[0], list(METRES)))
    qpm = tempo.number_input("Quarter notes a minute", 20, 300, key=keep("qpm", 112), step=1)
    st.caption(NOTE_VALUES_HELP)
    if st.button("Use this rhythm", icon=":material/check:"):
        desk.lay(written_beats(text, signature, qpm), "a written rhythm")


def written_beats(text: str, metre: str, qpm: float) -> Beats:
    numerator, denominator = metre.split("/")
    score = parse_note_values(text, qpm=qpm, time_signature=(int(numerator), int(denominator)))
    beats = Beats.from_score(score)
    if len(beats) < len(score.notes):
        raise RhythmError("Some notes are too short to be told apart; write longer values or a slower tempo.")
    return beats


def upload(desk: Desk) -> None:
    endings = [ending.lstrip(".") for ending in (".csv", *READERS)]
    file = st.file_uploader(
        "A rhythm (CSV of rest_sec, duration_sec) or a melody (MIDI, MusicXML, ABC, Humdrum)",
        endings,
        key="upload",
        max_upload_size=MAX_UPLOAD_MB,
    )
    if file is not None and st.session_state.get("upload.seen") != file.file_id:
        with turn():
            beats = read_beats(file.getvalue(), file.name)
        desk.lay(beats, "the uploaded rhythm")
        st.session_state["upload.seen"] = file.file_id  # once it lies there: a run that was interrupted tries again


def clap(desk: Desk) -> None:
    from core.ui.clap_panel import clap as clap_into_recording

    clap_into_recording(desk)


def clap_live(desk: Desk) -> None:
    from core.ui.live_claps import listen

    listen(desk)


TAP = "Tap"
WAYS = {TAP: tap, "Clap": clap, "Clap live": clap_live, "Write": write, "Upload": upload, "Recolour a tune": recolour}
"""a new way to give a rhythm is a function here"""
