"""What the pages have made for all visits: in turn, and remembered for a while."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVarTuple

import streamlit as st
import torch

from core.checkpoint import Checkpoint, ModelCard, damaged_checkpoints, list_cards, load_checkpoint
from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, PianoCodec, PianoRollCodec, StepCodec
from core.data.corpora import EMBEDDED, load_corpus
from core.data.piece import Piece
from core.evaluation.originality import Originality, in_words, load_index, originality
from core.files import read_score
from core.notation import written_melody
from core.recolour import read_melody
from core.render.engraver import ENGRAVER
from core.score import Score, monophonic
from core.ui.turns import shared, turn

AUDIO_MIME = "audio/flac"
"""of what ``sound`` renders"""
PAIR_WIDTH = 520
"""CSS pixels of one of two scores side by side"""
Of = TypeVarTuple("Of")
LARGE = (".wav", ".pdf")
"""files of up to 53 MB"""

torch.set_num_threads(1)  # measured by `python -m core bench`: a step of these networks is slower on two


@st.cache_resource(max_entries=40)
def checkpoint(name: str) -> Checkpoint:
    """A loaded model, shared by all visits: it keeps nothing of a generation. Takes no turn, as jobs ask for it."""
    ENGRAVER.warm_up()  # what the model writes will be drawn
    return load_checkpoint(name)


@st.cache_data(ttl=60)
def cards() -> list[ModelCard]:
    return list_cards()


@st.cache_data(ttl=60)
def damaged() -> list[str]:
    """Names of the models whose cards cannot be read."""
    return damaged_checkpoints()


def beat_cards() -> list[ModelCard]:
    """Of the models that write a melody on a rhythm."""
    return [card for card in cards() if card.codec == BeatCodec.name]


def step_cards() -> list[ModelCard]:
    """Of the models that write a melody step by step."""
    return [card for card in cards() if card.codec == StepCodec.name]


def char_cards() -> list[ModelCard]:
    """Of the models that write tunes in ABC notation, character by character."""
    return [card for card in cards() if card.codec == AbcCharsCodec.name]


def piano_cards() -> list[ModelCard]:
    """Of the models that play with both hands."""
    return [card for card in cards() if card.codec in (PianoCodec.name, PianoRollCodec.name)]


def accompanying_cards() -> list[ModelCard]:
    """Of the models that accompany a melody."""
    return [card for card in cards() if card.codec == ArrangementCodec.name]


def corpus_of(model: str) -> str:
    """What a model was trained on; of one that is not installed, what most are."""
    return next((card.corpus for card in cards() if card.name == model), EMBEDDED)


@shared(4)
def tunes(corpus: str) -> tuple[Piece, ...]:
    """The pieces of a corpus that have notes, by title."""
    with st.spinner("Reading the corpus, which takes a while the first time …"), turn():
        pieces = [piece for piece in load_corpus(corpus) if piece.score.notes]
    return tuple(sorted(pieces, key=lambda piece: piece.score.title))


def training_tune(corpus: str, id_: str) -> Score | None:
    """The melody of an installed corpus' tune that is called so there, if it has one."""
    return next((monophonic(piece.score) for piece in tunes(corpus) if piece.id == id_), None)


@lru_cache(maxsize=8)
def melody_of(data: bytes, name: str) -> tuple[Score, bool, str]:
    """The melody of an uploaded file: see ``core.recolour.read_melody``."""
    with turn():
        return read_melody(data, name)


@lru_cache(maxsize=4)
def written_melody_of(data: bytes, name: str) -> Score:
    """The melody of an uploaded file in note values: see ``core.notation.written_melody``."""
    with turn():
        return written_melody(data, name)


@lru_cache(maxsize=4)
def score_of(data: bytes, name: str) -> Score:
    """All the notes of an uploaded file."""
    with turn():
        return read_score(data, name)


@lru_cache(maxsize=128)
def engraved(written: Score, page_width: int) -> str:
    """The SVG of a melody, for a page so wide."""
    from core.render.notation import engrave

    with turn():
        return engrave(written, page_width=page_width, heading=False).svg


@lru_cache(maxsize=32)
def piano_engraved(score: Score, performed: bool, key: str | None, page_width: int) -> str:
    """The SVG of piano music on two staves, for a page so wide."""
    from core.piano_notation import notate_piano
    from core.render.notation import engrave_piano

    with turn():
        written = notate_piano(score, performed=performed, key=key)
        return engrave_piano(written, page_width=page_width, heading=False).svg


@lru_cache(maxsize=128)
def checked(written: Score, corpus: str, num_given: int) -> tuple[Originality, str] | None:
    """What a melody, after the notes that were given, shares with the training tunes of a corpus; and that in words.

    None where there is no index of them.
    """
    with turn():
        index = load_index(corpus)
        if index is None:
            return None
        found = originality(written, index, num_given)
        return found, in_words(found, index)


@lru_cache(maxsize=24)
def sound(performed: Score, program: int) -> tuple[bytes, str, str]:
    """(FLAC file, name of the synthesiser, what went wrong if anything) of a melody."""
    from core.render.audio import audio_to_flac, render

    with turn():
        audio = render(performed, program)
        return audio_to_flac(audio), audio.engine, audio.notice


def remembered(make: Callable[[str, *Of], bytes]) -> Callable[[str, *Of], bytes]:
    """``make``, of a suffix and more: for all visits the last 24 small files, for each visit the last large ones."""
    small = lru_cache(maxsize=24)(make)

    @wraps(make)
    def found(suffix: str, *of: *Of) -> bytes:
        if suffix not in LARGE:
            return small(suffix, *of)
        key = f"exported{suffix}"
        if key not in st.session_state or st.session_state[key][0] != of:
            st.session_state.pop(key, None)  # before another is made
            st.session_state[key] = of, make(suffix, *of)
        data: bytes = st.session_state[key][1]
        return data

    return found


def forget_exported(suffix: str) -> None:
    """The visit's last large file of a kind is not wanted any more."""
    st.session_state.pop(f"exported{suffix}", None)


@remembered
def exported(suffix: str, written: Score, performed: Score, program: int) -> bytes:
    """A file to download."""
    from core.files import WRITERS

    with turn():
        return WRITERS[suffix](written, performed, program)


@remembered
def piano_exported(suffix: str, score: Score, performed: bool, key: str | None) -> bytes:
    """A file of piano music to download."""
    from core.piano_files import PIANO_WRITERS

    with turn():
        return PIANO_WRITERS[suffix](score, performed, key)
