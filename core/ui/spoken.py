"""Notes as a screen reader says them."""

from __future__ import annotations

from core.formats.pitch_names import pitch_names
from core.score import Score

SIGNS = {"♯": "sharp", "♭": "flat"}
NAMES = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "sixteenth": 0.25, "thirty-second": 0.125}
VALUES = {
    round(stretch * quarters, 3): mark + name
    for mark, stretch in (("triplet ", 2 / 3), ("double dotted ", 1.75), ("dotted ", 1.5), ("", 1.0))
    for name, quarters in NAMES.items()
}
"""note values by their length in quarters"""


def spoken(score: Score, *, written: bool = True) -> list[str]:
    """``F sharp 4, dotted half`` for each note; its pitch alone where it has no such value, or ``score`` is played."""
    said = []
    for note, name in zip(score.notes, pitch_names(score.pitches, score.key), strict=True):
        words = [name[0], *(SIGNS[sign] for sign in name[1:] if sign in SIGNS), name.lstrip("ABCDEFG♯♭")]
        value = VALUES.get(round(note.duration, 3)) if written else None
        said.append(", ".join(filter(None, (" ".join(words), value))))
    return said
