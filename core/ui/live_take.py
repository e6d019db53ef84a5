"""What a live microphone has brought so far, shared by the connection and by the visit's runs."""

from __future__ import annotations

import io
import secrets
import time
import wave
from threading import Condition, Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.claps import ClapListener

MAX_SEC = 300.0
MAX_GAP_SEC = 5.0
"""longest loss of sound that is made up for"""
NUM_LATEST = 10
LEAD_SEC = 0.3
"""of the count-in that a recording begins with; no clap in it counts"""
SILENCE_DB = -100.0


class Frame(Protocol):
    """A piece of decoded sound, 20 ms as a rule: what ``av.AudioFrame`` is to us."""

    @property
    def sample_rate(self) -> int: ...

    @property
    def pts(self) -> int | None:
        """Number of its first sample, counted by the sender: what is missing was lost on the way."""

    @property
    def layout(self) -> Any: ...

    def to_ndarray(self) -> NDArray[Any]: ...


class LiveTake:
    """One listening, its clock at 0 when the count-in is over.

    ``hear`` is called by the one thread that serves all connections, and so only puts the sound away; the rest is
    called by the visit's own runs, where the claps are found.

    Parameters
    ----------
    count_in_sec
        How much sound from the first on is not yet part of the take.
    """

    def __init__(self, count_in_sec: float) -> None:
        self.id = secrets.token_hex(8)
        self.opened = False
        """whether the page has begun to listen"""
        self.count_in_sec = count_in_sec
        self._more = Condition()
        self._sample_rate = 0
        self._pieces: list[NDArray[np.int16]] = []
        self._num_samples = 0
        self._next_pts: int | None = None
        self._finding = Lock()
        self._listener: ClapListener | None = None
        self._num_found_in = 0  # pieces
        self._claps: list[float] = []
        self._first_asked: float | None = None

    def hear(self, frame: Frame) -> None:
        """Takes in a frame, from any thread."""
        channels = frame.layout.nb_channels
        samples = frame.to_ndarray().reshape(-1, channels).mean(axis=1).astype(np.int16)
        with self._more:
            if frame.sample_rate != self._sample_rate and self._pieces:
                return  # never seen: the sound of one connection keeps its rate
            self._sample_rate = frame.sample_rate
            for piece in (self._instead_of_lost(frame.pts), samples):
                room = int((MAX_SEC + self.count_in_sec) * self._sample_rate) - self._num_samples
                if len(piece[:room]):
                    self._pieces.append(piece[:room])
                    self._num_samples += len(piece[:room])
            self._next_pts = None if frame.pts is None else frame.pts + len(samples)
            self._more.notify_all()

    def _instead_of_lost(self, pts: int | None) -> NDArray[np.int16]:
        """What stands in for sound that was lost, so that later claps keep their times.

        The quietest of the latest pieces over and over: after silence the noise of the room would set in like a clap.
        """
        lost = 0 if pts is None or self._next_pts is None else pts - self._next_pts
        if not 0 < lost <= MAX_GAP_SEC * self._sample_rate or not self._pieces:
            return np.zeros(0, np.int16)
        return np.resize(min(self._pieces[-NUM_LATEST:], key=lambda piece: int(np.abs(piece).max())), lost)

    @property
    def begun(self) -> bool:
        """Whether any sound has come."""
        return self._num_samples > 0

    @property
    def waited_sec(self) -> float:
        """Since ``claps`` was first called."""
        return 0.0 if self._first_asked is None else time.monotonic() - self._first_asked

    @property
    def full(self) -> bool:
        return self.begun and self.seconds >= MAX_SEC - 0.001

    @property
    def seconds(self) -> float:
        """Since the count-in; negative before it is over."""
        return self._num_samples / self._sample_rate - self.count_in_sec if self.begun else -self.count_in_sec

    @property
    def level(self) -> float:
        """How loud it is now, in decibels below full scale."""
        return self._listener.level if self._listener else SILENCE_DB

    def claps(self, sensitivity: float, wait_sec: float = 0.0) -> list[float]:
        """All claps so far, in seconds since the count-in; waits for so long that there is a new one among them."""
        self._first_asked = self._first_asked or time.monotonic()
        deadline = time.monotonic() + wait_sec
        while not self._find_more(sensitivity) and (left := deadline - time.monotonic()) > 0:
            with self._more:
                if self._num_found_in == len(self._pieces):
                    self._more.wait(left)
        return list(self._claps)

    def _find_more(self, sensitivity: float) -> bool:
        """Whether there are claps in what has come since the last call."""
        with self._finding:
            with self._more:
                new = self._pieces[self._num_found_in :]
            if not new:
                return False
            self._listener = self._listener or ClapListener(
                self._sample_rate, sensitivity, count_in_sec=self.count_in_sec
            )
            self._num_found_in += len(new)
            found = self._listener.feed(np.concatenate(new).astype(np.float32) / 32768)
            self._claps += [sec - self.count_in_sec for sec in found]
            return bool(found)

    @property
    def lead_sec(self) -> float:
        """How much of the count-in the recording begins with."""
        return min(LEAD_SEC, self.count_in_sec)

    def recording(self) -> bytes:
        """A WAV file of all since the count-in and the end of that; empty when there is nothing."""
        if not self.begun or self.seconds <= 0:
            return b""
        with self._more:
            samples = np.concatenate(self._pieces)
        samples = samples[round((self.count_in_sec - self.lead_sec) * self._sample_rate) :]
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(self._sample_rate)
            out.writeframes(samples.tobytes())
        return file.getvalue()
