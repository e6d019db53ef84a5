"""Only legal ABC: a logits processor that leaves the characters after which a tune can still become legal.

Legal is a tune that the reader understands, whose bars add up to its metre and whose repeats are closed. Allowed is
what can be made so whatever was drawn: no character leads into a corner, so that one is always left. Some rare notation
of the reader is not offered: rests of several bars, voices within a line, notes shorter than a 64th, comments. Nor is
an upbeat of a part where no bar before it lacks one, which one in two hundred tunes of people have: a model might begin
any part with a short bar.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from core.errors import InputError
from core.sampling.abc_bars import Voice
from core.sampling.abc_body import Body
from core.sampling.abc_header import Header
from core.sampling.abc_tokens import DECORATIONS, INLINE_FIELDS, LINE_FIELDS, NOTES, PLAIN, QUOTED

State = Header | Body
START = Header()
LITTLE = 0.2
"""Probability of all that is legal, below which a model is held to bare music."""
CLOSING = {"field": "\n", "inline": "]", "comment": "\n"} | {name: closing for name, (closing, *_) in QUOTED.items()}
"""the tokens that are text, with what ends them"""
ALIKE = dict.fromkeys(NOTES, "A") | dict.fromkeys(DECORATIONS - INLINE_FIELDS - LINE_FIELDS, "u")
"""characters of music, each with one that may stand wherever it may"""


class LegalAbc:
    """Of tokens that are the characters of ``alphabet``, in its order, or the end of the tune, keeps the legal ones.

    Where a model wants what is not legal, and almost nothing else, the little that is left of its distribution says
    hardly more than noise: text and ornaments, which are always legal, would flood the tune. There it is held to the
    characters of bare music, and within a text to its end.

    Other tokens, such as a start token, are never kept, and passed over in what was written. An instance belongs to one
    generation: it remembers where the rows of the last call stood, so that a call costs one character a row.
    """

    def __init__(self, alphabet: str, end_token: int) -> None:
        self.alphabet, self.end_token = alphabet, end_token
        self._last: dict[bytes, State | None] = {}  # None behind the end

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        """``logits`` (B, V) of what may follow ``tokens`` (B, T), the others at minus infinity.

        Raises ``InputError`` where tokens were given that no legal tune begins with.
        """
        rows = tokens.cpu().numpy()
        self._last = {row.tobytes(): self._state(row.tolist(), row[:-1].tobytes()) for row in rows}
        masks = [masks_of(self._last[row.tobytes()], self.alphabet, self.end_token, logits.shape[1]) for row in rows]
        legal, bare = torch.stack(masks).to(logits.device).unbind(1)  # (B, V) each
        share = logits.softmax(dim=-1).masked_fill(~legal, 0.0).sum(dim=-1, keepdim=True)  # (B, 1)
        return logits.masked_fill(~torch.where(share < LITTLE, bare, legal), -math.inf)

    def _state(self, tokens: list[int], before: bytes) -> State | None:
        """Where ``tokens`` lead; all but the last are ``before``."""
        if tokens and before in self._last:
            return self._after(self._last[before], tokens[-1])
        state: State | None = START
        for token in tokens:
            state = self._after(state, token)
        return state

    def _after(self, state: State | None, token: int) -> State | None:
        if state is None or token == self.end_token:
            return None
        if token >= len(self.alphabet):
            return state
        after = follow(state, self.alphabet[token])
        if after is None:
            raise InputError(
                f"What is given breaks a rule of legal ABC at a {self.alphabet[token]!r}, or its bars do not add up; "
                "change it, or let the model write freely."
            )
        return after


@lru_cache(maxsize=1 << 16)
def follow(state: State, character: str) -> State | None:
    """Where one more character leads; None where the tune could not become legal any more."""
    after = state.step(character)
    return Body(after, home=after) if isinstance(after, Voice) else after


@lru_cache(maxsize=1 << 13)
def allowed(state: State, alphabet: str) -> str:
    """The characters of ``alphabet`` that may follow."""
    like = ALIKE if isinstance(state, Body) and state.token not in CLOSING else {}
    tried = {character for character in alphabet if like.get(character, character) == character}
    kept = {character for character in tried if state.offers(character) and follow(state, character) is not None}
    return "".join([character for character in alphabet if like.get(character, character) in kept])


def plain(state: State) -> frozenset[str]:
    """What a model is held to that wants what is not legal: bare music, the end of a text, anything in the header."""
    if isinstance(state, Header):
        return frozenset()
    return frozenset(CLOSING.get(state.token, PLAIN))


@lru_cache(maxsize=1 << 13)
def masks_of(state: State | None, alphabet: str, end_token: int, vocab_size: int) -> Tensor:
    """(2, V) Which tokens may follow; and those of them that are bare music, if there are any."""
    masks = torch.zeros(2, vocab_size, dtype=torch.bool)
    masks[0, end_token] = state is None or (isinstance(state, Body) and state.may_end)
    if state is None:
        masks[1] = masks[0]
    else:
        following = allowed(state, alphabet)
        bare = plain(state).intersection(following)
        masks[0, : len(alphabet)] = torch.tensor([character in following for character in alphabet])
        masks[1, : len(alphabet)] = torch.tensor([character in (bare or following) for character in alphabet])
    return masks
