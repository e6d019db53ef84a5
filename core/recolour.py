"""A melody to recolour: its rhythm, for a new melody, and its own pitches, to compare that with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.beats import Beats
from core.data.melody import find_melody
from core.errors import FormatError
from core.files import is_written, read_score
from core.rhythm import MAX_NOTES, Rhythm
from core.score import Score, monophonic, printable


@dataclass(frozen=True)
class Original:
    """The melody whose rhythm a piece takes: one pitch for each note of it."""

    title: str
    pitches: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", printable(self.title))

    def cut(self, length: int) -> Original:
        """The first ``length`` notes."""
        return replace(self, pitches=self.pitches[:length])


def take_rhythm(melody: Score, title: str, written: bool, length: int = MAX_NOTES) -> tuple[Beats, Original]:
    """The rhythm of a melody called ``title``, at most its first ``length`` notes, and the melody itself.

    ``written`` says whether its times are note values; performed ones are kept as they are played.
    Raises ``InputError``.
    """
    if not melody.notes:
        raise FormatError("There are no notes in this music; choose some with a melody.")
    line = monophonic(melody)
    line = replace(line, notes=line.notes[:length])
    beats = Beats.from_score(line) if written else Beats.from_rhythm(Rhythm.from_score(line))
    return beats, Original(title, line.pitches)


def read_melody(data: bytes, name: str) -> tuple[Score, bool, str]:
    """(melody, whether it is in note values, which line of the music it is) of a file; raises ``FormatError``."""
    line, said = find_melody(read_score(data, name))
    return line, is_written(line, name), said


def in_note_values(melody: Score, written: bool) -> Score:
    """``melody`` as it stands if it is ``written``, else its first notes as they can be written down.

    Raises ``InputError``.
    """
    if written:
        return melody
    beats, original = take_rhythm(melody, melody.title, written)
    return beats.written.with_pitches(original.pitches)
