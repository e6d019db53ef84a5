"""A melody that goes on: a seed, and a model that writes what follows it step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from core.beats import Beats
from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, PianoCodec, PianoRollCodec, StepCodec
from core.codecs.octaves import OCTAVE
from core.codecs.step_text import MAX_STEPS, grid
from core.codecs.steps import REST
from core.composition import Composition, Continued, tell, with_pitches
from core.errors import InputError
from core.formats.metre import bar_units
from core.generate import blank, drawn_seed, generate, step_of_all
from core.sampling import SamplingConfig
from core.sampling.search import OnStep
from core.score import Note, Score, monophonic

MAX_BARS = 64
"""that a model may write at once"""
FEWEST_QPM, MOST_QPM = 20, 300
"""quarters a minute"""
PIANIST = "plays the piano with both hands", ", or go on from a MIDI file: python -m core piano MODEL --prompt FILE"
OTHERS = {
    BeatCodec.name: ("puts pitches on a rhythm and cannot go on from a melody", ""),
    PianoCodec.name: PIANIST,
    PianoRollCodec.name: PIANIST,
    ArrangementCodec.name: ("accompanies melodies and writes none", ""),
    AbcCharsCodec.name: ("writes tunes as ABC text", ", or go on from ABC: python -m core tune MODEL --first-bar ABC"),
}
"""by codec, what models do that write no melody step by step, and how else they go on from music"""


@dataclass(frozen=True)
class Seed:
    """A melody to go on from, on the grid of a codec: what each step holds."""

    symbols: tuple[str, ...]
    time_signature: tuple[int, int] = (4, 4)
    upbeat: float = 0.0
    """quarters before the first bar line"""
    qpm: float = 112.0
    label: str = ""
    """what it is, to the user"""

    def __post_init__(self) -> None:
        bar_units(self.time_signature)  # raises on a metre that cannot be written
        if not FEWEST_QPM <= self.qpm <= MOST_QPM:
            raise InputError(f"The tempo must be from {FEWEST_QPM} to {MOST_QPM} quarters a minute.")
        if not 0 <= self.upbeat < self.bar_length:
            raise InputError("The upbeat must be shorter than a bar; choose a shorter one.")

    @property
    def bar_length(self) -> float:
        return Score((), time_signature=self.time_signature).bar_length

    @property
    def num_notes(self) -> int:
        return sum(symbol.isdigit() for symbol in self.symbols)


def seed_of(melody: Score, codec: StepCodec, num_bars: int | None = None, label: str = "") -> Seed:
    """The first ``num_bars`` bars of a written melody, from the bar of its first note, beside an upbeat if it has one.

    Times are moved to the grid, and a melody out of the model's range by octaves, as a whole.
    Raises ``InputError`` where there is no note or the metre does not fit.
    """
    line = monophonic(melody)
    if not line.notes:
        raise InputError("There are no notes in this music; choose some with a melody.")
    silent = line.bar_length * math.floor(line.notes[0].onset / line.bar_length)
    stop = silent + line.upbeat + line.bar_length * (num_bars or math.inf)
    notes = [
        note._replace(onset=note.onset - silent, duration=min(note.offset, stop) - note.onset)
        for note in line.notes
        if note.onset < stop
    ]
    symbols = codec.symbols(replace(line, notes=tuple(moved_within(notes, codec))))
    if line.duration > stop:  # the melody goes on after the silence that these bars may end with
        symbols += [REST] * (round((stop - silent) / codec.step) - len(symbols))
    if len(symbols) > MAX_STEPS:
        raise InputError("That is too long a melody to go on from; take fewer bars.")
    qpm = min(max(line.qpm, FEWEST_QPM), MOST_QPM)
    return Seed(tuple(symbols), line.time_signature, on_grid(line.upbeat, codec), qpm, label)


def moved_within(notes: Sequence[Note], codec: StepCodec) -> list[Note]:
    """The notes in another octave, if they are out of the model's range otherwise."""
    low, high = codec.reach
    pitches = [note.pitch for note in notes]
    ways = [OCTAVE * n for n in range(-10, 11) if low <= min(pitches) + OCTAVE * n <= max(pitches) + OCTAVE * n <= high]
    way = min(ways, key=abs, default=0)
    return [note._replace(pitch=note.pitch + way) for note in notes]


def seed_played(
    presses: Sequence[tuple[float, float, int]],
    codec: StepCodec,
    qpm: float,
    time_signature: tuple[int, int],
    place: float,
) -> Seed:
    """What was played as (down_sec, up_sec, pitch) to a metronome, each time at the nearest step.

    ``place`` is where the first press was, in quarters from the bar line of the first full bar, negative before it.
    """
    bar = Score((), time_signature=time_signature).bar_length
    start = on_grid(place, codec)
    times = [(down * qpm / 60 + place - start, (up - down) * qpm / 60, pitch) for down, up, pitch in presses]
    melody = Score(tuple(Note(max(onset, 0.0), length, pitch) for onset, length, pitch in times), qpm, time_signature)
    symbols = codec.symbols(melody)
    return Seed(tuple(symbols), time_signature, -start % bar, qpm, "a played melody")


