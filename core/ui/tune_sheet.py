"""The tune on the desk: its text beside its score, and what is wrong with it."""

from __future__ import annotations

import math

import streamlit as st

from core.errors import InputError
from core.formats.abc_notation import note_places
from core.render.notation import NARROW
from core.score import Score, monophonic
from core.ui.components.abc_editor import abc_editor, edited, pointed
from core.ui.components.candidate_strip import Candidate, candidate_strip
from core.ui.components.score_view import score_view
from core.ui.neuron_why import Source, why_button
from core.ui.originality import melody_line
from core.ui.page import count, open_tab, plain, plain_errors
from core.ui.piano_melody import accompany_button
from core.ui.spoken import spoken
from core.ui.tune_desk import TuneDesk
from core.ui.tune_downloads import program, take_home
from core.ui.tune_text import MAX_TEXT, Reading, characters_of, line_and_column, read
from core.ui.work import AUDIO_MIME, PAIR_WIDTH, accompanying_cards, corpus_of, engraved, sound

EDITOR, SCORE, CARDS = "tune.editor", "tune.score", "tune.candidates"
STYLE = """
<style>
@media (min-width: 40rem) { /* the text stays in sight beside a long score */
  [data-testid="stColumn"]:has(.st-key-tune_text) { position: sticky; top: 3.5rem; align-self: flex-start; }
}
</style>
"""


def take_changes(desk: TuneDesk) -> None:
    """What the user has just done in the editor; to be called before anything shows the text."""
    text, note = edited(EDITOR, MAX_TEXT), pointed(EDITOR, len(desk.reading.places))
    if text is not None:
        desk.edit(text)
    elif note is not None:
        desk.selected = range(note, note + 1)


def tune(desk: TuneDesk) -> None:
    """Everything about the tune on the desk."""
    st.html(STYLE)
    if len(desk.candidates) > 1:
        cards(desk)
    steps(desk)
    text, score = st.columns(2)
    with score, plain_errors():
        seen_and_heard(desk)
    with text, st.container(key="tune_text"):
        written(desk)
    originality(desk)
    name, tab = open_tab(["Take home", "History"], "tune.more")
    with tab:
        if name == "Take home":
            take_home(desk)
        else:
            past(desk)


def cards(desk: TuneDesk) -> None:
    """The tunes that came together; choosing one lays it on the desk."""
    from core.render.pianoroll import thumbnail_svg

    strip = []
    for candidate in desk.candidates:
        reading = read(candidate.text)
        score = reading.score or Score(())
        label = "\n".join(filter(None, (candidate.label, candidate.note or score.title, verdict(reading))))
        strip.append(Candidate(thumbnail_svg(score), label, heard(score)[0], AUDIO_MIME))
    picked = candidate_strip(strip, desk.chosen, key=CARDS)
    if picked is not None and picked != desk.chosen:
        desk.choose(picked)
        st.rerun()


def verdict(reading: Reading) -> str:
    """Whether a tune is legal, in few words."""
    if reading.score is None:
        return "cannot be read"
    return "not all legal" if reading.problem else "legal"


def steps(desk: TuneDesk) -> None:
    """Undo and redo, and the way to a second hand."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button("Undo", icon=":material/undo:", on_click=desk.undo, disabled=not desk.undo_stack)
    row.button("Redo", icon=":material/redo:", on_click=desk.redo, disabled=not desk.redo_stack)
    row.caption(plain(" · ".join(filter(None, (desk.version.label, desk.version.note)))))
    score = read(desk.text).score
    if score is not None and score.notes and accompanying_cards():
        with row:
            accompany_button(score, "tune.two_hands")


def seen_and_heard(desk: TuneDesk) -> None:
    """The score and its player; a pick in it marks its characters in the text."""
    score = desk.reading.score
    if score is None:
        st.caption("The text cannot be read as a tune, so there is no score yet.")
        return
    if score.title:
        st.subheader(plain(score.title), anchor=False)
    if score is not read(desk.text).score:
        st.caption("This is the score of the last text that could be read.")
    audio, said = heard(score)
    sec = 60.0 / score.qpm
    picked = score_view(
        engraved(score, PAIR_WIDTH),
        [(note.onset * sec, note.offset * sec) for note in score.notes],
        audio,
        key=SCORE,
        mime=AUDIO_MIME,
        selected=desk.selected,
        narrow_svg=engraved(score, NARROW),
        names=spoken(score),
    )
    if picked is not None:
        desk.selected = picked
    st.caption(f"{count(len(score.notes), 'note')}; repeats are written out as they are played. {said}")
    why(desk)


def why(desk: TuneDesk) -> None:
    """From the first of the notes picked to the Neurons page, which reads the text, where repeats are said once."""
    places = read(desk.text).places
    if not desk.selected or desk.selected.stop > len(places):
        return
    once = note_places(desk.text, expand_repeats=False)
    if places[desk.selected.start] in once:
        source = Source(desk.reading.score.title if desk.reading.score else "", text=desk.text)
        why_button(source, desk.version.model, once.index(places[desk.selected.start]), "tune.why")


def heard(score: Score) -> tuple[bytes | str, str]:
    """The sound of a tune, and what plays it; no sound and the reason where it cannot be played."""
    try:
        audio, engine, notice = sound(score, program()) if score.notes else ("", "", "")
    except InputError as error:
        return "", str(error)
    return audio, f"Played by {engine}. {notice}".strip()


def written(desk: TuneDesk) -> None:
    """The text, with marks under the notes picked in the score and under what is wrong."""
    here = read(desk.text)
    marked = characters_of(here.places, desk.selected)
    abc_editor(desk.text, desk.revision, here.places, EDITOR, selected=marked, wrong=here.wrong, max_length=MAX_TEXT)
    if not here.problem:
        st.caption("Legal ABC: its bars add up and its repeats are closed. Click a note to find its characters.")
        return
    where = ""
    if here.wrong and not here.problem.startswith("Line "):
        where = "Line {}, column {}: ".format(*line_and_column(desk.text, here.wrong[0]))
    show = st.error if here.score is None else st.warning
    show(plain(where + here.problem))


def originality(desk: TuneDesk) -> None:
    """Whether the tune, after what the user gave of it, is copied from the training tunes of its model."""
    score, places = desk.reading.score, desk.reading.places
    if score is None:
        return
    written = (note.onset for note, (_, stop) in zip(score.notes, places, strict=True) if stop > desk.given)
    begins, melody = next(written, math.inf), monophonic(score)
    with plain_errors():
        melody_line(melody, corpus_of(desk.version.model), sum(note.onset < begins for note in melody.notes))


def past(desk: TuneDesk) -> None:
    """Every text of this visit, the latest first."""
    for index in reversed(range(len(desk.versions))):
        label, text, *_ = desk.versions[index]
        st.button(
            f"{index + 1}. {plain(label)} · {count(len(text), 'character')}",
            key=f"tune.past.{index}",
            type="primary" if index == desk.current else "tertiary",
            on_click=desk.go_to,
            args=(index,),
        )
