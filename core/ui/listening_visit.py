"""What a listener sees: one excerpt after the other, the favourite, thanks."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import Engine

from core.errors import InputError
from core.listening.database import StudyError
from core.listening.excerpts import HUMAN
from core.listening.groups import HEARD
from core.listening.visits import HIGHEST, LOWEST, MACHINE, Answer, Visit, answer, excerpt_at, favour
from core.ui.listening_store import prepared
from core.ui.page import plain, plain_errors
from core.ui.work import AUDIO_MIME

PREPARED = "listening.prepared"
"""where a visit keeps for whom all music is there"""
SCALE = list(range(LOWEST, HIGHEST + 1))
QUESTIONS = {
    "appeal": "How much do you like it?",
    "melody": "How good is its melody?",
    "realism": "How much does it sound like music that a pianist would play?",
}
"""by rating; the names are those of ``core.listening.visits.RATINGS``"""
ENDS = "1 is not at all, 5 is very much."
GUESSES = {"A person": HUMAN, "A machine": MACHINE}
LABELS = {HUMAN: "A person wrote this one.", MACHINE: "A machine wrote this one."}


def go_on(engine: Engine, visit: Visit) -> None:
    """The screen that a listener has come to; raises ``StudyError``."""
    if visit.favourite is not None:
        st.header("Thank you", anchor=False)
        st.write("That was the last question. All your answers are stored.")
        return
    if not visit.is_open:
        st.write(f"The study “{plain(visit.title)}” is closed. Thank you for the answers that you gave.")
        return
    if (place := visit.next_place) is None:
        favourite(engine, visit)
    else:
        prepare(engine, visit)
        excerpt(engine, visit, place)
    st.caption(
        f"Your code is **{visit.code}**. With it, or with the address of this page, you can go on later or on another "
        "device; every answer is stored as soon as you press the button."
    )


def prepare(engine: Engine, visit: Visit) -> None:
    """Has all of a listener's music made before the first is heard: how long each takes would tell who wrote it.

    So would a bar that goes step by step, and the order in which they are heard.
    """
    if st.session_state.get(PREPARED) == visit.code:
        return
    with st.spinner("Preparing your music, which takes a while for the first listeners …"):
        for study, number in sorted(excerpt_at(engine, visit.code, place) for place in range(HEARD)):
            play(engine, study, number)
    st.session_state[PREPARED] = visit.code


def sound(engine: Engine, visit: Visit, place: int) -> bytes:
    """What is heard at a place; raises ``StudyError``."""
    return play(engine, *excerpt_at(engine, visit.code, place))


def play(engine: Engine, study: str, number: int) -> bytes:
    """The sound of an excerpt; raises ``StudyError``, which unlike its cause does not tell who wrote it."""
    try:
        return prepared(engine, study, number)
    except InputError as error:
        raise StudyError("The music cannot be played right now; come back later with your code.") from error


def excerpt(engine: Engine, visit: Visit, place: int) -> None:
    """One excerpt and the questions about it."""
    st.progress(place / HEARD, f"{place + 1} of {HEARD}")
    if (label := visit.labels[place]) is not None:
        st.markdown(f"**{LABELS[label]}**")
    st.audio(sound(engine, visit, place), format=AUDIO_MIME)
    key = f"listening.{visit.code}.{place}"  # of this excerpt alone: the next one has no answers yet
    with st.form(key):
        st.caption(ENDS)
        ratings = {
            name: st.radio(question, SCALE, index=None, horizontal=True, key=f"{key}.{name}")
            for name, question in QUESTIONS.items()
        }
        said = None
        if not visit.labelled:
            said = st.radio("Who wrote it?", list(GUESSES), index=None, horizontal=True, key=f"{key}.guess")
        pressed = st.form_submit_button("Next", type="primary", icon=":material/arrow_forward:")
    if pressed:
        with plain_errors():
            given = {name: rating for name, rating in ratings.items() if rating is not None}
            if len(given) < len(ratings) or (said is None and not visit.labelled):
                raise StudyError("Answer every question, please.")
            answer(engine, visit.code, place, Answer(**given, guess=GUESSES[said] if said else None))
            st.rerun()


def favourite(engine: Engine, visit: Visit) -> None:
    """All excerpts once more, and the question which was the best."""
    st.progress(1.0, "The last question")
    st.header("Which one did you like best?", anchor=False)
    for first in range(0, HEARD, 2):
        for place, column in enumerate(st.columns(2), start=first):
            with column:
                label = visit.labels[place]
                st.markdown(f"**{place + 1}**" + (f" — {LABELS[label]}" if label else ""))
                st.audio(sound(engine, visit, place), format=AUDIO_MIME)
    with st.form("favourite"):
        numbers = list(range(1, HEARD + 1))
        best = st.radio("The one I liked best is number", numbers, index=None, horizontal=True, key="listening.best")
        pressed = st.form_submit_button("Finish", type="primary", icon=":material/check:")
    if pressed:
        with plain_errors():
            if best is None:
                raise StudyError("Choose the one you liked best, please.")
            favour(engine, visit.code, best - 1)
            st.rerun()
