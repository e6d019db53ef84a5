"""What is painted over a score on the Neurons page as files: a drawing, and a table of its notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from core.formats.pitch_names import pitch_names
from core.inspection import painted
from core.score import Score
from core.ui.downloads import SVG, file_name
from core.ui.neuron_score import look_of
from core.ui.neuron_view import Floats, View, text_file
from core.ui.neuron_why import SPACE
from core.ui.turns import later
from core.ui.work import exported, piano_exported


def score_files(
    view: View,
    key: str,
    name: str,
    columns: dict[str, Floats],
    *,
    colours: Sequence[str] = (),
    arcs: Sequence[tuple[int, int, float]] = (),
) -> None:
    """Buttons that save a score with ``colours`` (N,) and ``arcs``, and the numbers (N,) in ``columns`` behind them."""
    score = view.written
    if score is None:
        return
    with st.container(horizontal=True):
        st.download_button(
            "This score (SVG)", later(lambda: painted(drawing(view, score), colours, arcs)),
            file_name(name) + SVG.suffix, SVG.mime, on_click="ignore", key=f"{SPACE}{key}.svg",
        )  # fmt: skip
        st.download_button(
            "Its notes (CSV)", later(lambda: note_file(view, score, columns)), file_name(name) + "-notes.csv",
            "text/csv", on_click="ignore", key=f"{SPACE}{key}.notes",
        )  # fmt: skip


def drawing(view: View, score: Score) -> str:
    """The SVG file of a score, as it is engraved on the page."""
    titled = replace(score, title=view.title)
    file = (
        piano_exported(SVG.suffix, titled, *look_of(score))
        if view.all_notes
        else exported(SVG.suffix, titled, titled, 0)
    )
    return file.decode()


def note_file(view: View, score: Score, columns: dict[str, Floats]) -> str:
    """CSV: the number and name of each note, its times in quarters, the place that it begins at, and ``columns``."""
    facts = {
        "onset": np.array([note.onset for note in score.notes]),
        "duration": np.array([note.duration for note in score.notes]),
        "place": np.array(view.subject.note_tokens) + 1.0,
    }
    return text_file(pitch_names(score.pitches, score.key), {**facts, **columns}, numbered="note")
