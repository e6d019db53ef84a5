"""A melody and what accompanies it, on a grid of sixteenths: each melody note is told a bar ahead."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from core.codecs.base import CodecError, Encoded
from core.codecs.fields import ANY, HIGHEST, LOWEST, NUM_FIELDS, FieldCodec
from core.codecs.octaves import within
from core.codecs.piano import in_score_order
from core.errors import InputError
from core.formats.grid import UNITS
from core.formats.metre import bar_levels
from core.formats.pitch_names import pitch_name
from core.score import Note, Score, monophonic

STEP = 0.25
"""quarters"""
BAR = 16
"""steps of the longest bar, which is that of the corpus"""
MOST_BARS = 4
"""in which an event may lie after the one before: in the same bar, the next, .."""
LENGTHS = (*range(1, 17), 20, 24, 28, 32, 40, 48, 56, 64)
"""steps that a note may last"""
TEXTURES = (ANY, "calm", "flowing", "busy")
DENSITIES = (12.0, 14.5)
"""accompanying notes of a bar below which a texture is calm, and flowing: thirds of the training songs"""
FIELDS = ("place", "role", "pitch", "length")
"""of a note, in order"""
WHEN, ROLE, PITCH, LENGTH = range(4)
MELODY, ACCOMPANIMENT = range(2)
MELODY_VELOCITY, ACCOMPANIMENT_VELOCITY = 96, 64


class Event(NamedTuple):
    """A note as it is told: a melody note at its own time, an accompanying one a bar later."""

    told: int
    """``BAR`` for each bar before it, and steps into its bar; upbeats are counted from the bar line before"""
    role: int
    pitch: int
    length: int
    """steps"""


@dataclass(frozen=True)
class ArrangementCodec(FieldCodec):
    """One token of texture, then four for each note: place, role, key, length.

    A place is how many bars after that of the note before it lies, and how many steps into its bar. Melody and
    accompaniment are one stream, in which the accompaniment is a bar late: what is written under a melody note knows
    the bar that comes (anticipation, after Thickstun and others, 'Anticipatory Music Transformer', 2023).

    Of a score the highest line is the melody. Not carried: times off the grid, velocities, tempo, key and title; bars
    of more than four quarters; silence of more than three bars.
    """

    name: ClassVar[str] = "arrangement"
    textures: tuple[str, ...] = TEXTURES

    kind_name = "texture"
    fields = FIELDS
    key_field = PITCH

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.textures

    @property
    def num_values(self) -> tuple[int, int, int, int]:
        return MOST_BARS * BAR + 1, 2, HIGHEST - LOWEST + 1, len(LENGTHS)

    def value_symbol(self, field: int, value: int) -> str:
        """``+1|4.5`` for a bar on and beat 4.5, whether it is melody, ``C4``, a length in quarters."""
        if field == WHEN:
            bars, step = divmod(value, BAR)
            return f"{f'+{bars}' if bars else ''}|{1 + step * STEP:g}"
        if field == ROLE:
            return ("melody", "with it")[value]
        return pitch_name(LOWEST + value) if field == PITCH else f"{LENGTHS[value] * STEP:g}q"

    def tokens_of(self, events: Sequence[Event]) -> Tensor:
        """(4 N,) of events in order; the first lies in the bar it begins."""
        tokens, before = [], events[0].told if events else 0
        for told, role, pitch, length in events:
            bars = min(told // BAR - before // BAR, MOST_BARS - 1)
            values = (bars * BAR + told % BAR, role, within(pitch, LOWEST, HIGHEST) - LOWEST, length_value(length))
            tokens += [start + value for start, value in zip(self.starts, values, strict=False)]
            before = told
        return torch.tensor(tokens, dtype=torch.int64)

    def encode(self, score: Score) -> Encoded:
        """Whatever its metre, in bars of four quarters."""
        return self.told(self.decode(self.told(score)))  # where silence was shortened, notes are cut anew

    def told(self, score: Score) -> Encoded:
        """A score whose silences are not too long."""
        on_grid = [
            Note(start * STEP, length * STEP, within(pitch, LOWEST, HIGHEST))
            for start, pitch, length in steps_in(score.notes, lead_of(score))
        ]
        melody = monophonic(Score(tuple(on_grid))).notes
        line = {(note.onset, note.pitch) for note in melody}
        rest = [note for note in on_grid if (note.onset, note.pitch) not in line]
        texture, end = (torch.tensor([token]) for token in (self.kind_token(ANY), self.end_token))
        return Encoded(torch.cat([texture, self.tokens_of(told_events(melody, rest, BAR, 0.0)), end]))

    def decode(self, encoded: Encoded) -> Score:
        """In four quarters a bar, from the first bar line on."""
        return Score(tuple(note for _, note in arranged(self.events_of(encoded.tokens.tolist()), BAR)))

    def note_places(self, tokens: Sequence[int]) -> list[int]:
        """The token with which each note of the score begins."""
        told = arranged(self.events_of(tokens), BAR)
        return [1 + NUM_FIELDS * told[index][0] for index in in_score_order([note for _, note in told])]

    def events_of(self, tokens: Sequence[int]) -> list[Event]:
        """The notes before the end, a last one of which fields are missing not counted; raises ``CodecError``."""
        body = list(tokens[1:])
        if self.end_token in body:
            body = body[: body.index(self.end_token)]
        events, bars = [], 0
        for i in range(0, len(body) - NUM_FIELDS + 1, NUM_FIELDS):
            values = [token - start for token, start in zip(body[i : i + NUM_FIELDS], self.starts, strict=False)]
            if any(not 0 <= value < num for value, num in zip(values, self.num_values, strict=True)):
                raise CodecError("These tokens are no arrangement; a note is a place, a role, a key, a length.")
            bars += values[WHEN] // BAR
            told = bars * BAR + values[WHEN] % BAR
            events.append(Event(told, values[ROLE], LOWEST + values[PITCH], LENGTHS[values[LENGTH]]))
        return events

    def canonical(self, score: Score) -> Score:
        return self.decode(self.encode(score))


@dataclass(frozen=True)
class Bars:
    """How a metre is counted, which may have bars of any length: in bars of at most ``BAR`` steps.

    In told time each of them begins a ``BAR`` after the one before, as if all were as long.
    """

    lengths: tuple[int, ...]
    """steps of the bars in which one of the metre is counted"""

    def told(self, step: int) -> int:
        """The told time of a step, counted from a bar line of the metre."""
        whole, left = divmod(step, sum(self.lengths))
        index = 0
        while left >= self.lengths[index]:
            left -= self.lengths[index]
            index += 1
        return (whole * len(self.lengths) + index) * BAR + left

    def step(self, told: int) -> int | None:
        """Which step is meant by a told time; None where its bar is shorter."""
        bars, left = divmod(told, BAR)
        whole, index = divmod(bars, len(self.lengths))
        if left >= self.lengths[index]:
            return None
        return whole * sum(self.lengths) + sum(self.lengths[:index]) + left


def bar_steps(score: Score) -> int:
    """Steps of a bar; raises ``InputError`` where they are no whole number."""
    return sum(counted_bars(score).lengths)


def counted_bars(score: Score) -> Bars:
    """One bar for each of the score's, or where that is longer than ``BAR`` as few as its groups of beats allow.

    So 5/4 is counted in two and three quarters, 9/8 in six and three eighths, 12/8 in twice six. Raises ``InputError``
    where a bar is no whole number of steps.
    """
    levels, units = bar_levels(score.time_signature), round(UNITS * STEP)
    for weakest in sorted(set(levels.values())):
        lines = sorted(place for place, level in levels.items() if level <= weakest)
        groups = [after - before for before, after in pairwise(lines)]
        if max(groups) <= BAR * units:
            break
    if any(group % units for group in groups):
        raise InputError(
            "A melody in {}/{} cannot be accompanied; choose one with bars of whole sixteenths.".format(
                *score.time_signature
            )
        )
    bars = [0]
    for group in groups:
        if bars[-1] + group // units > BAR:
            bars.append(0)
        bars[-1] += group // units
    return Bars(tuple(bars))


def steps_in(notes: Sequence[Note], lead: float) -> list[tuple[int, int, int]]:
    """Onset, pitch and length of notes in steps, ``lead`` quarters later."""
    found = []
    for note in notes:
        start, stop = (round((time + lead) / STEP) for time in (note.onset, note.offset))
        found.append((start, note.pitch, max(1, stop - start)))
    return found


def lead_of(score: Score) -> float:
    """Quarters from the bar line before the first note to the beginning of the score."""
    return (score.bar_length - score.upbeat) % score.bar_length


def told_events(melody: Sequence[Note], others: Sequence[Note], bar: int, lead: float) -> list[Event]:
    """Notes in the order in which they are told: by time, the melody first, by pitch; what doubles it is left out.

    ``bar`` in steps; ``lead`` quarters are from a bar line to where the notes' own time begins.
    """
    events = [Event(start, MELODY, pitch, length) for start, pitch, length in steps_in(melody, lead)]
    line = {(event.told, event.pitch) for event in events}
    lengths = {(start, pitch): length for start, pitch, length in steps_in(others, lead)}
    events += [Event(key[0] + bar, ACCOMPANIMENT, key[1], lengths[key]) for key in lengths if key not in line]
    return sorted(events, key=lambda event: event[:3])


def arranged(events: Sequence[Event], bar: int) -> list[tuple[int, Note]]:
    """(index, note) of the events that sound, in quarters from a bar line: none before the first."""
    velocities, late = (MELODY_VELOCITY, ACCOMPANIMENT_VELOCITY), (0, bar)
    return [
        (index, Note((told - late[role]) * STEP, length * STEP, pitch, velocities[role]))
        for index, (told, role, pitch, length) in enumerate(events)
        if told >= late[role]
    ]


def length_value(steps: int) -> int:
    """Which of ``LENGTHS`` is the longest that is no longer."""
    return bisect_right(LENGTHS, steps) - 1
