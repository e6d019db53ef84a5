"""The piece on the desk: seen, heard, worked on, taken home."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.checkpoint import Checkpoint
from core.comparison import num_free
from core.composition import Composition, original_of
from core.errors import InputError
from core.formats.pitch_names import pitch_names
from core.render.notation import NARROW, WIDE
from core.ui.components.candidate_strip import Candidate, candidate_strip
from core.ui.components.score_view import NOTHING, score_view
from core.ui.desk import Desk
from core.ui.downloads import downloads, keeping
from core.ui.neuron_why import picked_in, why_picked
from core.ui.note_panel import note_panel
from core.ui.originality import originality_line
from core.ui.page import open_tab, plain, plain_errors
from core.ui.piano_melody import accompany_button
from core.ui.playing import playing_controls
from core.ui.spoken import spoken
from core.ui.work import AUDIO_MIME, PAIR_WIDTH, accompanying_cards, corpus_of, engraved, sound


def result(desk: Desk, checkpoint: Checkpoint) -> None:
    """Everything about the piece on the desk."""
    piece = desk.piece
    assert piece is not None
    with st.container(key="piece"):
        if len(desk.candidates) > 1:
            cards(desk)
        steps(desk)
        with plain_errors():
            scores(desk, piece)
            originality_line(piece, corpus_of(piece.model))
        note_panel(desk, piece, checkpoint)
        playing_controls(desk, piece, checkpoint)
    with st.container(key="after"):
        more(desk, piece)


def more(desk: Desk, piece: Composition) -> None:
    """What is looked at now and then, in tabs."""
    name, tab = open_tab(["Take home", "Piano roll", "Notes", "History"], "more")
    with tab:
        if name == "Take home":
            downloads(piece)
            keeping(desk, piece)
        elif name == "Piano roll":
            piano_roll(desk, piece)
        elif name == "Notes":
            notes_table(piece)
        else:
            past(desk)


def cards(desk: Desk) -> None:
    """The candidates of the last composing; choosing one lays it on the desk."""
    from core.render.pianoroll import thumbnail_svg

    strip = []
    for candidate in desk.candidates:
        audio, _ = heard(candidate)
        label = f"Seed {candidate.sampling.seed}\n{likely(candidate)}"
        strip.append(Candidate(thumbnail_svg(candidate.performed), label, audio, AUDIO_MIME))
    picked = candidate_strip(strip, desk.chosen, key="candidates")
    if picked is not None and picked != desk.chosen:
        desk.selected = range(0)
        desk.add(f"Candidate {picked + 1}", desk.candidates[picked])
        st.rerun()


def steps(desk: Desk) -> None:
    """Undo and redo, and the way to a second hand."""
    piece = desk.piece
    assert piece is not None
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button("Undo", icon=":material/undo:", on_click=desk.undo, disabled=not desk.undo_stack)
    row.button("Redo", icon=":material/redo:", on_click=desk.redo, disabled=not desk.redo_stack)
    told = plain(desk.versions[desk.current][0])
    if held := likely(piece):
        told += f" · log-likelihood {held}"
    row.caption(told)
    if accompanying_cards():
        with row:
            accompany_button(replace(piece.written, title=piece.name), "two_hands")


def likely(piece: Composition) -> str:
    """The log-likelihood of a piece by the notes that were written: a longer one is no less likely for that.

    Nothing where the model gives none.
    """
    if piece.log_likelihood is None:
        return ""
    return f"{signed(piece.log_likelihood / max(1, num_free(piece)), 2)} nats a note"


def signed(number: float, digits: int) -> str:
    """A number with a proper minus sign."""
    return f"{number:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def scores(desk: Desk, piece: Composition) -> None:
    """The piece, beside it the melody that it recolours if there is one; a pick in it goes to the desk."""
    original = original_of(piece)
    if original is None:
        picked = sheet(piece, piece.name, "score", (WIDE, NARROW), desk.selected)
    else:
        with st.container(key="pair"):
            before, after = st.columns(2)
        with before:
            seen = sheet(original, original.name, "original", (PAIR_WIDTH, NARROW), picked_in("original", original))
            why_picked(seen, original, "original")
        with after:
            picked = sheet(piece, piece.title or "New melody", "score", (PAIR_WIDTH, NARROW), desk.selected)
    if picked is not None and picked != desk.selected:
        desk.selected = picked


def sheet(
    piece: Composition, heading: str, key: str, widths: tuple[int, int], selected: range = NOTHING
) -> range | None:
    """A piece under its heading, engraved for (wide, narrow) pages, and its player; returns what was just picked."""
    audio, said = heard(piece)
    performed, (wide, narrow) = piece.performed, widths
    sec = 60.0 / performed.qpm
    st.subheader(plain(heading), anchor=False)
    picked = score_view(
        engraved(piece.written, wide),
        [(note.onset * sec, note.offset * sec) for note in performed.notes],
        audio,
        key=key,
        mime=AUDIO_MIME,
        selected=selected,
        locked=piece.locked,
        narrow_svg=engraved(piece.written, narrow),
        names=spoken(piece.written),
    )
    st.caption(said)
    return picked


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
    names, sec = pitch_names(piece.pitches, piece.written.key), 60.0 / piece.performed.qpm
    rows = [
        {
            "note": i + 1,
            "pitch": names[i],
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
