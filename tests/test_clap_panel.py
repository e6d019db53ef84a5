"""The microphone ways without a browser: what they find, what they lay on the desk, and what they say."""

from __future__ import annotations

import io
import json
import wave
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import core.ui.clap_take
import core.ui.live_take
from core.errors import InputError
from core.ui.clap_take import Take, advice, hear
from core.ui.components.clap_line import _claps
from core.ui.live_claps import ICE_SETTING, ice_servers, state_of
from core.ui.live_take import LiveTake
from tests.clap_wav import RATE, clap_samples, clap_wav
from tests.conftest import said

APP = Path(__file__).parent / "browser" / "apps" / "claps.py"
TIMES = (0.7, 1.2, 1.7, 1.95, 2.2, 2.7, 3.7)


def open_app(*takes: Take) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    for take in takes:
        app.session_state["clap.take"] = take
    app.run()
    assert not app.exception
    return app


def use(app: AppTest, take: Take, claps: list[float]) -> AppTest:
    """What the browser sends when Use is pressed."""
    app.session_state["clap.line"] = {"claps": {"nonce": "1", "take": take.id, "claps": claps}}
    app.run()
    assert not app.exception
    return app


def laid(app: AppTest) -> list[list[float]]:
    """Onsets and durations of the rhythm on the desk."""
    return json.loads(app.code[0].value)


# Recordings


def test_every_clap_of_a_recording_is_found_and_drawn() -> None:
    heard = hear(clap_wav(TIMES, 5.0), "claps.wav", 0.5)
    assert heard.claps == pytest.approx(TIMES, abs=0.005)
    assert heard.seconds == pytest.approx(5.0)
    assert 0 <= min(heard.levels) <= max(heard.levels) == 1
    loudest = np.argmax(heard.levels) / len(heard.levels) * heard.seconds
    assert min(abs(loudest - time) for time in TIMES) < 0.02
    assert not heard.clipped
    assert advice(heard) == ""


def test_the_line_of_a_long_recording_stays_short() -> None:
    assert len(hear(clap_wav([1.0], 60.0), "long.wav", 0.5).levels) <= core.ui.clap_take.NUM_LEVELS + 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (clap_wav([], 2.0, 0.0), "No clap was found"),
        (clap_wav([0.5, 1.0, 1.5], 2.0, 30.0), "clipped"),
        (clap_wav([0.5], 2.0), "only one clap"),
    ],
)
def test_what_is_odd_about_a_recording_is_said(data: bytes, words: str) -> None:
    app = open_app(Take("claps.wav", data))
    assert words in app.info[0].value
    assert app.slider[0].label == "Sensitivity"  # a way on


def test_a_file_that_is_no_sound_is_said_in_one_sentence() -> None:
    app = open_app(Take("claps.wav", b"RIFF, or so it says"))
    assert "claps.wav" in said(app.error[0])
    assert app.slider[0].label == "Sensitivity"


def test_thousands_of_claps_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.ui.clap_take, "find_claps", lambda *_: np.arange(5000) * 0.1)
    assert "5,000 claps" in open_app(Take("claps.wav", clap_wav([], 1.0))).error[0].value


def test_a_recording_from_the_browser_becomes_the_rhythm() -> None:
    app = open_app()
    assert "tap the rhythm" in app.caption[0].value
    app.audio_input[0].set_value(("audio.wav", clap_wav(TIMES, 5.0), "audio/wav")).run()
    assert not app.exception
    take = app.session_state["clap.take"]
    assert laid(app) == []  # nothing before Use is pressed
    onsets, durations = laid(use(app, take, list(take.heard.claps)))
    assert onsets == pytest.approx(np.array(TIMES) - TIMES[0], abs=0.005)
    assert durations == pytest.approx([*np.diff(TIMES), 0.5], abs=0.005)  # the last one as the median
    app.audio_input[0].set_value(None).run()
    assert app.session_state["clap.take"] is None


def test_the_claps_as_the_user_left_them_are_taken_once() -> None:
    take = Take("claps.wav", clap_wav(TIMES, 5.0))
    app = use(open_app(take), take, [0.7, 1.3])
    assert laid(app)[0] == [0.0, 0.6]
    beats = app.session_state["desk"].beats
    app.run()
    assert app.session_state["desk"].beats is beats


def test_claps_of_an_earlier_recording_are_not_taken() -> None:
    take = Take("claps.wav", clap_wav(TIMES, 5.0))
    assert laid(use(open_app(take), Take("other.wav", b""), [0.7, 1.3])) == []


@pytest.mark.parametrize(("length", "share"), core.ui.clap_take.ARTICULATIONS.items())
def test_articulation_shortens_the_notes_and_moves_none(length: str, share: float) -> None:
    take = Take("claps.wav", clap_wav(TIMES, 5.0))
    app = open_app(take)
    app.selectbox[0].select(length).run()
    onsets, durations = laid(use(app, take, [1.0, 2.0, 3.0]))
    assert onsets == [0, 1, 2]
    assert durations == pytest.approx([share] * 3)


