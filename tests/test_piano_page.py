"""The Piano page as Streamlit runs it, on tiny untrained models."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.testing.v1 import AppTest

import core.checkpoint
from core.checkpoint import load_checkpoint, save_checkpoint
from core.codecs import PianoCodec
from core.formats.midi import score_to_midi
from core.score import Note, Score
from core.ui.neuron_why import ASKED, Asked, Source
from core.ui.piano_desk import PianoDesk, Take
from core.ui.piano_stop import wait_for
from core.ui.progress import Progress
from core.ui.tune_desk import TuneDesk, Version
from tests.conftest import MELODY, said, tiny_checkpoint

ROOT = Path(__file__).parent.parent
MODELS = ("piano-transformer", "roll-gru", "piano-accompaniment", "beat-rnn", "char-rnn")
ABC = b"X:1\nT:Scale\nM:3/4\nL:1/4\nK:G\nG A B|c d e|f g2|]\n"


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for architecture in MODELS:
        save_checkpoint(tiny_checkpoint(architecture), tmp_path)
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path)
    st.cache_data.clear()
    st.cache_resource.clear()
    return tmp_path


def open_page() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/piano.py").run()


def take_of(app: AppTest) -> Take:
    assert not app.exception
    assert not app.error
    desk: PianoDesk = app.session_state["piano.desk"]
    assert desk.take is not None
    return desk.take


def press(app: AppTest, label: str) -> AppTest:
    return next(b for b in app.button if b.label == label).click().run()


def choose(app: AppTest, key: str, value: str) -> AppTest:
    return app.segmented_control(key=f"settings.piano.{key}").set_value(value).run()


def places_in(model: str, score: Score) -> list[int]:
    """The token with which a model of piano music begins each note."""
    codec = load_checkpoint(model).codec
    assert isinstance(codec, PianoCodec)
    return codec.note_places(codec.encode(score).tokens.tolist())


def test_it_opens_on_a_finished_piece_and_plays_another() -> None:
    app = open_page()
    first = take_of(app)
    assert first.performed
    assert first.score.notes
    another = take_of(press(app, "Perform"))
    assert another.score != first.score
    assert [take.label for take in app.session_state["piano.desk"].takes] == [first.label, another.label]
    app.session_state["piano.more"] = "History"
    press(app.run(), f"1. {first.label}")
    assert take_of(app) == first


def test_it_plays_in_a_style() -> None:
    app = open_page()
    app.selectbox(key="settings.piano.style").set_value("Frédéric Chopin").run()
    take = take_of(press(app, "Perform"))
    assert take.score.title == "Frédéric Chopin"


def test_a_model_of_frames_knows_no_styles() -> None:
    app = open_page()
    app.selectbox(key="settings.piano.play.network").set_value("roll-gru").run()
    assert "settings.piano.style" not in [box.key for box in app.selectbox]
    assert take_of(press(app, "Perform")).model == "roll-gru.essen"


def test_it_goes_on_from_a_file() -> None:
    app = open_page()
    given = Score(tuple(Note(i * 0.5, 0.5, 60 + i) for i in range(8)), qpm=120)
    app.file_uploader(key="piano.prompt").upload("scale.mid", score_to_midi(given), "audio/midi").run()
    app.slider(key="settings.piano.kept").set_value(1).run()
    take = take_of(press(app, "Perform"))
    assert take.score.pitches[:4] == (60, 61, 62, 63), "of the first second"
    assert take.label.startswith("On from scale.mid")


def test_a_melody_of_a_corpus_is_accompanied_and_kept() -> None:
    app = choose(open_page(), "way", "Two hands")
    take = take_of(press(app, "Accompany"))
    assert not take.performed
    melody = [note for note in take.score.notes if note.velocity == 96]
    assert melody
    assert "notes in" in "\n".join(said(caption) for caption in app.caption)


def test_a_melody_in_a_file_is_accompanied() -> None:
    app = choose(choose(open_page(), "way", "Two hands"), "melody.source", "From a file")
    app.file_uploader(key="piano.melody.file").upload("scale.abc", ABC, "text/plain").run()
    take = take_of(press(app, "Accompany"))
    assert [note.pitch for note in take.score.notes if note.velocity == 96] == [67, 69, 71, 72, 74, 76, 78, 79]
    assert (take.score.title, take.score.time_signature, take.key) == ("Scale", (3, 4), "G")


def test_the_melody_composed_on_the_front_page_comes_along() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    composed = app.session_state["desk"].piece.written
    app = next(b for b in app.button if b.label == "Now with two hands").click().run()
    app = app.switch_page("pages/piano.py").run()
    take = take_of(app)
    kept = [(note.onset, note.pitch) for note in take.score.notes if note.velocity == 96]
    assert kept == [(note.onset, note.pitch) for note in composed.notes]


def test_a_tune_of_the_tunes_page_comes_along() -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/tunes.py")
    desk = TuneDesk()
    desk.take([Version("Given", ABC.decode(), "char-rnn.essen")])
    app.session_state["tunes.desk"] = desk
    app = press(app.run(), "Now with two hands").switch_page("pages/piano.py").run()
    take = take_of(app)
    assert [note.pitch for note in take.score.notes if note.velocity == 96] == [67, 69, 71, 72, 74, 76, 78, 79]
    assert (take.score.title, take.score.time_signature, take.key) == ("Scale", (3, 4), "G")


@pytest.mark.parametrize("request_of", [lambda: RerunException(RerunData()), StopException])
@pytest.mark.parametrize(("way", "label"), [("Play", "Perform"), ("Two hands", "Accompany")])
def test_stop_keeps_what_was_made(
    way: str, label: str, request_of: Callable[[], BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = choose(open_page(), "way", way)
    app.checkbox(key="settings.piano.new_seed").uncheck().run()
    app.number_input(key="settings.piano.seed").set_value(10).run()  # with which either network soon plays something
    if way == "Play":
        app.slider(key="settings.piano.seconds").set_value(60).run()
    presses = [request_of()]

    def show(_: Progress, done: int, total: int) -> None:
        if done > 0.7 * total and presses:
            raise presses.pop()

    monkeypatch.setattr(Progress, "show", show)
    press(app, label)
    first, take = app.session_state["piano.desk"].takes
    assert take_of(app) == take != first
    assert take.label.endswith("stopped")
    assert "MIDI file" in "\n".join(said(caption) for caption in app.run().caption)
    if way == "Play":
        assert 30 < take.score.notes[-1].onset * 60 / take.score.qpm < 55


def test_a_run_waits_for_the_one_that_it_stops() -> None:
    desk = PianoDesk()
    desk.pen.acquire()
    waiting = threading.Thread(target=wait_for, args=(desk.pen,))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    desk.pen.release()
    waiting.join(60)
    assert not waiting.is_alive()


@pytest.mark.parametrize("index", [0, 7, -1])
def test_a_note_leads_to_what_the_model_did_when_it_came_to_it(index: int) -> None:
    app = open_page()
    take = take_of(app)
    index %= len(take.score.notes)
    app.session_state["piano.desk"].selected = range(index, index + 1)
    press(app.run(), "Look inside the model")
    assert not app.exception
    assert [title.value for title in app.title] == ["Neurons"]
    assert app.session_state["settings.neurons.place"] == places_in(take.model, take.score)[index] + 1


def test_of_a_long_piece_the_neurons_page_says_what_it_leaves_out() -> None:
    app = open_page()
    take = take_of(app)
    long = replace(take.score, notes=tuple(Note(i / 4, 0.25, 60 + i % 5) for i in range(500)))
    source = Source("Long", long)
    app.session_state[ASKED] = Asked(source, take.model, 450)
    app.switch_page("pages/neurons.py").run()
    assert not app.exception
    assert "400 notes" in said(app.info[0])
    assert app.session_state["settings.neurons.place"] == places_in(take.model, long)[399] + 1


def test_a_file_that_is_no_music_is_said_and_nothing_is_lost() -> None:
    app = open_page()
    first = take_of(app)
    app.file_uploader(key="piano.prompt").upload("bad.mid", b"no music", "audio/midi").run()
    assert len(app.error) == 1
    desk: PianoDesk = app.session_state["piano.desk"]
    assert desk.take == first


def test_a_file_that_is_silent_at_first_is_said() -> None:
    app = open_page()
    late = Score((Note(40, 1, 60), Note(41, 1, 64)), qpm=60)
    app.file_uploader(key="piano.prompt").upload("late.mid", score_to_midi(late), "audio/midi").run()
    assert [said(error) for error in app.error] == ["Nothing is struck in the first 10 seconds; keep more of it."]
    app.slider(key="settings.piano.kept").set_value(60).run()
    assert not app.error


def test_of_a_short_file_all_is_kept() -> None:
    app = open_page()
    one = score_to_midi(Score((Note(0, 0.1, 110),)))
    app.file_uploader(key="piano.prompt").upload("one.mid", one, "audio/midi").run()
    take = take_of(press(app, "Perform"))
    given = [note for note in take.score.notes if note.pitch == 110]
    assert given[0].onset == 0
    assert len(take.score.notes) > len(given)


def test_a_huge_file_is_refused_in_a_sentence() -> None:
    app = open_page()
    notes = tuple(Note(index / 200, 0.01, 30 + index % 60) for index in range(6000))
    app.file_uploader(key="piano.prompt").upload("huge.mid", score_to_midi(Score(notes)), "audio/midi").run()
    app.slider(key="settings.piano.kept").set_value(60).run()
    press(app, "Perform")
    assert not app.exception
    assert [said(error)[:45] for error in app.error] == ["A beginning may have 5,000 notes and 300 seco"]


def test_without_models_it_says_how_to_train_one(tiny: Path) -> None:
    for card in tiny.glob("*/card.json"):
        if not card.parent.name.startswith("beat"):
            card.unlink()
            (card.parent / "model.safetensors").unlink()
    app = open_page()
    assert "python -m core train piano-transformer" in said(app.error[0])
    assert MELODY.notes
