"""A piece in the making: a rhythm, the pitches on it, and everything needed to go on working on them.

A melody stands here twice, note for note: as it is performed, in seconds, and as it is written, in quarter notes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch

from core.beats import Beats
from core.checkpoint import Checkpoint
from core.codecs import Encoded, beats_of
from core.errors import InputError
from core.formats.spelling import estimate_key
from core.generate import blank, candidates, generate
from core.likelihood import Alternative, alternatives, token_log_probs
from core.sampling import FREE, SamplingConfig
from core.sampling.search import OnStep
from core.score import Score, printable


@dataclass(frozen=True)
class Composition:
    """Pitches on a rhythm, and where they came from. A value: every change makes a new one."""

    model: str
    beats: Beats
    pitches: tuple[int, ...]
    sampling: SamplingConfig
    """the settings that drew the pitches, the seed among them"""
    num_given: int = 0
    """the first notes, which the user gave"""
    locked: frozenset[int] = frozenset()
    """indices of notes that no re-composing changes"""
    title: str = ""
    qpm: float | None = None
    """the tempo to play it at; None: the rhythm's own"""
    program: int = 0
    """the General MIDI instrument to play it on"""
    log_likelihood: float = field(default=0.0, compare=False)
    """of the notes that were not given, under the model"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", printable(self.title))
        if len(self.pitches) != len(self.beats):
            raise InputError(
                f"The piece has {len(self.pitches)} pitches for {len(self.beats)} notes; it needs one for each."
            )

    @cached_property
    def written(self) -> Score:
        """For the eye: quarter notes, metre, and the key its pitches suggest."""
        beats = self.beats.written
        key = estimate_key(self.pitches, [note.duration for note in beats.notes])
        return replace(beats.with_pitches(self.pitches), key=key, title=self.title, qpm=self.qpm or beats.qpm)

    @cached_property
    def performed(self) -> Score:
        """For the ear: exact times, at the tempo to play at, in quarters of that tempo."""
        qpm = self.qpm or self.beats.written.qpm
        rhythm = self.beats.performed
        score = rhythm.to_score(self.pitches, qpm=self.beats.written.qpm)
        return replace(
            score, qpm=qpm, time_signature=self.written.time_signature, key=self.written.key, title=self.title
        )

    @property
    def encoded(self) -> Encoded:
        return Encoded(torch.tensor(self.pitches), beats_of(self.beats.performed))


def compose(
    checkpoint: Checkpoint,
    beats: Beats,
    sampling: SamplingConfig,
    *,
    given: Sequence[int] = (),
    num: int = 1,
    title: str = "",
    on_step: OnStep | None = None,
) -> list[Composition]:
    """``num`` melodies on a rhythm, from the seeds s, s+1, ...; the pitches ``given`` come first in each."""
    if len(given) > len(beats):
        raise InputError(
            f"There are {len(given)} first notes for a rhythm of {len(beats)}; give fewer or a longer rhythm."
        )
    fixed, condition = blank(len(beats), given), beats_of(beats.performed)
    drawn = candidates(checkpoint, fixed, num, condition=condition, sampling=sampling, on_step=on_step)
    return [
        Composition(
            model=checkpoint.card.name,
            beats=beats,
            pitches=tuple(one.tokens.tolist()),
            sampling=one.sampling,
            num_given=len(given),
            title=title,
            log_likelihood=one.log_likelihood,
        )
        for one in drawn
    ]


def recompose(
    checkpoint: Checkpoint, piece: Composition, places: Collection[int], seed: int, on_step: OnStep | None = None
) -> Composition:
    """``piece`` with the notes at ``places`` written anew, the locked ones excepted.

    What stands before leads in; what stands behind is led into. Raises ``InputError`` when no note is free.
    """
    free = sorted(set(places) - piece.locked)
    if not free:
        raise InputError("Every note of that passage is locked; unlock one to re-compose it.")
    fixed, condition = piece.encoded
    fixed[free] = FREE
    sampling = replace(piece.sampling, seed=seed)
    drawn = generate(checkpoint, fixed, condition=condition, sampling=sampling, on_step=on_step)
    return with_pitches(checkpoint, piece, drawn.tokens.tolist())


def rewrite(checkpoint: Checkpoint, piece: Composition, index: int, pitch: int) -> Composition:
    """``piece`` with another pitch at one place."""
    if index in piece.locked:
        raise InputError("That note is locked; unlock it to change it.")
    return with_pitches(checkpoint, piece, [*piece.pitches[:index], pitch, *piece.pitches[index + 1 :]])


def with_pitches(checkpoint: Checkpoint, piece: Composition, pitches: Sequence[int]) -> Composition:
    """``piece`` with other pitches, and how likely ``checkpoint`` holds them."""
    changes = (i for i, (old, new) in enumerate(zip(piece.pitches, pitches, strict=True)) if old != new)
    num_given = min(piece.num_given, next(changes, piece.num_given))  # a note written anew is no longer the user's own
    changed = replace(piece, model=checkpoint.card.name, pitches=tuple(pitches), num_given=num_given)
    logp = token_log_probs(checkpoint, changed.encoded)
    return replace(changed, log_likelihood=logp[num_given:].sum().item())


def note_alternatives(checkpoint: Checkpoint, piece: Composition, index: int, num: int = 8) -> list[Alternative]:
    """What else note ``index`` might be: see ``core.likelihood.alternatives``."""
    return alternatives(checkpoint, piece.encoded, index, num)
