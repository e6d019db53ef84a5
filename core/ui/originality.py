"""Whether a piece is copied: a line under its score, and the passage that it shares with a training tune."""

from __future__ import annotations

from itertools import pairwise

import streamlit as st

from core.composition import Composition
from core.data.corpora import CORPORA, is_installed
from core.errors import InputError
from core.evaluation.originality import Originality, excerpt
from core.render.notation import NARROW
from core.score import Score
from core.ui.components.score_view import score_view
from core.ui.neuron_why import Source, why_in, why_picked
from core.ui.page import plain
from core.ui.spoken import spoken
from core.ui.work import AUDIO_MIME, PAIR_WIDTH, checked, engraved, sound, training_tune


def originality_line(piece: Composition, corpus: str) -> None:
    """What a piece shares with the training tunes of ``corpus``, in a sentence; the passage in both when opened.

    A note of the passage leads to the Neurons page: in the piece, and in the tune where that is written down.
    """
    melody_line(piece.written, corpus, piece.num_given, piece)


def melody_line(written: Score, corpus: str, num_given: int = 0, piece: Composition | None = None) -> None:
    """``originality_line`` for a melody in note values, of which the user gave the first ``num_given`` notes.

    Its notes lead to the Neurons page where it is that of a ``piece``.
    """
    try:
        seen = checked(written, corpus, num_given)
    except InputError as error:
        st.caption(plain(str(error)))
        return
    if seen is None:
        return
    found, sentence = seen
    st.caption(plain(sentence))
    if found.longest and is_installed(corpus):
        panel = st.expander(
            "The passage in both scores",
            key="originality",
            on_change="rerun",
            icon=":material/compare:",
            type="compact",
        )
        if panel.open:
            with panel:
                both(written, found, corpus, piece)


def both(written: Score, found: Originality, corpus: str, piece: Composition | None) -> None:
    """The shared passage, marked in the piece and in the nearest tune."""
    tune = training_tune(corpus, found.tune_id)
    if tune is None or intervals(tune, found.tune_passage) != intervals(written, found.passage):
        st.caption("The corpus that is installed here is another edition, in which that tune is not the same.")
        return
    here, there = st.columns(2)
    with here:
        picked = marked(written, found.passage, "This piece", "passage.here")
        if piece:
            why_picked(picked, piece, "passage.here")
    with there:
        metrical = not CORPORA[corpus].performed
        picked = marked(tune, found.tune_passage, found.tune, "passage.there", metrical)
        if piece and metrical:
            why_in(picked, tune, Source(found.tune, tune), piece.model, "passage.there")


def marked(score: Score, passage: range, title: str, key: str, metrical: bool = True) -> range | None:
    """A passage of a melody with the bars around it, to be seen and heard; returns the notes just picked of it all."""
    st.markdown(f"**{plain(title)}**, notes {passage.start + 1} to {passage.stop}")
    shown, notes = excerpt(score, passage, metrical)
    sec = 60.0 / shown.qpm
    try:
        audio, _, _ = sound(shown, 0)
    except InputError:
        audio = b""
    picked = score_view(
        engraved(shown, PAIR_WIDTH),
        [(note.onset * sec, note.offset * sec) for note in shown.notes],
        audio or "",
        key=key,
        mime=AUDIO_MIME,
        selected=notes,
        narrow_svg=engraved(shown, NARROW),
        names=spoken(shown),
    )
    before = passage.start - notes.start  # notes of the melody that are not shown
    return picked and range(picked.start + before, picked.stop + before)


def intervals(score: Score, passage: range) -> list[int]:
    return [b - a for a, b in pairwise(score.pitches[passage.start : passage.stop])]