def test_another_sensitivity_finds_other_claps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(core.ui.clap_take, "find_claps", lambda *args: asked.append(args[2]) or np.array([1.0]))
    app = open_app(Take("claps.wav", clap_wav([], 2.0)))
    app.run()
    app.slider[0].set_value(0.8).run()
    assert asked == [0.5, 0.8]


@pytest.mark.parametrize(
    "claps",
    [
        None,
        [],
        "ab",
        [None],
        [-0.1],
        [2.2],
        [1.0, 0.5],
        [1.0, 1.005],
        [float("nan")],
        [10**400],
        [i / 2000 for i in range(2001)],
    ],
)
def test_claps_that_no_line_sends_are_no_rhythm(claps: object) -> None:
    assert _claps({"claps": claps}, 2.0) is None


# The live microphone


@dataclass
class Frame:
    """Stereo, interleaved, as a connection decodes it."""

    samples: np.ndarray
    pts: int | None
    sample_rate: int = RATE

    @property
    def layout(self) -> SimpleNamespace:
        return SimpleNamespace(nb_channels=2)

    def to_ndarray(self) -> np.ndarray:
        return np.repeat((self.samples * 32767).astype(np.int16), 2)[None, :]


def frames(samples: np.ndarray, size: int = 960) -> list[Frame]:
    return [Frame(samples[start : start + size], start) for start in range(0, len(samples), size)]


def recorded(take: LiveTake) -> np.ndarray:
    with wave.open(io.BytesIO(take.recording())) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32767


def test_a_take_begins_when_the_count_in_is_over() -> None:
    samples, take = clap_samples([0.5, 0.9, 1.5, 2.0, 2.5], 3.0), LiveTake(1.0)
    assert state_of(take) == "waiting"
    states = []
    found: list[float] = []
    for frame in frames(samples):
        take.hear(frame)
        found = take.claps(0.5)
        states.append(state_of(take))
    assert found == pytest.approx([0.5, 1.0, 1.5], abs=0.005)
    assert take.seconds == pytest.approx(2.0)
    assert (states.count("counting"), states.count("clapping")) == (49, 101)
    assert take.lead_sec == pytest.approx(0.3)
    assert recorded(take) == pytest.approx(samples[RATE - 3 * RATE // 10 :], abs=2 / 32767)
    assert hear(take.recording(), "live.wav", 0.5, take.lead_sec).claps == pytest.approx([0.8, 1.3, 1.8], abs=0.005)


def test_sound_that_was_lost_on_the_way_moves_no_clap_and_makes_none() -> None:
    samples, take = clap_samples([0.5, 1.5], 2.0), LiveTake(0.0)
    for frame in frames(samples):
        if not 0.8 <= frame.pts / RATE < 1.2:
            take.hear(frame)
    assert take.seconds == pytest.approx(2.0)
    assert take.claps(0.5) == pytest.approx([0.5, 1.5], abs=0.005)


def test_a_clock_that_jumps_is_not_believed() -> None:
    take = LiveTake(0.0)
    for pts in (0, 960, 10**9, 5, None):
        take.hear(Frame(np.zeros(960, np.float32), pts))
    assert take.seconds == pytest.approx(0.1)


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.ui.live_take, "MAX_SEC", 1.0)
    take = LiveTake(0.5)
    for frame in frames(clap_samples([], 3.0), 1001):
        take.hear(frame)
    assert take.full
    assert state_of(take) == "full"
    assert len(recorded(take)) == RATE + 3 * RATE // 10


def test_nothing_is_recorded_before_the_count_in_is_over() -> None:
    take = LiveTake(1.0)
    assert take.recording() == b""
    take.hear(Frame(np.zeros(960, np.float32), 0))
    assert take.recording() == b""
    assert take.claps(0.5) == []


def test_claps_are_found_while_another_thread_brings_sound() -> None:
    times = np.arange(0.5, 9.5, 0.5)
    take = LiveTake(0.0)
    connection = Thread(target=lambda: [take.hear(frame) for frame in frames(clap_samples(times, 10.0))])
    connection.start()
    while connection.is_alive():
        take.claps(0.5)
    assert take.claps(0.5) == pytest.approx(times, abs=0.005)


def test_listening_without_a_server_says_so() -> None:
    app = open_app()
    app.segmented_control[0].select("Clap live").run()
    assert not app.exception
    assert "streamlit run app.py" in said(app.error[0])


def test_no_server_is_asked_unless_the_deployment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ICE_SETTING, raising=False)
    assert ice_servers() == []
    servers = [{"urls": "stun:stun.example.org"}, {"urls": ["turn:a.example.org"], "username": "u", "credential": "c"}]
    monkeypatch.setenv(ICE_SETTING, json.dumps(servers))
    assert ice_servers() == servers


@pytest.mark.parametrize("text", ["stun:example.org", "{}", "[1]", '[{"urls": []}]', '[{"urls": "http://a"}]', "[{}]"])
def test_a_bad_setting_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ICE_SETTING, text)
    with pytest.raises(InputError, match=ICE_SETTING):
        ice_servers()
