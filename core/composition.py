"""A piece in the making: a rhythm, the pitches on it, and everything needed to go on working on them.

A melody stands here twice, note for note: as it is performed, in seconds, and as it is written, in quarter notes.
The rhythm was there first, or a model wrote it with the pitches, step by step.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import torch

from core.beats import Beats
from core.checkpoint import Checkpoint
from core.codecs import BeatCodec, Codec, Encoded, StepCodec, beats_of
from core.codecs.steps import REST
from core.errors import InputError
from core.formats.spelling import estimate_key
from core.generate import as_set, blank, candidates, generate
from core.latent import is_latent
from core.likelihood import Alternative, alternatives, token_log_probs
from core.recolour import Original
from core.sampling import FREE, SamplingConfig
from core.sampling.search import OnStep
from core.score import Score, printable, quoted

MIN_QPM, MAX_QPM = 5.0, 1000.0
"""between which a piece is played"""
MAX_QUARTERS = 512.0
"""of a melody that is written step by step"""
AHEAD = 32
"""steps by which another pitch for a note of such a melody is judged: some networks read a window for each of them"""


@dataclass(frozen=True)
class Continued:
    """What a melody that a model wrote step by step has beside its notes; in quarters."""

    given: float
    """how long the melody is that it goes on from"""
    length: float
    """of all of it, silence at its end included"""
    ended: bool
    """whether the model itself said that the song is over"""

    def __post_init__(self) -> None:
        if not 0 <= self.given <= self.length <= MAX_QUARTERS:
            raise InputError(f"A melody that is continued may last {MAX_QUARTERS:g} quarters; give a shorter one.")


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
    """what the user calls it; empty: see ``name``"""
    original: Original | None = None
    """the melody that it recolours"""
    continued: Continued | None = None
    """None where the rhythm was there before the pitches"""
    qpm: float | None = None
    """the tempo to play it at; None: the rhythm's own"""
    program: int = 0
    """the General MIDI instrument to play it on"""
    log_likelihood: float | None = field(default=0.0, compare=False)
    """of the notes that were not given, under the model; None where it cannot tell"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", printable(self.title))
        if len(self.pitches) != len(self.beats):
            raise InputError(
                f"The piece has {len(self.pitches)} pitches for {len(self.beats)} notes; it needs one for each."
            )
        if self.original and len(self.original.pitches) != len(self.beats):
            raise InputError(f"The original of a piece of {len(self.beats)} notes needs a pitch for each of them.")

    @property
    def name(self) -> str:
        """Its title; without one, what it recolours, or the number of its seed."""
        if self.title:
            return self.title
        if self.original and self.original.title:
            return f"New melody on {quoted(self.original.title)}"
        return f"Melody {self.sampling.seed}"

    @cached_property
    def written(self) -> Score:
        """For the eye: quarter notes, metre, and the key its pitches suggest."""
        beats = self.beats.written
        key = estimate_key(self.pitches, [note.duration for note in beats.notes])
        return replace(beats.with_pitches(self.pitches), key=key, title=self.name, qpm=self.qpm or beats.qpm)

    @cached_property
    def performed(self) -> Score:
        """For the ear: exact times, at the tempo to play at, in quarters of that tempo."""
        qpm = self.qpm or self.beats.written.qpm
        rhythm = self.beats.performed
        score = rhythm.to_score(self.pitches, qpm=self.beats.written.qpm)
        return replace(
            score, qpm=qpm, time_signature=self.written.time_signature, key=self.written.key, title=self.name
        )


class Told(NamedTuple):
    """A piece as a model reads it."""

    encoded: Encoded
    places: list[int]
    """(N,) which token each note begins with"""
    num_given: int
    """the first tokens, which the user gave"""


def tell(codec: Codec, piece: Composition) -> Told:
    """``piece`` in the tokens of ``codec``; raises ``InputError`` where it cannot say them."""
    if isinstance(codec, StepCodec):
        return tell_steps(codec, piece)
    encoded = Encoded(torch.tensor(piece.pitches), beats_of(piece.beats.performed))
    return Told(encoded, list(range(len(piece.pitches))), piece.num_given)


def tell_steps(codec: StepCodec, piece: Composition) -> Told:
    written, continued = piece.beats.written.with_pitches(piece.pitches), piece.continued
    if continued is None or codec.canonical(written).notes != written.notes:
        raise InputError("This melody is not in the steps of the chosen model; choose the model that wrote it.")
    symbols = codec.symbols(written)
    symbols += [REST] * (round(continued.length / codec.step) - len(symbols))
    symbols += [codec.vocabulary[codec.end_token]] * continued.ended
    condition = codec.places(len(symbols), written.time_signature, written.upbeat)
    places = [round(note.onset / codec.step) for note in written.notes]
    return Told(Encoded(codec.tokens_of(symbols), condition), places, round(continued.given / codec.step))


def check_writes_on_rhythms(checkpoint: Checkpoint) -> None:
    """Raises ``InputError`` for a model that is told no rhythm."""
    if not isinstance(checkpoint.codec, BeatCodec):
        name = checkpoint.card.name
        raise InputError(f"The model {name!r} puts no pitches on a rhythm; choose one whose name begins with 'beat'.")


def compose(
    checkpoint: Checkpoint,
    beats: Beats,
    sampling: SamplingConfig,
    *,
    given: Sequence[int] = (),
    num: int = 1,
    title: str = "",
    original: Original | None = None,
    on_step: OnStep | None = None,
) -> list[Composition]:
    """``num`` melodies on a rhythm, from the seeds s, s+1, ...; the pitches ``given`` come first in each.

    ``original`` is the melody that the rhythm was taken from, if there is one.
    """
    check_writes_on_rhythms(checkpoint)
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
            original=original,
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
    fixed, condition = tell(checkpoint.codec, piece).encoded
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
    """``piece`` with other pitches, and how likely ``checkpoint`` holds them, if it can tell."""
    changes = (i for i, (old, new) in enumerate(zip(piece.pitches, pitches, strict=True)) if old != new)
    num_given = min(piece.num_given, next(changes, piece.num_given))  # a note written anew is no longer the user's own
    continued = piece.continued
    if continued and num_given < piece.num_given:
        continued = replace(continued, given=piece.beats.written.notes[num_given].onset)
    changed = replace(
        piece, model=checkpoint.card.name, pitches=tuple(pitches), num_given=num_given, continued=continued
    )
    told = tell(checkpoint.codec, changed)
    if is_latent(checkpoint.card):
        return replace(changed, log_likelihood=None)
    logp = token_log_probs(as_set(checkpoint, piece.sampling), told.encoded)
    return replace(changed, log_likelihood=logp[told.num_given :].sum().item())


def transpose(checkpoint: Checkpoint, piece: Composition, semitones: int) -> Composition:
    """``piece`` in another key, locked notes with the rest; raises ``InputError`` where a pitch is out of range."""
    moved = [pitch + semitones for pitch in piece.pitches]
    if not set(moved) <= set(checkpoint.codec.pitches) - {-1}:
        raise InputError("That would take the melody out of the range of the model; transpose it the other way.")
    return with_pitches(checkpoint, piece, moved)


def reread(piece: Composition, beats: Beats) -> Composition:
    """``piece`` on another notation of the rhythm that it is performed in; it sounds as before."""
    factor = beats.written.qpm / piece.beats.written.qpm
    qpm = None if piece.qpm is None else min(max(piece.qpm * factor, MIN_QPM), MAX_QPM)
    return replace(piece, beats=beats, qpm=qpm)


def original_of(piece: Composition) -> Composition | None:
    """The melody that ``piece`` recolours, written and performed in the same way."""
    if piece.original is None:
        return None
    title = piece.original.title or "Original"
    return replace(piece, pitches=piece.original.pitches, title=title, original=None, locked=frozenset())


def note_alternatives(checkpoint: Checkpoint, piece: Composition, index: int, num: int = 8) -> list[Alternative]:
    """The pitches that note ``index`` might have, in the place of tokens: see ``core.likelihood.alternatives``."""
    encoded, places, _ = tell(checkpoint.codec, piece)
    ahead = AHEAD if isinstance(checkpoint.codec, StepCodec) else None
    found = alternatives(checkpoint, encoded, places[index], num, ahead)
    return [option._replace(token=checkpoint.codec.pitches[option.token]) for option in found]
