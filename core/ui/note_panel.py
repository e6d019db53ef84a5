"""What can be done with the notes picked in the score."""

from __future__ import annotations

import random
from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st

from core.checkpoint import Checkpoint
from core.codecs import StepCodec
from core.composition import Composition, note_alternatives, recompose, rewrite
from core.continuation import go_on_from
from core.errors import InputError
from core.formats.pitch_names import pitch_names
from core.latent import is_latent
from core.likelihood import Alternative
from core.ui.desk import Desk, bars_around, lock
from core.ui.neuron_why import Source, why_button
from core.ui.page import count, plain, plain_errors
from core.ui.turns import turn

NUM_ALTERNATIVES = 8
INVITATION = "Click a note for its alternatives; drag over several, or Shift-click, to work on a passage."
STEP_INVITATION = "Click a note for its alternatives, or to have the melody go on in another way from there."
VAE_INVITATION = "Click a note to have the melody go on in another way from there."
BEFORE, AROUND = "#2b8a80", "#c9713f"  # seen on light and dark


def note_panel(desk: Desk, piece: Composition, checkpoint: Checkpoint) -> None:
    """Alternatives for one note, and re-composing, locking and explaining for one or several."""
    notes = desk.selected if desk.selected.stop <= len(piece.pitches) else range(0)
    stepwise = isinstance(checkpoint.codec, StepCodec)
    if not notes:
        st.caption(invitation(checkpoint, stepwise))
        return
    if piece.model != checkpoint.card.name:  # the pages let one model work on what another wrote
        st.caption(f"Asked here: {plain(checkpoint.card.title)}, which did not write this piece.")
    with plain_errors():
        if len(notes) == 1 and is_latent(checkpoint.card):
            why_button(Source(piece.name, piece), checkpoint.card.name, notes.start, "why.inside")
        elif len(notes) == 1:
            one_note(desk, piece, checkpoint, notes.start)
        if not stepwise:
            passage(desk, piece, checkpoint, notes)
        elif notes.start > 0:
            go_on(desk, piece, checkpoint, notes.start)


def invitation(checkpoint: Checkpoint, stepwise: bool) -> str:
    """What a click on a note is good for: a VAE knows no alternatives."""
    if is_latent(checkpoint.card):
        return VAE_INVITATION
    return STEP_INVITATION if stepwise else INVITATION


def one_note(desk: Desk, piece: Composition, checkpoint: Checkpoint, index: int) -> None:
    with turn():
        found = note_alternatives(checkpoint, piece, index, NUM_ALTERNATIVES)
    names = {option.token: name_at(piece, index, option.token) for option in found}
    st.markdown(f"**Note {index + 1}: {names[piece.pitches[index]]}.** What else might stand here:")
    row = st.container(horizontal=True)
    for option in found:
        here = option.token == piece.pitches[index]
        row.button(
            f"{names[option.token]}  \n{percent(option.prob_in_context)}",
            key=f"alternative.{option.token}",
            type="primary" if here else "secondary",
            disabled=index in piece.locked and not here,
            on_click=change,
            args=(desk, f"Note {index + 1} to {names[option.token]}", written, checkpoint, piece, index, option.token),
        )
    with st.expander("Why this note?", icon=":material/psychology_alt:"):
        why_button(Source(piece.name, piece), checkpoint.card.name, index, "why.inside")
        why(piece, found, index, names, on_rhythm=not isinstance(checkpoint.codec, StepCodec))


def name_at(piece: Composition, index: int, pitch: int) -> str:
    """What the score calls note ``index`` when it has ``pitch``: its neighbours have a say in that."""
    pitches = (*piece.pitches[:index], pitch, *piece.pitches[index + 1 :])
    return pitch_names(pitches, piece.written.key)[index]


