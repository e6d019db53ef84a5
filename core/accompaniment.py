"""Now with two hands: a melody, kept note for note, and what a trained model plays with it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
    MELODY,
    MELODY_VELOCITY,
    MOST_BARS,
    PITCH,
    ROLE,
    STEP,
    WHEN,
    Bars,
    Event,
    bar_steps,
    counted_bars,
    lead_of,
    steps_in,
)
from core.codecs.fields import ANY, HIGHEST, LOWEST, NUM_FIELDS
from core.codecs.octaves import within
from core.data.two_hands import in_likeliest_key
from core.data.windows import way_to_common_key
from core.errors import InputError
from core.formats.spelling import parse_key
from core.generate import Writer, drawn_seed
from core.piano_notation import TOGETHER_SEC
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

    def __init__(self, codec: ArrangementCodec, bars: Bars) -> None:
        self.codec, self.bars = codec, bars
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
        places = behind_bar_lines(logits[:, start : start + len(when)], when < 0)
        places = places.masked_fill(when < earliest, -math.inf)
        if self.coming is not None:
            chances = places.masked_fill(when < self.coming, -math.inf).logsumexp(dim=1, keepdim=True)
            places = places.masked_fill(when >= self.coming, -math.inf)
            places = places.scatter(1, torch.tensor([[self.place(self.coming)]]), chances)
        allowed = torch.full_like(logits, -math.inf)
        allowed[:, start : start + len(when)] = places
        return allowed

    def when(self, value: int) -> int:
        """The told time that a place means; -1 where the bar, which an accompanying note is late, is shorter."""
        told = self.told // BAR * BAR + value
        return -1 if self.bars.step(told - BAR) is None else told

    def place(self, told: int) -> int:
        """The place that means a told time, or of a later one the last bar that can be told."""
        bars = min(told // BAR - self.told // BAR, MOST_BARS - 1)
        return bars * BAR + told % BAR


def behind_bar_lines(places: Tensor, beyond: Tensor) -> Tensor:
    """``places`` (1, P), of which those ``beyond`` (P,) the end of their bar leave their chance to the next bar line.

    A model that has learned from longer bars would else pile up its notes on the last step of a short one.
    """
    bars, beyond = places.view(MOST_BARS, BAR), beyond.view(MOST_BARS, BAR)
    late = bars.masked_fill(~beyond, -math.inf).logsumexp(dim=1)
    bars = bars.masked_fill(beyond, -math.inf)
    bars[1:, 0] = torch.logaddexp(bars[1:, 0], late[:-1])
    return bars.view(1, -1)


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
    bars, lead = counted_bars(melody), lead_of(melody)
    last = math.ceil((melody.duration + lead) / STEP)
    if max(last, len(melody.notes)) > MAX_MELODY_BARS * bar_steps(melody):  # a note a step, on average
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
    due = Due(codec, bars)
    generator = torch.Generator().manual_seed(sampling.seed)
    pen = Pen(Writer(checkpoint, sampling), codec.bos_token, [due, *moved.processors(codec.pitches)], generator)
    pen.write(codec.kind_token(texture))
    line = steps_in(melody.transposed(way).notes, lead)
    told = sorted(Event(bars.told(start), MELODY, pitch, length) for start, pitch, length in line)
    notes = []
    for event in struck(pen, due, told, bars.told(last) + BAR, on_step):
        step = bars.step(event.told - BAR)
        assert step is not None
        length = min(event.length, last - step) * STEP
        pitch = within(event.pitch - way, LOWEST, HIGHEST)
        notes.append(Note(step * STEP - lead, length, pitch, ACCOMPANIMENT_VELOCITY))
    heard = beside(melody, (note for note in notes if note.onset >= 0))
    alone = replace(melody, notes=tuple(let_go(heard)))
    return Accompaniment(together(melody, alone), melody, alone, pen.log_likelihood, sampling)


def together(melody: Score, accompaniment: Score) -> Score:
    """Both, the melody louder."""
    louder = (note._replace(velocity=MELODY_VELOCITY) for note in melody.notes)
    return replace(melody, notes=(*louder, *accompaniment.notes))


def beside(melody: Score, notes: Iterable[Note]) -> Iterator[Note]:
    """What of ``notes`` leaves every key to the melody that it strikes or holds.

    A note is left out while the melody holds its key, and where it would be struck with a melody note or within a step
    of it: so near they would be taken for one. Others end where the melody strikes their key.
    """
    near = max(STEP, TOGETHER_SEC * melody.qpm / 60)
    line: defaultdict[int, list[Note]] = defaultdict(list)
    for given in melody.notes:
        line[given.pitch].append(given)
    for note in notes:
        same = line[note.pitch]
        if any(given.onset <= note.onset < given.offset or abs(given.onset - note.onset) < near for given in same):
            continue
        end = min((given.onset for given in same if given.onset > note.onset), default=math.inf)
        yield note._replace(duration=min(note.duration, end - note.onset))


def let_go(notes: Iterable[Note]) -> Iterator[Note]:
    """``notes``, the last first, each key let go before it is struck again: a key is one string.

    Of two on one key at once, which may be an octave apart until they are moved on to the keyboard, the longer stays.
    """
    next_onset: dict[int, float] = {}
    for note in sorted(notes, key=lambda note: (note.onset, note.duration), reverse=True):
        end = next_onset.get(note.pitch, math.inf)
        if note.onset < end:
            next_onset[note.pitch] = note.onset
            yield note._replace(duration=min(note.duration, end - note.onset))


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
    """The accompanying notes, told before ``stop``, or until ``on_step`` says that it is enough."""
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
            if on_step and on_step(told, stop):
                return
        if given:
            event = coming.pop(0)
            for token in codec.tokens_of([event]).tolist()[ROLE:]:
                pen.write(token)
            continue
        pen.write(codec.starts[ROLE] + ACCOMPANIMENT)
        pitch = pen.write() - codec.starts[PITCH] + LOWEST
        length = LENGTHS[pen.write() - codec.starts[LENGTH]]
        due.struck.append(pitch)
        yield Event(told, ACCOMPANIMENT, pitch, length)
