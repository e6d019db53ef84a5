"""Piano music on two staves: seen, heard, taken home."""

from __future__ import annotations

import streamlit as st

from core.formats.pitch_names import pitch_name
from core.render.notation import NARROW, WIDE
from core.ui.components.score_view import score_view
from core.ui.downloads import MIDI, MUSICXML, PDF, SVG, WAV, file_name, licence_line, offer
from core.ui.neuron_why import Source, why_button
from core.ui.page import count, open_tab, plain, plain_errors
from core.ui.piano_desk import PianoDesk, Take
from core.ui.spoken import spoken
from core.ui.work import AUDIO_MIME, piano_engraved, piano_exported, sound

FORMATS = (MIDI, MUSICXML, SVG, WAV, PDF)
PIANO_PROGRAM = 0
KEPT = (
    "What is not taken home is gone when this page is reloaded. Keep the MIDI file of a performance: under Play, "
    "“Go on from a MIDI file” goes on with it."
)


def sheet(desk: PianoDesk) -> None:
    """Everything about the take on the desk."""
    take = desk.take
    assert take is not None
    st.caption(plain(take.label))
    with plain_errors():
        seen_and_heard(desk, take)
    name, tab = open_tab(["Take home", "Piano roll", "History"], "piano.more")
    with tab, plain_errors():
        if name == "Take home":
            downloads(take)
        elif name == "Piano roll":
            piano_roll(take)
        else:
            past(desk)


def seen_and_heard(desk: PianoDesk, take: Take) -> None:
    sec = 60.0 / take.score.qpm
    audio, engine, notice = sound(take.score, PIANO_PROGRAM)
    picked = score_view(
        piano_engraved(take.score, take.performed, take.key, WIDE),
        [(note.onset * sec, note.offset * sec) for note in take.score.notes],
        audio,
        key="piano.score",
        mime=AUDIO_MIME,
        selected=desk.selected,
        narrow_svg=piano_engraved(take.score, take.performed, take.key, NARROW),
        names=spoken(take.score, written=not take.performed),
    )
    if picked is not None:
        desk.selected = picked
    if desk.selected:
        why_note(take, desk.selected.start)
    played = "Bars and note values are an estimate: it was played, not written. " if take.performed else ""
    st.caption(plain(f"{count(len(take.score.notes), 'note')}. {played}Played by {engine}. {notice}".strip()))


def why_note(take: Take, index: int) -> None:
    """Which note is picked, and the way to what the model did when it came to it."""
    st.caption(f"Note {index + 1}: {pitch_name(take.score.notes[index].pitch)}")
    why_button(Source(take.score.title, take.score), take.model, index, "piano.why")


def piano_roll(take: Take) -> None:
    from core.render.pianoroll import velocity_figure

    st.plotly_chart(velocity_figure(take.score), key="piano.roll")


def downloads(take: Take) -> None:
    """Buttons for every format."""

    def made(suffix: str) -> bytes:
        return piano_exported(suffix, take.score, take.performed, take.key)

    with st.container(horizontal=True):
        offer(FORMATS, take, made, file_name(take.score.title), "piano.")
    st.caption(KEPT)
    licence_line(take.model)


def past(desk: PianoDesk) -> None:
    """Every take of this visit, the latest first."""
    for index in reversed(range(len(desk.takes))):
        st.button(
            f"{index + 1}. {plain(desk.takes[index].label)}",
            key=f"piano.past.{index}",
            type="primary" if index == desk.current else "tertiary",
            on_click=desk.go_to,
            args=(index,),
        )
