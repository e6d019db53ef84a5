"""The pages as Streamlit runs them, without a browser; on tiny untrained models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.library
from core.link import piece_to_query
from core.ui.desk import Desk

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
    assert "locked" in app.error[0].value
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
    assert "'Q7'" in app.error[0].value
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
    assert "wrong" in app.error[0].value


def test_recolouring_a_tune_keeps_its_rhythm() -> None:
    app = choose_way(open_page(), "Recolour a tune")
    button(app, "Use its rhythm")
    button(app, "Compose")
    piece = desk_of(app).piece
    assert piece is not None
    assert piece.beats.metrical
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
    app = open_page()
    app.selectbox(key="settings.network").set_value(app.selectbox(key="settings.network").options[0])
    assert not app.exception
    assert any(sentence in said.value for said in [*app.error, *app.warning])


def test_the_project_of_a_visit_opens_in_another(tmp_path: Path) -> None:
    from core.project import project_to_json

    app = button(open_page(), "Compose")
    desk = desk_of(app)
    values = json.loads(project_to_json(desk.versions, desk.current))
    assert [entry["label"] for entry in values["versions"]] == [label for label, _ in desk.versions]
