"""What a listener sees: one excerpt after the other, the favourite, thanks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from sqlalchemy import Engine

from core.errors import InputError
from core.listening.database import StudyError
from core.listening.excerpts import HUMAN
from core.listening.groups import HEARD
from core.listening.visits import HIGHEST, LOWEST, MACHINE, Answer, Visit, answer, excerpt_at, favour
from core.ui.listening_store import STOP, prepare, prepared
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
    elif all_prepared(engine, visit):
        excerpt(engine, visit, place)
    st.caption(
        f"Your code is **{visit.code}**. With it, or with the address of this page, you can go on later or on another "
        "device; every answer is stored as soon as you press the button."
    )


def all_prepared(engine: Engine, visit: Visit) -> bool:
    """Whether all of a listener's music is there; has it made, unless they have just stopped that.

    All before the first is heard, since how long one takes would tell who wrote it; and in the order of the study, so
    that of what is heard at a place nobody sees how long it took.
    """
    if st.session_state.get(PREPARED) == visit.code:
        return True
    if st.session_state.get(STOP):
        st.write("Your music is not all prepared yet. What is ready is kept; go on whenever you like.")
        st.button("Prepare the rest", type="primary", icon=":material/resume:")
        return False
    heard = sorted(excerpt_at(engine, visit.code, place) for place in range(HEARD))
    with untold():
        prepare(engine, heard)
    st.session_state[PREPARED] = visit.code
    return True


def sound(engine: Engine, visit: Visit, place: int) -> bytes:
    """What is heard at a place; raises ``StudyError``."""
    study, number = excerpt_at(engine, visit.code, place)
    with untold():
        return prepared(engine, study, number)


@contextmanager
def untold() -> Iterator[None]:
    """What goes wrong with music becomes a ``StudyError`` that unlike its cause does not tell who wrote it."""
    try:
        yield
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
