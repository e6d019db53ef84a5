"""Recordings from files, as one channel of samples."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import FormatError, InputError
from core.score import printable

if TYPE_CHECKING:
    from soundfile import SoundFile

ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 4_000, 384_000
MAX_CHANNELS = 16
MAX_SECONDS = 600.0
MAX_SAMPLES = 48_000 * 600
"""of a channel: a small file may hold hours of silence"""
MAX_NAME = 60
"""characters of a file's name in what is said about it"""
_BLOCK_FRAMES = 65_536

Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Recording:
    """One channel of sound; full scale is 1."""

    samples: Samples  # (N,)
    sample_rate: int

    @property
    def duration_sec(self) -> float:
        return len(self.samples) / self.sample_rate


def load_recording(path: Path) -> Recording:
    """The sound in a file, as :func:`read_recording` gives it."""
    try:
        with path.open("rb") as file:
            return _read(file, path.name)
    except OSError as error:
        raise InputError(f"The file {path} cannot be read; check its name.") from error


def read_recording(data: bytes, name: str = "recording.wav") -> Recording:
    """The sound in the bytes of a WAV, FLAC, OGG or MP3 file, its channels averaged.

    Decoded in blocks, so that memory is bounded by MAX_SAMPLES of one channel, whatever the header says. Raises
    InputError, naming the file, on what is no sound, has none, is damaged or is too long.
    """
    return _read(io.BytesIO(data), name)


def _read(stream: BinaryIO, name: str) -> Recording:
    import soundfile

    name = printable(name[:MAX_NAME])
    try:
        with soundfile.SoundFile(stream) as file:
            _check_format(file, name)
            return Recording(_decoded(file, name), int(file.samplerate))
    except (soundfile.SoundFileError, TypeError) as error:  # a raw file is refused with a TypeError
        raise FormatError(f"{name} cannot be read as sound; give a WAV, FLAC, OGG or MP3 file.") from error


def _check_format(file: SoundFile, name: str) -> None:
    if not MIN_SAMPLE_RATE <= file.samplerate <= MAX_SAMPLE_RATE:
        raise FormatError(f"{name} has {file.samplerate} samples a second; record it with 8000 to 96000.")
    if file.channels > MAX_CHANNELS:
        raise FormatError(f"{name} has {file.channels} channels; give a mono or stereo recording.")


def _decoded(file: SoundFile, name: str) -> Samples:
    """(N,) The mean of the channels."""
    blocks, num_frames = list[Samples](), 0
    longest = int(min(MAX_SECONDS * file.samplerate, MAX_SAMPLES))
    while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        num_frames += len(block)
        if num_frames > longest:
            minutes = longest / file.samplerate / 60
            raise InputError(f"{name} is longer than {minutes:.3g} minutes; cut out the part with the claps.")
        blocks.append(block.mean(axis=1))
    if not blocks:
        raise FormatError(f"{name} has no sound in it; record again or choose another file.")
    samples = np.concatenate(blocks)
    if not np.isfinite(samples).all():
        raise FormatError(f"{name} is damaged: some of its samples are not numbers; record or export it again.")
    return samples


def envelope(samples: Samples, sample_rate: int, step_sec: float = 0.01) -> Samples:
    """(ceil(N / step),) The peak level of each step of ``samples`` (N,), to draw a time line from."""
    if not len(samples):
        return np.zeros(0, np.float32)
    step = max(round(step_sec * sample_rate), 1)
    return np.maximum.reduceat(np.abs(samples), np.arange(0, len(samples), step))
