"""The piece on the desk: seen, heard, worked on, taken home."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.checkpoint import Checkpoint
from core.composition import Composition
from core.errors import InputError
from core.formats.pitch_names import pitch_name
from core.ui.components.candidate_strip import Candidate, candidate_strip
from core.ui.components.score_view import score_view
from core.ui.desk import Desk
from core.ui.downloads import downloads, keeping
from core.ui.note_panel import note_panel
from core.ui.page import plain, plain_errors
from core.ui.work import engraved, sound

AUDIO_MIME = "audio/flac"
TEMPO_HELP = (
    "Quarter notes a minute. Changes how fast the piece is played and what tempo is written, and no note of it."
)


def result(desk: Desk, checkpoint: Checkpoint, license_: str) -> None:
    """Everything about the piece on the desk."""
    piece = desk.piece
    assert piece is not None
    if len(desk.candidates) > 1:
        cards(desk)
    steps(desk)
    if piece.title:
        st.subheader(plain(piece.title), anchor=False)
    with plain_errors():
        score(desk, piece)
    note_panel(desk, piece, checkpoint)
    playing_controls(desk, piece)
    take_home, roll, table, history = st.tabs(["Take home", "Piano roll", "Notes", "History"])
    with take_home:
        downloads(piece, license_)
        keeping(desk, piece)
    with roll:
        piano_roll(desk, piece)
    with table:
        notes_table(piece)
    with history:
        past(desk)


def cards(desk: Desk) -> None:
    """The candidates of the last composing; choosing one lays it on the desk."""
    from core.render.pianoroll import thumbnail_svg

    strip = []
    for candidate in desk.candidates:
        audio, _ = heard(candidate)
        label = f"Seed {candidate.sampling.seed} · {signed(candidate.log_likelihood, 1)}"
        strip.append(Candidate(thumbnail_svg(candidate.performed), label, audio, AUDIO_MIME))
    picked = candidate_strip(strip, desk.chosen, key="candidates")
    if picked is not None and picked != desk.chosen:
        desk.selected = range(0)
        desk.add(f"Candidate {picked + 1}", desk.candidates[picked])
        st.rerun()


def steps(desk: Desk) -> None:
    """Undo and redo."""
    piece = desk.piece
    assert piece is not None
    free = max(1, len(piece.pitches) - piece.num_given)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button("Undo", icon=":material/undo:", on_click=desk.undo, disabled=not desk.undo_stack)
    row.button("Redo", icon=":material/redo:", on_click=desk.redo, disabled=not desk.redo_stack)
    row.caption(
        f"{plain(desk.versions[desk.current][0])} · log-likelihood {signed(piece.log_likelihood, 1)} nats, "
        f"{signed(piece.log_likelihood / free, 2)} a note"
    )


def signed(number: float, digits: int) -> str:
    """A number with a proper minus sign."""
    return f"{number:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def playing_controls(desk: Desk, piece: Composition) -> None:
    """Title, instrument and tempo, which change how the piece looks and sounds but no note of it."""
    from core.render.audio import INSTRUMENTS

    names = {piece.program: f"program {piece.program}"} | {program: name for name, program in INSTRUMENTS.items()}
    if st.session_state.get("play.shown") != presentation(piece) or "play.title" not in st.session_state:
        st.session_state.update(presentation(piece))
        st.session_state["play.shown"] = presentation(piece)
    title, instrument, tempo = st.columns([3, 2, 2])
    title.text_input("Title", key="play.title", max_chars=120, on_change=present, args=(desk, "title"))
    instrument.selectbox(
        "Instrument",
        list(names),
        key="play.program",
        format_func=lambda program: names[program].capitalize(),
        on_change=present,
        args=(desk, "program"),
    )
    tempo.number_input("Tempo", 20, 300, key="play.qpm", step=4, on_change=present, args=(desk, "qpm"), help=TEMPO_HELP)


def present(desk: Desk, name: str) -> None:
    """A callback: the piece on the desk with its ``name`` as the widget has it."""
    piece = desk.piece
    assert piece is not None
    piece = replace(piece, **{name: st.session_state[f"play.{name}"]})
    desk.present(piece)
    st.session_state["play.shown"] = presentation(piece)


def presentation(piece: Composition) -> dict[str, object]:
    """How the widgets below the score show ``piece``, by their keys."""
    qpm = round(piece.qpm or piece.beats.written.qpm)
    return {"play.title": piece.title, "play.program": piece.program, "play.qpm": min(max(qpm, 20), 300)}


def score(desk: Desk, piece: Composition) -> None:
    """The engraving with its player; a pick goes to the desk."""
    from core.render.notation import NARROW, WIDE

    audio, said = heard(piece)
    performed = piece.performed
    sec = 60.0 / performed.qpm
    picked = score_view(
        engraved(piece.written, WIDE),
        [(note.onset * sec, note.offset * sec) for note in performed.notes],
        audio,
        key="score",
        mime=AUDIO_MIME,
        selected=desk.selected,
        locked=piece.locked,
        narrow_svg=engraved(piece.written, NARROW),
    )
    st.caption(said)
    if picked is not None and picked != desk.selected:
        desk.selected = picked


def heard(piece: Composition) -> tuple[bytes | str, str]:
    """The sound of a piece, and what plays it; no sound and the reason where it cannot be played."""
    try:
        audio, engine, notice = sound(piece.performed, piece.program)
    except InputError as error:
        return "", str(error)
    return audio, f"Played by {engine}. {notice}".strip()


def piano_roll(desk: Desk, piece: Composition) -> None:
    from core.render.pianoroll import pianoroll_figure

    figure = pianoroll_figure(piece.performed, highlight=desk.selected, locked=piece.locked, num_prompt=piece.num_given)
    st.plotly_chart(figure, key="roll", config={"displayModeBar": False})


def notes_table(piece: Composition) -> None:
    key, sec = piece.written.key, 60.0 / piece.performed.qpm
    rows = [
        {
            "note": i + 1,
            "pitch": pitch_name(heard.pitch, key),
            "MIDI": heard.pitch,
            "starts (s)": round(heard.onset * sec, 3),
            "lasts (s)": round(heard.duration * sec, 3),
            "written (quarters)": round(seen.duration, 3),
            "locked": i in piece.locked,
        }
        for i, (heard, seen) in enumerate(zip(piece.performed.notes, piece.written.notes, strict=True))
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height=320)


def past(desk: Desk) -> None:
    """Every version of this visit, the latest first."""
    for index in reversed(range(len(desk.versions))):
        label, piece = desk.versions[index]
        here = index == desk.current
        st.button(
            f"{index + 1}. {plain(label)} · {len(piece.pitches)} notes",
            key=f"past.{index}",
            type="primary" if here else "tertiary",
            on_click=desk.go_to,
            args=(index,),
        )
