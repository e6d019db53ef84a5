"""Piano music frame by frame: the token of a frame is the set of keys that are struck in it.

How long a key is held is not told but ruled. Sets of what is struck *and* held hardly ever come back: 100 pieces have
well over a hundred thousand of them.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.codecs.base import Codec, CodecError, Encoded
from core.codecs.octaves import within
from core.score import Note, Score

Keys = tuple[int, ...]
"""struck together: MIDI note numbers, ascending"""
Floats = NDArray[np.floating[Any]]
"""a performance is (N, 4): onset and duration in seconds, pitch, velocity"""

LOWEST, HIGHEST = 21, 108
NUM_KEYS = HIGHEST - LOWEST + 1
SINGLE_KEYS: tuple[Keys, ...] = ((), *((key,) for key in range(LOWEST, HIGHEST + 1)))
NUM_SETS = 4095
"""in the vocabulary, silence among them"""
QUARTERS_PER_SEC = 2.0
"""a decoded score is written at 120 quarters a minute"""
VELOCITY = 80
NEAR = 5
"""semitones: a fourth"""
HOLD_SEC = 2.0
HAIR = 1e-3
"""of a frame: a time so little before a frame is its beginning, rounded"""
MAX_FRAMES = 200_000
MAX_DRAWS = 1000
PRIOR_KEYS = 2.5
"""of the one frame that the per-key model takes for granted, spread evenly, so that no key is impossible"""


def frame_of(onset_sec: Floats, frames_per_sec: int) -> NDArray[np.int64]:
    """(N,) The frame of each onset, rounded down: that in which pretty_midi's piano roll rises.

    Raises ``CodecError`` for music that is too long, or for times that are none.
    """
    frame = np.floor(onset_sec.astype(np.float64) * frames_per_sec + HAIR)
    if not (np.isfinite(frame).all() and (frame >= 0).all() and (frame < MAX_FRAMES).all()):
        minutes = MAX_FRAMES // frames_per_sec // 60
        raise CodecError(f"The music is too long for a piano roll; give at most {minutes} minutes.")
    return frame.astype(np.int64)


def sets_of(frame: NDArray[np.int64], pitch: Floats, num_frames: int) -> list[Keys]:
    """The keys struck in each of the frames from 0 on; pitches that a piano lacks move by octaves."""
    key = within(pitch.astype(np.int64), LOWEST, HIGHEST)
    frames: list[list[int]] = [[] for _ in range(num_frames)]
    for place, struck in zip(*divmod(np.unique(frame * 128 + key), 128), strict=True):
        frames[place].append(int(struck))
    return list(map(tuple, frames))


def struck_sets(rows: Floats, frames_per_sec: int) -> list[Keys]:
    """The keys struck in each frame of a performance, up to the last frame in which any is."""
    frame = frame_of(rows[:, 0], frames_per_sec)
    return sets_of(frame, rows[:, 2], int(frame.max(initial=-1)) + 1)


def roll_score(frames: Sequence[Keys], frames_per_sec: int, velocity: int = VELOCITY) -> Score:
    """Music in which each key of a frame is struck at its beginning.

    It is held until the next frame in which it, or a key at most a fourth from it, is struck again, and at most for two
    seconds. So a melody is legato and a bass sounds on below it; of the rules of this kind it is nearest to how long
    notes sound under the pedals of MAESTRO.
    """
    longest, quarters = max(1, round(HOLD_SEC * frames_per_sec)), QUARTERS_PER_SEC / frames_per_sec
    following = [math.inf] * (128 + NEAR)  # by key, the next frame that strikes it
    notes = []
    for place in reversed(range(len(frames))):
        for key in frames[place]:
            end = min(place + longest, *following[key - NEAR : key + NEAR + 1])
            notes.append(Note(place * quarters, (end - place) * quarters, key, velocity))
        for key in frames[place]:
            following[key] = place
    return Score(tuple(notes), 60 * QUARTERS_PER_SEC)


def rows_of(score: Score) -> Floats:
    """A performance (N, 4) from a score."""
    rows = np.array(score.notes, np.float64).reshape(-1, 4)
    rows[:, :2] *= 60 / score.qpm
    return rows


def roll_version(score: Score, frames_per_sec: int = 5, velocity: int = VELOCITY) -> Score:
    """Any piano music as a roll of frames can carry it: every struck set, whatever the vocabulary, and nothing else.

    Raises ``CodecError`` for music that is too long.
    """
    return roll_score(struck_sets(rows_of(score), frames_per_sec), frames_per_sec, velocity)


@dataclass(frozen=True)
class PianoRollCodec(Codec):
    """Token i is the set ``vocabulary[i]``; behind the last come ``other_token``, for every other set, and the start.

    The tokens carry which keys are struck in which frame, and of a frame outside the vocabulary that it is one.
    ``decode`` draws the keys of such a frame by an independent chance of each key, and again until the set is outside
    the vocabulary; ``other_nll`` is what the true ones cost under that model. To keep the true ones, as those of a
    prompt, go by way of the sets: ``roll_score(codec.frames(tokens, given=codec.struck(prompt)), ...)``.

    Not carried: velocity, the lengths of notes, where in its frame a key is struck and how often, silence after the
    last strike, tempo, metre, key and title; pitches that a piano lacks move by octaves.
    """

    name: ClassVar[str] = "pianoroll"
    frames_per_sec: int = 5
    vocabulary: tuple[Keys, ...] = SINGLE_KEYS
    key_probs: tuple[float, ...] = (PRIOR_KEYS / NUM_KEYS,) * NUM_KEYS
    """of each key to be struck in a frame in which any is, whatever the vocabulary"""

    def to_json(self) -> dict[str, Any]:
        """The vocabulary in one text, a set a word, two digits of base 16 a key: a third of its size in lists."""
        return {**super().to_json(), "vocabulary": ",".join(bytes(keys).hex() for keys in self.vocabulary)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        sets = str(stored["vocabulary"]).split(",")
        return super().from_json({**stored, "vocabulary": [list(bytes.fromhex(keys)) for keys in sets]})

    @classmethod
    def fitted(
        cls, performances: Iterable[Floats], frames_per_sec: int = 5, num_sets: int = NUM_SETS
    ) -> PianoRollCodec:
        """With silence and the commonest other sets of ``performances`` for a vocabulary."""
        counts = Counter(keys for rows in performances for keys in struck_sets(rows, frames_per_sec) if keys)
        common = sorted(counts, key=lambda keys: (-counts[keys], keys))[: num_sets - 1]
        struck = np.full(NUM_KEYS, PRIOR_KEYS / NUM_KEYS)
        for keys, times in counts.items():
            struck[[key - LOWEST for key in keys]] += times
        probs = struck / (counts.total() + 1)
        return cls(frames_per_sec, ((), *common), tuple(float(f"{prob:.6g}") for prob in probs))

    @property
    def vocab_size(self) -> int:
        return len(self.vocabulary) + 2

    @property
    def other_token(self) -> int:
        return len(self.vocabulary)

    @property
    def bos_token(self) -> int:
        return len(self.vocabulary) + 1

    @cached_property
    def known(self) -> dict[Keys, int]:
        """The token of each set of the vocabulary."""
        return {keys: token for token, keys in enumerate(self.vocabulary)}

    def struck(self, score: Score) -> list[Keys]:
        """The true set of each frame of ``score``, up to the last strike."""
        return struck_sets(rows_of(score), self.frames_per_sec)

    def tokens_of(self, frames: Iterable[Keys]) -> Tensor:
        """(T,) int64, one for each of ``frames``."""
        return torch.tensor([self.known.get(keys, self.other_token) for keys in frames], dtype=torch.int64)

    def frames(self, tokens: Tensor, given: Sequence[Keys] = ()) -> list[Keys]:
        """The set of each token (T,), the first of them as they are ``given``.

        Each frame outside the vocabulary is drawn with a seed made of the tokens up to it: music that begins alike goes
        on sounding alike. Raises ``CodecError`` for a token that is no frame.
        """
        frames, seed = list(given[: len(tokens)]), 0
        for place, token in enumerate(tokens.tolist()):
            if not 0 <= token <= self.other_token:
                raise CodecError(f"A token of this music is no frame; use those from 0 to {self.other_token}.")
            seed = zlib.crc32(token.to_bytes(8, "little"), seed)
            if place >= len(given):
                frames.append(self.vocabulary[token] if token < self.other_token else self.drawn(seed))
        return frames

    def drawn(self, seed: int) -> Keys:
        """A set outside the vocabulary."""
        rng = np.random.default_rng(seed)
        for _ in range(MAX_DRAWS):
            keys = tuple((np.flatnonzero(rng.random(NUM_KEYS) < self.key_probs) + LOWEST).tolist())
            if keys not in self.known:
                return keys
        raise CodecError(
            "The chances of keys of this model are too small for sets outside its vocabulary; fit it anew."
        )

    def other_nll(self, frames: Iterable[Keys]) -> float:
        """Nats, in all, of the keys of those ``frames`` that are outside the vocabulary, given that they are.

        Added to the nats of the tokens they make the whole cost of the frames. Under an ideal model of tokens a smaller
        vocabulary earns nothing: tokens can foretell sets at least as well as the chances of their keys do. One that
        learnt from few pieces overfits rare sets, and may gain: a unigram on 30 pieces cost least with 1,000 sets,
        7.843 nats a frame and 7.902 with 4,095.
        """
        outside = keys_struck([keys for keys in frames if keys not in self.known])
        return -float((self.log_probs(outside) - math.log1p(-self.share_within)).sum())

    def log_probs(self, struck: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) Of sets (N, 88), by the independent chance of each key."""
        probs = np.array(self.key_probs)
        return struck @ np.log(probs) + (1 - struck) @ np.log1p(-probs)

    @cached_property
    def share_within(self) -> float:
        """How often the keys drawn make a set of the vocabulary, which then is drawn again."""
        return float(np.exp(self.log_probs(keys_struck(self.vocabulary))).sum())

    def encode(self, score: Score) -> Encoded:
        return Encoded(self.tokens_of(self.struck(score)))

    def decode(self, encoded: Encoded) -> Score:
        return roll_score(self.frames(encoded.tokens), self.frames_per_sec)

    def canonical(self, score: Score) -> Score:
        """As ``roll_version`` has it, but with other keys in the frames outside the vocabulary."""
        return self.decode(self.encode(score))


def keys_struck(sets: Sequence[Keys]) -> NDArray[np.float64]:
    """(N, 88) 1 for each key of a set, 0 for the others."""
    struck = np.zeros((len(sets), NUM_KEYS))
    for row, keys in zip(struck, sets, strict=True):
        row[[key - LOWEST for key in keys]] = 1.0
    return struck