def on_grid(quarters: float, codec: StepCodec) -> float:
    return round(quarters / codec.step) * codec.step


def continue_melody(
    checkpoint: Checkpoint,
    seed: Seed,
    num_bars: int,
    sampling: SamplingConfig,
    *,
    num: int = 1,
    on_step: OnStep | None = None,
) -> list[Composition]:
    """``num`` melodies that begin with ``seed`` and go on for ``num_bars`` bars, from the random seeds s, s+1, ...

    The seed's last bar is made full first; a melody is shorter where the model ends the song. Each is what its random
    seed alone gives. Raises ``InputError``.
    """
    if not 1 <= num_bars <= MAX_BARS:
        raise InputError(f"A melody goes on for 1 to {MAX_BARS} bars.")
    length = bar_line(len(seed.symbols), num_bars, seed, step_codec(checkpoint))
    first = drawn_seed() if sampling.seed is None else sampling.seed
    pieces = []
    for i in range(num):
        done_before = i * length
        pieces.append(
            write_on(
                checkpoint,
                seed,
                length,
                replace(sampling, seed=first + i),
                on_step and partial(step_of_all, on_step, done_before, num * length),
            )
        )
    return pieces


def bar_line(num_steps: int, num_bars: int, seed: Seed, codec: StepCodec) -> int:
    """The step of the bar line ``num_bars`` behind the first one that ``num_steps`` steps do not go beyond."""
    bar, upbeat = seed.bar_length / codec.step, round(seed.upbeat / codec.step)
    if bar != int(bar):
        numerator, denominator = seed.time_signature
        raise InputError(f"A bar of {numerator}/{denominator} is no whole number of {grid(codec)}; use another metre.")
    step = upbeat + int(bar) * (max(math.ceil((num_steps - upbeat) / bar), 0) + num_bars)
    if step > MAX_STEPS:
        raise InputError(f"That would be over {MAX_STEPS * codec.step:g} quarters; take a shorter seed or fewer bars.")
    return step


def write_on(
    checkpoint: Checkpoint, seed: Seed, length: int, sampling: SamplingConfig, on_step: OnStep | None = None
) -> Composition:
    """``seed`` with what the model writes behind it, ``length`` steps together; fewer where it ends the song."""
    codec = step_codec(checkpoint)
    if not seed.num_notes:
        raise InputError("There is no note to go on from; give at least one, such as G4.")
    drawn = generate(
        checkpoint,
        blank(length, codec.tokens_of(list(seed.symbols)).tolist()),
        condition=codec.places(length, seed.time_signature, seed.upbeat),
        sampling=sampling,
        on_step=on_step,
    )
    ended = codec.end_token in drawn.tokens.tolist()
    return Composition(
        model=checkpoint.card.name,
        beats=Beats.from_score(replace(drawn.score, qpm=seed.qpm)),
        pitches=drawn.score.pitches,
        sampling=drawn.sampling,
        num_given=seed.num_notes,
        continued=Continued(len(seed.symbols) * codec.step, (len(drawn.tokens) - ended) * codec.step, ended),
        log_likelihood=drawn.log_likelihood,
    )


def go_on_from(checkpoint: Checkpoint, piece: Composition, index: int, seed: int) -> Composition:
    """``piece`` with note ``index`` and all that follows written anew, as long as it is now in whole bars."""
    if index == 0:
        raise InputError("The first note has to stay, or there is none to go on from; choose a later one.")
    codec = step_codec(checkpoint)
    (tokens, _), places, num_given = tell(codec, piece)
    written, before, continued = piece.beats.written, places[index], piece.continued
    assert continued is not None  # or it could not be told
    symbols = tuple(codec.vocabulary[token] for token in tokens[:before].tolist())
    start = Seed(symbols, written.time_signature, written.upbeat, written.qpm)
    length = bar_line(round(continued.length / codec.step), 0, start, codec)
    drawn = write_on(checkpoint, start, length, replace(piece.sampling, seed=seed))
    assert drawn.continued is not None
    drawn = replace(
        drawn,
        num_given=min(piece.num_given, index),
        continued=replace(drawn.continued, given=min(num_given, before) * codec.step),
        title=piece.title,
        qpm=piece.qpm,
        program=piece.program,
    )
    return with_pitches(checkpoint, drawn, drawn.pitches)


def step_codec(checkpoint: Checkpoint) -> StepCodec:
    """The codec of a model that writes step by step; raises ``InputError`` for another."""
    name, codec = checkpoint.card.name, checkpoint.codec
    if isinstance(codec, StepCodec):
        return codec
    what, instead = OTHERS.get(codec.name, ("writes other music", ""))
    raise InputError(f"The model {name} {what}; choose one whose name begins with 'step'{instead}.")


def bars_written(piece: Composition) -> int:
    """The bars of a melody that was continued, an upbeat not counted and a last one that is not full counted."""
    assert piece.continued is not None
    written = piece.beats.written
    return math.ceil((piece.continued.length - written.upbeat) / written.bar_length - 1e-6)
