"""Tests that listen: pitch, loudness, release and time of what is played, and what is said when that fails."""

from __future__ import annotations

import io
import itertools
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.errors import InputError
from core.render import synthesisers
from core.render.audio import INSTRUMENTS, Audio, audio_to_flac, audio_to_wav, default_engine, engines, render
from core.render.synthesisers import TAIL_SEC
from core.score import Note, Score

# The one of Python packages is always there; the other is listened to wherever it is installed.
ENGINES = ["TinySoundFont", *(e.name for e in engines() if e.available and e.name != "TinySoundFont")]
every_engine = pytest.mark.parametrize("engine", ENGINES)
needs_nothing_native = pytest.mark.parametrize("engine", ["TinySoundFont"])

NOTE = Score((Note(0, 1, 69),), qpm=60)


def listen(*notes: tuple[float, float, int, int], engine: str, program: int = 0) -> Audio:
    """Notes as (second, seconds, pitch, velocity)."""
    audio = render(Score(tuple(Note(*note) for note in notes), qpm=60), program, engine=engine)
    assert (audio.engine, audio.notice) == (engine, "")
    return audio


def cut(audio: Audio, start_sec: float, end_sec: float) -> np.ndarray:
    return audio.samples[round(start_sec * audio.sample_rate) : round(end_sec * audio.sample_rate)]


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def cents_off(samples: np.ndarray, sample_rate: int, pitch: int) -> float:
    """How far the fundamental is from that of the pitch.

    The period, by autocorrelation, first shows that the pitch is right to a semitone, octave included; the fundamental
    is then read off the spectrum, for the stiff strings of a piano pull its period up.
    """
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    correlation = np.fft.irfft(np.abs(np.fft.rfft(samples, 2 * len(samples))) ** 2)[: len(samples)]
    lags = np.arange(round(sample_rate / frequency * 0.4), round(sample_rate / frequency * 1.4))
    assert frequency * lags[np.argmax(correlation[lags])] / sample_rate == pytest.approx(1, abs=0.04)

    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    bins_per_hz = 8 * len(samples) / sample_rate
    near = np.arange(round(frequency * 0.94 * bins_per_hz), round(frequency * 1.06 * bins_per_hz))
    return float(1200 * np.log2(near[np.argmax(spectrum[near])] / bins_per_hz / frequency))


@every_engine
@pytest.mark.parametrize("program", [INSTRUMENTS["piano"], INSTRUMENTS["clarinet"]])
@pytest.mark.parametrize("pitch", [60, 64, 69, 76, 84])
def test_a_note_sounds_at_its_pitch(engine, program, pitch):
    audio = listen((0, 1, pitch, 90), engine=engine, program=program)
    assert abs(cents_off(cut(audio, 0.2, 0.8), audio.sample_rate, pitch)) < 15


@every_engine
def test_harder_is_louder(engine):
    audio = listen(*((i * 2, 0.5, 64, velocity) for i, velocity in enumerate((30, 60, 90, 120))), engine=engine)
    levels = [loudness(cut(audio, i * 2, i * 2 + 0.5)) for i in range(4)]
    assert all(louder > 1.2 * softer for softer, louder in itertools.pairwise(levels))


@every_engine
@pytest.mark.parametrize("program", [INSTRUMENTS["piano"], INSTRUMENTS["organ"]])
def test_a_released_note_falls_silent(engine, program):
    audio = listen((0, 1, 60, 90), (4, 1, 60, 90), engine=engine, program=program)
    assert loudness(cut(audio, 3, 3.9)) < 0.01 * loudness(cut(audio, 0.2, 0.9))
    assert loudness(cut(audio, 1.2, 1.3)) < 0.7 * loudness(cut(audio, 0.7, 0.8))


@every_engine
def test_silence_has_no_hiss(engine):
    """FluidSynth plays softly; what 16 bits lose there would be heard once it is made loud."""
    audio = listen((0, 0.2, 72, 60), (6, 0.2, 72, 60), engine=engine, program=INSTRUMENTS["harpsichord"])
    assert loudness(cut(audio, 5, 5.9)) < 1e-5


@every_engine
def test_a_held_note_is_held(engine):
    audio = listen((0, 4, 60, 90), engine=engine, program=INSTRUMENTS["organ"])
    assert loudness(cut(audio, 3.5, 3.9)) > 0.5 * loudness(cut(audio, 0.5, 0.9))


