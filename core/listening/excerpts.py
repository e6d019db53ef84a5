"""What can be heard in a study, and where its notes come from."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.listening.database import StudyError
from core.score import Note, Score

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint
    from core.piano import OnSeconds

HUMAN = "human"
"""the maker of what people wrote; that of all else is a checkpoint's name"""
QPM = 120.0
"""of a performance: its times are seconds, two quarters each"""
SIXTEENTHS_QPM = 75.0
"""at which a sixteenth lasts one frame of a piano roll with five a second"""
SHORTEST_SEC = 0.001
"""of a note that the end of an excerpt leaves"""
LEAD_SEC = 5.0
"""that a model writes more than is heard, as it may begin with a rest, which is left out"""

Load = Callable[[str], "Checkpoint"]


class Source(ABC):
    """Where the notes of an excerpt come from."""

    @abstractmethod
    def performance(self, seconds: float, load: Load, on_seconds: OnSeconds | None = None) -> Score:
        """So many seconds of music at ``QPM``, from a note on; raises ``InputError``.

        ``load`` loads checkpoints; ``on_seconds`` is told every now and then how many seconds a model has written, and
        what it raises ends that.
        """


@dataclass(frozen=True)
class Generated(Source):
    """By a trained piano model, from nothing but a seed and, if it knows styles, a style."""

    checkpoint: str
    seed: int
    style: str = ""
    weights: str = ""
    """the fingerprint of the network that the study was made with; empty in studies of older versions"""

    def performance(self, seconds: float, load: Load, on_seconds: OnSeconds | None = None) -> Score:
        from core.codecs.fields import ANY
        from core.listening.networks import fingerprint
        from core.piano import write_piano

        checkpoint = load(self.checkpoint)
        if self.weights and fingerprint(checkpoint.card) != self.weights:
            raise StudyError(
                f"The model {self.checkpoint} is no longer the one that this study was made with; restore its "
                "checkpoint, or close the study and make another."
            )
        sampling = replace(checkpoint.card.sampling_defaults, seed=self.seed)
        style = self.style or ANY
        made = write_piano(checkpoint, seconds + LEAD_SEC, sampling, style=style, on_seconds=on_seconds)
        return cut(made.score, 0.0, seconds)


@dataclass(frozen=True)
class FromCorpus(Source):
    """Played by a person: a piece of an installed corpus of performances, from a second on."""

    corpus: str
    piece: str
    start_sec: float

    def performance(self, seconds: float, load: Load, on_seconds: OnSeconds | None = None) -> Score:
        from core.data.corpora import load_corpus
        from core.data.piano import played_score

        piece = next((piece for piece in load_corpus(self.corpus) if piece.id == self.piece), None)
        if piece is None or piece.played is None:
            raise StudyError(
                f"The corpus {self.corpus} has no performance {self.piece!r}; install the one of the study."
            )
        return cut(played_score(piece.played), self.start_sec, seconds)


@dataclass(frozen=True)
class FromMusic21(Source):
    """Written by a person: a piece that music21 brings along, played in strict time, without its repeats."""

    path: str
    """below music21's own corpus"""
    start_sec: float = 0.0
    qpm: float = SIXTEENTHS_QPM

    def performance(self, seconds: float, load: Load, on_seconds: OnSeconds | None = None) -> Score:
        import music21

        file = Path(music21.__file__).parent / "corpus" / self.path
        try:
            # kept by music21 it would be a pickle in a folder that others may write to
            stream = music21.converter.parse(file, forceSource=True, storePickle=False).stripTies()
        except (OSError, music21.exceptions21.Music21Exception) as error:
            raise StudyError(f"music21's corpus has no piece {self.path}; install the version required.") from error
        notes = [
            Note(float(element.getOffsetInHierarchy(stream)), float(element.quarterLength), pitch.midi)
            for element in stream.recurse().notes
            for pitch in element.pitches
            if element.quarterLength > 0  # not a grace note
        ]
        return cut(Score(tuple(notes), self.qpm), self.start_sec, seconds)


SOURCES: dict[str, type[Source]] = {"model": Generated, "corpus": FromCorpus, "music21": FromMusic21}


@dataclass(frozen=True)
class Excerpt:
    """Some seconds of music by one maker; ``title`` is for the leader of the study alone."""

    maker: str
    title: str
    source: Source

    @property
    def is_human(self) -> bool:
        return self.maker == HUMAN


def source_to_json(source: Source) -> str:
    kind = next(kind for kind, cls in SOURCES.items() if type(source) is cls)
    return json.dumps({"kind": kind, **asdict(source)}, sort_keys=True)  # type: ignore[call-overload]


def json_to_source(text: str) -> Source:
    """Raises ``StudyError`` on what no version of this program has written, or only a newer one."""
    try:
        values = json.loads(text)
        return SOURCES[values.pop("kind")](**values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StudyError("An excerpt of this study is of a kind that is not known; update Tunesmith.") from error


def cut(score: Score, start_sec: float, seconds: float) -> Score:
    """The notes that begin within ``seconds`` of the first one at or after ``start_sec``, at ``QPM``, from time 0 on.

    A note that goes on longer ends with the excerpt. Raises ``StudyError`` where there are none.
    """
    rate = 60.0 / score.qpm
    timed = [(note.onset * rate, note.duration * rate, note) for note in score.notes]
    start = next((onset for onset, _, _ in timed if onset > start_sec - SHORTEST_SEC), None)
    if start is None:
        raise StudyError("There is no music in an excerpt of this study; whoever leads it has to make another.")
    quarters = QPM / 60.0
    notes = [
        note._replace(onset=(onset - start) * quarters, duration=min(length, start + seconds - onset) * quarters)
        for onset, length, note in timed
        if start <= onset < start + seconds - SHORTEST_SEC
    ]
    return Score(tuple(notes), QPM)
