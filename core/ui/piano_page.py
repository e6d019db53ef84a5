"""The page on which both hands play: a performance from nothing or behind a file, or an accompaniment to a melody."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from core.accompaniment import accompany
from core.checkpoint import Checkpoint, ModelCard
from core.codecs import ArrangementCodec, PianoCodec
from core.codecs.fields import ANY
from core.piano import opening, write_piano
from core.sampling import SamplingConfig
from core.score import Score
from core.ui.page import MAX_UPLOAD_MB, keep, plain_errors, start_page
from core.ui.piano_desk import PianoDesk, taken
from core.ui.piano_melody import AT_ONCE, choose_melody
from core.ui.piano_sheet import sheet
from core.ui.piano_stop import Stoppable, wait_for
from core.ui.progress import EVERY
from core.ui.settings import MAX_PAGE_SEED, choose_model, further, new_seed, slider
from core.ui.turns import turn
from core.ui.work import accompanying_cards, checkpoint, piano_cards, score_of

SPACE = "piano."
"""what the keys of this page's settings begin with"""
DESK = SPACE + "desk"
PLAY, TWO_HANDS = "Play", "Two hands"
FIRST_SEED = 46
"""with which our model opens in one key, and plays what is easily read"""
FIRST_SEC, FEWEST_SEC, MOST_SEC = 20, 5, 120
MOST_PROMPT_SEC = 60
STYLES = {ANY: "any style", "others": "another composer", "pop": "pop song"}
TEXTURES = {ANY: "as the model likes", "calm": "calm", "flowing": "flowing", "busy": "busy"}


def piano_page() -> None:
    """Piano music out, a style, a file or a melody in; opens on a finished piece."""
    start_page("Piano")
    desk: PianoDesk = st.session_state.setdefault(DESK, PianoDesk())
    st.title("Piano")
    wait_for(desk.pen)
    ways = [way for way, cards in ((PLAY, piano_cards()), (TWO_HANDS, accompanying_cards())) if cards]
    if not ways:
        st.error("There is no trained piano model; train one: python -m core train piano-transformer.piano.")
        return
    key = keep(SPACE + "way", ways[0], ways)
    if AT_ONCE in st.session_state and TWO_HANDS in ways:
        st.session_state[key] = TWO_HANDS
    way = st.segmented_control("What to write", ways, key=key, required=True, label_visibility="collapsed")
    with plain_errors():
        (play if way == PLAY else two_hands)(desk)
    if desk.take is not None:
        sheet(desk)


def play(desk: PianoDesk) -> None:
    """A performance: of a style, or going on from a file."""
    with st.sidebar:
        card = choose_model(piano_cards(), SPACE + "play.")
        sampling = choose_drawing(card)
    model = checkpoint(card.name)
    with st.container(border=True):
        style, length = st.columns(2)
        chosen = ANY
        if isinstance(model.codec, PianoCodec):
            styles = model.codec.styles
            chosen = style.selectbox(
                "In the style of",
                styles,
                key=keep(SPACE + "style", ANY, styles),
                format_func=lambda name: STYLES.get(name, name),
                help="The composers whom the model has heard most, and pop songs.",
            )
        seconds = length.slider("Seconds", FEWEST_SEC, MOST_SEC, key=keep(SPACE + "seconds", FIRST_SEC), step=5)
        prompt = beginning()
        pressed = st.button(
            "Perform", type="primary", icon=":material/piano:", on_click=new_seed, args=(SPACE,), width="stretch"
        )
    if pressed or desk.take is None:
        perform(desk, model, sampling, chosen, seconds, prompt)


def beginning() -> tuple[str, Score] | None:
    """A file to go on from, if the user gives one: its name, and what of it is kept."""
    with st.expander("Go on from a MIDI file", icon=":material/upload_file:"):
        file = st.file_uploader("MIDI file", ["mid", "midi"], key=SPACE + "prompt", max_upload_size=MAX_UPLOAD_MB)
        first = st.slider("Keep its first seconds", 1, MOST_PROMPT_SEC, key=keep(SPACE + "kept", 10))
    if file is None:
        return None
    with plain_errors():
        return file.name, opening(score_of(file.getvalue(), file.name), first)
    return None


def perform(
    desk: PianoDesk,
    model: Checkpoint,
    sampling: SamplingConfig,
    style: str,
    seconds: float,
    prompt: tuple[str, Score] | None,
) -> None:
    name = f"On from {prompt[0][:60]}" if prompt else STYLES.get(style, style)
    name = name[:1].upper() + name[1:]
    title = name if prompt or style != ANY else "Piano piece"
    given = prompt[1] if prompt else None
    with Stoppable("Performing …", SPACE + "progress", desk.pen) as progress:

        def show(sec: float) -> bool:
            return progress.show(EVERY * min(math.floor(sec), math.ceil(seconds)), EVERY * math.ceil(seconds))

        with turn():
            made = write_piano(model, seconds, sampling, style=style, prompt=given, on_seconds=show)
        if len(made.score.notes) > (len(given.notes) if given else 0):
            label = label_of(name, made.sampling, progress.stopped)
            desk.add(taken(label, replace(made.score, title=title), model.card.name, performed=True))


def label_of(name: str, sampling: SamplingConfig, stopped: bool) -> str:
    """What tells a take from others."""
    return f"{name}, seed {sampling.seed}{', stopped' * stopped}"


def two_hands(desk: PianoDesk) -> None:
    """An accompaniment, played with a melody that stays as it is."""
    with st.sidebar:
        card = choose_model(accompanying_cards(), SPACE + "accompany.")
        sampling = choose_drawing(card)
    model = checkpoint(card.name)
    assert isinstance(model.codec, ArrangementCodec)
    with st.container(border=True):
        melody = choose_melody()
        texture = st.segmented_control(
            "Accompaniment",
            model.codec.textures,
            key=keep(SPACE + "texture", ANY, model.codec.textures),
            format_func=lambda name: TEXTURES.get(name, name),
            required=True,
        )
        pressed = st.button(
            "Accompany", type="primary", icon=":material/piano:", on_click=new_seed, args=(SPACE,), width="stretch"
        )
    at_once = st.session_state.pop(AT_ONCE, False) or desk.take is None
    if melody is not None and (pressed or at_once):
        title = melody.title or "Melody"
        with Stoppable("Accompanying …", SPACE + "progress", desk.pen) as progress:
            with turn():
                made = accompany(model, melody, sampling, texture=texture or ANY, on_step=progress.show)
            if made.accompaniment.notes or not progress.stopped:
                label = label_of(title, made.sampling, progress.stopped)
                score = replace(made.score, title=title)
                desk.add(taken(label, score, model.card.name, performed=False, key=melody.key))


def choose_drawing(card: ModelCard) -> SamplingConfig:
    """How the model draws."""
    defaults = card.sampling_defaults
    space = SPACE + ("play." if card in piano_cards() else "accompany.")
    values: dict[str, object] = {"temperature": slider("temperature", defaults, space)}
    with st.expander("More", icon=":material/tune:"):
        values |= {name: slider(name, defaults, space) for name in further(card, ("top_k", "top_p", "echo"))}
        values["seed"] = st.number_input(
            "Random seed",
            0,
            MAX_PAGE_SEED,
            key=keep(SPACE + "seed", FIRST_SEED),
            step=1,
            help="The same seed with the same settings plays the same music.",
        )
        st.checkbox(
            "A new seed each time",
            key=keep(SPACE + "new_seed", True),
            help="Every press of the large button moves on to other music.",
        )
    return SamplingConfig.from_mapping(values)
