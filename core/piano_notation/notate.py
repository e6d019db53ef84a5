"""From piano music as it is played, or composed on a grid, to a score on two staves."""

from __future__ import annotations

from collections.abc import Mapping

from core.formats.metre import bar_units
from core.formats.spelling import estimate_key
from core.formats.two_staves import Chord, PianoScore, Staff, Voice
from core.piano_notation.beats import (
    Placed,
    check_notes,
    is_written,
    place_performance,
    place_written,
    single_strokes,
)
from core.piano_notation.grid import Grid, fit
from core.piano_notation.hands import split_hands
from core.piano_notation.values import MAX_PITCH, REACH, wanted_ends, written_end
from core.piano_notation.voices import PERFORMED, WRITTEN, Costs, Hand, divide
from core.score import Score

Strokes = dict[int, tuple[int, ...]]
"""the notes that a hand strikes at each position, the lowest first; positions rise"""


def notate_piano(score: Score, *, performed: bool | None = None, key: str | None = None) -> PianoScore:
    """Write piano music down for two hands.

    A performance gets a tempo, a metre and bar lines of its own, whatever metre the score claims; music that is not
    ``performed`` keeps them. Unless told, it is found out by whether the onsets lie on the grid of written music.
    ``key`` is estimated unless it is given. A key struck twice within a moment is one note, and notes are numbered as
    in ``single_strokes``; no other note is lost. Raises InputError on what cannot be written.
    """
    check_notes(score)
    if not score.notes:
        return PianoScore((), ((), ()), score.qpm, score.time_signature, key=key or score.key, title=score.title)
    if performed is None:
        performed = not is_written(score)
    score = single_strokes(score, performed=performed)
    placed = place_performance(score) if performed else place_written(score)
    hands = _hands(placed, score)
    right, left = fit((hands[0].keys(), hands[1].keys()), placed.time_signature)
    costs = PERFORMED if performed else WRITTEN
    staves = tuple(
        _staff(_on_grid(hand, moved, score), grid, placed, score, cost, exact=not performed)
        for hand, (moved, grid), cost in zip(hands, (right, left), costs, strict=True)
    )
    return PianoScore(
        score.pitches,
        (staves[0], staves[1]),
        placed.qpm,
        placed.time_signature,
        placed.start,
        key or _key(score, placed),
        score.title,
    )


def _hands(placed: Placed, score: Score) -> tuple[Strokes, Strokes]:
    """What the right hand plays, and the left."""
    strokes, pitches = placed.strokes, score.pitches
    lefts = split_hands([s.sec for s in strokes], [[pitches[note] for note in s.notes] for s in strokes])
    right = {s.position: s.notes[left:] for s, left in zip(strokes, lefts, strict=True) if left < len(s.notes)}
    left = {s.position: s.notes[:left] for s, left in zip(strokes, lefts, strict=True) if left}
    return right, left


def _on_grid(hand: Strokes, moved: Mapping[int, int], score: Score) -> Strokes:
    strokes, pitches = Strokes(), score.pitches
    for position, notes in hand.items():
        together = (*strokes.get(moved[position], ()), *notes)
        strokes[moved[position]] = tuple(sorted(together, key=pitches.__getitem__))
    return strokes


def _staff(hand: Strokes, grid: Grid, placed: Placed, score: Score, costs: Costs, exact: bool) -> Staff:
    """A hand's strokes as voices; one, unless a second is needed."""
    pitches = score.pitches
    ends = wanted_ends(hand, placed, pitches, grid, reach=MAX_PITCH if exact else REACH)
    lowers = divide(Hand(list(hand), [[pitches[note] for note in notes] for notes in hand.values()], ends), costs)
    parts = list(zip(hand.items(), ends, lowers, strict=True))
    upper = [(start, notes[low:], wanted[low:]) for (start, notes), wanted, low in parts if low < len(notes)]
    lower = [(start, notes[:low], wanted[:low]) for (start, notes), wanted, low in parts if low]
    voices = (_voice(voice, grid, exact) for voice in (upper, lower) if voice)
    return tuple(voices)


def _voice(parts: list[tuple[int, tuple[int, ...], tuple[int, ...]]], grid: Grid, exact: bool) -> Voice:
    """Chords from their starts, notes and until when these would be held."""
    bar = bar_units(grid.time_signature)
    last = -(-max(parts[-1][2]) // bar) * bar  # the end of the bar
    limits = [*(start for start, _, _ in parts[1:]), last]
    return tuple(
        Chord(start, written_end(start, wanted, limit, grid, exact) - start, notes)
        for (start, notes, wanted), limit in zip(parts, limits, strict=True)
    )


def _key(score: Score, placed: Placed) -> str:
    """The likeliest key, which the bass of the first stroke speaks for: what is struck together is told from below."""
    notes = [score.notes[note] for stroke in placed.strokes for note in stroke.notes]
    return estimate_key([note.pitch for note in notes], [note.duration for note in notes])
