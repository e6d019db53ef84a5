"""From claps to the rhythm that they mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.rhythm import MAX_NOTES, Rhythm
from core.rhythm.performed import MIN_DURATION_SEC


def claps_to_rhythm(times: Sequence[float] | NDArray[np.float64], articulation: float = 1.0) -> Rhythm:
    """Claps, which have no release, as notes: each is held for ``articulation`` (above 0 to 1) of the time to the next.

    The last is held for that share of the median interval. ``times`` are in seconds, in any order; the first clap is
    at time 0 of the rhythm. Raises InputError where there are no claps or more than a piece may have notes.
    """
    if not 0 < articulation <= 1:
        raise InputError("The articulation must be above 0 and at most 1.")
    onsets = np.unique(np.asarray(times, np.float64))
    if not len(onsets):
        raise InputError("No clap was heard; clap closer to the microphone or raise the sensitivity.")
    if not np.isfinite(onsets).all():
        raise InputError("A clap has no proper time; record again.")
    if len(onsets) > MAX_NOTES:
        raise InputError(f"There are {len(onsets)} claps; cut the recording so that at most {MAX_NOTES} are left.")
    legato = np.array(Rhythm.from_onsets(onsets.tolist()).duration_sec)
    held = np.minimum(np.maximum(legato * articulation, MIN_DURATION_SEC), legato)
    rests = np.concatenate([[0.0], (legato - held)[:-1]])
    return Rhythm(tuple(rests.tolist()), tuple(held.tolist()))
