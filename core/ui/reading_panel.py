"""How a performed rhythm is written down: metre, tempo and the beat it starts on, found or as the user says."""

from __future__ import annotations

import re
from dataclasses import replace

import streamlit as st

from core.beats import Beats, Reading
from core.errors import InputError
from core.rhythm.transcription import TEMPO_RANGE
from core.ui.desk import Desk
from core.ui.turns import turn

METRES = ("4/4", "3/4", "2/4", "6/8", "2/2", "3/8", "9/8", "12/8", "5/4", "7/8")
FOUND = "As found"
"""its label must not tell what was found: the browser knows an option by its label, and asks for one that is gone"""
FRACTIONS = ("", "¼", "½", "¾")
HALF_QUARTERS = 2
"""places to start on in a quarter"""
LOWEST, HIGHEST = map(int, TEMPO_RANGE)


def reading_panel(desk: Desk) -> None:
    """Offers other readings of the performed rhythm on the desk; each is a step that can be undone."""
    beats = desk.beats
    if beats is None or beats.metrical:
        return
    shown = as_widgets(beats)
    if st.session_state.get("reading.shown") != shown or "reading.metre" not in st.session_state:
        st.session_state.update({**shown, "reading.shown": shown})
    written = beats.written
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.selectbox(
        "Metre",
        offered(METRES, shown["reading.metre"]),
        key="reading.metre",
        width=150,
        on_change=read_again,
        args=(desk, "metre"),
    )
    starts = {start_label(upbeat, written.time_signature): upbeat for upbeat in upbeats(written.bar_length)}
    row.selectbox(
        "Starts on beat",
        offered(tuple(starts), shown["reading.start"]),
        key="reading.start",
        width=150,
        on_change=read_again,
        args=(desk, "start"),
        help="Where in a bar the first note stands; before beat 1 it is an upbeat.",
    )
    row.number_input(
        "Quarters a minute",
        LOWEST,
        HIGHEST,
        value=None,
        step=1,
        key="reading.qpm",
        width=190,
        placeholder=f"Found: {written.qpm:.0f}",
        on_change=read_again,
        args=(desk, "qpm"),
        help="The tempo that the rhythm is read in; empty: found. It sounds the same in all of them.",
    )
    for label, factor, explanation in (
        ("Halve", 0.5, "Half the tempo: note values half as long"),
        ("Double", 2.0, "Twice the tempo: note values twice as long"),
    ):
        row.button(
            label,
            key=f"reading.times.{factor}",
            on_click=scale_tempo,
            args=(desk, factor),
            help=explanation,
            disabled=not LOWEST <= written.qpm * factor <= HIGHEST,
        )


def as_widgets(beats: Beats) -> dict[str, object]:
    """What the widgets show of a reading, by their keys."""
    reading, metre = beats.reading, beats.written.time_signature
    return {
        "reading.metre": "{}/{}".format(*reading.time_signature) if reading.time_signature else FOUND,
        "reading.start": FOUND if reading.upbeat is None else start_label(reading.upbeat, metre),
        "reading.qpm": None if reading.qpm is None else round(reading.qpm),
    }


def offered(names: tuple[str, ...], chosen: object) -> list[str]:
    """What can be chosen: to have it found, ``names``, and what is chosen already."""
    return [FOUND, *names, *([str(chosen)] if chosen not in (FOUND, *names) else [])]


def upbeats(bar_length: float) -> list[float]:
    """Upbeats in quarters with which a piece may begin, from the bar line on."""
    return [0.0, *(bar_length - place / HALF_QUARTERS for place in range(1, round(bar_length * HALF_QUARTERS)))]


def start_label(upbeat: float, time_signature: tuple[int, int]) -> str:
    """The beat that an upbeat of so many quarters begins on: ``"1"`` without one, ``"4"`` for a quarter before 4/4."""
    numerator, denominator = time_signature
    beat = (numerator - upbeat * denominator / 4) % numerator + 1
    whole, quarters = divmod(round(4 * beat), 4)
    return f"{whole}{FRACTIONS[quarters]}"


def read_again(desk: Desk, name: str) -> None:
    """A callback: the rhythm on the desk as the widget ``name`` has it, the rest as before."""
    assert desk.beats is not None
    reading, value = desk.beats.reading, st.session_state[f"reading.{name}"]
    metre = desk.beats.written.time_signature
    if name == "qpm":
        reading = replace(reading, qpm=value)
    elif name == "metre":
        chosen = re.fullmatch(r"(\d+)/(\d+)", str(value))
        time_signature = (int(chosen[1]), int(chosen[2])) if chosen else None
        reading = replace(reading, time_signature=time_signature, upbeat=None)
    else:
        starts = {start_label(upbeat, metre): upbeat for upbeat in upbeats(desk.beats.written.bar_length)}
        reading = replace(reading, upbeat=starts.get(value), time_signature=metre)
    read_as(desk, reading)


def scale_tempo(desk: Desk, factor: float) -> None:
    """A callback: the same rhythm in another tempo, and so in other note values."""
    assert desk.beats is not None
    qpm = desk.beats.written.qpm * factor
    read_as(desk, replace(desk.beats.reading, qpm=qpm, upbeat=None))


def read_as(desk: Desk, reading: Reading) -> None:
    said = [
        "{}/{}".format(*reading.time_signature) if reading.time_signature else "",
        f"{reading.qpm:.0f} quarters a minute" if reading.qpm else "",
        f"from beat {start_label(reading.upbeat, reading.time_signature)}"
        if reading.upbeat is not None and reading.time_signature
        else "",
    ]
    try:
        with turn():
            desk.read_as(reading, f"Read in {', '.join(filter(None, said)) or 'the metre and tempo that were found'}")
    except InputError as error:
        st.session_state["notice"] = str(error)
