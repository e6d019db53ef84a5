"""The clap detector: on recordings of every kind, rate and level, whole or as they come."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.claps import ClapListener, claps_to_rhythm, find_claps
from core.claps.listener import sets_in
from core.claps.onset import AFTER_SEC, BEFORE_SEC, find_onset
from core.claps.spectrum import FLOOR_DB, NUM_BANDS, BandSpectrum
from core.errors import InputError
from core.evaluation.clap_recordings import CONDITIONS, KINDS, ClapRecording, make_recording, mix, place
from core.evaluation.clap_sounds import SAMPLE_RATE, VOICES, Floats, excerpt, hum, resample, utterance, white
from core.evaluation.claps import detectors, match
from core.rhythm import MAX_NOTES

CONDITION = {condition.name: condition for condition in CONDITIONS}
EVEN = np.arange(8) * 0.4 + 0.5


def f_measure(recordings: list[ClapRecording]) -> float:
    found = (find_claps(r.samples, r.sample_rate) for r in recordings)
    return float(np.mean([match(r.onset_sec, claps).f_measure for r, claps in zip(recordings, found, strict=True)]))


def even_claps(kind: str = "clap", seed: int = 0, onset_sec: Floats = EVEN) -> Floats:
    samples = place(kind, onset_sec, round((onset_sec[-1] + 0.5) * SAMPLE_RATE), np.random.default_rng(seed), 3)
    return samples / np.abs(samples).max()


def assert_found(claps: Floats, onset_sec: Floats = EVEN, tolerance_sec: float = 0.003) -> None:
    assert claps.tolist() == pytest.approx(onset_sec.tolist(), abs=tolerance_sec)


# What is found


@pytest.mark.parametrize(
    ("condition", "least"),
    [("clean", 0.99), ("white 20", 0.99), ("white 10", 0.98), ("white 5", 0.95), ("hum 5", 0.95), ("humming 5", 0.97),
     ("moderate room", 0.96), ("moderate, white 10", 0.95)],
)  # fmt: skip
def test_targets_are_met(condition: str, least: float) -> None:
    rng = np.random.default_rng(31)
    assert f_measure([make_recording(CONDITION[condition], kind, rng) for kind in KINDS for _ in range(2)]) >= least


@pytest.mark.parametrize("kind", KINDS)
def test_onsets_are_exact(kind: str) -> None:
    errors = match(EVEN, find_claps(even_claps(kind), SAMPLE_RATE)).error_sec
    assert len(errors) == len(EVEN)
    assert np.median(np.abs(errors)) < 0.0005
    noisy = mix(even_claps(kind), EVEN, white(len(even_claps(kind)), np.random.default_rng(1)), 10)
    assert np.median(np.abs(match(EVEN, find_claps(noisy, SAMPLE_RATE)).error_sec)) < 0.002


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("kind", ["clap", "tap"])
def test_any_sample_rate_will_do(kind: str, rate: int) -> None:
    samples = np.pad(even_claps(kind), (0, SAMPLE_RATE // 10))
    assert_found(find_claps(resample(samples, SAMPLE_RATE, rate), rate), tolerance_sec=0.005)


@pytest.mark.parametrize("level", [1e-3, 0.03, 1.0, 32_768.0])
def test_any_level_will_do(level: float) -> None:
    assert_found(find_claps(level * even_claps(), SAMPLE_RATE))


def test_clipping_and_an_offset_do_not_matter() -> None:
    assert_found(find_claps(np.clip(20 * even_claps(), -1, 1), SAMPLE_RATE))
    assert_found(find_claps(even_claps() * 0.5 + 0.3, SAMPLE_RATE))


def test_bursts_of_ten_a_second_are_told_apart() -> None:
    onset_sec = 0.5 + np.arange(20) * 0.1
    assert_found(find_claps(even_claps("snap", onset_sec=onset_sec), SAMPLE_RATE), onset_sec)


def test_one_clap_is_found_even_at_the_edges() -> None:
    for onset in (0.0, 0.01, 1.0, 1.45):
        samples = place("clap", np.array([onset]), round(1.5 * SAMPLE_RATE), np.random.default_rng(2))
        assert_found(find_claps(samples, SAMPLE_RATE), np.array([onset]))


@pytest.mark.parametrize("num_samples", [0, 1, 2, 100, 511, 512, 513, 48_000])
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_silence_has_no_claps(num_samples: int, rate: int) -> None:
    assert find_claps(np.zeros(num_samples), rate).shape == (0,)


def test_steady_noise_has_no_claps() -> None:
    rng = np.random.default_rng(3)
    for noise in (white(5 * SAMPLE_RATE, rng), hum(5 * SAMPLE_RATE, rng), np.full(SAMPLE_RATE, 0.5)):
        assert len(find_claps(0.1 * noise, SAMPLE_RATE)) == 0


def test_five_thousand_claps() -> None:
    sound = resample(even_claps(onset_sec=np.array([0.05]))[: SAMPLE_RATE // 10], SAMPLE_RATE, 16_000)
    claps = find_claps(np.tile(sound, 5000), 16_000)
    assert len(claps) == 5000
    assert np.diff(claps) == pytest.approx(0.1, abs=0.003)


def test_samples_that_are_no_numbers_are_silence() -> None:
    samples = even_claps().astype(np.float32)
    samples[:1000], samples[1000:2000], samples[2000:3000] = np.nan, np.inf, -np.inf
    assert_found(find_claps(samples, SAMPLE_RATE))
    assert np.isfinite(find_claps(np.full(5000, 3e38), SAMPLE_RATE)).all()


def test_the_more_sensitive_the_more_is_found() -> None:
    rng = np.random.default_rng(4)
    samples = mix(even_claps(), EVEN, excerpt([white(48_000, rng) * (np.arange(48_000) % 9000 < 900)], 190_000, rng)[
        : len(even_claps())], 3)  # fmt: skip
    numbers = [len(find_claps(samples, SAMPLE_RATE, sensitivity)) for sensitivity in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert numbers == sorted(numbers)
    for sensitivity in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="sensitivity"):
            find_claps(samples, SAMPLE_RATE, sensitivity)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30_000), st.sampled_from([8_000, 44_100, 48_000]))
def test_claps_ascend_whatever_is_heard(seed: int, num_samples: int, rate: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=num_samples) * np.repeat(rng.uniform(0, 1, 30) ** 4, num_samples // 30 + 1)[:num_samples]
    claps = find_claps(samples, rate, 1.0)
    assert all(0 <= a < b < num_samples / rate for a, b in pairwise([*claps, num_samples / rate - 1e-9]))


# As it comes

LIVE = make_recording(CONDITION["white 10"], "clap", np.random.default_rng(5)).samples[: 5 * SAMPLE_RATE]
WHOLE = find_claps(LIVE, SAMPLE_RATE)


@settings(max_examples=8)
@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) > 300))
def test_how_sound_is_cut_does_not_matter(sizes: list[int]) -> None:
    listener, claps, start = ClapListener(SAMPLE_RATE), list[float](), 0
    while start < len(LIVE):
        for size in sizes:
            claps += listener.feed(LIVE[start : start + size])
            start += size
    assert claps + listener.finish() == pytest.approx(WHOLE.tolist(), abs=1e-9)
    assert listener.seconds == len(LIVE) / SAMPLE_RATE


def test_each_clap_is_reported_within_sixty_milliseconds() -> None:
    listener = ClapListener(SAMPLE_RATE)
    reported = [(clap, listener.seconds) for part in np.split(LIVE, 5000) for clap in listener.feed(part)]
    assert [clap for clap, _ in reported] == pytest.approx(WHOLE[: len(reported)].tolist())
    assert len(reported) >= len(WHOLE) - 1
    assert max(heard - clap for clap, heard in reported) <= 0.07
    assert np.median([heard - clap for clap, heard in reported]) <= 0.06


def test_who_claps_along_with_the_count_in_is_heard_after_it() -> None:
    listener = ClapListener(SAMPLE_RATE, count_in_sec=1.2)
    assert_found(np.array(listener.feed(even_claps()) + listener.finish()), EVEN[EVEN > 1.2])


def test_what_speech_sounds_like_in_the_count_in_is_no_clap_after_it() -> None:
    rng = np.random.default_rng(5)
    utterances = [utterance(voice, rng) for voice in VOICES]
    made = [make_recording(CONDITION["speech 10"], kind, rng, utterances, 1.8) for kind in KINDS for _ in range(2)]
    talk = [recording.samples[: round(1.8 * SAMPLE_RATE)] for recording in made]
    careless = [clap for samples in talk for clap in ClapListener(SAMPLE_RATE).feed(samples)]
    assert careless  # who hears nothing but speech takes some of it for claps
    wary = detectors(live=True)["ours"]
    measures = [match(r.onset_sec, wary(r.samples.astype("f4"), r.sample_rate)).f_measure for r in made]
    assert np.mean(measures) >= 0.98
    assert all(not ClapListener(SAMPLE_RATE, count_in_sec=1.8).feed(samples) for samples in talk)


def test_the_level_is_that_of_the_newest_sound() -> None:
    listener = ClapListener(SAMPLE_RATE)
    assert listener.level == -120
    listener.feed(np.sin(np.arange(SAMPLE_RATE)))
    assert listener.level == pytest.approx(-3.01, abs=0.02)
    listener.feed(np.zeros(SAMPLE_RATE))
    assert listener.level == -120


def test_a_listener_remembers_little() -> None:
    listener = ClapListener(SAMPLE_RATE)
    for _ in range(30):
        listener.feed(LIVE[:SAMPLE_RATE])
    assert sum(value.nbytes for value in vars(listener).values() if isinstance(value, np.ndarray)) < 300_000


# Parts


def test_a_sine_has_its_level_in_its_band() -> None:
    for rate in (8_000, 48_000, 96_000):
        spectrum = BandSpectrum(rate)
        levels = spectrum.levels(np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32))
        assert levels.shape == (spectrum.num_frames(rate), NUM_BANDS)
        assert levels.max(axis=1) == pytest.approx(0, abs=3)
        assert levels[:, -1].max() < -40
    assert BandSpectrum(8_000).levels(np.ones(800, np.float32))[:, -1] == pytest.approx(FLOOR_DB)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(-400, 400))
def test_the_onset_is_where_noise_gets_louder(seed: int, shift: int) -> None:
    rng = np.random.default_rng(seed)
    num_samples = round((BEFORE_SEC + AFTER_SEC) * SAMPLE_RATE)
    onset = round(BEFORE_SEC * SAMPLE_RATE) + shift
    sound: NDArray[np.float32] = (
        rng.normal(size=num_samples) * np.where(np.arange(num_samples) < onset, 0.05, 1)
    ).astype("f4")
    assert abs(find_onset(sound, SAMPLE_RATE) - onset) <= 3


# The rhythm of claps


def test_a_note_lasts_until_the_next_clap() -> None:
    rhythm = claps_to_rhythm([1.0, 1.5, 2.5, 2.75])
    assert rhythm.rest_sec == (0, 0, 0, 0)
    assert rhythm.duration_sec == pytest.approx((0.5, 1.0, 0.25, 0.5))  # the last as long as the median


def test_a_shorter_articulation_leaves_rests() -> None:
    rhythm = claps_to_rhythm(np.array([1.0, 1.5, 2.5, 2.75]), articulation=0.25)
    assert rhythm.duration_sec == pytest.approx((0.125, 0.25, 0.0625, 0.125))
    assert rhythm.rest_sec == pytest.approx((0, 0.375, 0.75, 0.1875))
    assert rhythm.onset_sec == pytest.approx((0, 0.5, 1.5, 1.75))


def test_one_clap_is_half_a_second() -> None:
    assert claps_to_rhythm([7.0]).duration_sec == (0.5,)
    assert claps_to_rhythm([7.0], 0.5).duration_sec == (0.25,)


@pytest.mark.parametrize(
    ("times", "articulation", "message"),
    [
        ([], 1.0, "No clap was heard"),
        (np.arange(MAX_NOTES + 1), 1.0, f"at most {MAX_NOTES}"),
        ([0.0, float("nan")], 1.0, "proper time"),
        ([0.0, 1.0], 0.0, "articulation"),
        ([0.0, 1.0], float("nan"), "articulation"),
        ([0.0, 1000.0], 1.0, "60 seconds"),
    ],
)
def test_claps_without_a_rhythm_get_a_sentence(times: list[float], articulation: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        claps_to_rhythm(times, articulation)


@given(st.lists(st.floats(0, 50), min_size=1, max_size=20), st.floats(0.01, 1))
def test_onsets_stay_whatever_the_articulation(times: list[float], articulation: float) -> None:
    onsets = np.unique(np.round(times, 2))
    rhythm = claps_to_rhythm(times=onsets, articulation=articulation)
    assert rhythm.onset_sec == pytest.approx((onsets - onsets[0]).tolist(), abs=1e-6)


def test_the_edge_at_which_a_noisy_recording_sets_in_is_no_clap() -> None:
    noise, claps = 0.2 * np.ones(SAMPLE_RATE), np.array([0.005, 0.5])
    assert sets_in(noise, SAMPLE_RATE, claps[:1])
    louder = noise.copy()
    louder[SAMPLE_RATE // 2 :][:100] = 0.9
    assert sets_in(louder, SAMPLE_RATE, claps)
    loudest = louder.copy()
    loudest[300:400] = 1.0
    assert not sets_in(loudest, SAMPLE_RATE, claps)
    assert not sets_in(louder, SAMPLE_RATE, claps[1:])
    start = EVEN - EVEN[0]
    assert_found(find_claps(even_claps(onset_sec=start), SAMPLE_RATE), start)  # these die away
