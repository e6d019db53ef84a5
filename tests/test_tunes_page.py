"""The Tunes page as Streamlit runs it, on a tiny untrained model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.tune_sheet
import core.ui.work
from core.checkpoint import save_checkpoint
from core.evaluation.originality import Index
from core.formats.abc_check import check_tune
from core.formats.abc_notation import abc_to_score
from core.link import tune_to_query
from core.sampling import SamplingConfig
from core.tunes import Header, drafts, write_tune
from core.ui.tune_desk import MAX_VERSIONS, TuneDesk, Version
from core.ui.tune_settings import FIRST_SEED
from core.ui.tune_sheet import EDITOR, SCORE
from core.ui.tune_text import MAX_SHOWN, read, tunes_in
from core.ui.tune_writing import CHUNK, Growing, Writing
from tests.conftest import said, tiny_checkpoint
from tests.test_tunes import soon_at_its_end

ROOT = Path(__file__).parent.parent
REEL = "X:1\nT:Scale\nM:4/4\nL:1/4\nK:C\n|:C D E F|G A B c:|"


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    save_checkpoint(soon_at_its_end(4), tmp_path)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(core.ui.tune_sheet, "sound", lambda score, program: (b"fLaC", "silence", ""))
    st.cache_data.clear()
    st.cache_resource.clear()
    return tmp_path


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/tunes.py")
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def desk_of(app: AppTest) -> TuneDesk:
    assert not app.exception
    desk: TuneDesk = app.session_state["tunes.desk"]
    return desk


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def send(app: AppTest, name: str, nonce: str, **value: object) -> AppTest:
    """What the editor in the browser would send."""
    app.session_state[EDITOR] = {name: {"nonce": nonce, **value}}
    return app.run()


def captions(app: AppTest) -> str:
    return "\n".join(said(caption) for caption in app.caption)


def test_it_opens_on_a_finished_tune_which_its_seed_gives_alone() -> None:
    app = open_page()
    assert not app.error
    desk = desk_of(app)
    checkpoint = core.checkpoint.load_checkpoint("char-lstm")
    sampling = SamplingConfig(temperature=0.9, seed=FIRST_SEED)
    *_, draft = drafts(checkpoint, "", sampling, legal=True, max_characters=2000)
    assert desk.text == draft.tune
    assert check_tune(draft.tune).legal
    assert "tunes.writing" not in app.session_state
    assert "repeats are written out as they are played" in captions(app)


def test_several_tunes_from_a_header_and_a_first_bar_are_all_kept() -> None:
    app = open_page()
    first = desk_of(app).text
    app.selectbox(key="settings.tunes.metre").set_value("6/8")
    app.selectbox(key="settings.tunes.key").set_value("Em")
    app.text_input(key="settings.tunes.first_bar").set_value("GAB|")
    app.slider(key="settings.tunes.num").set_value(2)
    press(app, "Write")
    desk = desk_of(app)
    assert len(desk.candidates) == 2
    seed = app.number_input(key="settings.tunes.seed").value
    assert [one.label for one in desk.candidates] == [f"Seed {seed}", f"Seed {seed + 1}"]
    for candidate in desk.candidates:
        assert "M:6/8\nL:1/8\nK:Em\nGAB|" in candidate.text
        assert candidate in desk.versions
    app.session_state["tune.candidates"] = {"picked": {"nonce": "c", "index": 1}}
    app.run()
    assert desk_of(app).text == desk.candidates[1].text
    press(app, "Undo")
    press(app, "Undo")
    assert desk_of(app).text == first


def test_a_wrong_first_bar_is_named_and_nothing_is_written() -> None:
    app = open_page()
    before = desk_of(app).text
    app.text_input(key="settings.tunes.first_bar").set_value("GA[B")
    press(app, "Write")
    assert said(app.error[0]) == "Character 3 of the first bar: [ is never closed, so add a ]."
    assert desk_of(app).text == before


def test_a_first_bar_in_which_nothing_legal_can_follow_is_refused_by_what_writes() -> None:
    app = open_page()
    app.text_input(key="settings.tunes.first_bar").set_value("G4 A4 B4|G16|")
    app.selectbox(key="settings.tunes.metre").set_value("3/8")
    press(app, "Write")
    assert "does not add up" in said(app.error[0]).replace("do not", "does not")
    assert "tunes.writing" not in app.session_state


def test_what_is_typed_is_read_and_what_is_wrong_keeps_the_last_score_in_view() -> None:
    app = send(open_page(), "edited", "1", text=REEL)
    desk = desk_of(app)
    assert (desk.text, desk.version.label) == (REEL, "Edited")
    assert desk.reading.score == abc_to_score(REEL)
    assert not app.error
    revision = desk.revision
    send(app, "edited", "2", text=REEL + "[C")
    desk = desk_of(app)
    assert said(app.error[0]).startswith("Line 6, column 20 of the tune: [ is never closed")
    assert desk.reading.score == abc_to_score(REEL)
    assert "the score of the last text that could be read" in captions(app)
    assert desk.revision == revision  # the editor is left alone while one types
    press(app, "Undo")
    assert desk_of(app).text == REEL
    assert desk.revision > revision
    press(app, "Redo")
    assert desk_of(app).text == REEL + "[C"
    send(app, "edited", "3", text="no tune at all")
    assert desk_of(app).reading.score == abc_to_score(REEL)


def test_bars_that_do_not_add_up_are_a_warning_beside_the_score() -> None:
    text = REEL.replace("G A B c", "G A B c c")
    app = send(open_page(), "edited", "1", text=text)
    assert not app.error
    assert said(app.warning[0]) == "Line 6, column 11: This bar lasts 5 instead of 4 quarters: change its notes."
    assert desk_of(app).reading.score == abc_to_score(text)


def test_a_click_on_a_note_marks_its_characters_and_the_cursor_marks_a_note() -> None:
    app = send(open_page(), "edited", "1", text=REEL)
    app.session_state[SCORE] = {"picked": {"nonce": "p", "start": 9, "stop": 10}}  # D, the second time
    app.run()
    assert desk_of(app).selected == range(9, 10)
    start, stop = desk_of(app).reading.places[9]
    assert REEL[start:stop].strip() == "D"
    send(app, "pointed", "2", note=3)
    assert desk_of(app).selected == range(3, 4)
    send(app, "pointed", "3", note=99)
    assert desk_of(app).selected == range(3, 4)


@pytest.mark.parametrize(
    "sent", ["text", 5, [], {"edited": 3}, {"edited": {"nonce": "x", "text": 7}}, {"pointed": {"nonce": "x"}}]
)
def test_what_no_editor_sends_is_ignored(sent: object) -> None:
    app = open_page()
    before = desk_of(app).text
    app.session_state[EDITOR] = sent if isinstance(sent, dict) else {"edited": sent}
    app.run()
    assert desk_of(app).text == before


def test_stop_keeps_what_is_written_and_another_press_does_so_too() -> None:
    app = open_page()
    num = len(desk_of(app).versions)
    model, sampling = tiny_checkpoint("char-lstm"), SamplingConfig(seed=3)
    texts = list(write_tune(model, Header(key="G").prompt(), sampling))
    growing = Growing(3, drafts(model, Header(key="G").prompt(), sampling))
    writing = Writing(model.card.name, [growing])
    writing.grow()
    assert growing.draft.text == texts[CHUNK - 1]
    app.session_state["tunes.writing"] = writing
    writing.stop()
    app.run()
    desk = desk_of(app)
    assert (len(desk.versions), desk.text) == (num + 1, texts[CHUNK - 1])
    assert "cut off" in desk.version.note
    again = Writing(model.card.name, [Growing(3, drafts(model, "", sampling))])
    again.grow()
    app.session_state["tunes.writing"] = again
    press(app, "Write")  # while it is being written
    assert again.tunes[0].draft.text in [version.text for version in desk_of(app).versions]
    assert len(desk_of(app).versions) == num + 3


def test_an_interrupted_run_is_gone_on_with() -> None:
    app = open_page()
    model, sampling = core.checkpoint.load_checkpoint("char-lstm"), SamplingConfig(seed=5)
    *_, whole = write_tune(model, "", sampling)
    writing = Writing(model.card.name, [Growing(5, drafts(model, "", sampling))])
    writing.grow()
    app.session_state["tunes.writing"] = writing
    app.run()
    assert desk_of(app).text == whole


def test_tunes_of_a_file_are_opened_whatever_they_are() -> None:
    app = open_page()
    data = f"{REEL}\r\n\r\nX:2\nT:Broken\nK:C\n[[\n".encode()
    app.file_uploader(key="tunes.file").set_value(("mine.abc", data, "text/plain")).run()
    desk = desk_of(app)
    assert [one.text for one in desk.candidates] == [REEL, "X:2\nT:Broken\nK:C\n[["]
    assert desk.text == REEL
    for wrong in (b"", b" \n", b"X:1\n" * 50, b"x" * 30_000):
        app.file_uploader(key="tunes.file").set_value(("wrong.abc", wrong, "text/plain")).run()
        assert desk_of(app).text == REEL or wrong.startswith(b"X:1")
    assert said(app.error[0]).startswith("The file holds more than 24 tunes")


def test_a_link_opens_its_tune_and_nothing_is_written() -> None:
    app = open_page(**(tune_to_query(REEL, "char-lstm.essen") or {}))
    assert not app.error
    desk = desk_of(app)
    assert [version.label for version in desk.versions] == ["Opened from a link"]
    assert (desk.text, desk.version.model) == (REEL, "char-lstm.essen")
    broken = open_page(tune="nonsense", model="nobody")
    assert said(broken.error[0]) == "This link does not hold a whole tune; ask for it again."
    assert desk_of(broken).text


def test_how_much_is_copied_is_said_without_what_was_given(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    score = abc_to_score(REEL)
    index = Index.of("essen", True, [("t1", "The scale", score)])
    monkeypatch.setattr(core.ui.work, "load_index", lambda _: index)
    core.ui.work.checked.cache_clear()
    app = send(open_page(), "edited", "1", text=REEL)
    assert "A passage of 16 notes" in captions(app) or "16 notes" in captions(app)
    desk_of(app).beginnings.add(REEL[: REEL.index("G A B c")])
    core.ui.work.checked.cache_clear()
    app.run()
    assert "After the notes given" in captions(app)
    core.ui.work.checked.cache_clear()


def test_what_was_given_is_known_as_long_as_a_version_begins_with_it() -> None:
    desk = TuneDesk()
    desk.take([Version("Typed", REEL, "model")])
    desk.remember_given([REEL[:10], "X:2\n"])
    assert desk.given == 10
    assert desk.beginnings == {REEL[:10]}


def test_the_work_outlives_a_visit_to_another_page() -> None:
    app = open_page()
    text = desk_of(app).text
    app.switch_page("pages/library.py").run()
    app.switch_page("pages/tunes.py").run()
    assert desk_of(app).text == text
    assert len(desk_of(app).versions) == 1


def test_without_a_model_of_characters_a_sentence_says_so(tiny: Path) -> None:
    for folder in tiny.glob("char-*"):
        shutil.rmtree(folder)
    st.cache_data.clear()
    app = open_page()
    assert not app.exception
    assert said(app.error[0]).startswith("There is no trained model that writes ABC")


def test_the_desk_forgets_only_the_oldest() -> None:
    desk = TuneDesk()
    desk.take([Version("Seed 1", "a", "m"), Version("Seed 2", "b", "m")])
    for number in range(MAX_VERSIONS + 10):
        desk.edit(f"text {number}")
    assert len(desk.versions) == MAX_VERSIONS
    assert desk.text == f"text {MAX_VERSIONS + 9}"
    for _ in range(MAX_VERSIONS + 10):
        desk.undo()
    assert desk.text == "text 10"
    desk.choose(1)
    assert desk.text == "b"


def test_a_tune_that_is_too_long_to_be_drawn_is_still_a_text() -> None:
    text = "K:C\n" + "CDEF|" * 400
    reading = read(text)
    assert reading.score is None
    assert f"{MAX_SHOWN:,} can be shown" in reading.problem
    assert tunes_in(text.encode()) == [text]


def test_a_note_picked_in_a_repeat_leads_to_what_the_model_read() -> None:
    """The text says a repeated note once, and so does the page that looks inside."""
    app = send(open_page(), "edited", "1", text=REEL)
    app.session_state[SCORE] = {"picked": {"nonce": "p", "start": 9, "stop": 10}}  # D, the second time
    [look] = [button for button in app.run().button if button.label == "Look inside the model"]
    look.click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Neurons"]
    start, _ = read(REEL).places[9]
    assert any(f"Place {start + 1} of" in str(text.value) for text in (*app.markdown, *app.caption, *app.subheader))
