"""The Listening page as Streamlit runs it, without a browser."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import streamlit as st
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

import core.checkpoint
from core.checkpoint import save_checkpoint
from core.errors import InputError
from core.listening import schema
from core.listening.database import reading
from core.listening.groups import HEARD, new_code
from core.listening.results import ratings
from core.listening.schema import open_studies
from core.listening.studies import add_study, find_study, list_studies, set_open
from core.listening.visits import Answer, answer, join, visit
from core.ui.listening_store import prepare
from tests.conftest import said, tiny_checkpoint
from tests.studies import draft
from tests.test_pages import ROOT, button

PASSWORD = "a long = one"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The page's own database; excerpts are a moment of silence."""
    monkeypatch.setenv("TUNESMITH_STUDIES", f"sqlite:///{tmp_path / 'studies.db'}")
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path / "none")
    silence = io.BytesIO()
    soundfile.write(silence, np.zeros(100), 44_100, format="FLAC")
    monkeypatch.setattr("core.ui.listening_store.sound_of", lambda *_: silence.getvalue())
    st.cache_data.clear()
    st.cache_resource.clear()
    found = open_studies()
    yield found
    found.dispose()


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/listening.py")
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def begun(engine: Engine) -> tuple[AppTest, str]:
    """A listener in front of the first excerpt, and their code."""
    study = next((one.id for one in list_studies(engine)), None) or add_study(engine, draft())
    app = button(open_page(study=study), "Begin")
    code = app.query_params["code"]
    return app, code


def rate(app: AppTest, value: int = 4) -> AppTest:
    for radio in app.radio:
        radio.set_value("A machine" if radio.label == "Who wrote it?" else value)
    return button(app, "Next")


def shown(app: AppTest) -> str:
    """All text of a page, and what its widgets say."""
    parts = [*app.markdown, *app.caption, *app.header, *app.subheader, *app.error]
    return " ".join(said(part) for part in parts) + " ".join(w.label for w in (*app.radio, *app.button))


def test_without_a_piano_model_a_sentence_says_so(engine: Engine) -> None:
    app = open_page()
    assert not app.exception
    assert not app.error
    assert "no trained piano model yet" in shown(app)
    assert list_studies(engine) == []


def test_a_listener_from_beginning_to_end(engine: Engine) -> None:
    app, code = begun(engine)
    for place in range(HEARD):
        assert not app.exception
        assert visit(engine, code).next_place == place
        assert all(radio.value is None for radio in app.radio), "the answers to the last one are gone"
        app = rate(app, 1 + place % 5)
    person = visit(engine, code)
    assert [given[:3] for given in person.answers if given] == [(1 + place % 5,) * 3 for place in range(HEARD)]
    app.radio(key="listening.best").set_value(6)
    app = button(app, "Finish")
    assert visit(engine, code).favourite == 5
    assert "Thank you" in shown(app)


def test_a_reload_and_another_device_come_back_to_the_same_place(engine: Engine) -> None:
    app, code = begun(engine)
    rate(rate(app))
    for again in (open_page(code=code), open_page(code=code.lower().replace("-", ""))):
        assert again.main.children
        assert code in shown(again)
        assert len(again.radio) >= 3
        assert visit(engine, code).next_place == 2
    typed = open_page()
    typed.text_input[0].set_value(f" {code.lower()} ")
    typed = button(typed, "Go on")
    assert typed.query_params["code"] == code
    back = app  # the browser's Back leads to the address without the code
    del back.query_params["code"]
    assert code in shown(back.run())


def test_begin_pressed_twice_is_one_listener(engine: Engine) -> None:
    study = add_study(engine, draft())
    app = open_page(study=study)
    app.session_state["listening.new"] = "0000-0000-0000"
    button(app, "Begin")
    again = open_page(study=study)
    again.session_state["listening.new"] = "0000-0000-0000"  # what a second press of the same visit brings
    button(again, "Begin")
    found = find_study(engine, study)
    assert found is not None
    assert found.num_listeners == 1


def test_every_question_wants_an_answer(engine: Engine) -> None:
    app, code = begun(engine)
    app.radio[0].set_value(3)
    app = button(app, "Next")
    assert said(app.error[0]) == "Answer every question, please."
    assert app.radio[0].value == 3
    assert visit(engine, code).next_place == 0


