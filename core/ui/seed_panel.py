"""Ways to give a melody to go on from: type it, play it, upload it, or take the beginning of a tune."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

import streamlit as st

from core.codecs import StepCodec
from core.codecs.step_text import MAX_TEXT, STEP_TEXT_HELP, parse_steps, steps_to_text
from core.continuation import FEWEST_QPM, MOST_QPM, Seed, seed_of, seed_played
from core.data.corpora import CORPORA
from core.files import READERS
from core.recolour import in_note_values
from core.score import Score, quoted
from core.ui.components.piano import Typed, piano
from core.ui.page import MAX_UPLOAD_MB, SETTING, keep, plain, plain_errors
from core.ui.reading_panel import FRACTIONS, METRES
from core.ui.recolour_panel import choose_tune, title_of
from core.ui.work import melody_of

SPACE = "continue."
"""what the keys of this page's settings begin with"""
START = "G4 G4 D5 D5 | E5 E5 D5*2"
"""the seed when the page is first opened: “Ah ! vous dirai-je, maman”"""
FIRST_QPM = 112
MOST_BARS = 16
"""of a tune to go on from"""


def seed_panel(codec: StepCodec, pressed_with: Seed | None) -> tuple[Seed | None, bool]:
    """Lets the user give a melody; returns it when a new one has just come, and whether what is there makes sense.

    ``pressed_with`` is the melody that was there when the large button was pressed, if it just was.
    """
    way = st.segmented_control(
        "Melody to go on from",
        list(WAYS),
        key=keep(SPACE + "way", TYPE, list(WAYS)),
        required=True,
        label_visibility="collapsed",
    )
    assert way is not None
    with plain_errors():
        return WAYS[way](codec, pressed_with), True
    return None, False


def first_seed(codec: StepCodec) -> Seed:
    return Seed(parse_steps(START, codec), qpm=FIRST_QPM, label="the beginning of “Ah ! vous dirai-je, maman”")


def show_seed(seed: Seed, codec: StepCodec) -> None:
    """Has the widgets for typing show a melody that was given in another way; before they are drawn."""
    state, page = st.session_state, SETTING + SPACE
    if state[page + "way"] == TYPE:
        return
    state[page + "text"] = steps_to_text(seed.symbols, codec)
    metre = "{}/{}".format(*seed.time_signature)
    if metre in METRES:
        state[page + "metre"], state[page + "qpm"] = metre, round(seed.qpm)
        state[page + "upbeat"] = seed.upbeat if seed.upbeat in upbeats_in(seed.time_signature) else 0.0


def type_in(codec: StepCodec, pressed_with: Seed | None) -> Seed | None:
    text = st.text_area("Notes", key=keep(SPACE + "text", START), height=90, help=STEP_TEXT_HELP, max_chars=MAX_TEXT)
    time_signature, upbeat, qpm = facts()
    st.caption(plain(STEP_TEXT_HELP))
    used = st.button("Use this melody", icon=":material/check:")
    if not used and pressed_with is None:
        return None
    typed = Seed(parse_steps(text, codec), time_signature, upbeat, qpm, "a typed melody")
    same = pressed_with is not None and replace(pressed_with, label=typed.label) == typed
    return typed if used or not same else None  # the large button takes what was typed meanwhile


def play(codec: StepCodec, _: Seed | None) -> Seed | None:
    played = piano(key="piano", reach=codec.reach)
    with st.expander("Metre and tempo, without the metronome", icon=":material/timer:"):
        time_signature, upbeat, qpm = facts()
    if played is None:
        return None
    if isinstance(played, Typed):
        return Seed(parse_steps(played.text, codec), time_signature, upbeat, qpm, "a played melody")
    presses, metronome = played
    return seed_played(presses, codec, metronome.qpm, metronome.time_signature, metronome.place)


def facts() -> tuple[tuple[int, int], float, float]:
    """Metre, upbeat and tempo of a melody whose notes do not tell."""
    metre, start, tempo = st.columns(3)
    signature = metre.selectbox("Metre", METRES, key=keep(SPACE + "metre", METRES[0], METRES))
    numerator, denominator = map(int, signature.split("/"))
    upbeats = upbeats_in((numerator, denominator))
    upbeat = start.selectbox(
        "Upbeat",
        upbeats,
        key=keep(SPACE + "upbeat", 0.0, upbeats),
        format_func=quarters,
        help="How much there is before the first bar line.",
    )
    qpm = tempo.number_input("Quarter notes a minute", FEWEST_QPM, MOST_QPM, key=keep(SPACE + "qpm", FIRST_QPM), step=1)
    return (numerator, denominator), upbeat, float(qpm)


def upbeats_in(time_signature: tuple[int, int]) -> list[float]:
    """Quarters, in eighths shorter than a bar."""
    numerator, denominator = time_signature
    return [eighths / 2 for eighths in range(8 * numerator // denominator)]


def quarters(length: float) -> str:
    """``1½ quarters``; ``none`` for nothing."""
    whole, rest = divmod(length, 1)
    number = f"{int(whole) or ''}{FRACTIONS[round(4 * rest)]}"
    return f"{number} quarter{'s' * (length > 1)}" if number else "none"


def upload(codec: StepCodec, _: Seed | None) -> Seed | None:
    file = st.file_uploader(
        "A melody, a piece in several voices or a performance (MIDI, MusicXML, ABC, Humdrum)",
        [ending.lstrip(".") for ending in READERS],
        key=SPACE + "file",
        max_upload_size=MAX_UPLOAD_MB,
    )
    if file is None:
        return None
    melody, written, line = melody_of(file.getvalue(), file.name)
    st.caption(f"Its melody is {line}: {len(melody.notes):,} notes.")
    return beginning(in_note_values(melody, written), title_of(melody, PurePath(file.name).stem), codec)


def take_tune(codec: StepCodec, _: Seed | None) -> Seed | None:
    chosen = choose_tune()
    if chosen is None:
        return None
    corpus, tune = chosen
    return beginning(in_note_values(tune.score, not CORPORA[corpus].performed), title_of(tune.score, tune.id), codec)


def beginning(melody: Score, title: str, codec: StepCodec) -> Seed | None:
    """The bars of ``melody`` to go on from, when the button beside the slider is pressed."""
    slide, press = st.columns([2, 1], vertical_alignment="bottom")
    bars = slide.slider("Bars to go on from", 1, MOST_BARS, key=keep(SPACE + "bars_of_tune", 2))
    if not press.button("Go on from these", icon=":material/double_arrow:"):
        return None
    first = "bar" if bars == 1 else f"{bars} bars"
    return seed_of(melody, codec, bars, f"the first {first} of {quoted(title)}")


TYPE = "Type"
WAYS = {TYPE: type_in, "Play": play, "Upload": upload, "From a tune": take_tune}
"""a new way to give a melody is a function here"""
