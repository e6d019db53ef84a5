"""What the clap detector is measured on and trained with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.claps.listener import find_claps
from core.claps.network import ClapNetwork
from core.errors import InputError
from core.evaluation import claps as evaluation
from core.evaluation.clap_recordings import (
    CONDITIONS,
    KINDS,
    MIN_GAP_SEC,
    ClapRecording,
    beats,
    bursts,
    make_recording,
    mix,
    place,
)
from core.evaluation.clap_sounds import (
    HITS,
    SAMPLE_RATE,
    Floats,
    convolve,
    excerpt,
    hit,
    hum,
    humming,
    resample,
    room,
    utterance,
    white,
)
from core.evaluation.claps import developers_tool, match, measure, table
from core.training.clap_mixtures import make_mixture
from core.training.claps import Examples, layers_of, to_npz, train

SPEECH = [np.random.default_rng(7).normal(size=SAMPLE_RATE)]  # stands in for espeak-ng


def rms(samples: Floats) -> float:
    return float(np.sqrt(np.mean(samples**2)))


@pytest.mark.parametrize("kind", HITS)
def test_a_hit_begins_at_once_and_dies_away(kind: str) -> None:
    for seed in range(10):
        sound = hit(kind, np.random.default_rng(seed))
        assert np.abs(sound).max() == pytest.approx(1)
        assert np.abs(sound[:240]).max() > 0.1
        assert rms(sound[-480:]) < 0.05


def test_rhythms_are_as_fast_as_hands() -> None:
    rng = np.random.default_rng(0)
    for onset_sec in (draw(rng) for draw in (beats, bursts) for _ in range(30)):
        assert len(onset_sec) == 16
        assert np.diff(onset_sec).min() >= MIN_GAP_SEC - 1e-9
        assert np.diff(onset_sec).max() <= 2.3


def test_noises_have_a_level_of_one() -> None:
    rng = np.random.default_rng(1)
    for noise in (white(48_000, rng), hum(48_000, rng), humming(48_000, rng), excerpt(SPEECH, 48_000, rng)):
        assert noise.shape == (48_000,)
        assert rms(noise) == pytest.approx(1, abs=0.05)


def test_the_ratio_is_that_of_the_hits_to_the_noise() -> None:
    onset_sec = np.array([0.1, 0.5])
    hits = place("clap", onset_sec, SAMPLE_RATE, np.random.default_rng(2), 0)
    noise = white(SAMPLE_RATE, np.random.default_rng(3))
    added = mix(hits, onset_sec, noise, 10) - hits
    heard = np.concatenate([hits[start : start + 2880] for start in (4800, 24_000)])
    assert 20 * np.log10(rms(heard) / rms(added)) == pytest.approx(10, abs=0.1)


def test_a_room_keeps_the_direct_sound_and_adds_its_own() -> None:
    response = room(0.5, 3.0, np.random.default_rng(4))
    assert response[0] == 1
    assert -10 * np.log10((response[1:] ** 2).sum()) == pytest.approx(3)
    assert rms(response[-2400:]) < 0.01 * rms(response[480:2880])
    impulse = np.zeros(100)
    impulse[40] = 1
    assert convolve(impulse, response)[40:] == pytest.approx(response[:60])


def test_a_sine_keeps_its_pitch_at_another_rate() -> None:
    sine = resample(np.sin(2 * np.pi * 440 * np.arange(8000) / 8000), 8000, 48_000)
    assert sine == pytest.approx(np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000), abs=1e-6)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_recordings_are_within_full_scale_and_the_same_again(condition: object) -> None:
    first, again = (make_recording(condition, "tap", np.random.default_rng(5), SPEECH) for _ in range(2))
    assert np.abs(first.samples).max() < 1
    assert np.array_equal(first.samples, again.samples)
    assert first.onset_sec[-1] < len(first.samples) / SAMPLE_RATE - 1


def test_speech_needs_a_speaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(InputError, match="need espeak-ng; install it"):
        utterance("en", np.random.default_rng(0))


def test_a_missing_tool_gets_a_sentence() -> None:
    with pytest.raises(InputError, match=r"pip install -r requirements-dev\.txt"):
        developers_tool("no_such_package")


def test_matching_counts_each_onset_once() -> None:
    true, found = np.array([1.0, 2.0, 3.0]), np.array([1.01, 1.5, 2.04, 2.9])
    result = match(true, found)  # two right of three there are and four found
    assert result.f_measure == pytest.approx(2 * 2 / (3 + 4))
    assert np.abs(result.error_sec) == pytest.approx([0.01, 0.04])
    assert match(np.array([1.0]), np.array([1.0, 1.01])).f_measure == pytest.approx(2 / 3)
    assert match(true, np.zeros(0)).f_measure == 0


def test_the_table_has_a_row_for_each_group(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [ClapRecording(np.zeros(10), np.array([1.0]), kind, "clean") for kind in KINDS]
    exact, deaf = (lambda samples, rate: np.array([1.004])), (lambda samples, rate: np.zeros(0))
    rows = measure(made, {"exact": exact, "deaf": deaf}, lambda recording: recording.kind)
    assert [row["group"] for row in rows] == list(KINDS)
    assert (rows[0]["exact F"], rows[0]["exact error ms"], rows[0]["deaf F"]) == (1.0, 4.0, 0.0)
    assert len(table(rows).splitlines()) == 1 + len(KINDS)
    monkeypatch.setattr("sys.argv", ["claps"])
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SystemExit, match="2"):
        evaluation.main()
    assert "espeak-ng" in capsys.readouterr().err


# Training


def mixtures(count: int) -> Sequence[object]:
    rng = np.random.default_rng(6)
    return [make_mixture(rng, SPEECH) for _ in range(count)]


def test_mixtures_have_all_their_claps_within() -> None:
    for mixture in mixtures(20):
        assert np.isfinite(mixture.samples).all()
        assert np.abs(mixture.samples).max() <= 1
        assert all(0 <= onset < len(mixture.samples) / mixture.sample_rate for onset in mixture.onset_sec)


def test_three_frames_stand_for_each_clap() -> None:
    made = mixtures(5)
    assert Examples(made).is_clap.sum() == 3 * sum(len(mixture.onset_sec) for mixture in made)


def test_a_network_learns_and_comes_back_from_its_file(tmp_path: object) -> None:
    made = mixtures(6)
    examples = Examples(made)
    trained = train(examples, steps=60, seed=0)
    path = tmp_path / "network.npz"
    path.write_bytes(to_npz(layers_of(trained)))
    network = ClapNetwork.load(path)
    rows = np.arange(len(examples.is_clap))
    logits = network.logits(examples.inputs(rows).numpy())
    assert logits == pytest.approx(trained(examples.inputs(rows)).detach().numpy()[:, 0], abs=0.05)
    assert logits[examples.is_clap].mean() > logits[~examples.is_clap].mean() + 2
    assert find_claps(made[0].samples, made[0].sample_rate, network=network).ndim == 1
