"""Excerpts for a study: by every piano model that there is, from corpora, and for the study that ships with us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from core.checkpoint import ModelCard
from core.codecs import PianoCodec, PianoRollCodec
from core.data.corpora import CORPORA, is_installed, pieces_of
from core.listening.database import StudyError
from core.listening.excerpts import HUMAN, SIXTEENTHS_QPM, Excerpt, FromCorpus, FromMusic21, Generated
from core.listening.groups import HEARD
from core.listening.studies import SECONDS, Draft

PIANO_CODECS = (PianoRollCodec.name, PianoCodec.name)
EXCERPTS_A_MODEL = 4
READY_TITLE = "Machine or pianist?"
WORKS = "music21"
"""what the choice among corpora calls the works below"""


@dataclass(frozen=True)
class Work:
    """A piano piece out of copyright in music21's corpus."""

    path: str
    title: str
    qpm: float = SIXTEENTHS_QPM

    def excerpt(self) -> Excerpt:
        return Excerpt(HUMAN, self.title, FromMusic21(self.path, qpm=self.qpm))


READY_WORKS = (
    Work("chopin/mazurka06-2.krn", "F. Chopin, Mazurka in C-sharp minor, op. 6 no. 2"),
    Work("cpebach/h186.mxl", "C. P. E. Bach, Sonata in A, H. 186, second movement", qpm=SIXTEENTHS_QPM / 2),
    Work("joplin/maple_leaf_rag.mxl", "S. Joplin, Maple Leaf Rag"),
    Work("schumann_clara/polonaise_op1n1.mxl", "C. Schumann, Polonaise in E-flat, op. 1 no. 1"),
    Work("schumann_clara/polonaise_op1n2.mxl", "C. Schumann, Polonaise in C, op. 1 no. 2"),
    Work("schumann_clara/polonaise_op1n3.mxl", "C. Schumann, Polonaise in D, op. 1 no. 3"),
    Work("schumann_clara/polonaise_op1n4.mxl", "C. Schumann, Polonaise in C, op. 1 no. 4"),
)
"""their composers died before 1918; each is as long as an excerpt, played slowly enough for the frames of the codec"""


def piano_cards(cards: Sequence[ModelCard]) -> list[ModelCard]:
    """Of the models that write piano music."""
    return [card for card in cards if card.codec in PIANO_CODECS]


def ready_study(cards: Sequence[ModelCard]) -> Draft | None:
    """The study that ships with the project: by people, and by every piano model; None where there is no such model."""
    models = piano_cards(cards)
    if not models:
        return None
    return Draft(READY_TITLE, (*by_models(models), *(work.excerpt() for work in READY_WORKS)), SECONDS)


def by_models(models: Sequence[ModelCard], each: int = 0) -> list[Excerpt]:
    """So many excerpts by each model, or as many as a study needs, from seed 1 on."""
    each = each or max(EXCERPTS_A_MODEL, -(-HEARD // len(models)))
    return [
        Excerpt(card.name, f"{card.title}, seed {seed}", Generated(card.name, seed))
        for card in models
        for seed in range(1, each + 1)
    ]


def human_sources() -> dict[str, str]:
    """Name and title of all that excerpts by people can be drawn from."""
    from core.data.piano import MAESTRO_PIANO, POP909_PIANO

    installed = [name for name in (MAESTRO_PIANO, POP909_PIANO) if name in CORPORA and is_installed(name)]
    return {WORKS: "Piano works in music21's corpus"} | {name: CORPORA[name].title for name in installed}


def by_people(source: str, number: int, seconds: float, seed: int) -> list[Excerpt]:
    """So many excerpts, each of another piece: of the works, or of the test pieces of a corpus from anywhere in them.

    Raises ``InputError`` where there are fewer.
    """
    random = Random(seed)
    if source == WORKS:
        return drawn([work.excerpt() for work in READY_WORKS], number, random)
    excerpts = []
    for piece in pieces_of(source, "test"):
        if piece.played is None or (rest := float(piece.played[:, 0].max()) - seconds) < 0:
            continue  # too short
        start = round(random.uniform(0, rest), 2)
        who = " ".join(filter(None, (piece.metadata.get("composer"), piece.metadata.get("title", piece.id))))
        excerpts.append(Excerpt(HUMAN, f"{who}, from {start:.0f} s", FromCorpus(source, piece.id, start)))
    return drawn(excerpts, number, random)


def drawn(excerpts: list[Excerpt], number: int, random: Random) -> list[Excerpt]:
    if number > len(excerpts):
        raise StudyError(f"There are only {len(excerpts)} pieces that are long enough; take fewer excerpts by people.")
    return random.sample(excerpts, number)
