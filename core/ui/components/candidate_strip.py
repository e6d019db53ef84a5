"""Several candidates for one melody, side by side, each to be heard and chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.ui.components.mount import audio_url, first_sight, ignore, inline_svg, is_index, read

_component = st.components.v2.component(
    "tunesmith_candidate_strip",
    html=read("candidate_strip.html"),
    css=read("player.css", "candidate_strip.css"),
    js=read("mount.js", "audio.js", "svg.js", "candidate_strip.js"),
)


@dataclass(frozen=True)
class Candidate:
    """One card: a small drawing of the melody, what is written under it, and its sound."""

    svg: str  # parts filled with currentColor take the card's colours
    label: str  # one line or two
    audio: bytes | str  # the encoded file, or its address
    mime: str = "audio/wav"


def candidate_strip(candidates: Sequence[Candidate], chosen: int, key: str) -> int | None:
    """Show a card for each candidate, `chosen` marked; return the index that the user has just chosen, else None."""
    cards = [
        {"svg": inline_svg(card.svg), "label": card.label, "audio": audio_url(card.audio, card.mime, f"{key}.{i}")}
        for i, card in enumerate(candidates)
    ]
    data = {"cards": cards, "chosen": chosen}
    value = first_sight(key, _component(key=key, data=data, on_picked_change=ignore).picked)
    index = None if value is None else value.get("index")
    return index if is_index(index, len(candidates)) else None