@every_engine
def test_a_repeated_note_is_struck_again(engine):
    audio = listen(*((i * 0.5, 0.5, 72, 90) for i in range(4)), engine=engine)
    for i in range(1, 4):
        assert loudness(cut(audio, i * 0.5, i * 0.5 + 0.1)) > 1.2 * loudness(cut(audio, i * 0.5 - 0.1, i * 0.5))


@every_engine
def test_attacks_come_when_the_score_says(engine):
    onsets = (0.0, 1.0, 2.337, 3.5, 9.013)
    audio = listen(*((onset, 0.2, 79, 100) for onset in onsets), engine=engine, program=INSTRUMENTS["harpsichord"])
    for onset in onsets:
        near = np.abs(cut(audio, max(0, onset - 0.05), onset + 0.05))
        heard = np.argmax(near > 0.05) / audio.sample_rate + max(0, onset - 0.05)
        assert heard == pytest.approx(onset, abs=0.010)


@every_engine
def test_tempo_scales_time(engine):
    audio = render(Score((Note(4, 1, 79, 100),), qpm=240), INSTRUMENTS["harpsichord"], engine=engine)
    assert np.argmax(np.abs(audio.samples) > 0.1) / audio.sample_rate == pytest.approx(1.0, abs=0.01)


@every_engine
def test_level_and_length(engine):
    audio = listen((0, 2, 60, 40), engine=engine)
    assert np.abs(audio.samples).max() == pytest.approx(0.9, abs=1e-3)
    assert audio.duration_sec == pytest.approx(2 + TAIL_SEC, abs=0.01)
    assert abs(audio.samples[-1]) < 1e-4
    assert audio.samples.dtype == np.float32
    assert audio.sample_rate == 44_100


@needs_nothing_native
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_sounds(engine, name):
    listen((0, 0.5, 67, 80), engine=engine, program=INSTRUMENTS[name])


@needs_nothing_native
def test_instruments_differ(engine):
    piano, flute = (listen((0, 1, 67, 80), engine=engine, program=INSTRUMENTS[name]) for name in ("piano", "flute"))
    assert loudness(piano.samples - flute.samples) > 0.05