def test_who_wrote_it_is_told_to_one_group_and_asked_of_the_others(engine: Engine) -> None:
    seen = set()
    for _ in range(3):
        app, code = begun(engine)
        with reading(engine) as connection:
            query = select(schema.listeners.c.listener_group).where(schema.listeners.c.code == code)
            group = connection.execute(query).scalar_one()
        told, asked = "wrote this one" in shown(app), "Who wrote it?" in shown(app)
        assert (told, asked) == ((True, False) if group == "C" else (False, True))
        assert not any(word in shown(app) for word in ("Model ", "model-", "Piece", "music21"))
        seen.add(group)
    assert seen == {"A", "B", "C"}


@pytest.mark.parametrize(
    "query", [{"code": "nobody"}, {"code": "\0"}, {"code": "0000-0000-0000"}, {"study": "'; --"}, {"code": ""}]
)
def test_an_address_that_leads_nowhere_is_one_sentence(engine: Engine, query: dict[str, str]) -> None:
    app = open_page(**query)
    assert not app.exception
    assert len(app.error) == 1
    assert "listener with this code" in said(app.error[0]) or "no study" in said(app.error[0])


def test_all_music_of_a_listener_is_made_before_the_first_is_heard(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr("core.ui.listening_store.sound_of", lambda *given: made.append(given[2]) or b"fLaC")
    app, code = begun(engine)
    assert len(set(made)) == HEARD
    assert made == sorted(made), "and not in the order of hearing, in which waiting would tell who wrote each"
    made.clear()
    rate(app)
    assert not made, "what has been made is kept"
    assert visit(engine, code).next_place == 1


def test_music_that_is_being_prepared_can_be_stopped_and_gone_on_with(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def sound_of(_: Engine, __: str, number: int, *___: object) -> bytes:
        made.append(number)
        if len(made) == 4:
            st.stop()  # as a press that comes meanwhile
        return b"fLaC"

    monkeypatch.setattr("core.ui.listening_store.sound_of", sound_of)
    app, code = begun(engine)
    [bar] = app.get("progress")
    assert (bar.proto.value, bar.proto.text) == (37, "Preparing the music: 3 of 8 are ready …")
    app = button(app, "Stop")
    assert "not all prepared yet" in shown(app)
    assert code in shown(app), "they can go on later"
    assert not app.radio
    assert len(made) == 4, "nothing is made any more"
    app = button(app, "Prepare the rest")
    assert made[3] == made[4], "the one that was not finished"
    assert len(set(made)) == HEARD == len(made) - 1, "what was ready is kept"
    assert len(app.radio) >= 3
    assert "Stop" not in shown(app)


def test_a_press_is_seen_while_an_excerpt_is_being_written(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[float, str]] = []
    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.progress", lambda *given: looks.append(given[1:]))

    def sound_of(*given: Any) -> bytes:
        looks.clear()
        given[-1](12.5)  # a model has written so many seconds
        assert looks, "a moment at which the run can end"
        return b"fLaC"

    monkeypatch.setattr("core.ui.listening_store.sound_of", sound_of)
    visit_ = join(engine, add_study(engine, draft()), new_code())
    prepare(engine, [(visit_.study, 0), (visit_.study, 1)])
    assert looks == [(0.5, "Preparing the music: 1 of 2 are ready …")]


def test_what_goes_wrong_with_the_music_does_not_tell_who_wrote_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise InputError("The weights of the model 'gru' are missing.")

    monkeypatch.setattr("core.ui.listening_store.sound_of", fails)
    app, code = begun(engine)
    assert said(app.error[0]) == "The music cannot be played right now; come back later with your code."
    assert "gru" not in shown(app)
    assert "Stop" not in shown(app)
    assert app.query_params["code"] == code
    leader = button(let_in(monkeypatch), "Prepare all sounds")
    assert "'gru'" in said(leader.error[0]), "the leader is told"
    assert "Stop" not in shown(leader)


def test_a_closed_study_says_so(engine: Engine) -> None:
    app, code = begun(engine)
    study = visit(engine, code).study
    set_open(engine, study, False)
    app = rate(app)
    assert "closed" in shown(app)
    assert "closed" in shown(open_page(code=code))
    assert "takes no more listeners" in shown(open_page(study=study))


def test_a_database_that_does_not_answer_is_one_sentence(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_STUDIES", "postgresql://nobody@/none?host=/nowhere")
    app = open_page()
    assert not app.exception
    assert "does not answer" in said(app.error[0])


def test_the_leader_needs_a_password(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    add_study(engine, draft())
    monkeypatch.delenv("TUNESMITH_STUDY_PASSWORD", raising=False)
    assert "TUNESMITH_STUDY_PASSWORD" in shown(open_page(leader="1"))
    monkeypatch.setenv("TUNESMITH_STUDY_PASSWORD", PASSWORD)
    app = open_page(leader="1")
    for _ in range(3):
        app.text_input[0].set_value("guess")
        app = button(app, "Open")
        assert "not the password" in said(app.error[0])
    app.text_input[0].set_value(PASSWORD)
    app = button(app, "Open")
    assert "Too many wrong passwords" in said(app.error[0])
    assert not app.selectbox, "nothing of a study is shown"


def let_in(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("TUNESMITH_STUDY_PASSWORD", PASSWORD)
    app = open_page(leader="1")
    app.text_input[0].set_value(PASSWORD)
    app = button(app, "Open")
    assert not app.exception
    assert not app.error
    return app


def test_the_leader_watches_closes_and_reads_results(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    study = add_study(engine, draft())
    for _ in range(4):
        person = join(engine, study, new_code())
        for place in range(HEARD):
            answer(engine, person.code, place, Answer(1 + place % 5, 3, 2, None if person.labelled else "human"))
    app = let_in(monkeypatch)
    assert [metric.value for metric in app.metric][:3] == ["4", "0", "32"]
    assert "Friedman" in shown(app)
    tables = [frame.value for frame in app.dataframe]
    assert {"maker", "appeal", "melody", "realism"} <= set(tables[0])
    groups = Counter(one.group for one in ratings(engine, study) if one.place == 1)
    listeners = dict(zip(tables[0]["maker"], tables[0]["listeners"], strict=True))
    assert listeners == {"people": groups["B"]} | {f"model-{i}": groups["A"] + groups["B"] for i in range(4)}
    assert tables[-1]["maker"].tolist()[-2:] == ["all models", "people"]
    assert len(app.get("download_button")) == 1
    app = button(app, "Close it")
    found = find_study(engine, study)
    assert found is not None
    assert not found.is_open
    app = button(app, "Open it again")
    assert join(engine, study, new_code()).is_open
    app = button(app, "Prepare all sounds")
    assert "ready to be heard" in said(app.success[0])
    assert "There is no trained piano model yet" in shown(app)


def test_the_ready_study_stays_the_same_until_it_is_closed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path / "models")
    checkpoint = tiny_checkpoint("roll-gru")
    for _ in range(2):
        save_checkpoint(checkpoint, tmp_path / "models")
        for parameter in checkpoint.model.parameters():
            parameter.data += 0.1  # and is trained on
        st.cache_data.clear()
        assert "Machine or pianist?" in shown(open_page())
        [first] = list_studies(engine)
    set_open(engine, first.id, False)
    assert "Machine or pianist?" in shown(open_page())
    second = next(study for study in list_studies(engine) if study.is_open)
    assert second.id != first.id


def test_the_leader_makes_a_study_of_what_there_is(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tiny_checkpoint("roll-gru"), tmp_path / "models")
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path / "models")
    st.cache_data.clear()
    app = let_in(monkeypatch)
    [ready] = list_studies(engine)
    assert (ready.title, ready.num_excerpts) == ("Machine or pianist?", 15)
    title = next(field for field in app.text_input if field.label.startswith("Title"))
    app = button(app, "Make it")
    assert "Give the study a title" in said(app.error[0])
    title = next(field for field in app.text_input if field.label.startswith("Title"))
    title.set_value("*Mine*")
    next(field for field in app.number_input if field.label == "Excerpts by each model").set_value(8)
    app = button(app, "Make it")
    assert not app.error
    assert {one.title: one.num_excerpts for one in list_studies(engine)} == {"Machine or pianist?": 15, "*Mine*": 14}
