"""An engraved melody that plays, follows its sound, and lets the user pick notes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from core.ui.components.mount import audio_url, first_sight, ignore, inline_svg, is_index, last_nonce, read

NOTHING = range(0)

_component = st.components.v2.component(
    "tunesmith_score_view",
    html=read("score_view.html"),
    css=read("player.css", "score_view.css"),
    js=read("mount.js", "audio.js", "svg.js", "player.js", "sheet.js", "score_view.js"),
)


def score_view(
    svg: str,
    times: Sequence[tuple[float, float]],
    audio: bytes | str,
    key: str,
    *,
    mime: str = "audio/wav",
    selected: range = NOTHING,
    locked: Collection[int] = (),
    narrow_svg: str | None = None,
    names: Sequence[str] = (),
    colours: Sequence[str] = (),
    arcs: Sequence[tuple[int, int, float]] = (),
) -> range | None:
    """Show a score with its player; once for each pick of the user, return the notes picked.

    Parameters
    ----------
    svg
        Engraving in which note i's head has the element id ``n{i}`` and its tied continuations ``n{i}t1``, ....
    times
        (onset_sec, offset_sec) of each note in the audio, in order of onset.
    audio
        The encoded sound, or its address. It goes on playing through reruns as long as it stays the same.
    selected
        Notes to show as selected: one, a passage, or NOTHING. The user's own pick shows at once.
    locked
        Notes to mark as locked.
    narrow_svg
        The same score engraved for a phone's width, if there is one.
    names
        What a screen reader says of each note, beside its number.
    colours
        A CSS colour for each note; "" or none leaves one as it is.
    arcs
        (from, to, weight from 0 to 1) between notes, drawn over the score.

    Returns
    -------
    range or None
        The notes that the user has just selected, ``range(3, 4)`` for note 3; empty if the selection was taken away;
        None when nothing was picked since the last run.
    """
    data = {
        "svg": inline_svg(svg),
        "narrowSvg": inline_svg(narrow_svg) if narrow_svg else None,
        "times": [[round(onset, 4), round(offset, 4)] for onset, offset in times],
        "audio": audio_url(audio, mime, key),
        "selected": [selected.start, selected.stop],
        "locked": sorted(locked),
        "names": list(names),
        "colours": list(colours),
        "arcs": [[source, target, round(weight, 4)] for source, target, weight in arcs],
        "answers": last_nonce(key),
    }
    value = first_sight(key, _component(key=key, data=data, on_picked_change=ignore).picked)
    if value is None:
        return None
    start, stop = value.get("start"), value.get("stop")
    if start == stop == 0:
        return NOTHING
    if not is_index(start, len(times)) or not is_index(stop, len(times) + 1) or start >= stop:
        return None
    return range(start, stop)
