"""The way between two tunes: melodies at points of an arc from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
import torch

from core.checkpoint import ModelCard
from core.composition import Composition
from core.data.piece import Piece
from core.errors import InputError
from core.latent import arc
from core.ui.components.candidate_strip import Candidate, candidate_strip
from core.ui.latent_map import beside_another, tune_map
from core.ui.latent_melody import SPACE, Point, Trail, beginning_of, melody_at, point_of, shown
from core.ui.page import count, keep, plain_errors
from core.ui.recolour_panel import choose_tune
from core.ui.result import heard
from core.ui.work import AUDIO_MIME

FEWEST_STEPS, MOST_STEPS, FIRST_STEPS = 3, 9, 5
STEP = SPACE + "step"
"""where a visit keeps which melody of the way is shown in full"""


def between_panel(card: ModelCard) -> Trail:
    """Lets the user choose two tunes, and shows what lies between; returns the way."""
    with plain_errors():
        tunes = two_tunes(card)
        num = st.slider("Steps", FEWEST_STEPS, MOST_STEPS, key=keep(SPACE + "steps", FIRST_STEPS))
        if tunes is None:
            return Trail([])
        first, last = tunes
        way = way_between(point_of(card.name, first), point_of(card.name, last), num)
        pieces = [
            beginning_of(card.name, first),
            *(melody_at(card.name, point) for point in way),
            beginning_of(card.name, last),
        ]
        chosen = strip(pieces)
        shown(pieces[chosen], "melody")
        all_scores(pieces)
        return Trail(way, here=min(max(chosen - 1, 0), num - 1))
    return Trail([])


def two_tunes(card: ModelCard) -> tuple[Piece, Piece] | None:
    """Chosen by search; at first two that are on the map."""
    chosen = []
    for name, words, side in zip("AB", first_words(card), st.columns(2), strict=True):
        with side, st.container(border=True):
            space = f"{SPACE}{name}."
            keep(space + "tunes_of", card.corpus)
            keep(space + "search", words)
            st.markdown(f"**Tune {name}**")
            chosen.append(choose_tune(space))
    first, last = chosen
    return (first[1], last[1]) if first and last else None


def first_words(card: ModelCard) -> tuple[str, str]:
    """Titles to search for when the page is first opened."""
    try:
        tunes = tune_map(card.name, card.corpus).tunes
    except InputError:  # the corpus is not installed
        return "", ""
    titles = list(dict.fromkeys(tune.score.title.strip() for tune in tunes))
    return titles[0], titles[-1]


def way_between(first: Point, last: Point, num: int) -> list[Point]:
    """``num`` points, the first and the last in the metre of their tunes, the others too where it is the same."""
    same = first.time_signature if first.time_signature == last.time_signature else None
    places = arc(torch.tensor(first.z), torch.tensor(last.z), num).tolist()
    between = [
        Point(
            f"{count(i, 'step')} from A, {num - 1 - i} from B",
            tuple(z),
            same,
            first.qpm + (last.qpm - first.qpm) * i / (num - 1),
        )
        for i, z in enumerate(places)
    ]
    ends = replace(first, title=f"A again: {first.title}"), replace(last, title=f"B again: {last.title}")
    return [ends[0], *between[1:-1], ends[1]]


def strip(pieces: Sequence[Composition]) -> int:
    """All melodies in a row, each to be heard; returns which one is chosen."""
    chosen = min(st.session_state.get(STEP, len(pieces) // 2), len(pieces) - 1)
    cards = [Candidate(thumbnail(piece), label, heard(piece)[0], AUDIO_MIME) for piece, label in labelled(pieces)]
    picked = candidate_strip(cards, chosen, key=SPACE + "strip")
    if picked is not None and picked != chosen:
        st.session_state[STEP] = picked
        st.rerun()
    return chosen


def labelled(pieces: Sequence[Composition]) -> list[tuple[Composition, str]]:
    steps = [f"Step {i}\nof {len(pieces) - 3}" for i in range(1, len(pieces) - 3)]
    labels = ["A\nthe tune", "A again\nfrom its point", *steps, "B again\nfrom its point", "B\nthe tune"]
    return list(zip(pieces, labels, strict=True))


def thumbnail(piece: Composition) -> str:
    from core.render.pianoroll import thumbnail_svg

    return thumbnail_svg(piece.performed)


def all_scores(pieces: Sequence[Composition]) -> None:
    """Every melody of the way engraved, where the user asks for it."""
    panel = st.expander("All of them as scores", key=SPACE + "all", on_change="rerun", icon=":material/queue_music:")
    if not panel.open:
        return
    with panel:
        for start in range(0, len(pieces), 2):
            for i, side in enumerate(st.columns(2), start):
                if i < len(pieces):
                    with side:
                        beside_another(pieces[i], pieces[i].name, f"{SPACE}all.{i}")
