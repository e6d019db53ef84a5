"""The melodies of the Latent page: what lies at a point of a space, seen, heard and taken along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import streamlit as st
import torch
from torch import Tensor

from core.beats import Beats
from core.codecs import Encoded, StepCodec
from core.composition import Composition, Continued
from core.continuation import FEWEST_QPM, MOST_QPM, seed_of
from core.data.piece import Piece
from core.errors import InputError
from core.latent import decode, encode_window, first_window, sample
from core.render.notation import NARROW, WIDE
from core.rhythm import Rhythm, notate
from core.sampling import SamplingConfig
from core.score import Score, quoted
from core.ui.continue_page import NEW, SEED
from core.ui.downloads import MIDI, MUSICXML, file_name, licence_line, offer
from core.ui.neuron_why import picked_in, why_picked
from core.ui.originality import originality_line
from core.ui.page import SETTING, plain_errors
from core.ui.recolour_panel import title_of
from core.ui.result import sheet
from core.ui.seed_panel import SPACE as CONTINUE
from core.ui.seed_panel import TYPE, show_seed
from core.ui.turns import shared, turn
from core.ui.work import checkpoint, corpus_of, exported

SPACE = "latent."
"""what the keys of this page's settings begin with"""
DRAWN_QPM = 112.0


@dataclass(frozen=True)
class Point:
    """A place in a space, and how the melody there is to be written."""

    title: str
    z: tuple[float, ...]
    time_signature: tuple[int, int] | None = None
    """None: the one that its notes suggest"""
    qpm: float = DRAWN_QPM

    def moved(self, values: dict[int, float]) -> Point:
        """With other ``values`` in some dimensions."""
        if not values:
            return self
        z = tuple(values.get(i, value) for i, value in enumerate(self.z))
        return replace(self, title=f"{self.title}, moved", z=z)


class Trail(NamedTuple):
    """Where the melodies lie that the page shows."""

    points: list[Point]
    here: int = 0
    """index of the one that is shown in full"""


@shared(64)
def drawn_point(model: str, temperature: float, seed: int) -> Point:
    """From the prior; in the metre that the melody there suggests."""
    with turn():
        points, _ = sample(checkpoint(model), 1, SamplingConfig(temperature=temperature, seed=seed))
    point = Point(f"Drawn melody {seed}", tuple(points[0].tolist()))
    return replace(point, time_signature=melody_at(model, point).written.time_signature)


def point_of(model: str, tune: Piece) -> Point:
    """Where the first bars of a tune lie; what lies there is how the model remembers them."""
    with turn():
        loaded = checkpoint(model)
        z = encode_window(loaded, first_window(loaded, tune.score))
    return Point(title_of(tune.score, tune.id), tuple(z.tolist()), tune.score.time_signature, playable(tune.score.qpm))


@shared(256)
def melody_at(model: str, point: Point) -> Composition:
    """The likeliest steps at a point; raises ``InputError`` where they hold no note."""
    with turn():
        [window] = decode(checkpoint(model), torch.tensor([point.z]))
        return as_piece(model, window, point)


def beginning_of(model: str, tune: Piece) -> Composition:
    """The first bars of a tune, as many as the model reads; raises ``InputError`` where they hold no note."""
    loaded, score = checkpoint(model), tune.score
    point = Point(title_of(score, tune.id), (), score.time_signature, playable(score.qpm))
    return as_piece(model, first_window(loaded, score), point)


def as_piece(model: str, window: Tensor, point: Point) -> Composition:
    """The steps of a window (W,) as a melody; the silence at its beginning is what an upbeat leaves of a bar."""
    codec = cast(StepCodec, checkpoint(model).codec)
    notes = codec.decode(Encoded(window)).notes
    if not notes:
        raise InputError("There is no note at this place of the space; choose another one.")
    start = notes[0].onset
    score = Score(tuple(note._replace(onset=note.onset - start) for note in notes), point.qpm)
    score = replace(score, time_signature=point.time_signature or notate(Rhythm.from_score(score)).time_signature)
    score = replace(score, upbeat=-start % score.bar_length)
    ended = codec.end_token in window.tolist()
    return Composition(
        model=model,
        beats=Beats.from_score(score),
        pitches=score.pitches,
        sampling=SamplingConfig(),
        title=point.title,
        continued=Continued(0.0, score.duration, ended),
        log_likelihood=None,
    )


def playable(qpm: float) -> float:
    return min(max(qpm, FEWEST_QPM), MOST_QPM)


def shown(piece: Composition, key: str) -> None:
    """A melody seen and heard, whether it is copied, and what can be done with it."""
    with plain_errors():
        picked = sheet(piece, piece.name, SPACE + key, (WIDE, NARROW), picked_in(SPACE + key, piece))
        why_picked(picked, piece, SPACE + key)
        originality_line(piece, corpus_of(piece.model))
        take_along(piece, SPACE + key + ".take")


def take_along(piece: Composition, key: str) -> None:
    """Buttons that save a melody, and one that goes on with it on the Continue page."""

    def made(suffix: str) -> bytes:
        return exported(suffix, piece.written, piece.performed, piece.program)

    with st.container(horizontal=True), plain_errors():
        offer((MIDI, MUSICXML), piece, made, file_name(piece.name), key + ".")
        if st.button("Continue this", icon=":material/double_arrow:", key=f"{key}.continue"):
            continue_it(piece)
    licence_line(piece.model)


def continue_it(piece: Composition) -> None:
    """Hands a melody to the Continue page, which goes on with it at once and shows it as if it were typed."""
    codec = cast(StepCodec, checkpoint(piece.model).codec)
    seed = seed_of(piece.written, codec, label=quoted(piece.name))
    st.session_state[SEED], st.session_state[NEW] = seed, True
    way = SETTING + CONTINUE + "way"
    st.session_state[way] = ""  # what is being typed would be left as it is
    show_seed(seed, codec)
    st.session_state[way] = TYPE
    st.switch_page("pages/continue.py")
