"""Browser components: plain scripts and style sheets beside the functions that mount them, no build step."""

from core.ui.components.address_bar import address_bar
from core.ui.components.candidate_strip import Candidate, candidate_strip
from core.ui.components.piano import Timed, Typed, piano
from core.ui.components.score_view import NOTHING, score_view
from core.ui.components.tap_pad import MAX_TAPS, Metronome, Tapped, tap_pad

__all__ = [
    "MAX_TAPS",
    "NOTHING",
    "Candidate",
    "Metronome",
    "Tapped",
    "Timed",
    "Typed",
    "address_bar",
    "candidate_strip",
    "piano",
    "score_view",
    "tap_pad",
]
