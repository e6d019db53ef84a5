"""The pages as Streamlit runs them, without a browser; on tiny untrained models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.library
from core.data.corpora import load_corpus
from core.link import piece_to_query
from core.project import project_to_json
from core.ui.desk import Desk
from core.ui.page import plain
from core.ui.playing import keys_like
from core.ui.reading_panel import FOUND
from tests.conftest import said

ROOT = Path(__file__).parent.parent
PAGES = ["app.py", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "pages").glob("*.py")))]
TAPS = [[0, 240], [300, 540], [600, 1150], [1200, 1440], [1500, 1740], [1800, 2700]]


@pytest.fixture(autouse=True)
def tiny(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tiny_checkpoints)
    monkeypatch.setattr(core.ui.library, "CHECKPOINTS", tiny_checkpoints)
    st.cache_data.clear()
    st.cache_resource.clear()
    return tiny_checkpoints


def open_page(file: str = "app.py", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / file), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def desk_of(app: AppTest) -> Desk:
    desk: Desk = app.session_state["desk"]
    return desk


def pick(app: AppTest, start: int, stop: int, nonce: str = "p1") -> AppTest:
    app.session_state["score"] = {"picked": {"nonce": nonce, "start": start, "stop": stop}}
    return app.run()


def button(app: AppTest, label: str) -> AppTest:
    return next(b for b in app.button if label in b.label).click().run()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(page: str) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page(page).run()
    assert not app.exception
    if page != "pages/tunes.py":  # which says in a sentence that an untrained model wrote no tune
        assert not app.error


def test_compose_opens_on_a_finished_piece() -> None:
    app = open_page()
    piece = desk_of(app).piece
    assert piece is not None
    assert len(piece.pitches) == len(piece.beats) > 10
    assert any(b.label == "Compose" for b in app.button)


def test_tapping_composes_at_once() -> None:
    app = open_page()
    app.session_state["tap"] = {"taps": {"nonce": "1", "taps": TAPS}}
    app.run()
    piece = desk_of(app).piece
    assert piece is not None
    assert piece.beats.performed.duration_sec == pytest.approx([0.24, 0.24, 0.55, 0.24, 0.24, 0.9])
    assert not piece.beats.metrical


def tap(app: AppTest, nonce: str = "1", **value: object) -> AppTest:
    app.session_state["tap"] = {"taps": {"nonce": nonce, "taps": TAPS, **value}}
    return app.run()


def test_each_tapped_rhythm_gets_a_seed_of_its_own_unless_the_user_keeps_it() -> None:
    app = open_page()
    seeds = {desk_of(app).piece.sampling.seed}
    for nonce in "12":
        tap(app, nonce)
        seeds.add(desk_of(app).piece.sampling.seed)
        assert app.number_input(key="settings.seed").value == desk_of(app).piece.sampling.seed
    assert len(seeds) == 3
    app.checkbox(key="settings.new_seed").uncheck().run()
    tap(app, "3")
    assert desk_of(app).piece.sampling.seed in seeds


def test_what_is_tapped_to_a_metronome_is_written_in_its_metre_and_tempo() -> None:
    app = tap(open_page(), metronome={"tempo": 100, "metre": "3/4", "beat": -1.03})
    written = desk_of(app).piece.beats.written
    assert (written.qpm, written.time_signature, written.upbeat) == (100, (3, 4), 1.0)
    assert app.selectbox(key="reading.metre").value == "3/4"
    assert app.selectbox(key="reading.start").value == "3"


def test_another_reading_of_a_tapped_rhythm_keeps_notes_and_sound() -> None:
    app = tap(open_page())
    found = desk_of(app).piece
    sounding = [(n.onset * 60 / found.performed.qpm, n.pitch) for n in found.performed.notes]
    app.selectbox(key="reading.metre").set_value("3/4").run()
    app.selectbox(key="reading.start").set_value("3").run()
    button(app, "Halve")
    app.selectbox(key="reading.start").set_value("2").run()
    piece = desk_of(app).piece
    assert piece.beats.written.time_signature == (3, 4)
    assert piece.beats.written.upbeat == 2.0
    assert piece.beats.written.qpm == found.beats.written.qpm / 2
    heard = [(n.onset * 60 / piece.performed.qpm, n.pitch) for n in piece.performed.notes]
    assert heard == [(pytest.approx(onset), pitch) for onset, pitch in sounding]
    for _ in range(4):
        button(app, "Undo")
    assert desk_of(app).piece == found
    assert desk_of(app).beats == found.beats
    assert app.selectbox(key="reading.metre").value == FOUND


def test_a_written_rhythm_has_no_other_reading() -> None:
    app = open_page()
    assert not [box for box in app.selectbox if box.key == "reading.metre"]


def test_another_key_is_a_new_version() -> None:
    app = open_page()
    before = desk_of(app).piece
    keys = keys_like(before.written.key)
    place = keys.index(before.written.key)
    app.selectbox(key="play.key").set_value(keys[(place + 2) % 12]).run()
    after = desk_of(app).piece
    [moved] = {new - old for old, new in zip(before.pitches, after.pitches, strict=True)}
    assert moved in (2, -10)  # the other way where a pitch would leave the range of MIDI
    button(app, "Undo")
    assert desk_of(app).piece == before
    assert app.selectbox(key="play.key").value == before.written.key


def test_titles_say_where_a_piece_comes_from_until_the_user_gives_one() -> None:
    app = open_page()
    piece = desk_of(app).piece
    assert piece.name == f"Melody {piece.sampling.seed}"
    app.text_input(key="play.title").set_value("Mine").run()
    button(app, "Compose")
    assert desk_of(app).piece.name == "Mine"
    app.text_input(key="play.title").set_value("").run()
    assert desk_of(app).piece.name == f"Melody {desk_of(app).piece.sampling.seed}"


def test_a_title_belongs_to_its_rhythm_and_the_instrument_stays() -> None:
    app = open_page()
    app.text_input(key="play.title").set_value("My Waltz").run()
    app.selectbox(key="play.program").set_value(40).run()
    app.number_input(key="settings.length").set_value(5)
    button(app, "Compose")
    assert desk_of(app).piece.title == "My Waltz"
    tap(app)
    piece = desk_of(app).piece
    assert (piece.title, piece.program) == ("", 40)
    assert piece.name == f"Melody {piece.sampling.seed}"


def test_a_title_that_is_too_long_is_cut() -> None:
    app = open_page()
    app.text_input(key="play.title").set_value("ab" * 100).run()
    assert desk_of(app).piece.title == app.text_input(key="play.title").value == "ab" * 60


def test_the_help_of_the_large_button_says_what_stays() -> None:
    [compose] = [b for b in open_page().button if b.label == "Compose"]
    assert "Title and instrument stay; tempo, key and locks do not." in compose.help


def test_compose_again_and_undo_and_redo() -> None:
    app = open_page()
    first = desk_of(app).piece
    button(app, "Compose")
    second = desk_of(app).piece
    assert first is not None
    assert second is not None
    assert first.sampling.seed != second.sampling.seed
    button(app, "Undo")
    assert desk_of(app).piece == first
    button(app, "Redo")
    assert desk_of(app).piece == second


def test_picking_a_note_offers_alternatives_and_one_rewrites_it() -> None:
    app = pick(open_page(), 2, 3)
    before = desk_of(app).piece
    assert before is not None
    options = [b for b in app.button if b.key and b.key.startswith("alternative.")]
    assert len(options) == 8
    other = next(b for b in options if b.key != f"alternative.{before.pitches[2]}")
    other.click().run()
    after = desk_of(app).piece
    assert after is not None
    assert after.pitches[2] == int(str(other.key).split(".")[1])
    assert (*after.pitches[:2], *after.pitches[3:]) == (*before.pitches[:2], *before.pitches[3:])
    assert "Why this note?" in [e.label for e in app.expander]


def test_a_passage_is_composed_again_and_locked_notes_stay() -> None:
    app = pick(open_page(), 3, 6)
    button(app, "Lock")
    locked = desk_of(app).piece
    assert locked is not None
    assert locked.locked == {3, 4, 5}
    button(app, "These bars again")
    again = desk_of(app).piece
    assert again is not None
    assert again.pitches[3:6] == locked.pitches[3:6]
    assert again.pitches != locked.pitches
    button(app, "Just these notes")
    assert "locked" in said(app.error[0])
    assert desk_of(app).piece == again, "an error loses nothing"


def test_from_here_on_leaves_what_stands_before() -> None:
    app = pick(open_page(), 10, 11)
    before = desk_of(app).piece
    button(app, "From here on")
    after = desk_of(app).piece
    assert before is not None
    assert after is not None
    assert after.pitches[:10] == before.pitches[:10]
    assert after.pitches[10:] != before.pitches[10:]


def test_a_copied_link_brings_back_the_piece_and_its_settings() -> None:
    app = open_page()
    app.slider(key="settings.temperature").set_value(1.3)
    app = button(app, "Compose")
    piece = desk_of(app).piece
    assert piece is not None
    again = open_page(**(piece_to_query(piece) or {}))
    assert desk_of(again).piece == desk_of(app).piece
    assert again.slider(key="settings.temperature").value == 1.3


@pytest.mark.parametrize(
    "query",
    [
        {"rhythm": "us.!!"},
        {"seed": "x"},
        {"temperature": "0"},
        {"model": "nobody"},
        {"notes": "AAAA", "rhythm": "q."},
        {"seed": "1e999"},
    ],
)
def test_a_hand_edited_link_is_one_sentence_above_a_finished_piece(query: dict[str, str]) -> None:
    app = open_page(**query)
    assert not app.exception
    assert len(app.error) == 1
    assert desk_of(app).piece is not None


def test_first_notes_are_kept_and_a_wrong_one_is_named() -> None:
    app = open_page()
    app.text_input(key="settings.given").set_value("G4 A4 B4")
    button(app, "Compose")
    piece = desk_of(app).piece
    assert piece is not None
    assert piece.pitches[:3] == (67, 69, 71)
    app.text_input(key="settings.given").set_value("G4 Q7")
    button(app, "Compose")
    assert "'Q7'" in said(app.error[0])
    assert desk_of(app).piece == piece


def test_several_candidates_and_how_it_is_played() -> None:
    app = open_page()
    app.slider(key="settings.num").set_value(3)
    button(app, "Compose")
    desk = desk_of(app)
    assert [c.sampling.seed - desk.candidates[0].sampling.seed for c in desk.candidates] == [0, 1, 2]
    app.session_state["candidates"] = {"picked": {"nonce": "c1", "index": 2}}
    app.run()
    assert desk_of(app).piece == desk.candidates[2]
    app.selectbox(key="play.program").set_value(40).run()
    app.number_input(key="play.qpm").set_value(60).run()
    piece = desk_of(app).piece
    assert piece is not None
    assert (piece.program, piece.qpm, piece.pitches) == (40, 60, desk.candidates[2].pitches)


def choose_way(app: AppTest, way: str) -> AppTest:
    app.session_state["settings.way"] = way
    return app.run()


def test_a_written_rhythm() -> None:
    app = choose_way(open_page(), "Write")
    app.text_area(key="settings.values").set_value("q q h | q. e h")
    button(app, "Use this rhythm")
    button(app, "Compose")
    piece = desk_of(app).piece
    assert piece is not None
    assert [note.duration for note in piece.written.notes] == [1, 1, 2, 1.5, 0.5, 2]
    app.text_area(key="settings.values").set_value("q wrong")
    button(app, "Use this rhythm")
    assert "wrong" in said(app.error[0])


def test_a_link_to_a_missing_model_is_composed_on_with_the_one_that_is_chosen() -> None:
    piece = desk_of(open_page()).piece
    app = open_page(**{**(piece_to_query(piece) or {}), "model": "nobody.essen"})
    shown = desk_of(app).piece
    assert "nobody.essen" in said(app.error[0])
    assert shown.pitches == piece.pitches
    assert shown.model == app.session_state["settings.model"] == f"{app.selectbox(key='settings.network').value}.essen"


def test_a_link_that_names_no_model_is_opened_with_the_usual_one() -> None:
    piece = desk_of(open_page()).piece
    app = open_page(**{**(piece_to_query(piece) or {}), "model": ""})
    assert not app.error
    assert desk_of(app).piece.pitches == piece.pitches
    assert desk_of(app).piece.model == app.session_state["settings.model"] != ""


def test_a_project_of_many_missing_models_is_opened_with_a_short_sentence() -> None:
    def page(data: bytes) -> None:
        import streamlit as st

        from core.ui import project_file
        from core.ui.desk import Desk

        class Upload:
            file_id = "1"

            def getvalue(self) -> bytes:
                return data

        usual, st.file_uploader = st.file_uploader, lambda *_, **__: Upload()  # type: ignore[assignment]
        try:
            desk = Desk()
            project_file.open_project(desk, set())
        finally:
            st.file_uploader = usual
        st.session_state["desk"] = desk

    piece = desk_of(open_page()).piece
    versions = [("x", replace(piece, model=f"{number:03} {'m' * 90}")) for number in range(300)]
    app = AppTest.from_function(page, args=(project_to_json(versions, 0).encode(),), default_timeout=60).run()
    assert not app.exception
    assert desk_of(app).versions == versions
    told = app.session_state["notice"]
    assert " and 297 more, which is not installed here" in told
    assert len(told) < 300


def test_what_an_address_holds_is_shown_as_it_stands() -> None:
    hostile = "![x](https://example.org/x.png) **b** $x$"
    link = {**(piece_to_query(desk_of(open_page()).piece) or {}), "model": hostile}
    [alert] = open_page(**link).error
    assert hostile in said(alert)
    assert not re.search(r"(?<!\\)[*!\[$]", alert.value)


def test_a_metre_that_cannot_be_written_loses_nothing() -> None:
    piece = desk_of(open_page()).piece
    app = open_page(**{**(piece_to_query(piece) or {}), "metre": "4/7"})
    assert "copy the whole link again" in said(app.error[0])
    assert desk_of(app).piece is not None


def test_recolouring_a_tune_keeps_its_rhythm_and_shows_both() -> None:
    app = choose_way(open_page(), "Recolour a tune")
    button(app, "Use its rhythm")
    tune = next(p for p in load_corpus("essen") if p.id == app.selectbox(key="settings.tune").value)
    piece = desk_of(app).piece
    assert piece is not None
    assert piece.beats.metrical
    assert piece.original is not None
    assert piece.original.pitches == tune.score.pitches
    assert piece.name == f"New melody on “{tune.score.title.strip()}”"
    assert [heading.value for heading in app.subheader] == [plain(tune.score.title.strip()), "New melody"]
    button(app, "Compose")
    again = desk_of(app).piece
    assert again.original == piece.original
    assert again.pitches != piece.pitches
    tap(choose_way(app, "Tap"))
    assert desk_of(app).piece.original is None
    button(app, "Undo")
    assert desk_of(app).piece == again
    assert desk_of(app).original == again.original
    app = choose_way(app, "Recolour a tune")
    app.text_input(key="settings.search").set_value("no tune is called so").run()
    assert "No tune matches" in app.info[0].value


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"not weights"), "weights"),
        (lambda folder: (folder / "model.safetensors").unlink(), "weights"),
        (lambda folder: (folder / "card.json").write_text("{"), "card"),
    ],
)
def test_a_damaged_checkpoint_is_said(tiny: Path, damage: Callable[[Path], object], sentence: str) -> None:
    damage(tiny / "beat-lstm-local.essen")
    app = open_page(model="beat-lstm-local.essen")
    assert not app.exception
    assert any(sentence in said(alert) for alert in [*app.error, *app.warning])


def test_the_project_of_a_visit_opens_in_another(tmp_path: Path) -> None:
    from core.project import project_to_json

    app = button(open_page(), "Compose")
    desk = desk_of(app)
    values = json.loads(project_to_json(desk.versions, desk.current))
    assert [entry["label"] for entry in values["versions"]] == [label for label, _ in desk.versions]


def test_musical_aids_bind_what_is_composed() -> None:
    app = open_page()
    app.selectbox(key="settings.key").select("Bb").run()
    app.selectbox(key="settings.range.of").select("soprano").run()
    app.slider(key="settings.max_leap").set_value(5).run()
    button(app, "Compose")
    piece = desk_of(app).piece
    assert piece is not None
    assert (piece.sampling.key, piece.sampling.lowest, piece.sampling.highest) == ("Bb", 60, 81)
    assert {pitch % 12 for pitch in piece.pitches} <= {10, 0, 2, 3, 5, 7, 9}
    assert 60 <= min(piece.pitches) <= max(piece.pitches) <= 81
    button(app, "Reset")
    assert app.selectbox(key="settings.key").value == ""
    assert app.selectbox(key="settings.range.of").value == "everything"


@pytest.mark.parametrize("name", ["beat-gan-transformer.essen", "char-lstm.abc-songs", "step-vae.essen"])
def test_the_card_of_a_model_opens_in_the_library(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a game, of a study of settings, and of a bound, on the trained models; closed, a card is not worked out."""
    shipped = ROOT / "checkpoints"
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", shipped)
    monkeypatch.setattr(core.ui.library, "CHECKPOINTS", shipped)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/library.py").run()
    closed = len(app.get("plotly_chart"))
    assert not app.json
    app.session_state[f"card.{name}"] = True
    app.run()
    assert not app.exception
    network, training = (json.loads(shown.value) for shown in app.json)
    assert network
    assert training["command"].startswith(f"python -m core train {name}")
    more = {"beat-gan-transformer.essen": 2, "char-lstm.abc-songs": 2, "step-vae.essen": 1}
    assert len(app.get("plotly_chart")) == closed + more[name]
    with_gaps = [table for table in app.dataframe if table.value.isna().any(axis=None)]
    assert with_gaps
    assert all(table.proto.HasField("placeholder") for table in with_gaps), "or Streamlit writes None"
