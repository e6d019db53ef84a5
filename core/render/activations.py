"""Figures of what happens inside a model while it reads: activations as colours, attention, gates, probabilities.

Shapes: T tokens, U units, S source places. Labels (T,) are what is written in a cell: a character, or a note's name.
Values are drawn as 32-bit floats, which plotly sends in binary: 1,000 characters of 512 units are 2 MB, not 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import plotly.graph_objects as go

Floats = NDArray[np.floating]

NEWLINE = "⏎"
SPACE = "␣"
MOST_COLUMNS = 64
"""cells in a line of a text grid whose labels are one character wide"""
CELL_PX, ROW_PX, LAYER_PX = 14, 24, 420
MARGIN = {"l": 0, "r": 0, "t": 8, "b": 0}
LIGHT = ("#a8431c", "#fcf9f2", "#0e6b63")
DARK = ("#f0936a", "#141210", "#5fd0bf")
"""below nought, nought and above it: the ground of the page is nought, and what is drawn in both schemes stands out"""
HERE = "#d6336c"
"""of what is picked; unlike the colours of a scale, and seen on both grounds"""
CHOSEN, OTHERS, ABOVE = "#c8622f", "#8c8c96", "#24847a"
UNCHANGED = {"selected": {"marker": {"opacity": 0}}, "unselected": {"marker": {"opacity": 0}}}
"""by a click, which else shows what is picked"""
TOUCH = {"dragmode": False}
"""or a finger on a figure could not scroll the page; the bar above it zooms"""


class Scale(NamedTuple):
    """How values become colours: ``low`` and ``high`` have the strongest ones."""

    low: float
    high: float
    dark: bool = False
    nought: str = ""
    """its colour; empty: the ground of the page"""

    @property
    def stops(self) -> list[tuple[float, str]]:
        """As plotly has them: from the colour below nought by that of nought to the one above it."""
        below, ground, above = DARK if self.dark else LIGHT
        nought = self.nought or ground
        return [(0.0, nought), (1.0, above)] if self.low >= 0 else [(0.0, below), (0.5, nought), (1.0, above)]

    def colours(self, values: Floats) -> list[str]:
        """``#rrggbb`` of each of the values (N,); those beyond the ends have the colour of an end."""
        places = np.clip((values - self.low) / (self.high - self.low), 0, 1)
        stops = np.array([place for place, _ in self.stops])
        parts = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in self.stops])
        mixed = np.stack([np.interp(places, stops, parts[:, i]) for i in range(3)], axis=-1)
        return ["#{:02x}{:02x}{:02x}".format(*row) for row in mixed.round().astype(int).tolist()]


def scale_of(*values: Floats, dark: bool = False) -> Scale:
    """The scale that shows all of ``values``: even about nought where some lie below it, else from nought."""
    finite = np.concatenate([np.ravel(array) for array in values]) if values else np.zeros(0)
    finite = finite[np.isfinite(finite)]
    reach = float(np.abs(finite).max()) if len(finite) and np.abs(finite).max() > 0 else 1.0
    return Scale(-reach if len(finite) and finite.min() < 0 else 0.0, reach, dark)


