"""Scores as sound: by FluidSynth where it is installed, else by a synthesiser made of Python packages alone.

Sound is mono: a melody loses little by it, and what travels to the browser is halved.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import InputError
from core.render.synthesisers import SAMPLE_RATE, Engine, SynthesisError, default_engine, engines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.score import Score

__all__ = ["INSTRUMENTS", "Audio", "Engine", "audio_to_flac", "audio_to_wav", "default_engine", "engines", "render"]

MAX_SECONDS = 600.0
PEAK = 0.9
INSTRUMENTS = {  # General MIDI programs, counted from 0
    "piano": 0,
    "harpsichord": 6,
    "celesta": 8,
    "music box": 10,
    "vibraphone": 11,
    "organ": 19,
    "accordion": 21,
    "guitar": 24,
    "violin": 40,
    "cello": 42,
    "harp": 46,
    "choir": 52,
    "trumpet": 56,
    "saxophone": 65,
    "oboe": 68,
    "clarinet": 71,
    "flute": 73,
    "recorder": 74,
    "whistle": 78,
}

_FADE_SEC = 0.05


@dataclass(frozen=True, eq=False)
class Audio:
    """Sound, and what made it; ``notice`` is one plain sentence where that is not what was asked for, else empty."""

    samples: NDArray[np.float32]  # (N,) within -1 to 1
    sample_rate: int
    engine: str
    notice: str = ""

    @property
    def duration_sec(self) -> float:
        return len(self.samples) / self.sample_rate


def render(score: Score, program: int = 0, *, engine: str | None = None) -> Audio:
    """The score played on one instrument, its loudest moment at 0.9 of full scale.

    Time 0 of the sound is time 0 of the score. Where an engine fails or is silent the next one plays, and the
    notice says so.

    Parameters
    ----------
    program
        General MIDI program, 0 to 127; ``INSTRUMENTS`` names some.
    engine
        Name of one of ``engines()``; None for the best that is installed.

    Raises
    ------
    InputError
        No notes, more than ten minutes, notes or program beyond MIDI, or no engine that can play them.
    """
    if not score.notes:
        raise InputError("There are no notes to play.")
    if not score.duration * 60 / score.qpm <= MAX_SECONDS:
        raise InputError("The piece is too long to play; shorten it to ten minutes or raise the tempo.")
    if not all(0 <= note.pitch <= 127 and note.onset >= 0 for note in score.notes):
        raise InputError("A note lies outside what an instrument can play; transpose the piece or check its times.")
    if not 0 <= program <= 127:
        raise InputError("The instrument must be a General MIDI program from 0 to 127.")
    failures: list[str] = []
    advice = ""
    for candidate in _in_turn(engine):
        try:
            samples = candidate.render(score, program)
        except SynthesisError as error:
            failures.append(f"{candidate.name} {error}")
            advice = advice or error.advice
            continue
        notice = f"{failures[0]}, so {candidate.name} plays instead." if failures else ""
        return Audio(_levelled(samples), SAMPLE_RATE, candidate.name, notice)
    raise InputError(f"{failures[0]}; {advice}.")


def _in_turn(name: str | None) -> list[Engine]:
    """The engine of that name, or the best, then the others that are installed."""
    first = default_engine()
    if name is not None:
        named = {engine.name: engine for engine in engines()}
        if name not in named:
            raise InputError(f"There is no synthesiser {name}; choose one of {', '.join(named)}.")
        first = named[name]
        if first.missing:
            raise InputError(first.missing)
    return [first, *(engine for engine in engines() if engine.available and engine != first)]


def _levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Loudness within the piece stays; the very end fades, so that a release that is cut does not click."""
    fade = round(_FADE_SEC * SAMPLE_RATE)
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return samples * np.float32(PEAK / np.abs(samples).max())


def audio_to_wav(audio: Audio) -> bytes:
    """WAV with 16-bit PCM samples."""
    return _encode(audio, "WAV")


def audio_to_flac(audio: Audio) -> bytes:
    """FLAC, for the browser: half of WAV, and unlike MP3 without a delay that would part sound from score."""
    return _encode(audio, "FLAC")


def _encode(audio: Audio, container: str) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, audio.samples, audio.sample_rate, format=container, subtype="PCM_16")
    return file.getvalue()
