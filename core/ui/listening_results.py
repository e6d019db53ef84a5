"""The results of a listening study in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.listening.excerpts import HUMAN
from core.listening.groups import GROUPS, LABELLED
from core.listening.results import Rating, makers_of, means, scores, taken_for_human, winners
from core.listening.statistics import Finding, Interval, pairwise, rank_test
from core.listening.visits import RATINGS
from core.ui.page import count

CHOICES = {
    "A and B: unlabelled": tuple(group for group in GROUPS if group != LABELLED),
    "A: machines alone": ("A",),
    "B: both, unlabelled": ("B",),
    "C: both, labelled": ("C",),
    "All groups": GROUPS,
}
"""the blind ones first: who is told who wrote the music answers another question"""


def results(given: Sequence[Rating]) -> None:
    """What listeners said, of several groups or of one."""
    st.header("Results", anchor=False)
    if not given:
        st.write("Nobody has answered yet.")
        return
    choice = st.segmented_control("Groups", list(CHOICES), default=next(iter(CHOICES)), required=True)
    chosen = [one for one in given if one.group in CHOICES[choice]]
    if not chosen:
        st.write("Nobody of these has answered yet.")
        return
    st.subheader("Ratings", anchor=False)
    st.dataframe(rating_table(chosen), hide_index=True)
    st.caption("Means from 1 to 5 over listeners, each with its 95 % interval by Student's t.")
    tests(chosen)
    st.subheader("Winners", anchor=False)
    st.dataframe(winner_table(given), hide_index=True)
    st.caption("How many listeners of each group liked an excerpt by each maker best.")
    st.subheader("Taken for human", anchor=False)
    if found := taken_for_human(chosen):
        st.dataframe(taken_table(found), hide_index=True)
    st.caption(
        "The share of a maker's unlabelled excerpts of which a listener says that a person wrote them: its mean over "
        "listeners, with its 95 % interval by Student's t."
    )


def rating_table(given: Sequence[Rating]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "maker": shown(maker),
            **{rating: in_words(by_rating[rating]) for rating in RATINGS},
            "listeners": by_rating[RATINGS[0]].number,
        }
        for maker, by_rating in means(given).items()
    )


def tests(given: Sequence[Rating]) -> None:
    """Whether the differences between makers are more than chance."""
    st.subheader("Between makers", anchor=False)
    rows = []
    for rating in RATINGS:
        by_maker = scores(given, rating)
        if test := rank_test({maker: said for maker, said in by_maker.items() if maker != HUMAN}):
            st.markdown(f"**{rating}**: {test_in_words(test)}")
        rows += [
            {
                "rating": rating,
                "makers": f"{shown(one)} · {shown(other)}",
                "p": round(test.p, 4),
                "listeners": test.number,
            }
            for one, other, test in pairwise(by_maker)
        ]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption(
        "Friedman's test is between the models, over the listeners who heard all of them. The table has Wilcoxon's "
        "signed-rank test for every two makers, people among them, over the listeners who heard both, p corrected by "
        "Holm within each rating. A small p says that the difference is hardly chance."
    )


def test_in_words(test: Finding) -> str:
    return f"{test.name} {test.statistic:.2f}, p = {test.p:.3g}, {count(test.number, 'listener')}"


def winner_table(given: Sequence[Rating]) -> pd.DataFrame:
    """Makers down, groups across."""
    by_group = winners(given)
    return pd.DataFrame(
        {"maker": shown(maker), **{group: by_group[group][maker] for group in GROUPS}} for maker in makers_of(given)
    )


def taken_table(found: Mapping[str, Interval]) -> pd.DataFrame:
    return pd.DataFrame(
        {"maker": shown(maker), "taken for human": in_words(share, percent=True), "listeners": share.number}
        for maker, share in found.items()
    )


def shown(maker: str) -> str:
    return "people" if maker == HUMAN else maker


def in_words(interval: Interval, percent: bool = False) -> str:
    """``3.50 (2.91 to 4.09)``."""
    form = "{:.0%}".format if percent else "{:.2f}".format
    if interval.low is None or interval.high is None:
        return form(interval.value)
    return f"{form(interval.value)} ({form(interval.low)} to {form(interval.high)})"
