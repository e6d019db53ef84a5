"""What a tune is to begin with, and how it is drawn."""

from __future__ import annotations

import streamlit as st

from core.checkpoint import ModelCard
from core.sampling import SamplingConfig
from core.tunes import MAX_CHARACTERS, MAX_FIELD, MAX_FIRST_BAR, Header
from core.ui.page import SETTING, keep
from core.ui.settings import MAX_PAGE_SEED, SLIDERS, Slider, further, new_seed, reset, within

SPACE = "tunes."
"""what the keys of this page's settings begin with"""
FIRST_SEED = 87
"""with which the best model opens on a jig that is whole"""
OPEN, LEFT_OPEN = "", "the model chooses"
"""a field that the model writes"""
MAX_TUNES = 6

RHYTHMS = (
    "jig", "slip jig", "reel", "hornpipe", "polka", "waltz", "march", "mazurka", "schottische", "strathspey",
    "barndance", "highland", "fling", "bourree", "branle", "air",
)  # fmt: skip
METRES = ("4/4", "C", "C|", "2/4", "3/4", "6/8", "9/8", "12/8", "3/8", "2/2", "3/2", "6/4", "none")
UNITS = ("1/8", "1/4", "1/16", "1/2")
KEYS = (
    "G", "D", "C", "A", "F", "Bb", "E", "Eb", "Em", "Am", "Dm", "Bm", "Gm", "F#m", "Cm",
    "Ador", "Edor", "Ddor", "Gdor", "Bdor", "Amix", "Dmix", "Gmix", "Emix",
)  # fmt: skip

DRAWING = {
    "temperature": SLIDERS["temperature"]._replace(
        help="Low: what one expects. High: bold, then gibberish. Around 0.8 reads like a tune."
    ),
    "top_k": Slider("Top-k", 0, 40, 1, "Choose among this many likeliest characters at each step; 0 allows all."),
    "top_p": Slider(
        "Top-p", 0.05, 1.0, 0.05, "Leave out the unlikeliest characters, as long as the rest make up this share."
    ),
    "echo": SLIDERS["echo"],
}
LEGAL_HELP = (
    "The model may write only what can still become a tune in ABC notation: bars that add up to the metre, repeats, "
    "chords and tuplets that are closed. It ends where the tune is complete."
)


def choose_drawing(card: ModelCard) -> tuple[SamplingConfig, bool, int]:
    """Sliders for what a draw of characters depends on: the settings, whether all must be legal, the longest text."""
    defaults = card.sampling_defaults
    values: dict[str, object] = {"temperature": slider("temperature", defaults)}
    legal = st.checkbox("Legal ABC only", key=keep(SPACE + "legal", True), help=LEGAL_HELP)
    with st.expander("More", icon=":material/tune:"):
        values |= {name: slider(name, defaults) for name in further(card, DRAWING)}
        values["seed"] = st.number_input(
            "Random seed",
            0,
            MAX_PAGE_SEED,
            key=keep(SPACE + "seed", FIRST_SEED),
            step=1,
            help="The same seed with the same settings writes the same tune.",
        )
        st.checkbox(
            "A new seed each time",
            key=keep(SPACE + "new_seed", True),
            help="Every press of the large button moves on to other tunes.",
        )
        longest = st.slider(
            "Longest, in characters",
            200,
            MAX_CHARACTERS,
            step=100,
            key=keep(SPACE + "longest", MAX_CHARACTERS // 2),
            help="A tune that does not come to its end is cut off there.",
        )
        st.button(
            "Reset", icon=":material/restart_alt:", on_click=reset, args=(card, SPACE), help="Back to the model's own."
        )
    return SamplingConfig.from_mapping(values), legal, longest


def slider(name: str, defaults: SamplingConfig) -> object:
    label, low, high, step, explanation = DRAWING[name]
    key = keep(SPACE + name, within(name, defaults))
    return st.slider(label, low, high, step=step, key=key, help=explanation)


def header_panel() -> str:
    """Fields for the beginning of a tune, which it returns; raises ``InputError`` where one of them is wrong."""
    title, rhythm = st.columns([3, 2])
    given = {
        "title": title.text_input("Title", key=keep(SPACE + "title", ""), max_chars=MAX_FIELD, placeholder=LEFT_OPEN)
    }
    given["rhythm"] = field(rhythm, "rhythm", RHYTHMS, "What is danced to it; you can type another one.")
    metre, unit, key = st.columns(3)
    given["metre"] = field(metre, "metre", METRES, "C is 4/4 and C| is 2/2.")
    given["unit"] = field(unit, "unit", UNITS, "The length of a letter without a number behind it.", "Unit length")
    given["key"] = field(key, "key", KEYS, "m is minor, dor dorian, mix mixolydian: D, Em, Ador, Amix.")
    bar, number = st.columns([3, 2])
    first_bar = bar.text_input(
        "First bar",
        key=keep(SPACE + "first_bar", ""),
        max_chars=MAX_FIRST_BAR,
        placeholder="GABc dedB|",
        help="In ABC notation: letters are notes, a number behind one makes it longer, | ends the bar.",
    )
    number.slider(
        "Tunes", 1, MAX_TUNES, key=keep(SPACE + "num", 1), help="Several at once, from this seed and the next ones."
    )
    return Header(**given).prompt(first_bar)


def field(
    column: st.delta_generator.DeltaGenerator, name: str, options: tuple[str, ...], explanation: str, label: str = ""
) -> str:
    """A field of the header: one of ``options``, or what the user types."""
    key = keep(SPACE + name, OPEN)
    typed = st.session_state[key]
    chosen = column.selectbox(
        label or name.capitalize(),
        list(dict.fromkeys((OPEN, *options, typed))),
        key=key,
        format_func=lambda option: option or LEFT_OPEN,
        accept_new_options=True,
        help=explanation,
    )
    return chosen or OPEN


def next_seed() -> None:
    """A callback: other seeds for other tunes, unless the user keeps them."""
    new_seed(SPACE)


def num_tunes() -> int:
    return int(st.session_state[SETTING + SPACE + "num"])
