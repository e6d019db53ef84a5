"""How the piece on the desk is called and played: title, instrument, tempo and key."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.checkpoint import Checkpoint
from core.composition import Composition, transpose
from core.errors import InputError
from core.formats.spelling import Key, parse_key
from core.ui.desk import Desk
from core.ui.turns import turn

TEMPO_HELP = (
    "Quarter notes a minute. Changes how fast the piece is played and what tempo is written, and no note of it."
)
KEY_HELP = "Another key moves every note up or down to it, whichever is nearer; Undo takes it back."
MAX_TITLE = 120
"""characters; a longer one is cut, as a field that is full takes no more without a word"""
LOWEST_FIFTHS = {False: -5, True: -6}
"""of twelve keys in a row, those with the fewest sharps and flats: Db to F# major, Eb to G# minor"""


def playing_controls(desk: Desk, piece: Composition, checkpoint: Checkpoint) -> None:
    """Widgets that follow the piece, and change it when the user changes them."""
    from core.render.audio import INSTRUMENTS

    names = {piece.program: f"program {piece.program}"} | {program: name for name, program in INSTRUMENTS.items()}
    if st.session_state.get("play.shown") != presentation(piece) or "play.title" not in st.session_state:
        st.session_state.update(presentation(piece))
        st.session_state["play.shown"] = presentation(piece)
    title, instrument, tempo, key = st.columns([3, 2, 2, 2])
    title.text_input("Title", key="play.title", placeholder=piece.name, on_change=present, args=(desk, "title"))
    instrument.selectbox(
        "Instrument",
        list(names),
        key="play.program",
        format_func=lambda program: names[program].capitalize(),
        on_change=present,
        args=(desk, "program"),
    )
    tempo.number_input(
        "Tempo", 20, 300, None, key="play.qpm", step=4, on_change=present, args=(desk, "qpm"), help=TEMPO_HELP
    )
    key.selectbox(
        "Key",
        keys_like(piece.written.key),
        key="play.key",
        format_func=key_label,
        on_change=move_to_key,
        args=(desk, checkpoint),
        help=KEY_HELP,
    )


def present(desk: Desk, name: str) -> None:
    """A callback: the piece on the desk with its ``name`` as the widget has it."""
    piece, value = desk.piece, st.session_state[f"play.{name}"]
    assert piece is not None
    if value is None:  # the field was emptied: it goes back to what the piece has
        del st.session_state["play.shown"]
        return
    desk.present(replace(piece, **{name: value[:MAX_TITLE] if name == "title" else value}))
    del st.session_state["play.shown"]  # the widget shows the title as it was cut


def move_to_key(desk: Desk, checkpoint: Checkpoint) -> None:
    """A callback: a new version of the piece in the key that the widget has."""
    piece, key = desk.piece, st.session_state["play.key"]
    assert piece is not None
    try:
        with turn():
            moved = transpose(checkpoint, piece, interval(piece.written.key, key, piece.pitches))
        desk.add(f"Transposed to {key_label(key)}", moved)
    except InputError as error:
        st.session_state["notice"] = str(error)
        del st.session_state["play.shown"]  # the widget goes back to the key that the piece has


def presentation(piece: Composition) -> dict[str, object]:
    """How the widgets show ``piece``, by their keys."""
    qpm = round(piece.qpm or piece.beats.written.qpm)
    return {
        "play.title": piece.title,
        "play.program": piece.program,
        "play.qpm": min(max(qpm, 20), 300),
        "play.key": piece.written.key,
    }


def keys_like(key: str) -> list[str]:
    """The keys of the same mode, ``key`` among them, up the chromatic scale from C."""
    minor = parse_key(key).minor
    lowest = LOWEST_FIFTHS[minor]
    names = {tonic(Key(fifths, minor).name): Key(fifths, minor).name for fifths in range(lowest, lowest + 12)}
    return [names[pitch_class] for pitch_class in sorted(names | {tonic(key): key})]


def tonic(key: str) -> int:
    """The pitch class on which a key is built."""
    fifths, minor = parse_key(key)
    return 7 * (fifths + 3 * minor) % 12


def interval(before: str, after: str, pitches: tuple[int, ...]) -> int:
    """Semitones from one key to another, the nearer way unless that leads out of the range of MIDI."""
    up = (tonic(after) - tonic(before)) % 12
    inside = [way for way in (up, up - 12) if all(0 <= pitch + way <= 127 for pitch in pitches)]
    return min(inside or [up], key=abs)


def key_label(key: str) -> str:
    """``"F♯ minor"`` for ``"F#m"``."""
    mode = "minor" if key.endswith("m") else "major"
    return f"{key.removesuffix('m').replace('b', '♭').replace('#', '♯')} {mode}"
