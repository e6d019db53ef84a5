"""Now with two hands: a melody, kept note for note, and what a trained model plays with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.checkpoint import Checkpoint
from core.codecs import ArrangementCodec
from core.codecs.arrangement import (
    ACCOMPANIMENT,
    ACCOMPANIMENT_VELOCITY,
    BAR,
    LENGTH,
    LENGTHS,
    MELODY_VELOCITY,
    MOST_BARS,
    PITCH,
    ROLE,
    STEP,
    WHEN,
    Event,
    bar_steps,
    lead_of,
    told_events,
    within,
)
from core.codecs.fields import ANY, HIGHEST, LOWEST, NUM_FIELDS
from core.data.two_hands import in_likeliest_key
from core.data.windows import way_to_common_key
from core.errors import InputError
from core.formats.spelling import parse_key
from core.generate import Writer, drawn_seed
from core.sampling import AUTO, SamplingConfig
from core.sampling.search import OnStep
from core.sampling.stream import Pen
from core.score import Note, Score, monophonic

MAX_MELODY_BARS = 200
TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MAX_STRUCK = 8
"""accompanying notes on one step"""


@dataclass(frozen=True)
class Accompaniment:
    score: Score
    """the melody and what accompanies it, at the melody's tempo, in its metre and key"""
    melody: Score
    accompaniment: Score
    """alone"""
    log_likelihood: float
    """of what the model chose, under the model itself"""
    sampling: SamplingConfig
    """the settings used, the seed among them: they draw the same again"""


