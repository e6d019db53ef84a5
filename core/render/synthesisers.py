"""The programs that turn notes into sound, and which of them are installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import InputError
from core.formats.midi import score_to_midi
from core.storage import NO_ROOM

if TYPE_CHECKING:
    import soundfile
    from numpy.typing import NDArray

    from core.score import Score

SAMPLE_RATE = 44_100
TAIL_SEC = 1.5  # after the last note, for its release
TIMEOUT_SEC = 15.0  # and a fifth of the piece; FluidSynth takes a hundredth
GRACE_SEC = 2.0  # to end in order
REST_SEC = 300.0
"""for which an engine that hung is left out: whoever tried it again would hold a place for all of its time"""

_SILENCE = 1e-4  # a rendering that never exceeds this is none; FluidSynth's dither alone is a third of it
# It plays at a tenth of full scale, too low for 16 bits; and of a large sound font only what is played is read.
_FLUIDSYNTH_CONFIG = "set audio.file.format float\nset synth.dynamic-sample-loading 1\n"
_BLOCK = 65_536  # frames held in stereo at a time
_SOUND_FONTS = (  # of Debian, Fedora and Arch, Homebrew
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/soundfonts/default.sf2",
    "/opt/homebrew/share/soundfonts/default.sf2",
)


class SynthesisError(Exception):
    """What an engine did instead of playing, as the predicate of a sentence, and what to do where no other plays."""

    def __init__(self, predicate: str, advice: str = "install it anew, or another one") -> None:
        super().__init__(predicate)
        self.advice = advice


class HangError(SynthesisError):
    """An engine that had to be ended."""


@dataclass(frozen=True)
class Engine:
    """A synthesiser and its sound font; ``missing`` says in one sentence why it cannot play, else it is empty."""

    name: str
    sound_font: Path | None
    missing: str = ""

    @property
    def available(self) -> bool:
        return not self.missing

    def render(self, score: Score, program: int) -> NDArray[np.float32]:
        """Mono samples (N,) from time 0 of the score to ``TAIL_SEC`` after its end, at the engine's own level.

        Raises SynthesisError where nothing can be heard.
        """
        if _is_resting(self):
            raise SynthesisError("did not finish in time a little while ago")
        num_frames = round((_end_sec(score) + TAIL_SEC) * SAMPLE_RATE)
        samples = np.zeros(num_frames, np.float32)
        play = _play_fluidsynth if self.name == "FluidSynth" else _play_tinysoundfont
        try:
            play(score, program, str(self.sound_font), samples)
        except HangError:
            with _HUNG_LOCK:
                _HUNG[self] = time.monotonic()
            raise
        except OSError as error:
            if error.errno in NO_ROOM:
                raise SynthesisError("could not write its files", "make room on the disk") from error
            raise SynthesisError("could not be run", "wait a little and try again") from error
        if not np.abs(samples).max() > _SILENCE:
            raise SynthesisError("rendered only silence", "choose another instrument or louder notes")
        return samples


_HUNG: dict[Engine, float] = {}
"""when an engine of this process last hung, by the monotonic clock; there are as many as sound fonts"""
_HUNG_LOCK = threading.Lock()


def _is_resting(engine: Engine) -> bool:
    with _HUNG_LOCK:
        return engine in _HUNG and time.monotonic() - _HUNG[engine] < REST_SEC


def engines() -> tuple[Engine, ...]:
    """All synthesisers, the best first."""
    return _find_fluidsynth(), _find_tinysoundfont()


def default_engine() -> Engine:
    """The best synthesiser that is installed; InputError where there is none."""
    for engine in engines():
        if engine.available:
            return engine
    raise InputError("No synthesiser is installed with a sound font; install the Python packages as the README says.")


def _find_fluidsynth() -> Engine:
    chosen = os.environ.get("SOUNDFONT")
    fonts = (Path(name) for name in ([chosen] if chosen else _SOUND_FONTS))
    font = next(filter(Path.is_file, fonts), None)
    missing = ""
    if not shutil.which("fluidsynth"):
        missing = "The program fluidsynth is not installed."
    elif not importlib.util.find_spec("midi2audio"):
        missing = "The Python package midi2audio is not installed."
    elif not font and chosen:
        missing = "The environment variable SOUNDFONT names a file that does not exist."
    elif not font:
        missing = "No sound font is installed; the Debian package fluid-soundfont-gm holds one."
    return Engine("FluidSynth", font and font.absolute(), missing)


def _find_tinysoundfont() -> Engine:
    # Found without an import: pretty_midi takes a while, and this runs at the start of the app.
    package = importlib.util.find_spec("pretty_midi")
    font = Path(package.origin).with_name("TimGM6mb.sf2") if package and package.origin else None
    missing = ""
    if not importlib.util.find_spec("tinysoundfont"):
        missing = "The Python package tinysoundfont is not installed."
    elif not (font and font.is_file()):
        missing = "The sound font of the Python package pretty_midi is not installed."
    return Engine("TinySoundFont", font, missing)


def _play_fluidsynth(score: Score, program: int, sound_font: str, samples: NDArray[np.float32]) -> None:
    import soundfile

    with tempfile.TemporaryDirectory(prefix="tunesmith-") as folder:
        Path(folder, "score.mid").write_bytes(score_to_midi(score, program, tail_sec=TAIL_SEC))
        Path(folder, ".fluidsynth").write_text(_FLUIDSYNTH_CONFIG)
        command = [sys.executable, "-m", "midi2audio", "-s", sound_font, "-r", str(SAMPLE_RATE), "score.mid", "out.wav"]
        # midi2audio waits for FluidSynth without end and ignores its exit code: so it runs in a process of its own,
        # and what counts is what it wrote.
        if not _run(command, folder, TIMEOUT_SEC + _end_sec(score) / 5):
            raise HangError("did not finish in time")
        try:
            with soundfile.SoundFile(Path(folder, "out.wav")) as wav:
                if wav.samplerate != SAMPLE_RATE or wav.frames < _end_sec(score) * SAMPLE_RATE:
                    raise SynthesisError("stopped before the end of the piece")
                _mix_down(wav, samples)
        except soundfile.SoundFileError:
            raise SynthesisError("wrote no sound file") from None


def _mix_down(wav: soundfile.SoundFile, samples: NDArray[np.float32]) -> None:
    """Fill ``samples`` (N,) with the mean of the file's channels, as far as the file goes."""
    start = 0
    for block in wav.blocks(_BLOCK, dtype="float32", always_2d=True):
        block = block[: len(samples) - start]
        samples[start : start + len(block)] = _mono(block)
        start += len(block)


