"""What ten fingers can play, and pianists would not tire of: a logits processor for music told note by note."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

NUM_FIELDS = 4
AGAIN_SEC = 0.06
"""before which a key cannot be struck again"""
TOGETHER_SEC, FINGERS = 0.03, 10
NEAR, FIGURE = 64, 3
"""notes that are remembered, and those by which a place in a figure is known"""
TIMES, TIRED = 2, 1.5
"""that a figure may go on alike among them, and nats for each time more"""


@dataclass(frozen=True)
class Playable:
    """Bars keys that were only just struck and chords for more than ten fingers, and lets figures come to an end.

    Networks that copy what they played are drawn into playing one figure for ever; pianists leave it. A sequence (B, T)
    is the start token, a style, then four tokens a note, of which the first two are when and which key.
    """

    shift_start: int
    """the token of the first shift"""
    shift_sec: tuple[float, ...]

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        """``tokens`` (B, T) so far, ``logits`` (B, V) of the next."""
        field = (tokens.shape[1] - 2) % NUM_FIELDS
        if field > 1:
            return logits
        out = logits.clone()
        lately = tokens[:, 2:][:, -NUM_FIELDS * NEAR - field :]
        for row, last in zip(out, lately.tolist(), strict=True):
            if field == 0:
                self.limit_chord(row, self.ages(last))
            else:
                self.limit_keys(row, last[1::NUM_FIELDS], self.ages(last))
        return out

    def ages(self, said: list[int]) -> list[float]:
        """Seconds between each note that is told and the last shift."""
        onsets = list(accumulate(self.shift_sec[token - self.shift_start] for token in said[::NUM_FIELDS]))
        return [onsets[-1] - onset for onset in onsets]

    def limit_chord(self, logits: Tensor, ages: list[float]) -> None:
        """With ten keys down, no other may follow at once; changes ``logits`` (V,)."""
        if sum(age < TOGETHER_SEC for age in ages) >= FINGERS:
            soon = sum(sec < TOGETHER_SEC for sec in self.shift_sec)  # which rise
            logits[self.shift_start : self.shift_start + soon] = -torch.inf

    def limit_keys(self, logits: Tensor, keys: list[int], ages: list[float]) -> None:
        """Changes ``logits`` (V,) of the key behind ``keys``, which were struck ``ages`` ago."""
        for key, times in Counter(followers(keys)).items():
            logits[key] -= TIRED * max(0, times + 1 - TIMES)
        for key, age in zip(keys, ages, strict=False):
            if age < AGAIN_SEC:
                logits[key] = -torch.inf


def followers(keys: list[int]) -> list[int]:
    """What came behind the earlier places that are like the present one by their last keys."""
    present = keys[-FIGURE:]
    places = range(FIGURE, len(keys))
    return [keys[place] for place in places if keys[place - FIGURE : place] == present]
