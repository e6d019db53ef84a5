"""Recordings of claps as files: read whatever they are, or refused in one sentence; and from there to a rhythm file."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from core import cli
from core.claps import ENDINGS, MAX_SECONDS, envelope, find_claps, load_recording, read_recording
from core.claps.spectrum import BandSpectrum
from core.errors import InputError
from core.evaluation.clap_recordings import place
from core.evaluation.clap_sounds import SAMPLE_RATE, Floats, resample
from core.rhythm import csv_to_rhythm

ONSETS = np.array([0.4, 0.9, 1.15, 1.4])
CLAPS = 0.9 * place("clap", ONSETS, 2 * SAMPLE_RATE, np.random.default_rng(0), 3)


def encoded(samples: Floats, rate: int = SAMPLE_RATE, container: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_container_gives_its_claps(ending: str) -> None:
    recording = read_recording(encoded(CLAPS, container=ending[1:].upper()), f"claps{ending}")
    assert recording.sample_rate == SAMPLE_RATE
    assert recording.samples.dtype == np.float32
    assert recording.duration_sec == pytest.approx(2, abs=0.05)
    assert find_claps(recording.samples, SAMPLE_RATE).tolist() == pytest.approx(ONSETS.tolist(), abs=0.01)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE"])
def test_channels_are_averaged_at_any_width_and_rate(subtype: str) -> None:
    channel = resample(CLAPS, SAMPLE_RATE, 96_000) * 0.5
    recording = read_recording(encoded(np.stack([channel, -0.5 * channel], axis=1), 96_000, subtype=subtype))
    assert recording.samples == pytest.approx(0.25 * channel, abs=0.01)
    assert find_claps(recording.samples, 96_000).tolist() == pytest.approx(ONSETS.tolist(), abs=0.003)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read as sound"),
        (b"MThd\0\0\0\6\0\1\0\1", "cannot be read as sound"),
        (encoded(CLAPS)[:20], "cannot be read as sound"),
        (encoded(CLAPS[:0]), "has no sound in it"),
        (encoded(np.array([0.0, np.nan]), subtype="FLOAT"), "is damaged"),
        (encoded(np.array([0.0, np.inf]), subtype="FLOAT"), "is damaged"),
        (encoded(CLAPS, 1_000), "has 1000 samples a second"),
        (encoded(np.zeros((10, 20))), "has 20 channels"),
        (encoded(np.zeros(30 * 60 * 8_000), 8_000, subtype="PCM_U8"), "is longer than 10 minutes"),
    ],
    # not by their bytes, in which the time of day is written
    ids=["empty", "MIDI", "cut off", "no samples", "NaN", "infinite", "slow", "channels", "long"],
)
def test_what_is_no_recording_gets_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_recording(data, "mine.wav")
    assert str(caught.value).startswith("mine.wav ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_name_is_said_as_far_as_one_reads_it() -> None:
    for data in (b"", encoded(CLAPS[:0]), encoded(CLAPS, 1_000), encoded(np.zeros((10, 20)))):
        with pytest.raises(InputError) as caught:
            read_recording(data, "a\n\x1b[2J\udcff" + "b" * 5000 + ".wav")
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200


def test_sound_is_heard_in_parts_that_take_the_same_memory_at_any_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, levels = list[int](), BandSpectrum.levels
    monkeypatch.setattr(
        BandSpectrum, "levels", lambda self, samples: sizes.append(len(samples)) or levels(self, samples)
    )
    for rate in (SAMPLE_RATE, 384_000):
        assert len(find_claps(np.zeros(11 * rate, np.float32), rate)) == 0
    assert 400_000 < max(sizes) < 600_000


def test_the_longest_recording_is_read() -> None:
    assert read_recording(encoded(np.zeros(round(MAX_SECONDS) * 8_000), 8_000, subtype="PCM_U8")).duration_sec == 600


def test_a_header_may_promise_more_than_there_is() -> None:
    data = bytearray(encoded(CLAPS))
    data[4:8] = data[40:44] = b"\xf0\xff\xff\xff"
    assert len(read_recording(bytes(data)).samples) == len(CLAPS)


@settings(max_examples=60)
@given(st.sampled_from([ending[1:].upper() for ending in ENDINGS]), st.data())
def test_damage_is_read_or_refused(container: str, data: st.DataObject) -> None:
    whole = bytearray(encoded(CLAPS[:4000], container=container))
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        recording = read_recording(cut)
    except InputError:
        return
    assert np.isfinite(recording.samples).all()
    assert np.isfinite(find_claps(recording.samples, recording.sample_rate)).all()


def test_the_envelope_is_the_peak_of_each_step() -> None:
    samples = np.array([0.1, -0.5, 0.2, 0.3, -0.9], np.float32)
    assert envelope(samples, 200, step_sec=0.01).tolist() == pytest.approx([0.5, 0.3, 0.9])
    assert envelope(samples[:0], 200).shape == (0,)
    assert envelope(samples, 200, step_sec=0).tolist() == pytest.approx(np.abs(samples).tolist())


# The command


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["core", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_claps_become_a_rhythm_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = tmp_path / "claps.FLAC", tmp_path / "rhythm.csv"
    source.write_bytes(encoded(CLAPS, container="FLAC"))
    assert run(monkeypatch, "rhythm", source, out) == 0
    assert csv_to_rhythm(out.read_text()).onset_sec == pytest.approx((ONSETS - ONSETS[0]).tolist(), abs=0.003)
    assert run(monkeypatch, "rhythm", source, out, "--articulation", 0.5, "--sensitivity", 0.4, "--json") == 0
    assert csv_to_rhythm(out.read_text()).duration_sec == pytest.approx((0.25, 0.125, 0.125, 0.125), abs=0.003)


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (CLAPS * 0, (), "No clap was heard"),
        (CLAPS, ("--sensitivity", 2), "sensitivity"),
        (CLAPS, ("--articulation", 0), "articulation"),
        (None, (), "cannot be read"),
    ],
)
def test_the_command_says_what_is_wrong(
    samples: Floats | None,
    options: tuple[object, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if samples is not None:
        (tmp_path / "claps.wav").write_bytes(encoded(samples))
    assert run(monkeypatch, "rhythm", tmp_path / "claps.wav", tmp_path / "out.csv", *options) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
    with pytest.raises(InputError):
        load_recording(tmp_path)
