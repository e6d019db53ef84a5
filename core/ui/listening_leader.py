"""The study leader's view: make a study, watch it, close it, read what came of it."""

from __future__ import annotations

import os

import streamlit as st
from sqlalchemy import Engine
from streamlit.errors import StreamlitSecretNotFoundError

from core.listening.making import WORKS, by_models, by_people, human_sources, piano_cards
from core.listening.password import Door
from core.listening.results import ratings, ratings_to_csv
from core.listening.studies import LONGEST, SECONDS, SHORTEST, Draft, Study, add_study, list_studies, set_open
from core.ui.listening_results import results
from core.ui.listening_store import prepare, ready
from core.ui.page import count, plain_errors, say_error
from core.ui.settings import MAX_PAGE_SEED
from core.ui.turns import turn
from core.ui.work import cards

SETTING = "TUNESMITH_STUDY_PASSWORD"
INSIDE = "listening.leader"
"""where a visit keeps that the password was right"""
CHOSEN = "listening.study"


def leader_view(engine: Engine) -> None:
    if not let_in(engine):
        return
    ready(engine)
    found = {study.id: study for study in list_studies(engine)}
    if found:
        chosen = st.selectbox("Study", list(found), format_func=lambda id_: label(found[id_]), key=CHOSEN)
        one_study(engine, found[chosen])
    with st.expander("Make a study", icon=":material/add:", expanded=not found), plain_errors():
        make_study(engine)


def label(study: Study) -> str:
    state = "" if study.is_open else ", closed"
    return f"{study.title} · {study.created} · {count(study.num_listeners, 'listener')}{state}"


def let_in(engine: Engine) -> bool:
    """Whether this visit has given the password; asks for it."""
    password = set_password()
    if not password:
        st.write(
            f"This view needs a password: set the environment variable `{SETTING}`, or `{SETTING}` in Streamlit's "
            "secrets.toml, and start the app again."
        )
        return False
    if st.session_state.get(INSIDE) == password:  # on the server's side; another password asks again
        return True
    with st.form("door", border=False), plain_errors():
        given = st.text_input("Password of the study leader", type="password", max_chars=200)
        if st.form_submit_button("Open", type="primary"):
            if Door(engine).opens(given, password):
                st.session_state[INSIDE] = password
                st.rerun()
            say_error("This is not the password; try again.")
    return False


def set_password() -> str:
    try:
        return os.environ.get(SETTING) or str(st.secrets.get(SETTING, ""))
    except StreamlitSecretNotFoundError:
        return ""


def one_study(engine: Engine, study: Study) -> None:
    """How far a study has come, what one can do with it, and its results."""
    for column, (name, number) in zip(
        st.columns(4),
        {
            "listeners": study.num_listeners,
            "have finished": study.num_finished,
            "answers": study.num_answers,
            "excerpts": study.num_excerpts,
        }.items(),
        strict=True,
    ):
        column.metric(name, number)
    st.caption("Listeners come by this address, after that of this page:")
    st.code(f"?study={study.id}", language=None)
    if study.instrument:
        st.caption(f"Every excerpt is played by {study.instrument}.")
    with st.container(horizontal=True):
        st.button("Look again", icon=":material/refresh:")
        if st.button("Close it" if study.is_open else "Open it again", icon=":material/lock_clock:"):
            set_open(engine, study.id, not study.is_open)
            st.rerun()
        pressed = st.button("Prepare all sounds", icon=":material/graphic_eq:", help="So that no listener waits.")
        given = ratings(engine, study.id)
        st.download_button(
            "Answers as CSV", ratings_to_csv(given), f"study-{study.id}.csv", "text/csv", icon=":material/download:"
        )
    if pressed:
        with plain_errors():
            prepare_sounds(engine, study)
    results(given)


def prepare_sounds(engine: Engine, study: Study) -> None:
    """Every excerpt is played once to nobody; what fails is named here and not to a listener."""
    prepare(engine, [(study.id, number) for number in range(study.num_excerpts)])
    st.success("All excerpts are ready to be heard.", icon=":material/check:")


def make_study(engine: Engine) -> None:
    """A form for a study of chosen models and music by people."""
    models, sources = {card.name: card for card in piano_cards(cards())}, human_sources()
    if not models:
        st.write("There is no trained piano model yet: train one, and a study can be made of it.")
        return
    with st.form("make", border=False):
        title = st.text_input("Title, which listeners see", max_chars=100)
        names = st.multiselect("Models", list(models), list(models), format_func=lambda name: models[name].title)
        left, right = st.columns(2)
        each = left.number_input("Excerpts by each model", 1, 50, 4)
        seconds = right.number_input("Seconds an excerpt", SHORTEST, LONGEST, SECONDS, step=5.0)
        source = left.selectbox("Music by people", list(sources), format_func=sources.__getitem__)
        number = right.number_input("Excerpts by people", 4, 50, 6)
        seed = left.number_input("Random seed of their choice", 0, MAX_PAGE_SEED, 1)
        pressed = st.form_submit_button("Make it", type="primary")
    if pressed:
        with st.spinner("Reading the corpus, which takes a while the first time …"), turn():
            people = by_people(source or WORKS, int(number), float(seconds), int(seed))
        machines = by_models([models[name] for name in names], int(each))
        made = add_study(engine, Draft(title, (*machines, *people), float(seconds)))
        st.session_state.pop(CHOSEN, None)
        st.success(f"The study is open to listeners: ?study={made}", icon=":material/check:")