def _mono(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frames,) from (frames, channels): their mean, as a product, which is many times as fast as numpy's own."""
    num_channels = block.shape[1]
    return block @ np.full(num_channels, 1 / num_channels, np.float32)


def _run(command: list[str], folder: str, timeout_sec: float) -> bool:
    """Run a command at home in a folder; when its time is up, end it with all that it started and return False."""
    home = {"HOME": folder, "PYTHONUSERBASE": site.getuserbase()}  # the user's own packages are still found
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **home},
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        process_group=0,
    )
    try:
        process.wait(timeout_sec)
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            _end_group(process)
    return True


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends the group of a process: by an interrupt, after which Python waits for its children, or by force."""
    for sign, patience_sec in ((signal.SIGINT, GRACE_SEC), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError, PermissionError):  # nobody is left
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_sec)
    with suppress(ChildProcessError):  # orphans of the group come to the first process of a container
        while True:
            os.waitpid(-process.pid, 0)


def _play_tinysoundfont(score: Score, program: int, sound_font: str, samples: NDArray[np.float32]) -> None:
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)  # one a call: a synthesiser is all state
    try:
        synth.sfload(sound_font)
    except RuntimeError as error:
        raise SynthesisError("could not read its sound font") from error
    synth.program_change(0, program)
    frame = 0
    for until, is_attack, pitch, velocity in [*_events(score), (len(samples), False, 0, 0)]:
        while frame < until:
            num_frames = min(_BLOCK, until - frame)
            block = np.frombuffer(synth.generate(num_frames), np.float32).reshape(-1, 2)  # (frames, left and right)
            samples[frame : frame + num_frames] = _mono(block)
            frame += num_frames
        if is_attack:
            synth.noteon(0, pitch, velocity)
        else:
            synth.noteoff(0, pitch)


def _events(score: Score) -> list[tuple[int, bool, int, int]]:
    """Attacks and releases as (frame, is attack, pitch, velocity); a release comes before an attack at its time."""
    frames = SAMPLE_RATE * 60 / score.qpm
    events = []
    for note in score.notes:
        start = round(note.onset * frames)
        end = max(start + 1, round(note.offset * frames))
        events += [(start, True, note.pitch, min(max(note.velocity, 1), 127)), (end, False, note.pitch, 0)]
    return sorted(events)


def _end_sec(score: Score) -> float:
    return score.duration * 60 / score.qpm
