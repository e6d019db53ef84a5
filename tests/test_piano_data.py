from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import torch

from core.codecs import PianoCodec
from core.codecs.fields import NUM_FIELDS
from core.codecs.piano import OTHERS, POP
from core.data.cache import load_pieces, save_pieces
from core.data.piano import played_notes, played_score, read_played
from core.data.piano_notes import STRETCH, PianoSlices, PianoStretches, style_of
from core.data.piece import Piece, Played
from core.score import Score

CODEC = PianoCodec()


def write_midi(path: Path, messages: list[tuple[float, mido.Message]]) -> Path:
    """A file of ``messages`` at seconds."""
    midi, track = mido.MidiFile(ticks_per_beat=500), mido.MidiTrack()
    now = 0.0
    for seconds, message in messages:
        track.append(message.copy(time=round((seconds - now) * 1000)))  # 500 ticks a quarter of half a second
        now = seconds
    midi.tracks.append(track)
    midi.save(path)
    return path


def on(pitch: int, velocity: int = 64) -> mido.Message:
    return mido.Message("note_on", note=pitch, velocity=velocity)


def off(pitch: int) -> mido.Message:
    return mido.Message("note_off", note=pitch)


def pedal(value: int) -> mido.Message:
    return mido.Message("control_change", control=64, value=value)


def test_the_pedal_holds_notes_until_it_comes_up_or_their_key_is_struck_again(tmp_path: Path) -> None:
    played = read_played(
        write_midi(
            tmp_path / "a.mid",
            [
                (1.0, on(60)),
                (1.2, pedal(100)),
                (1.5, off(60)),
                (1.6, on(64)),
                (1.7, off(64)),
                (2.0, on(64)),
                (2.1, off(64)),
                (3.0, pedal(0)),
                (3.5, on(67, 90)),
                (4.0, off(67)),
            ],
        )
    )
    expected = [[0.0, 2.0, 60, 64], [0.6, 0.4, 64, 64], [1.0, 1.0, 64, 64], [2.5, 0.5, 67, 90]]
    np.testing.assert_allclose(played, expected, atol=2e-3)


def test_seconds_are_half_the_quarters_of_a_performance() -> None:
    played: Played = np.array([[0.5, 1.0, 60, 64], [0.75, 0.25, 72, 100]], np.float32)
    score = played_score(played)
    assert [note.onset for note in score.notes] == [1.0, 1.5]
    np.testing.assert_allclose(played_notes(score), played)


def made_up(num: int, seed: int = 0, **metadata: str) -> Piece:
    rng = np.random.default_rng(seed)
    columns = [
        np.cumsum(rng.uniform(0, 0.3, num)),
        rng.uniform(0.1, 2, num),
        rng.integers(30, 90, num),
        rng.integers(20, 100, num),
    ]
    return Piece("made up", Score(()), "train", played=np.stack(columns, axis=1).astype(np.float32), metadata=metadata)


def test_performances_come_back_from_the_cache(tmp_path: Path) -> None:
    pieces = (made_up(70, 1, composer="Franz Liszt"), made_up(90, 2))
    save_pieces(tmp_path / "pieces.npz", pieces)
    found = load_pieces(tmp_path / "pieces.npz")
    assert found is not None
    for piece, again in zip(pieces, found, strict=True):
        assert piece.played is not None
        np.testing.assert_array_equal(piece.played, again.played)
        assert (piece.id, piece.score, piece.metadata) == (again.id, again.score, again.metadata)


@pytest.mark.parametrize(
    ("metadata", "style"), [({"composer": "Franz Liszt"}, "Franz Liszt"), ({"composer": "Nobody"}, OTHERS), ({}, POP)]
)
def test_the_style_is_the_composer(metadata: dict[str, str], style: str) -> None:
    assert style_of(made_up(3, **metadata), CODEC.styles) == style


def test_a_slice_is_a_style_and_whole_notes() -> None:
    torch.manual_seed(0)
    slices = PianoSlices([made_up(100, composer="Franz Liszt")], CODEC, length=1 + 10 * NUM_FIELDS, transposed=1.0)
    seen = [slices[0].tokens for _ in range(400)]
    assert {int(tokens[0]) for tokens in seen} == {CODEC.kind_token("any"), CODEC.kind_token("Franz Liszt")}
    ends = [tokens[-1] == CODEC.end_token for tokens in seen]
    assert 0 < sum(ends) < len(ends), "now and then the end of the piece is shown"
    for tokens, end in zip(seen, ends, strict=True):
        assert len(tokens) == 1 + 10 * NUM_FIELDS + bool(end)
        assert len(CODEC.score_of(tokens.tolist()).notes) == 10


def test_stretches_hold_every_note_once() -> None:
    pieces = [made_up(STRETCH + 5), made_up(70, 1)]
    stretches = [item.tokens for item in (PianoStretches(pieces, CODEC)[i] for i in range(3))]
    assert [len(CODEC.score_of(tokens.tolist()).notes) for tokens in stretches] == [STRETCH, 5, 70]
    assert [bool(tokens[-1] == CODEC.end_token) for tokens in stretches] == [False, True, True]
