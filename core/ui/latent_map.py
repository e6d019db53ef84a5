"""A map of tunes in the space of a model: the two directions in which they differ most."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from core.codecs.steps import is_regular
from core.composition import Composition
from core.data.piece import Piece
from core.errors import InputError
from core.latent import embed_tunes, pca_2d
from core.render.notation import NARROW
from core.ui.components.mount import is_index, picked_number
from core.ui.latent_melody import SPACE, Trail, beginning_of, melody_at, point_of, take_along
from core.ui.neuron_why import picked_in, why_picked
from core.ui.page import keep, plain, plain_errors
from core.ui.recolour_panel import title_of
from core.ui.result import sheet
from core.ui.turns import shared, turn
from core.ui.work import PAIR_WIDTH, checkpoint, tunes

if TYPE_CHECKING:
    import plotly.graph_objects as go

CHOSEN = SPACE + "chosen"
"""where a visit keeps the id of the tune that was clicked"""
NUM_TUNES = 400
DRAW = 5
"""the seed that chooses them"""
NUM_GROUPS = 4
"""that have a colour of their own; the theme has one more, for all others"""
OTHERS = "others"
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "circle-open")
MARKED = "#d6336c"
"""of what is shown on the page; unlike the colours of the theme, and seen on both of its grounds"""
UNCHANGED = {"selected": {"marker": {"opacity": 0.9}}, "unselected": {"marker": {"opacity": 0.9}}}
"""by a click, which else fades all other points"""
CONTINENT = re.compile(r"^((Mittel|Ost|Sued|Suedost|Nord|West)?[Ee]uropa|Asien|Amerika|Nordamerika)$")
ENGLISH = {
    "Deutschland": "Germany", "Luxemburg": "Luxembourg", "Lothringen": "Lorraine", "Irland": "Ireland",
    "Oesterreich": "Austria", "Schweiz": "Switzerland", "Niederlande": "Netherlands", "Frankreich": "France",
    "Ungarn": "Hungary", "Polen": "Poland", "Jugoslawien": "Yugoslavia",
}  # fmt: skip


class TuneMap(NamedTuple):
    tunes: tuple[Piece, ...]
    points: Tensor
    """(N, Z)"""
    places: Tensor
    """(N, 2)"""

    def by_spread(self) -> list[int]:
        """The dimensions of the space, those first in which tunes differ most."""
        order: list[int] = self.points.std(dim=0).argsort(descending=True).tolist()
        return order

    def place(self, points: Tensor) -> Tensor:
        """(M, 2) Where other ``points`` (M, Z) lie on it: places are linear in the distance from the mean."""
        centre = self.points.mean(dim=0)
        centred = (self.points - centre).double()
        directions = torch.linalg.pinv(centred) @ self.places.double()  # (Z, 2)
        return ((points - centre).double() @ directions).float()


@shared(8)
def tune_map(model: str, corpus: str) -> TuneMap:
    """Some training tunes of a corpus, always the same ones; raises ``InputError`` where it is not installed."""
    known = [tune for tune in tunes(corpus) if tune.split == "train"]
    order = np.random.default_rng(DRAW).permutation(len(known)).tolist()
    regular = (known[i] for i in order if is_regular(known[i].score))
    chosen = tuple(tune for tune, _ in zip(regular, range(NUM_TUNES), strict=False))
    if len(chosen) < 2:
        raise InputError("There are too few tunes in the corpus for a map; train on a larger one.")
    with st.spinner("Placing tunes on the map …"), turn():
        points = embed_tunes(checkpoint(model), [tune.score for tune in chosen])
        return TuneMap(chosen, points, pca_2d(points))


def region_of(tune: Piece) -> str:
    """The country, or what stands in its place, of the origin that a corpus tells from the continent down."""
    parts = (part.strip() for part in re.split(r"[,;/(]", tune.metadata.get("O", "")))
    place = next((part for part in parts if part and not CONTINENT.match(part)), "")
    return ENGLISH.get(place, place) or "unknown"


def metre_of(tune: Piece) -> str:
    return "{}/{}".format(*tune.score.time_signature)


COLOURED_BY: dict[str, Callable[[Piece], str]] = {"Region": region_of, "Metre": metre_of}


def map_section(model: str, corpus: str, trail: Trail, on_start: Callable[[], None]) -> None:
    """The map with the melody above on it, and the tune that was clicked; ``on_start`` begins a walk at that one."""
    st.header("Map", anchor=False)
    try:
        there = tune_map(model, corpus)
    except InputError as error:
        st.caption(plain(str(error)))
        return
    st.caption(
        f"{len(there.tunes)} training tunes, each at the place of its first bars, along the two directions in which "
        "they differ most. The star is the melody above. Click a point to hear its tune."
    )
    by = st.segmented_control(
        "Coloured by",
        list(COLOURED_BY),
        key=keep(SPACE + "coloured_by", "Region", list(COLOURED_BY)),
        required=True,
    )
    assert by is not None
    clicked = st.plotly_chart(
        map_figure(there, COLOURED_BY[by], trail, chosen_tune(there)),
        key=SPACE + "map",
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
    )
    number = picked_number(clicked)
    if is_index(number, len(there.tunes)):
        id_ = there.tunes[number].id
        if id_ != st.session_state.get(CHOSEN):
            st.session_state[CHOSEN] = id_
            st.rerun()  # the map marks it, and a walk may begin there
    tune = chosen_tune(there)
    if tune is not None:
        chosen(model, tune, on_start)


def chosen_tune(there: TuneMap) -> Piece | None:
    """The tune of the map that was clicked last."""
    id_ = st.session_state.get(CHOSEN)
    return next((tune for tune in there.tunes if tune.id == id_), None)


def chosen(model: str, tune: Piece, on_start: Callable[[], None]) -> None:
    """A tune of the map beside what lies at its place."""
    with plain_errors():
        original, again = beginning_of(model, tune), melody_at(model, point_of(model, tune))
        before, after = st.columns(2)
        with before:
            beside_another(original, original.name, SPACE + "original")
            st.caption(plain(f"Its beginning, as the corpus has it · {region_of(tune)} · {metre_of(tune)}"))
        with after:
            beside_another(again, "At its place", SPACE + "again")
            st.caption("The same bars as the model gives them back from this one point.")
        st.button("Use as the start of the walk", icon=":material/hiking:", on_click=on_start)
        take_along(again, SPACE + "map.take")


def beside_another(piece: Composition, heading: str, key: str) -> None:
    """A melody on half of the page, from whose notes a way leads to the Neurons page."""
    why_picked(sheet(piece, heading, key, (PAIR_WIDTH, NARROW), picked_in(key, piece)), piece, key)


def map_figure(there: TuneMap, group_of: Callable[[Piece], str], trail: Trail, chosen: Piece | None) -> go.Figure:
    """A point a tune, a colour and a shape a group; over them the melody above on its way, and a ring."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for symbol, (group, members) in zip(SYMBOLS, grouped(there.tunes, group_of).items(), strict=False):
        places = there.places[members]
        figure.add_scatter(
            x=places[:, 0].tolist(), y=places[:, 1].tolist(), mode="markers", name=group,
            marker={"symbol": symbol, "size": 9, "opacity": 0.9}, **UNCHANGED,
            customdata=[[i, hover(there.tunes[i])] for i in members],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )  # fmt: skip
    if chosen:
        x, y = there.places[there.tunes.index(chosen)].tolist()
        figure.add_scatter(
            x=[x], y=[y], mode="markers", name="the tune below", hoverinfo="skip", **UNCHANGED,
            marker={"symbol": "circle-open", "size": 18, "color": MARKED, "line": {"width": 3}},
        )  # fmt: skip
    if trail.points:
        x, y = there.place(torch.tensor([point.z for point in trail.points])).T.tolist()
        line = {"color": MARKED, "width": 2}
        figure.add_scatter(x=x, y=y, mode="lines+markers", marker_size=7, line=line, hoverinfo="skip", showlegend=False)
        figure.add_scatter(
            x=[x[trail.here]], y=[y[trail.here]], mode="markers", name="the melody above", hoverinfo="skip",
            marker={"symbol": "star", "size": 18, "color": MARKED}, **UNCHANGED,
        )  # fmt: skip
    return figure.update_layout(
        height=480,
        margin={"l": 0, "r": 0, "t": 5, "b": 0},
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "x": 0},
        dragmode=False,  # or a finger on it could not scroll the page
        hovermode="closest",
        xaxis={"showticklabels": False, "zeroline": False, "showgrid": False},
        yaxis={"showticklabels": False, "zeroline": False, "showgrid": False},
    )


def grouped(tunes: Sequence[Piece], group_of: Callable[[Piece], str]) -> dict[str, list[int]]:
    """The indices of the tunes of the largest groups, and of all others."""
    names = [group_of(tune) for tune in tunes]
    largest = [name for name, _ in Counter(names).most_common(NUM_GROUPS)]
    groups = {name: [i for i, other in enumerate(names) if other == name] for name in largest}
    rest = [i for i, name in enumerate(names) if name not in largest]
    return {**groups, OTHERS: rest} if rest else groups


def hover(tune: Piece) -> str:
    """What a point says, in the HTML that Plotly reads."""
    return f"{escape(title_of(tune.score, tune.id))}<br>{escape(region_of(tune))}, {metre_of(tune)}"
