"""Find the neuron: the units that tell best where something is so in the music."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.inspection import CONCEPTS, Found, Read, excerpts, rank_units, read, sample
from core.inspection.layers import LATENT, token_units, units_of
from core.render.activations import precision_bars, text_grid
from core.ui.neuron_marks import MARKED, marked_concept, marking, marks_of
from core.ui.neuron_unit import grid
from core.ui.neuron_view import LAYER, UNIT, UNIT_TAB, Floats, View, chart, read_piece, shared_scale, show_unit
from core.ui.neuron_why import SPACE
from core.ui.page import SETTING, count, keep, plain
from core.ui.turns import shared, turn
from core.ui.work import checkpoint

FOUND = SPACE + "found"
"""where a visit keeps the units that were found last"""
STANDS_FOR = SPACE + "stands_for"
"""where a visit keeps the unit that the page opened on: its layer and number, and what it stands for"""
FIRST_CONCEPTS = ("bar-line", "downbeat", "second-half", "ascending")
"""what the unit stands for on which the page opens; the first that the model's codec knows, and that the piece has"""
INVITATION = (
    "Every unit is tried on training pieces, and the best of them on validation pieces. "
    "The first time all these pieces have to be read."
)
OF_WINDOWS = (
    f"The dimensions of {LATENT} are not searched: each has one value for a whole window, and what can be looked for "
    "is said of single steps."
)
NUM_SHOWN = 12
NUM_EXCERPTS = 6


@shared(4)
def learned(model: str, split: str) -> Read:
    """What the units of a model do while it reads some pieces of one side of its corpus, always the same ones."""
    loaded = checkpoint(model)
    with turn():
        return read(loaded, sample(loaded, split))


def first_unit(view: View) -> None:
    """Has the page show the unit that tells best of the piece at hand where a concept is true."""
    concepts = CONCEPTS[view.checkpoint.codec.name]
    for name in FIRST_CONCEPTS:
        if name in concepts and 0 < concepts[name].label(view.subject).sum() < len(view.labels):
            with turn():
                own = own_read(view)
                best = rank_units(concepts[name], own, own, num=1)[0]
            st.session_state[STANDS_FOR] = (best.layer, best.unit, concepts[name].title)
            break
    else:
        best = None
    st.session_state[SETTING + LAYER] = best.layer if best else next(iter(units_of(view.checkpoint.model)))
    st.session_state[SETTING + UNIT] = best.unit if best else 0


def own_read(view: View) -> Read:
    """What the units did while the model read the piece at hand, those of a latent space left out as in ``read``."""
    units = token_units(view.checkpoint.model)
    values = np.concatenate([view.layer(name) for name in units], axis=1).astype(np.float32, copy=False)
    return Read((view.subject,), units, values)


def search_tab(view: View) -> None:
    """A concept to look for, the units that stand for it, and what excites them."""
    concepts = {**CONCEPTS[view.checkpoint.codec.name], MARKED: marked_concept({})}
    chosen = st.selectbox(
        "Find units that tell where there is …",
        list(concepts),
        key=keep(SPACE + "concept", next(iter(concepts)), list(concepts)),
        format_func=lambda name: concepts[name].title,
        help="  \n".join(f"**{concept.title}**: {concept.help}" for concept in concepts.values()),
    )
    assert chosen is not None
    st.caption(plain(concepts[chosen].help))
    if LATENT in view.trace.layers:
        st.caption(OF_WINDOWS)
    if chosen == MARKED:
        marking(view)
    model = view.checkpoint.card.name
    if st.button("Find units", type="primary", icon=":material/search:"):
        st.session_state[FOUND] = (model, chosen, by_marks(view) if chosen == MARKED else by_concept(view, chosen))
    found_in, found_for, found = st.session_state.get(FOUND, ("", "", []))
    if (found_in, found_for) == (model, chosen) and found:
        results(view, found, view_read(view, chosen))
    else:
        st.caption(INVITATION)


def by_concept(view: View, name: str) -> list[Found]:
    """Units by their average precision on training pieces; the best also on validation pieces."""
    model, bar = view.checkpoint.card.name, st.progress(0.0, "Reading training pieces …")
    try:
        train = learned(model, "train")
        bar.progress(0.45, "Reading validation pieces …")
        valid = learned(model, "valid")
        bar.progress(0.9, "Ranking the units …")
        with turn():
            return rank_units(CONCEPTS[view.checkpoint.codec.name][name], train, valid, num=NUM_SHOWN)
    finally:
        bar.empty()