def text_grid(
    labels: Sequence[str],
    values: Floats,
    scale: Scale,
    *,
    here: Sequence[int] = (),
    lines: Sequence[range] | None = None,
    pickable: bool = False,
) -> go.Figure:
    """The text of a piece line by line, each cell in the colour of its value (T,) and with its label written in it.

    ``lines`` says which cells stand in each line; by default one ends where the text ends one. ``here`` are the
    indices of cells to frame. Where it is ``pickable``, selection events carry the index of a cell as
    ``customdata[0]``: plotly has none for heat maps, so points lie over the cells.
    """
    import plotly.graph_objects as go

    lines = lines_of(labels) if lines is None else lines
    width = max((len(line) for line in lines), default=1)
    grid = np.full((max(len(lines), 1), width), np.nan, dtype=np.float32)
    text = [[""] * width for _ in grid]
    places = [(row, column) for row, line in enumerate(lines) for column in range(len(line))]  # of each token
    for index, (row, column) in enumerate(places):
        grid[row, column], text[row][column] = values[index], shown(labels[index])
    heat = go.Heatmap(
        z=grid, text=text, texttemplate="%{text}", hoverinfo="skip", xgap=1, ygap=1, **coloured(scale)
    )  # fmt: skip
    named = zip(place_names(labels), values.tolist(), strict=True)
    cells = go.Scatter(
        x=[column for _, column in places], y=[row for row, _ in places], mode="markers", showlegend=False,
        marker={"symbol": "square", "size": CELL_PX, "opacity": 0}, **UNCHANGED,
        customdata=[(index, name, value) for index, (name, value) in enumerate(named)],
        hovertemplate="%{customdata[1]} · %{customdata[2]:.3f}<extra></extra>",
    )  # fmt: skip
    figure = go.Figure([heat, cells]).update_layout(
        height=ROW_PX * len(grid) + 30, margin=MARGIN, hovermode="closest", **TOUCH,
        clickmode="event+select" if pickable else "none",
        xaxis={"visible": False, "range": [-0.5, width - 0.5]},
        yaxis={"visible": False, "range": [len(grid) - 0.5, -0.5]},
    )  # fmt: skip
    for row, x in (places[index] for index in here):
        frame = {"x0": x - 0.5, "x1": x + 0.5, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", line={"color": HERE, "width": 2}, **frame)
    return figure


def lines_of(labels: Sequence[str]) -> list[range]:
    """Which cells stand in each line: up to a new line, and no more than look well beside each other."""
    widest = max((len(shown(label)) for label in labels), default=1)
    most = max(8, MOST_COLUMNS // (1 if widest == 1 else min(widest, 4)))
    lines, start = [], 0
    for index, label in enumerate(labels):
        if label == "\n" or index + 1 - start == most:
            lines.append(range(start, index + 1))
            start = index + 1
    return [*lines, range(start, len(labels))] if start < len(labels) else lines


def shown(label: str) -> str:
    """What is written in a cell, safe from what plotly reads as HTML; a space leaves the cell empty."""
    label = NEWLINE if label == "\n" else label
    return label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def visible(label: str) -> str:
    """A label as it is named where it stands alone."""
    return SPACE if label == " " else shown(label)


def layer_map(
    labels: Sequence[str],
    values: Floats,
    scale: Scale,
    *,
    units: Sequence[int] | None = None,
    what: str = "unit",
    here: int | None = None,
    pickable: bool = False,
) -> go.Figure:
    """A whole layer: time from left to right, a row for each of ``units``, in this order; all of them by default.

    ``values`` (T, U). The row of the unit ``here`` is framed. Where it is ``pickable``, selection events carry the
    unit of a row as ``customdata[0]``: see ``pick_rows``.
    """
    import plotly.graph_objects as go

    rows = list(units if units is not None else range(values.shape[1]))
    heat = go.Heatmap(
        z=np.ascontiguousarray(values[:, rows].T, dtype=np.float32),
        x=place_names(labels), y=[str(unit) for unit in rows], xaxis="x2", yaxis="y2",
        hovertemplate=f"{what} %{{y}} · %{{x}} · %{{z:.3f}}<extra></extra>", **coloured(scale),
    )  # fmt: skip
    figure = go.Figure(heat).update_layout(
        height=LAYER_PX + min(len(rows), 256) // 2, margin=MARGIN, **TOUCH,
        xaxis2={"type": "category", "nticks": 12, "showgrid": False},
        yaxis2={"type": "category", "title": what, "autorange": "reversed", "nticks": 20, "showgrid": False},
    )  # fmt: skip
    if here in rows:
        row = rows.index(here)
        frame = {"x0": 0, "x1": 1, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", xref="x2 domain", yref="y2", line={"color": HERE, "width": 2}, **frame)
    return pick_rows(figure, rows) if pickable else figure


def pick_rows(figure: go.Figure, rows: Sequence[int]) -> go.Figure:
    """Has the map of a layer tell which of its ``rows`` is clicked; plotly selects no cells of heat maps.

    A point of each row lies out of sight, on axes of its own under those of the map. When plotly has found the cell
    under the pointer it looks for what else lies at the same height, of each axis by its own count: the point of that
    row. What the cell holds is shown, and the point is selected.
    """
    unseen = {"visible": False, "fixedrange": True, "range": [-2, -1]}
    figure.add_scatter(
        x=[0] * len(rows), y=list(range(len(rows))), mode="markers", marker_opacity=0, **UNCHANGED,
        hoverinfo="none", showlegend=False, customdata=[(unit,) for unit in rows],
    )  # fmt: skip
    return figure.update_layout(
        hovermode="y unified", clickmode="event+select", xaxis=unseen, yaxis=unseen,
        xaxis2_overlaying="x", yaxis2_overlaying="y",
    )  # fmt: skip


def place_names(labels: Sequence[str]) -> list[str]:
    """A name of its own for each place: its number and what stands there."""
    return [f"{index}: {visible(label)}" for index, label in enumerate(labels, start=1)]


def attention_map(labels: Sequence[str], weights: Floats, *, dark: bool = False) -> go.Figure:
    """Where each token's prediction looked: ``weights`` (T, T); a row is one look and sums to at most 1."""
    import plotly.graph_objects as go

    heat = go.Heatmap(
        z=np.ascontiguousarray(weights, dtype=np.float32),
        x=place_names(labels),
        y=place_names(labels),
        hovertemplate="before %{y} it looked at %{x} · %{z:.1%}<extra></extra>",
        **coloured(Scale(0.0, max(float(weights.max(initial=0.0)), 1e-6), dark)),
    )
    axis = {"type": "category", "nticks": 12, "showgrid": False}
    return go.Figure(heat).update_layout(
        height=LAYER_PX + 60, margin=MARGIN, **TOUCH,
        xaxis={**axis, "title": "looked at"},
        yaxis={**axis, "title": "to foretell", "autorange": "reversed"},
    )  # fmt: skip


def gate_lines(labels: Sequence[str], gates: Mapping[str, Floats], state: Mapping[str, Floats]) -> go.Figure:
    """One unit over time: its gates (T,) from 0 to 1 above, what it holds and gives (T,) below."""
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    x = place_names(labels)
    for row, curves in ((1, gates), (2, state)):
        for name, values in curves.items():
            figure.add_scatter(
                x=x, y=values.astype(np.float32), name=name, mode="lines", line_width=1.5, row=row, col=1,
                hovertemplate="%{y:.3f}",
            )  # fmt: skip
    figure.update_xaxes(type="category", nticks=12, showgrid=False)
    figure.update_yaxes(range=[-0.03, 1.03], row=1, title="gates")
    figure.update_yaxes(row=2, title="state")
    return figure.update_layout(
        height=LAYER_PX, margin={**MARGIN, "t": 30}, hovermode="x unified",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, **TOUCH,
    )  # fmt: skip


def bars(names: Sequence[str], probs: Sequence[float], chosen: int | None = None) -> go.Figure:
    """Probabilities: a bar a name, the ``chosen`` one in a colour of its own."""
    import plotly.graph_objects as go

    colours = [CHOSEN if index == chosen else OTHERS for index in range(len(names))]
    columns = go.Bar(x=list(probs), y=place_apart(names), orientation="h", marker_color=colours, width=0.7,
                     hovertemplate="%{y}: %{x:.2%}<extra></extra>")  # fmt: skip
    return go.Figure(columns).update_layout(
        height=40 + 26 * max(len(names), 1), margin=MARGIN, **TOUCH,
        xaxis={"tickformat": ".0%", "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "type": "category", "automargin": True},
    )  # fmt: skip


def place_apart(names: Sequence[str]) -> list[str]:
    """Names that a category axis may bear: none twice, none empty."""
    seen: dict[str, int] = {}
    apart = []
    for name in map(visible, names):
        seen[name] = seen.get(name, 0) + 1
        apart.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return apart


def precision_bars(
    names: Sequence[str], train: Sequence[float], valid: Sequence[float | None], shuffled: float | None, chance: float
) -> go.Figure:
    """Average precision of units: on the pieces that chose them, on others, and what labels without meaning earn."""
    import plotly.graph_objects as go

    figure = go.Figure([go.Bar(name="training pieces", x=place_apart(names), y=list(train), marker_color=OTHERS)])
    if any(value is not None for value in valid):
        figure.add_bar(name="validation pieces", x=place_apart(names), y=list(valid), marker_color=ABOVE)
    for name, level, dash in (("shuffled labels", shuffled, "dash"), ("any order", chance, "dot")):
        if level is not None:
            line = {"color": CHOSEN, "dash": dash}
            figure.add_scatter(name=name, x=place_apart(names), y=[level] * len(names), mode="lines", line=line)
    return figure.update_layout(
        height=300, margin={**MARGIN, "t": 30}, yaxis={"range": [0, 1]}, xaxis={"type": "category"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, hovermode="x unified", **TOUCH,
    )  # fmt: skip


def coloured(scale: Scale) -> dict[str, object]:
    """What a heat map needs to know of a scale."""
    return {
        "zmin": scale.low,
        "zmax": scale.high,
        "colorscale": [list(stop) for stop in scale.stops],
        "colorbar": {"thickness": 10, "len": 1, "outlinewidth": 0},
    }


def picture_options(name: str, form: Literal["png", "svg"]) -> dict[str, object]:
    """The bar above a figure, with a camera that saves it as a picture: for print SVG, as sharp as any printer is."""
    return {
        "displaylogo": False,
        "modeBarButtonsToRemove": ["select2d", "lasso2d"],
        "toImageButtonOptions": {"format": form, "filename": name, "scale": 2 if form == "png" else 1},
    }
