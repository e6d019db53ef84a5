"""The Latent page as Streamlit runs it, on a tiny untrained model and a few tunes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

import core.checkpoint
import core.ui.latent_map
import core.ui.recolour_panel
from core.checkpoint import save_checkpoint
from core.composition import Composition
from core.data.piece import Piece
from core.errors import InputError
from core.latent import decode, embed_tunes, encode_window, first_window, pca_2d
from core.score import Note, Score
from core.ui.desk import Desk
from core.ui.latent_map import CHOSEN, OTHERS, TuneMap, grouped, hover, map_figure, region_of, tune_map
from core.ui.latent_melody import Point, Trail, as_piece, beginning_of, melody_at, point_of
from core.ui.latent_walk import WALK, Walk
from core.ui.neuron_piece import GIVEN
from tests.conftest import said, tiny_checkpoint

ROOT = Path(__file__).parent.parent
MODEL = "step-vae-sequence.essen"
TINY = tiny_checkpoint("step-vae-sequence")
CODEC = TINY.codec


def tune(number: int, time_signature: tuple[int, int] = (4, 4), upbeat: float = 0.0, origin: str = "China") -> Piece:
    notes = tuple(Note(onset, 1, 60 + (onset * number) % 11) for onset in range(8))
    score = Score(notes, 96, time_signature, upbeat, title=f"Tune {number}")
    return Piece(f"t{number}", score, split="train", metadata={"O": origin})


TUNES = [tune(1), tune(2, (3, 4), 1.0, "Europa, Mitteleuropa, Deutschland"), *(tune(number) for number in range(3, 9))]


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for architecture in ("step-vae-sequence", "step-bilstm"):
        save_checkpoint(tiny_checkpoint(architecture), tmp_path)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path)
    for module in (core.ui.recolour_panel, core.ui.latent_map):
        monkeypatch.setattr(module, "tunes", lambda _: TUNES)
    st.cache_data.clear()
    st.cache_resource.clear()
    return tmp_path


def open_page(way: str = "Sample") -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/latent.py").run()
    if way != "Sample":
        app.segmented_control(key="settings.latent.way").set_value(way).run()
    assert not app.exception
    assert not app.error
    return app


def headings(app: AppTest) -> list[str]:
    return [said(heading) for heading in app.subheader]


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def walk_of(app: AppTest) -> Walk:
    walk: Walk = app.session_state[WALK]
    return walk


def window_of(number: int) -> torch.Tensor:
    [window] = decode(TINY, encode_window(TINY, first_window(TINY, TUNES[number].score))[None])
    return window


def test_it_opens_on_a_drawn_melody_and_draws_another() -> None:
    app = open_page()
    assert headings(app) == ["Drawn melody 90"]
    assert {button.label for button in app.get("download_button")} >= {"MIDI", "MusicXML"}
    press(app, "Another")
    seed = app.number_input(key="settings.latent.seed").value
    assert headings(app) == [f"Drawn melody {seed}"] != ["Drawn melody 90"]


def test_the_temperature_of_a_draw_spreads_it() -> None:
    app = open_page("Walk")
    usual = walk_of(app).start
    app.segmented_control(key="settings.latent.way").set_value("Sample").run()
    app.slider(key="settings.latent.temperature").set_value(1.6).run()
    app.segmented_control(key="settings.latent.way").set_value("Walk").run()
    wider = walk_of(app).start
    ratio = (1.6 / 0.9) ** 0.5  # both are of one seed, and temperature is of the density
    assert wider.z == pytest.approx([ratio * value for value in usual.z], abs=1e-5)


def test_a_dimension_is_walked_and_others_stay_where_they_were_moved() -> None:
    app = open_page("Walk")
    start = walk_of(app).start
    order = [int(name.split()[1]) - 1 for name in app.selectbox(key="settings.latent.dim").options]
    assert order == tune_map(MODEL, "essen").by_spread()
    app.slider(key=f"latent.at.0.{order[0]}").set_value(2.5).run()
    app.selectbox(key="settings.latent.dim").set_value(order[1]).run()
    app.slider(key=f"latent.at.0.{order[1]}").set_value(-1.5).run()
    walk = walk_of(app)
    assert walk.here == start.moved({order[0]: 2.5, order[1]: -1.5})
    assert walk.here.z[order[2]] == start.z[order[2]]
    assert any("1 other dimension moved." in said(caption) for caption in app.caption)
    app.selectbox(key="settings.latent.dim").set_value(order[0]).run()
    assert app.slider(key=f"latent.at.0.{order[0]}").value == 2.5
    press(app, "Back to the start")
    assert walk_of(app).here == start


def test_a_walk_begins_at_a_tune_and_at_the_one_chosen_on_the_map() -> None:
    app = open_page("Walk")
    app.segmented_control(key="settings.latent.from").set_value("A tune").run()
    assert walk_of(app).start == point_of(MODEL, TUNES[0])
    app.segmented_control(key="settings.latent.way").set_value("Sample")
    app.session_state[CHOSEN] = "t2"
    app.run()
    assert headings(app)[1:] == ["Tune 2", "At its place"]
    press(app, "Use as the start of the walk")
    assert app.segmented_control(key="settings.latent.way").value == "Walk"
    assert walk_of(app).start == point_of(MODEL, TUNES[1])


def test_the_way_between_two_tunes_has_their_reconstructions_at_its_ends() -> None:
    app = open_page("Between two tunes")
    found = [app.selectbox(key=f"settings.latent.{name}.tune").value for name in "AB"]
    assert found[0] != found[1]
    app.slider(key="settings.latent.steps").set_value(3).run()
    assert headings(app)[0] == "1 step from A, 1 from B"
    app.session_state["latent.strip"] = {"picked": {"nonce": "p", "index": 1}}
    app.run()
    assert headings(app)[0].startswith("A again: Tune")
    app.text_input(key="settings.latent.A.search").set_value("no such tune").run()
    assert "No tune matches" in app.info[0].value
    assert not app.exception


@pytest.mark.parametrize(
    ("way", "key", "state"),
    [("Sample", "original", {CHOSEN: "t2"}), ("Sample", "again", {CHOSEN: "t2"}), ("Between two tunes", "all.1", {})],
)
def test_a_note_of_any_score_leads_to_what_the_model_did(way: str, key: str, state: dict[str, str]) -> None:
    app = open_page(way)
    for name, value in {**state, "latent.all": True}.items():
        app.session_state[name] = value
    app.run()
    app.session_state[f"latent.{key}"] = {"picked": {"nonce": "1", "start": 0, "stop": 1}}
    app.run()
    button = next(button for button in app.button if button.key == f"latent.{key}.why")
    button.click().run()
    assert not app.exception
    assert app.session_state[GIVEN].piece.model == MODEL


def test_a_melody_is_handed_to_the_page_that_continues_it() -> None:
    app = press(open_page(), "Continue this")
    assert not app.exception
    assert not app.error
    seed, desk = app.session_state["continue.seed"], app.session_state["continue.desk"]
    assert seed.label == "“Drawn melody 90”"
    assert isinstance(desk, Desk)
    assert desk.piece is not None
    assert desk.piece.num_given == seed.num_notes
    assert app.text_area(key="settings.continue.text").value != ""


def test_what_lies_at_the_point_of_a_tune_is_its_reconstruction_in_its_metre() -> None:
    piece = melody_at(MODEL, point_of(MODEL, TUNES[1]))
    score = piece.beats.written
    symbols = [CODEC.vocabulary[token] for token in window_of(1).tolist()]
    sounding = [int(symbol) for symbol in symbols[: [*symbols, "/"].index("/")] if symbol.isdigit()]
    assert list(piece.pitches) == sounding
    assert (score.time_signature, score.qpm) == ((3, 4), 96)


def test_silence_before_a_tune_is_what_its_upbeat_leaves_of_a_bar() -> None:
    piece = beginning_of(MODEL, TUNES[1])
    assert piece.beats.written.upbeat == 1.0
    assert [(note.onset, note.duration) for note in piece.beats.written.notes] == [(0.0, 1.0), (1.0, 1.0)]
    assert piece.pitches == TUNES[1].score.pitches[:2]  # the tiny model reads four quarters, two of them silent


def test_where_there_is_no_note_a_sentence_says_so() -> None:
    silence = CODEC.tokens_of(["r"] * 16)
    with pytest.raises(InputError, match="no note"):
        as_piece(MODEL, silence, Point("Silence", ()))


def test_a_metre_that_is_not_known_is_found() -> None:
    waltz = CODEC.tokens_of([*["60", "_", "_", "_", "64", "_", "_", "_", "64", "_", "_", "_"] * 5])
    piece: Composition = as_piece(MODEL, waltz, Point("Waltz", ()))
    assert piece.written.time_signature[0] in (2, 3, 4, 6)
    assert piece.written.upbeat < piece.written.bar_length


def test_places_on_the_map_are_those_of_the_principal_components() -> None:
    points = embed_tunes(TINY, [piece.score for piece in TUNES])
    there = TuneMap(tuple(TUNES), points, pca_2d(points))
    assert torch.allclose(there.place(points), there.places, atol=1e-5)
    middle = points.mean(dim=0, keepdim=True)
    assert torch.allclose(there.place(middle), torch.zeros(1, 2), atol=1e-5)


@pytest.mark.parametrize(
    ("origin", "region"),
    [
        ("Europa, Mitteleuropa, Deutschland, Schwaben", "Germany"),
        ("Mitteleuropa, Deutschland (DDR) , Brandenburg", "Germany"),
        ("Suedosteuropa, Jugoslawien, Gottschee", "Yugoslavia"),
        ("Irland", "Ireland"),
        ("China, Shaanxi, Shanbei", "China"),
        ("Europa", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_region_of_a_tune(origin: str, region: str) -> None:
    assert region_of(tune(1, origin=origin)) == region


def test_small_groups_share_a_colour() -> None:
    tunes = [tune(i, origin=place) for i, place in enumerate("aaabbbcccdddef")]
    assert {name: len(members) for name, members in grouped(tunes, region_of).items()} == {
        **dict.fromkeys("abcd", 3),
        OTHERS: 2,
    }
    assert OTHERS not in grouped(tunes[:6], region_of)


def test_the_figure_has_every_tune_once_and_marks_what_is_shown() -> None:
    there = tune_map(MODEL, "essen")
    here = Point("here", tuple(there.points[3].tolist()))
    figure = map_figure(there, region_of, Trail([here, here], here=1), there.tunes[0])
    told = [row for trace in figure.data if trace.customdata is not None for row in trace.customdata]
    assert sorted(index for index, _ in told) == list(range(len(TUNES)))
    ring, star = (next(t for t in figure.data if t.name == f"the {name}") for name in ("tune below", "melody above"))
    assert (ring.x[0], ring.y[0]) == pytest.approx(there.places[0].tolist())
    assert (star.x[0], star.y[0]) == pytest.approx(there.places[3].tolist(), abs=1e-5)
    assert hover(Piece("x", Score(TUNES[0].score.notes, title="<b>A & B"))).startswith("&lt;b&gt;A &amp; B<br>")


def test_without_the_corpus_there_is_a_melody_and_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> list[Piece]:
        raise InputError("The corpus is not installed; install it.")

    monkeypatch.setattr(core.ui.latent_map, "tunes", missing)
    app = open_page("Walk")
    assert headings(app) == ["Drawn melody 90"]
    assert "The corpus is not installed; install it." in [said(caption) for caption in app.caption]


def test_without_a_vae_a_sentence_says_so(tiny: Path) -> None:
    shutil.rmtree(tiny / MODEL)
    st.cache_data.clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/latent.py").run()
    assert not app.exception
    assert said(app.error[0]).startswith("There is no trained model with a latent space; train one: python -m core")