def by_marks(view: View) -> list[Found]:
    """Units by their average precision on the piece at hand, which is marked; scored on others that are."""
    marks, model = marks_of(view), view.checkpoint.card.name
    others = [read_piece(model, source) for source in marks if source != view.source]
    concept = marked_concept({one.subject.labels: marks.get(one.source, frozenset()) for one in (view, *others)})
    with st.spinner("Ranking the units …"), turn():
        return rank_units(concept, own_read(view), joined([own_read(one) for one in others], view), num=NUM_SHOWN)


def joined(reads: Sequence[Read], view: View) -> Read:
    """Several pieces as one; none has the units of the model all the same."""
    units = token_units(view.checkpoint.model)
    values = [one.values for one in reads] or [np.empty((0, sum(units.values())), dtype=np.float32)]
    return Read(tuple(subject for one in reads for subject in one.subjects), units, np.concatenate(values))


def view_read(view: View, name: str) -> Read:
    """The pieces to take excerpts from: those on which the units were scored, or the one that is marked."""
    return own_read(view) if name == MARKED else learned(view.checkpoint.card.name, "valid")


def results(view: View, found: Sequence[Found], pieces: Read) -> None:
    """The units in order, and the one that is chosen among them over the piece, and where it is most excited."""
    names = [f"{one.layer} · {one.unit}{'' if one.sign > 0 else ' (low)'}" for one in found]
    chart(
        precision_bars(names, *precisions(found), found[0].base_rate),
        "precision", "Average precision of units", "Average precision of the units found",
    )  # fmt: skip
    st.caption(what_it_says(found))
    st.dataframe(table(names, found), hide_index=True, height="content")
    shown = st.selectbox("Show", range(len(found)), format_func=lambda i: names[i], key=f"{SPACE}shown")
    assert shown is not None
    one = found[shown]
    grid(view, one.layer, one.unit, shared_scale(view.unit(one.layer, one.unit)), "found")
    st.button(
        "Look at this unit", icon=":material/visibility:", on_click=show_unit, args=(one.layer, one.unit, UNIT_TAB),
        help="In the score, with its gates, and switched off.",
    )  # fmt: skip
    excited(one, pieces)


def precisions(found: Sequence[Found]) -> tuple[list[float], list[float | None], float | None]:
    return [one.precision_train for one in found], [one.precision_valid for one in found], found[0].shuffled


def what_it_says(found: Sequence[Found]) -> str:
    """What the figures mean, in words."""
    told = "Average precision is 1 for a unit whose values tell all such places from all others; any order of the "
    told += f"places would earn {found[0].base_rate:.2f}."
    if found[0].shuffled is not None:
        told += f" With labels that are shuffled, the unit chosen in the same way earns {found[0].shuffled:.2f}."
    if found[0].precision_valid is None:
        told += " There are no other pieces to score the units on: what counts is not known."
    return told + " “Low” is a unit whose low values stand for it."


def table(names: Sequence[str], found: Sequence[Found]) -> pd.DataFrame:
    train, valid, _ = precisions(found)
    return pd.DataFrame({"unit": names, "training pieces": train, "validation pieces": valid}).round(3)


def excited(one: Found, pieces: Read) -> None:
    """The passages that excite a unit most, a line each."""
    passages = excerpts(one, pieces, NUM_EXCERPTS)
    labels: list[str] = []
    lines, peaks = [], []
    for passage in passages:
        first = len(labels)
        labels += pieces.subjects[passage.piece].labels[passage.start : passage.stop]
        lines.append(range(first, len(labels)))
        peaks.append(first + passage.peak - passage.start)
    values: Floats = np.concatenate([passage.values for passage in passages])
    st.markdown(f"**What excites it most** · {count(len(pieces.subjects), 'piece')} searched, the peak of each framed")
    with st.container(key=f"{SPACE}excerpts.wide".replace(".", "-")):
        figure = text_grid(labels, values, shared_scale(values), here=peaks, lines=lines)
        chart(figure, "excerpts", f"Excerpts, {one.layer} {one.unit}", "The passages that excite the unit most")