def why(piece: Composition, found: list[Alternative], index: int, names: dict[int, str], *, on_rhythm: bool) -> None:
    """The probabilities behind one note, before and after what follows is taken into account."""
    by_prob = sorted(found, key=lambda option: -option.prob)
    rank = [option.token for option in by_prob].index(piece.pitches[index]) + 1
    own = by_prob[rank - 1]
    rhythm = "the rhythm" if index else "the rhythm alone"
    before = " and ".join([rhythm] * on_rhythm + [f"the {count(index, 'note')} before it"] * (index > 0))
    st.markdown(
        f"From {before or 'nothing'}, the model held {names[own.token]} to be {percent(own.prob)} likely: number "
        f"{rank} of these. With what follows, its share among them is {percent(own.prob_in_context)}."
        + (" You gave this note." if index < piece.num_given else "")
    )
    shown = [names[option.token] for option in by_prob]
    figure = go.Figure(
        [
            go.Bar(name="from the notes before", x=shown, y=[o.prob for o in by_prob], marker_color=BEFORE),
            go.Bar(name="with those that follow", x=shown, y=[o.prob_in_context for o in by_prob], marker_color=AROUND),
        ]
    )
    figure.update_layout(
        height=260,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        yaxis={"tickformat": ".0%"},
        legend={"orientation": "h", "y": 1.15},
    )
    st.plotly_chart(figure, key="why", config={"displayModeBar": False})


def passage(desk: Desk, piece: Composition, checkpoint: Checkpoint, notes: range) -> None:
    last = len(piece.pitches)
    bars, rest = bars_around(piece, notes), range(notes.start, last)
    what = "this note" if len(notes) == 1 else f"these {len(notes)} notes"
    all_locked = set(notes) <= piece.locked
    actions: list[tuple[str, str, range]] = [
        ("These bars again" if len(notes) > 1 else "This bar again", ":material/refresh:", bars),
        ("From here on", ":material/arrow_forward:", rest),
    ]
    if len(notes) > 1:
        actions.insert(0, ("Just these notes", ":material/select_all:", notes))
    row = st.container(horizontal=True)
    for label, icon, places in actions:
        row.button(label, icon=icon, key=f"again.{label}", width="stretch", on_click=change,
                      args=(desk, f"{label}, from note {places.start + 1}", recompose_anew, checkpoint, piece, places),
                      help=f"Writes notes {places.start + 1} to {places.stop} anew, locked ones excepted.")  # fmt: skip
    row.button(
        f"Unlock {what}" if all_locked else f"Lock {what}",
        icon=":material/lock_open:" if all_locked else ":material/lock:",
        key="lock",
        on_click=change,
        args=(desk, f"{'Unlocked' if all_locked else 'Locked'} {what}", lock, piece, notes, not all_locked),
        help="Locked notes stay when others are re-composed.",
    )


def go_on(desk: Desk, piece: Composition, checkpoint: Checkpoint, index: int) -> None:
    """What can be done where a model writes rhythm and pitches together."""
    st.button(
        "From here on",
        icon=":material/arrow_forward:",
        key="again.From here on",
        on_click=change,
        args=(desk, f"From note {index + 1} on", go_on_anew, checkpoint, piece, index),
        help=f"Writes note {index + 1} and all that follow anew.",
    )


def go_on_anew(checkpoint: Checkpoint, piece: Composition, index: int) -> Composition:
    with turn():
        return go_on_from(checkpoint, piece, index, seed=random.randrange(2**31))


def written(checkpoint: Checkpoint, piece: Composition, index: int, pitch: int) -> Composition:
    with turn():
        return rewrite(checkpoint, piece, index, pitch)


def recompose_anew(checkpoint: Checkpoint, piece: Composition, places: range) -> Composition:
    with turn():
        return recompose(checkpoint, piece, places, seed=random.randrange(2**31))


def change(desk: Desk, label: str, make: Callable[..., Composition], *args: object) -> None:
    """A button's callback: puts a new version on the desk; what is wrong is said when the page is drawn again."""
    try:
        desk.add(label, make(*args))
    except InputError as error:
        st.session_state["notice"] = str(error)


def percent(prob: float) -> str:
    return "<1 %" if prob < 0.01 else f"{prob:.0%}".replace("%", " %")