class Due:
    """A logits processor: which places may be told next, given where the telling stands and which melody note comes."""

    def __init__(self, codec: ArrangementCodec, bar: int) -> None:
        """``bar`` in steps."""
        self.codec, self.bar = codec, bar
        self.told = 0
        self.coming: int | None = None
        """when the next melody note is told"""
        self.struck: list[int] = []
        """the pitches of the accompanying notes on this step"""

    def __call__(self, tokens: Tensor, logits: Tensor) -> Tensor:
        field = (tokens.shape[1] - 2) % NUM_FIELDS  # behind the start token and the texture
        if field == WHEN:
            return self.places(logits)
        if field == PITCH and self.struck:  # notes of one step go upwards
            start = self.codec.starts[PITCH]
            return logits.index_fill(1, torch.arange(start, start + max(self.struck) - LOWEST + 1), -math.inf)
        return logits

    def places(self, logits: Tensor) -> Tensor:
        """The chance of all places from that of the melody note on falls to that place: there it is told."""
        full = len(self.struck) >= MAX_STRUCK or HIGHEST in self.struck
        start, earliest = self.codec.starts[WHEN], self.told + full
        when = torch.tensor([self.when(value) for value in range(MOST_BARS * BAR)])
        places = logits[:, start : start + len(when)].masked_fill(when < earliest, -math.inf)
        if self.coming is not None:
            chances = places.masked_fill(when < self.coming, -math.inf).logsumexp(dim=1, keepdim=True)
            places = places.masked_fill(when >= self.coming, -math.inf)
            places = places.scatter(1, torch.tensor([[self.place(self.coming)]]), chances)
        allowed = torch.full_like(logits, -math.inf)
        allowed[:, start : start + len(when)] = places
        return allowed

    def when(self, value: int) -> int:
        """The step that a place means; -1 where the bar is shorter."""
        bars, step = divmod(value, BAR)
        return (self.told // self.bar + bars) * self.bar + step if step < self.bar else -1

    def place(self, when: int) -> int:
        """The place that means a step, or of a later one the last bar that can be told."""
        bars = min(when // self.bar - self.told // self.bar, MOST_BARS - 1)
        return bars * BAR + when % self.bar


def accompany(
    checkpoint: Checkpoint,
    melody: Score,
    sampling: SamplingConfig | None = None,
    *,
    texture: str = ANY,
    on_step: OnStep | None = None,
) -> Accompaniment:
    """What a model plays with a ``melody``, from the bar in which it begins to its end.

    Note by note: the model says when something is struck next; where a melody note is told sooner, that is given. The
    same checkpoint, melody and settings give the same. Raises ``InputError`` for a melody in a metre that the model
    does not count, one that is too long, and a model that does not accompany.
    """
    codec = checkpoint.codec
    if not isinstance(codec, ArrangementCodec):
        raise InputError(f"The model {checkpoint.card.name} does not accompany; choose piano-accompaniment.")
    melody = monophonic(melody)
    if not melody.notes:
        raise InputError("There is no melody to accompany; compose or open one first.")
    bar, lead = bar_steps(melody), lead_of(melody)
    last = math.ceil((melody.duration + lead) / STEP)
    if max(last, len(melody.notes)) > MAX_MELODY_BARS * bar:  # a note a step, on average
        raise InputError(f"The melody is longer than {MAX_MELODY_BARS} bars; choose a shorter one.")
    sampling = sampling or checkpoint.card.sampling_defaults
    if sampling.num_beams > 1:
        raise InputError("An accompaniment is written as it is played; set the number of beams to 1.")
    sampling = replace(sampling, seed=drawn_seed() if sampling.seed is None else sampling.seed)
    home = max((melody, in_likeliest_key(melody)), key=share_in_key)
    if sampling.key == AUTO:
        sampling = replace(sampling, key=home.key)
    assert sampling.seed is not None
    way = way_to_common_key(home)  # the model knows one key
    moved = replace(sampling, key=moved_key(sampling.key, way))
    due = Due(codec, bar)
    generator = torch.Generator().manual_seed(sampling.seed)
    pen = Pen(Writer(checkpoint, sampling), codec.bos_token, [due, *moved.processors(codec.pitches)], generator)
    pen.write(codec.kind_token(texture))
    told = told_events(melody.transposed(way).notes, (), bar, lead)
    found = list(struck(pen, due, told, last + bar, on_step))
    notes = tuple(
        Note(
            onset, min(event.length, last - event.told + bar) * STEP, within(event.pitch - way), ACCOMPANIMENT_VELOCITY
        )
        for event in found
        if (onset := (event.told - bar) * STEP - lead) >= 0
    )
    line = {(note.onset, note.pitch) for note in melody.notes}
    alone = replace(melody, notes=tuple(note for note in notes if (note.onset, note.pitch) not in line))
    louder = tuple(note._replace(velocity=MELODY_VELOCITY) for note in melody.notes)
    both = replace(melody, notes=(*louder, *alone.notes))
    return Accompaniment(both, melody, alone, pen.log_likelihood, sampling)


def share_in_key(melody: Score) -> float:
    """How much of a melody's time is on notes of its key's scale."""
    fifths = parse_key(melody.key).fifths
    scale = {7 * degree % 12 for degree in range(fifths - 1, fifths + 6)}
    durations = [note.duration for note in melody.notes]
    return sum(note.duration for note in melody.notes if note.pitch % 12 in scale) / sum(durations)


def moved_key(key: str, way: int) -> str:
    """A key so many semitones higher; none stays none."""
    if not key:
        return key
    fifths, minor = parse_key(key).fifths, key.endswith("m")
    return TONICS[(7 * fifths + 9 * minor + way) % 12] + "m" * minor


def struck(pen: Pen, due: Due, melody: Sequence[Event], stop: int, on_step: OnStep | None) -> Iterator[Event]:
    """The accompanying notes, told before ``stop``."""
    codec, coming = due.codec, list(melody)
    while True:
        due.coming = coming[0].told if coming else None
        value = pen.write() - codec.starts[WHEN]
        told = due.when(value)
        given = bool(coming) and value == due.place(coming[0].told)
        if given:
            told = coming[0].told  # which lies further on than can be said, where nothing is heard for long
        if told >= stop:
            return
        if told > due.told:
            due.told, due.struck = told, []
            if on_step:
                on_step(told, stop)
        if given:
            event = coming.pop(0)
            for token in codec.tokens_of([event], due.bar).tolist()[ROLE:]:
                pen.write(token)
            continue
        pen.write(codec.starts[ROLE] + ACCOMPANIMENT)
        pitch = pen.write() - codec.starts[PITCH] + LOWEST
        length = LENGTHS[pen.write() - codec.starts[LENGTH]]
        due.struck.append(pitch)
        yield Event(told, ACCOMPANIMENT, pitch, length)
