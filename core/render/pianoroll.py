"""Piano rolls: an interactive figure over seconds and pitch names, and a thumbnail for lists."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from core.formats.pitch_names import pitch_name, pitch_names
from core.score import Score

if TYPE_CHECKING:
    import plotly.graph_objects as go

NOTE = "#4c78d8"  # these are seen on white and on black
HIGHLIGHT = "#f28e2b"
GIVEN = "#8c8c96"
LOCKED = "#2a9d8f"

VELOCITY_SCALE = ((0.0, "#4a7fd0"), (0.5, "#a868b0"), (1.0, "#e5702a"))
"""from soft to loud: blue to orange, which every eye tells apart, each seen on white and on black"""

_VELOCITIES = (20, 110)  # what lies beyond is rare
_STRIPE = "rgba(128,128,128,0.14)"
_GRID = "rgba(128,128,128,0.3)"
_BLACK_KEYS = frozenset((1, 3, 6, 8, 10))
_MARGIN = 2  # semitones above and below the notes
_FULL_TICKS = 28  # semitones up to which every white key is named, else only the C's


def pianoroll_figure(
    score: Score,
    *,
    highlight: Collection[int] = (),
    locked: Collection[int] = (),
    num_prompt: int = 0,
    title: str = "",
) -> go.Figure:
    """Notes as bars over seconds and pitch, on the stripes of a keyboard; fit for light and dark pages.

    Parameters
    ----------
    highlight, locked
        Indices of notes to draw in their own colours; a highlight goes before a lock, a lock before the prompt.
    num_prompt
        How many notes, from the first, were given by the user.

    Bars carry the index of their note as ``customdata[0]``, for selection events.
    """
    import plotly.graph_objects as go

    second = score.qpm / 60
    styles = [
        (HIGHLIGHT, "", "")
        if index in highlight
        else (LOCKED, "/", " · locked")
        if index in locked
        else (GIVEN, ".", " · given")
        if index < num_prompt
        else (NOTE, "", "")
        for index in range(len(score.notes))
    ]
    names = pitch_names(score.pitches, score.key)
    notes = go.Bar(
        orientation="h",
        base=[note.onset / second for note in score.notes],
        x=[note.duration / second for note in score.notes],
        y=[note.pitch for note in score.notes],
        width=0.86,
        marker={
            "color": [colour for colour, _, _ in styles],
            # A shape as well as a colour, for eyes that do not tell the colours apart.
            "pattern": {"shape": [shape for _, shape, _ in styles], "size": 5, "solidity": 0.35},
            "cornerradius": 3,
            "line": {"width": 0},
        },
        customdata=[
            (index, name, note.onset / second, style[2])
            for index, (name, note, style) in enumerate(zip(names, score.notes, styles, strict=True))
        ],
        hovertemplate="%{customdata[1]} · %{x:.2f} s at %{customdata[2]:.2f} s%{customdata[3]}<extra></extra>",
    )
    return _keyboard_figure(score, notes, title)


def velocity_figure(score: Score, *, title: str = "") -> go.Figure:
    """Notes of a piano as bars over seconds and pitch, coloured by how hard they are struck.

    Bars carry the index of their note as ``customdata[0]``, for selection events.
    """
    import plotly.graph_objects as go

    second = score.qpm / 60
    names = pitch_names(score.pitches, score.key)
    soft, loud = _VELOCITIES
    notes = go.Bar(
        orientation="h",
        base=[note.onset / second for note in score.notes],
        x=[note.duration / second for note in score.notes],
        y=[note.pitch for note in score.notes],
        width=0.86,
        marker={
            "color": [note.velocity for note in score.notes],
            "colorscale": [[place, colour] for place, colour in VELOCITY_SCALE],
            "cmin": soft,
            "cmax": loud,
            "colorbar": {
                "title": {"text": "velocity", "side": "right"},
                "thickness": 10,
                "tickvals": [soft, (soft + loud) // 2, loud],
                "outlinewidth": 0,
            },
            "cornerradius": 2,
            "line": {"width": 0},
        },
        customdata=[
            (index, name, note.onset / second, note.velocity)
            for index, (name, note) in enumerate(zip(names, score.notes, strict=True))
        ],
        hovertemplate=(
            "%{customdata[1]} · velocity %{customdata[3]}<br>%{x:.2f} s at %{customdata[2]:.2f} s<extra></extra>"
        ),
    )
    return _keyboard_figure(score, notes, title)


def _keyboard_figure(score: Score, notes: go.Bar, title: str) -> go.Figure:
    """Bars of notes on the stripes of a keyboard."""
    import plotly.graph_objects as go

    low, high = _pitch_range(score)
    end_sec = score.duration * 60 / score.qpm
    black = [pitch for pitch in range(low, high + 1) if pitch % 12 in _BLACK_KEYS]
    stripes = go.Bar(
        orientation="h", x=[end_sec] * len(black), y=black, width=1, marker_color=_STRIPE, hoverinfo="skip"
    )
    stripes.marker.line.width = 0
    named = [
        pitch
        for pitch in range(low, high + 1)
        if pitch % 12 == 0 or (high - low <= _FULL_TICKS and pitch % 12 not in _BLACK_KEYS)
    ]
    figure = go.Figure([stripes, notes])
    figure.update_layout(
        barmode="overlay",
        title=title or None,
        height=min(420, 90 + 11 * (high - low)),
        margin={"l": 0, "r": 0, "t": 36 if title else 8, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
        dragmode="pan",
    )
    figure.update_xaxes(
        title="seconds", range=[0, end_sec or 1], gridcolor=_GRID, zeroline=False, automargin=True, rangemode="tozero"
    )
    figure.update_yaxes(
        range=[low - 0.5, high + 0.5],
        tickvals=named,
        ticktext=[pitch_name(pitch) for pitch in named],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        automargin=True,
    )
    return figure


def thumbnail_svg(score: Score, width: int = 160, height: int = 40) -> str:
    """A small picture of the piece in the colour of the text around it, to stand inline in HTML."""
    low, high = _pitch_range(score)
    across = width / (score.duration or 1.0)
    row = height / (high - low + 1)
    # One path for all notes: a browser draws thousands of them at once.
    path = "".join(
        f"M{note.onset * across:.2f} {(high - note.pitch) * row:.2f}"
        f"h{max(note.duration * across - 0.5, 0.5):.2f}v{row:.2f}H{note.onset * across:.2f}z"
        for note in score.notes
    )
    label = "Piano roll without notes"
    if score.notes:
        lowest, highest = (pitch_name(edge(score.pitches), score.key) for edge in (min, max))
        seconds = score.duration * 60 / score.qpm
        label = f"Piano roll of {len(score.notes)} notes from {lowest} to {highest}, {seconds:.0f} seconds"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{label}"><path fill="currentColor" d="{path}"/></svg>'
    )


def _pitch_range(score: Score) -> tuple[int, int]:
    """The lowest and highest row to draw; at least an octave, so that a repeated note is no wall."""
    low, high = min(score.pitches, default=60), max(score.pitches, default=72)
    spare = max(0, 12 - (high - low)) // 2
    return low - spare - _MARGIN, high + spare + _MARGIN