@needs_nothing_native
def test_threads_do_not_disturb_each_other(engine):
    scores = [Score((Note(0, 1, pitch), Note(1, 1, pitch + 4)), qpm=120) for pitch in (48, 60, 72, 84)]
    alone = [render(score, engine=engine).samples for score in scores]
    together: dict[int, np.ndarray] = {}

    def work(index: int) -> None:
        together[index] = render(scores[index], engine=engine).samples

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(scores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, samples in enumerate(alone):
        np.testing.assert_array_equal(together[index], samples)


# --- files ---


@pytest.mark.parametrize(("encode", "container"), [(audio_to_wav, "WAV"), (audio_to_flac, "FLAC")])
def test_files_hold_the_samples_without_a_shift(encode, container):
    audio = render(NOTE, engine="TinySoundFont")
    data = encode(audio)
    assert soundfile.info(io.BytesIO(data)).format == container
    samples, sample_rate = soundfile.read(io.BytesIO(data))
    assert sample_rate == audio.sample_rate
    np.testing.assert_allclose(samples, audio.samples, atol=1e-4)


# --- what is refused ---


@pytest.mark.parametrize(
    ("score", "program"),
    [
        (Score(()), 0),
        (Score((Note(0, 601, 60),), qpm=60), 0),
        (Score((Note(1e300, 1, 60),)), 0),
        (Score((Note(0, float("nan"), 60),)), 0),
        (Score((Note(0, 1, 200),)), 0),
        (Score((Note(-1, 1, 60),)), 0),
        (NOTE, 128),
    ],
)
def test_what_cannot_be_played_is_one_plain_sentence(score, program):
    with pytest.raises(InputError, match=r"^[A-Z].*\.$"):
        render(score, program)


def test_an_unknown_engine_is_refused():
    with pytest.raises(InputError, match="choose one of FluidSynth, TinySoundFont"):
        render(NOTE, engine="Moog")


# --- what is installed ---


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A program called fluidsynth before every other, and a sound font for it; returns a log it can write."""
    program = folder / "bin" / "fluidsynth"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nLOG={folder / 'log'}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    font = folder / "font.sf2"
    font.write_bytes(b"RIFF")
    monkeypatch.setenv("SOUNDFONT", str(font))
    return folder / "log"


def test_without_fluidsynth_the_other_plays_and_nothing_is_amiss(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert engines()[0].missing == "The program fluidsynth is not installed."
    assert default_engine().name == "TinySoundFont"
    audio = render(NOTE)
    assert (audio.engine, audio.notice) == ("TinySoundFont", "")
    with pytest.raises(InputError, match="fluidsynth is not installed"):
        render(NOTE, engine="FluidSynth")


def test_a_sound_font_that_is_not_there_is_said(monkeypatch, tmp_path):
    install(tmp_path, monkeypatch, "exit 0")
    monkeypatch.setenv("SOUNDFONT", str(tmp_path / "none.sf2"))
    assert engines()[0].missing == "The environment variable SOUNDFONT names a file that does not exist."
    assert not engines()[0].available


def test_no_engine_at_all_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = synthesisers.importlib.util.find_spec
    monkeypatch.setattr(
        synthesisers.importlib.util, "find_spec", lambda name: None if name == "tinysoundfont" else found(name)
    )
    with pytest.raises(InputError, match="No synthesiser is installed"):
        render(NOTE)


def test_fluidsynth_is_given_the_font_the_rate_and_a_private_folder(monkeypatch, tmp_path):
    log = install(tmp_path, monkeypatch, 'echo "$@" > $LOG; pwd >> $LOG')
    render(NOTE)
    arguments, folder = log.read_text().splitlines()
    assert arguments == f"-ni {tmp_path / 'font.sf2'} score.mid -F out.wav -r 44100"
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 1", "wrote no sound file"),
        ("echo rubbish > out.wav", "wrote no sound file"),
        ("cp {silence} out.wav", "rendered only silence"),
        ("cp {dither} out.wav", "rendered only silence"),
        ("cp {short} out.wav", "stopped before the end of the piece"),
    ],
)
def test_a_failing_fluidsynth_is_replaced_and_said(monkeypatch, tmp_path, script, reason):
    silence = np.zeros(3 * 44_100)
    dither = np.random.default_rng(0).integers(-1, 2, len(silence)) / 32768
    sounds = {"silence": silence, "dither": dither, "short": silence[:20_000] + 0.5}
    paths = {name: tmp_path / f"{name}.wav" for name in sounds}
    for name, samples in sounds.items():
        soundfile.write(paths[name], samples, 44_100)
    install(tmp_path, monkeypatch, script.format(**paths))
    audio = render(NOTE)
    assert audio.engine == "TinySoundFont"
    assert audio.notice == f"FluidSynth {reason}, so TinySoundFont plays instead."
    assert np.abs(audio.samples).max() == pytest.approx(0.9, abs=1e-3)


def test_a_hanging_fluidsynth_is_ended_with_all_it_started(monkeypatch, tmp_path):
    monkeypatch.setattr(synthesisers, "TIMEOUT_SEC", 0.8)
    log = install(tmp_path, monkeypatch, "echo $$ > $LOG; exec sleep 600")
    audio = render(NOTE)
    assert audio.notice == "FluidSynth did not finish in time, so TinySoundFont plays instead."
    status = Path("/proc", log.read_text().strip(), "stat")
    for _ in range(100):  # what was killed dies when it is next due
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("it still runs")


def test_an_engine_that_hung_is_left_alone_for_a_while(monkeypatch, tmp_path):
    monkeypatch.setattr(synthesisers, "TIMEOUT_SEC", 0.8)
    log = install(tmp_path, monkeypatch, "echo tried >> $LOG; exec sleep 600")
    notices = [render(NOTE).notice for _ in range(3)]
    of_late = "FluidSynth did not finish in time a little while ago, so TinySoundFont plays instead."
    assert notices == ["FluidSynth did not finish in time, so TinySoundFont plays instead.", of_late, of_late]
    assert log.read_text() == "tried\n"
    monkeypatch.setattr(synthesisers, "REST_SEC", 0.0)
    assert render(NOTE).notice == notices[0]
    assert log.read_text() == "tried\ntried\n"


def test_a_piece_that_no_engine_can_sound_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(synthesisers, "_play_tinysoundfont", lambda *_: None)
    with pytest.raises(InputError, match="TinySoundFont rendered only silence; choose another instrument"):
        render(NOTE)
