"""The page of the listening study: for listeners, and behind a password for its leader.

The address says who looks: ``?study=`` invites to a study, ``?code=`` is a listener on the way, ``?leader`` the leader.
So a reload, a lost connection or another device leads back to the same place.
"""

from __future__ import annotations

import streamlit as st
from sqlalchemy import Engine

from core.listening.database import StudyError
from core.listening.groups import HEARD, new_code
from core.listening.making import READY_TITLE
from core.listening.studies import Study, find_study
from core.listening.visits import UnknownListenerError, join, visit_by
from core.ui.listening_leader import leader_view
from core.ui.listening_store import ready, studies_database
from core.ui.listening_visit import go_on
from core.ui.page import count, plain, plain_errors, say_error, start_page

STUDY, CODE, LEADER = "study", "code", "leader"
"""of the address"""
NEW_CODE, OWN_CODE = "listening.new", "listening.code"
"""where a visit keeps the code that it would begin with, and the one that it goes by"""


def listening_page() -> None:
    start_page("Listening")
    st.title("Listening")
    with plain_errors():
        engine = studies_database()
        if LEADER in st.query_params:
            leader_view(engine)
        elif CODE in st.query_params:
            listen(engine, st.query_params[CODE])
        else:
            welcome(engine)


def listen(engine: Engine, text: str) -> None:
    """Goes on where the listener of a code is, or says that there is none."""
    try:
        found = visit_by(engine, text)
    except UnknownListenerError as unknown:
        say_error(str(unknown))
        welcome(engine)
    else:
        st.session_state[OWN_CODE] = found.code
        go_on(engine, found)


def welcome(engine: Engine) -> None:
    """What is asked, what is stored, and the ways in."""
    study = find_study(engine, st.query_params[STUDY]) if STUDY in st.query_params else ready(engine)
    if STUDY in st.query_params and study is None:
        raise StudyError("There is no study under this address; ask for the link again.")
    if study is None:
        st.write(
            f"“{READY_TITLE}” asks listeners to tell piano music of people and of models apart. There is no trained "
            "piano model yet: train one, and the study is ready."
        )
    elif study.is_open:
        invitation(engine, study)
    else:
        st.write(f"The study “{plain(study.title)}” is closed and takes no more listeners.")
    come_back(engine)
    if st.button("For the leader of a study", type="tertiary", icon=":material/lock:"):
        st.query_params.from_dict({LEADER: "1"})
        st.rerun()


def invitation(engine: Engine, study: Study) -> None:
    st.header(plain(study.title), anchor=False)
    st.markdown(
        f"You will hear **{HEARD} excerpts** of piano music, {count(round(study.seconds), 'second')} each, one after "
        "the other. People or models wrote them, and all are played by the same piano in the same way. Say how much "
        "you like each one and how it strikes you; at the end choose the one you liked best. Headphones help, and "
        f"it takes about {round(HEARD * (study.seconds + 20) / 60)} minutes."
    )
    st.markdown(
        "**What is stored:** your answers, under a random code. No name, no address, nothing about you or your "
        "device; when you began is forgotten with your first answer."
    )
    if st.button("Begin", type="primary", icon=":material/headphones:"):
        person = join(engine, study.id, st.session_state.setdefault(NEW_CODE, new_code()))  # the same at a double click
        enter(person.code)


def come_back(engine: Engine) -> None:
    """With the code of this visit, or of an earlier one."""
    own = st.session_state.get(OWN_CODE)
    if own and st.button(f"Go on as {own}", icon=":material/resume:"):
        enter(own)
    with st.form("come-back", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Your code, if you have begun before", placeholder="K7MP-2QXR-9TDW", max_chars=40)
        if st.form_submit_button("Go on") and text:
            enter(visit_by(engine, text).code)


def enter(code: str) -> None:
    """The page of a listener; one step in the browser's history, so that Back leads here."""
    st.session_state.pop(NEW_CODE, None)
    st.query_params.from_dict({CODE: code})
    st.rerun()
