"""Heavy work of the pages: shared, bounded, and remembered for a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from threading import Lock
from typing import TypeVar, TypeVarTuple

import streamlit as st
import torch
from streamlit import runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import in_cached_function

from core.checkpoint import Checkpoint, ModelCard, damaged_checkpoints, list_cards, load_checkpoint
from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, PianoCodec, PianoRollCodec, StepCodec
from core.data.corpora import EMBEDDED, load_corpus
from core.data.piece import Piece
from core.evaluation.originality import Originality, in_words, load_index, originality
from core.files import read_score
from core.notation import written_melody
from core.recolour import read_melody
from core.render.engraver import AT_ONCE, ENGRAVER
from core.score import Score, monophonic
from core.ui.queueing import BUSY, LONGEST_WAIT_SEC, LOOK_EVERY_SEC, BusyError, Look, Turnstile, left

MAX_AT_ONCE = AT_ONCE
"""generations, engravings and renderings; who comes later waits. Half of their time is that of other processes"""
AUDIO_MIME = "audio/flac"
"""of what ``sound`` renders"""
PAIR_WIDTH = 520
"""CSS pixels of one of two scores side by side"""
T = TypeVar("T")
Of = TypeVarTuple("Of")
LARGE = (".wav", ".pdf")
"""files of up to 53 MB"""


torch.set_num_threads(1)  # measured by `python -m core bench`: a step of these networks is slower on two
# Each element of a page is handed on under a lock of Streamlit's, and wakes its event loop; beside a thread that
# computes, every such moment lasts as long as Python lets that thread run on, 5 ms by default. Under `python -m
# tests.load` a click waits less than half as long for its score so.
sys.setswitchinterval(0.0005)


@st.cache_resource
def turnstile() -> Turnstile:
    """One for all visits."""
    return Turnstile(MAX_AT_ONCE)


@contextmanager
def turn(look: Look | None = None) -> Iterator[None]:
    """Waits for a place among the heavy jobs of all visits, and tells on the page how many come first.

    Every look at the queue writes to the page; there Streamlit ends a run whose visitor has pressed something else or
    has left, and its place is free. Raises ``InputError`` where the wait is too long.

    Who has a turn must not ask Streamlit's cache for what takes a turn: whoever is about to make that value holds its
    lock while waiting for this one.

    Parameters
    ----------
    look
        Shows the place in the queue in another way than ``Waiting``.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        look, visit = None, ""  # outside a page, where nothing can be shown
    else:
        look, visit = look or Waiting().show, context.session_id
    with turnstile().turn(visit, look):
        yield


def later(made: Callable[[], T]) -> Callable[[], T]:
    """``made`` for a button that has it made when it is pressed, which happens in a thread that belongs to no visit.

    It has its turn as one of the visit that the button is drawn for, and gives up waiting when that has gone.
    """
    context = get_script_run_ctx(suppress_warning=True)
    visit = context.session_id if context else ""

    def look(_: int) -> None:
        if runtime.exists() and not runtime.get_instance().is_active_session(visit):
            raise BusyError("Nobody waits for this file any more; open the page again.")

    def make() -> T:
        with turnstile().turn(visit, look):
            return made()

    return make


@contextmanager
def held(lock: Lock) -> Iterator[None]:
    """Holds a lock that another visit may hold while it makes the same; who waits can leave, as in the queue.

    Raises ``BusyError`` where it is not free in time.
    """
    waiting, until = Waiting(), time.monotonic() + LONGEST_WAIT_SEC
    while not lock.acquire(timeout=min(LOOK_EVERY_SEC, left(until))):
        if not left(until):
            waiting.tell("")
            raise BusyError(BUSY)
        waiting.tell("Waiting: another visit has the same made")
    try:
        waiting.tell("")
        yield
    finally:
        lock.release()


def give_way(look: Look) -> None:
    """Lets others go first, if any wait and this job has gone on for long; see ``Turnstile.give_way``."""
    turnstile().give_way(look)


class Waiting:
    """A line where the page is being written that tells the place in the queue, and goes when the turn has come."""

    def __init__(self) -> None:
        self.line: DeltaGenerator | None = None

    def show(self, place: int) -> None:
        self.tell(f"Waiting: place {place} in the queue" if place else "")

    def tell(self, text: str) -> None:
        if not (text or self.line):
            return
        recorded = in_cached_function.set(False)  # or a value from the cache would bring this line with it again
        try:
            self.line = self.line or st.empty()
            if text:
                self.line.caption(text)
            else:
                self.line.empty()
        finally:
            in_cached_function.reset(recorded)


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


@lru_cache(maxsize=4)
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
