"""Piano music as a trained model plays it: note by note, or frame by frame; from nothing, or on from what is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch

from core.checkpoint import Checkpoint
from core.codecs import PianoCodec, PianoRollCodec
from core.codecs.fields import ANY, NUM_FIELDS
from core.codecs.piano import QPM, SHIFT, shift_values
from core.codecs.pianoroll import roll_score
from core.data.piano import played_notes
from core.errors import InputError
from core.generate import Generation, Writer, drawn_seed
from core.sampling import SamplingConfig
from core.sampling.playable import Playable
from core.sampling.stream import Pen
from core.score import Note, Score

MAX_SEC = 300.0
MAX_NOTES_A_SEC = 40
"""a model that plays more than these, on average, is stopped"""
MAX_PROMPT_SEC, MAX_PROMPT_NOTES = 300.0, 5000
"""of what is gone on from: the model reads it note by note before it plays"""
OnSeconds = Callable[[float], object]
"""told how many seconds are written; where it returns something true the music ends there"""


def write_piano(
    checkpoint: Checkpoint,
    seconds: float,
    sampling: SamplingConfig | None = None,
    *,
    style: str = ANY,
    prompt: Score | None = None,
    on_seconds: OnSeconds | None = None,
) -> Generation:
    """``seconds`` of a performance, behind the ``prompt`` where there is one, which stays note for note as it is.

    A ``style`` is one of the codec's, for models that know any. The same checkpoint, input and settings give the same
    music. Raises ``InputError`` for lengths, styles and settings that cannot be, and for models of other music.
    """
    if not 0 < seconds <= MAX_SEC:
        raise InputError(f"The length must be more than 0 and at most {MAX_SEC:g} seconds.")
    sampling = sampling or checkpoint.card.sampling_defaults
    if sampling.num_beams > 1:
        raise InputError("Piano music is written as it is played; set the number of beams to 1.")
    sampling = replace(sampling, seed=drawn_seed() if sampling.seed is None else sampling.seed)
    prompt = prompt if prompt and prompt.notes else None
    if prompt and (len(prompt.notes) > MAX_PROMPT_NOTES or prompt.notes[-1].onset * 60 / prompt.qpm > MAX_PROMPT_SEC):
        raise InputError(
            f"A beginning may have {MAX_PROMPT_NOTES:,} notes and {MAX_PROMPT_SEC:g} seconds at most; keep less of it."
        )
    if isinstance(checkpoint.codec, PianoCodec):
        return write_notes(checkpoint, checkpoint.codec, seconds, sampling, style, prompt, on_seconds)
    if isinstance(checkpoint.codec, PianoRollCodec):
        if style != ANY:
            raise InputError(f"The model {checkpoint.card.name} knows no styles; leave the style out.")
        return write_frames(checkpoint, checkpoint.codec, seconds, sampling, prompt, on_seconds)
    raise InputError(
        f"The model {checkpoint.card.name} writes no piano music; choose one whose name begins with 'piano' or 'roll'."
    )


def opening(score: Score, seconds: float) -> Score:
    """The notes of ``score`` that are struck in its first ``seconds``; raises ``InputError`` where none are."""
    end = seconds * score.qpm / 60
    struck = tuple(note for note in score.notes if note.onset < end)
    if not struck:
        raise InputError(f"Nothing is struck in the first {seconds:g} seconds; keep more of it.")
    return replace(score, notes=struck)


def write_notes(
    checkpoint: Checkpoint,
    codec: PianoCodec,
    seconds: float,
    sampling: SamplingConfig,
    style: str,
    prompt: Score | None,
    on_seconds: OnSeconds | None,
) -> Generation:
    assert sampling.seed is not None
    given = played_notes(prompt) if prompt else None
    tokens = [codec.kind_token(style)] + ([] if given is None else codec.notes_tokens(given).tolist())
    playable = Playable(codec.starts[SHIFT], tuple(shift_values().tolist()))
    pen = Pen(
        Writer(checkpoint, sampling),
        codec.bos_token,
        [playable, *sampling.processors(codec.pitches)],
        torch.Generator().manual_seed(sampling.seed),
    )
    for token in tokens:
        pen.write(token)
    num_given, written, shifts = len(tokens), 0.0, shift_values()
    longest = num_given + NUM_FIELDS * math.ceil(seconds * MAX_NOTES_A_SEC)
    while len(tokens) < longest:
        # asked for so many seconds, it may not end sooner
        shift = pen.write(barred=codec.end_token)
        written += float(shifts[shift - codec.starts[SHIFT]])
        if written >= seconds:
            break
        tokens += [shift, *(pen.write() for _ in range(NUM_FIELDS - 1))]
        if on_seconds and on_seconds(written):
            break
    told = codec.notes_of(tokens)
    score = Score(tuple(told), QPM)
    if prompt:  # the first of what is told, though new notes that are struck with its last chord may be lower
        last = told[len(prompt.notes) - 1]
        start = prompt.notes[-1].onset * 60 / prompt.qpm - last.onset * 60 / QPM
        score = behind(prompt, told[len(prompt.notes) :], start)
    return Generation(score, torch.tensor(tokens), pen.log_likelihood, sampling)


def behind(prompt: Score, new: Iterable[Note], start: float) -> Score:
    """The ``prompt`` as it is, and ``new`` notes, whose quarters are at ``QPM`` and begin ``start`` seconds into it."""
    tempo = prompt.qpm / QPM
    later = (
        note._replace(onset=start * prompt.qpm / 60 + note.onset * tempo, duration=note.duration * tempo)
        for note in new
    )
    return replace(prompt, notes=(*prompt.notes, *later))


def write_frames(
    checkpoint: Checkpoint,
    codec: PianoRollCodec,
    seconds: float,
    sampling: SamplingConfig,
    prompt: Score | None,
    on_seconds: OnSeconds | None,
) -> Generation:
    assert sampling.seed is not None
    given = codec.struck(prompt) if prompt else []
    tokens = codec.tokens_of(given).tolist()
    processors = sampling.processors(codec.pitches)
    pen = Pen(Writer(checkpoint, sampling), codec.bos_token, processors, torch.Generator().manual_seed(sampling.seed))
    for token in tokens:
        pen.write(token)
    for done in range(1, math.ceil(seconds * codec.frames_per_sec) + 1):
        tokens.append(pen.write())
        if on_seconds and on_seconds(done / codec.frames_per_sec):
            break
    frames = codec.frames(torch.tensor(tokens), given)[len(given) :]
    score = roll_score(frames, codec.frames_per_sec)
    if prompt:
        score = behind(prompt, score.notes, len(given) / codec.frames_per_sec)
    return Generation(score, torch.tensor(tokens), pen.log_likelihood, sampling)
