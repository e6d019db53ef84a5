"""Excerpts for a study: by piano models, from corpora, and for the study that ships with us."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from core.checkpoint import ModelCard
from core.codecs import PianoCodec, PianoRollCodec
from core.data.corpora import CORPORA, is_installed, load_corpus
from core.data.piece import Piece
from core.listening.database import StudyError
from core.listening.excerpts import HUMAN, SIXTEENTHS_QPM, Excerpt, FromCorpus, FromMusic21, Generated
from core.listening.groups import HEARD
from core.listening.networks import fingerprint, weights_of
from core.listening.studies import SECONDS, Draft

PIANO_CODECS = (PianoRollCodec.name, PianoCodec.name)
EXCERPTS_A_MODEL = 4
READY_MODELS = 4
"""at most, as in the paper: so a listener who hears models alone hears two excerpts by each"""
BEST_SUITED = ("piano-transformer", "roll-transformer")
"""networks that have a place in the study that ships with us; those after them are judged by their cards"""
READY_TITLE = "Machine or pianist?"
WORKS = "music21"
"""what the choice among corpora calls the works below"""
HELD_OUT = ("test", "valid")
"""splits that music by people is drawn from, the first that a corpus has"""


@dataclass(frozen=True)
class Work:
    """A passage of a piano piece out of copyright in music21's corpus."""

    path: str
    title: str
    seconds: float
    """that can be heard from ``start_sec`` on: to the end, or to where the next passage of the same piece begins"""
    start_sec: float = 0.0
    qpm: float = SIXTEENTHS_QPM

    def excerpt(self) -> Excerpt:
        return Excerpt(HUMAN, self.title, FromMusic21(self.path, self.start_sec, self.qpm))


ADAGIO_QPM = SIXTEENTHS_QPM / 2
READY_WORKS = (
    Work("chopin/mazurka06-2.krn", "F. Chopin, Mazurka in C-sharp minor, op. 6 no. 2", 76.0),
    Work("chopin/mazurka06-2.krn", "F. Chopin, Mazurka op. 6 no. 2, from bar 33", 96.0, start_sec=76.0),
    Work("cpebach/h186.mxl", "C. P. E. Bach, Sonata in A, H. 186, Poco adagio", 102.4, qpm=ADAGIO_QPM),
    Work(
        "cpebach/h186.mxl", "C. P. E. Bach, Poco adagio of H. 186, from bar 17", 100.0, start_sec=102.4, qpm=ADAGIO_QPM
    ),
    Work("joplin/maple_leaf_rag.mxl", "S. Joplin, Maple Leaf Rag, the trio", 53.0, start_sec=80.4),
    Work("schumann_clara/polonaise_op1n1.mxl", "C. Schumann, Polonaise in E-flat, op. 1 no. 1", 95.0),
    Work("schumann_clara/polonaise_op1n3.mxl", "C. Schumann, Polonaise in D, op. 1 no. 3", 114.0),
)
"""at most two a composer, all of whom died before 1918, and no opening that everybody knows; each is longer than
``SECONDS``, played slowly enough for the frames of the codec"""


def piano_cards(cards: Sequence[ModelCard]) -> list[ModelCard]:
    """Of the models that write piano music."""
    return [card for card in cards if card.codec in PIANO_CODECS]


def ready_study(cards: Sequence[ModelCard]) -> Draft | None:
    """The study that ships with the project: by people, and by the piano models that suit it best.

    None where there is no piano model, or none that has its weights.
    """
    models = best_suited([card for card in piano_cards(cards) if weights_of(card).is_file()])
    if not models:
        return None
    return Draft(READY_TITLE, (*by_models(models), *(work.excerpt() for work in READY_WORKS)), SECONDS)


def best_suited(models: Sequence[ModelCard]) -> list[ModelCard]:
    """``READY_MODELS`` at most, by name: ``BEST_SUITED``, then those of piano rolls that foretell best by their cards.

    The nll of a model that plays note by note is of notes and not of frames: another such comes last.
    """

    def rank(card: ModelCard) -> tuple[int, bool, float, str]:
        place = BEST_SUITED.index(card.network) if card.network in BEST_SUITED else len(BEST_SUITED)
        return place, card.codec != PianoRollCodec.name, card.metrics.get("nll", math.inf), card.name

    return sorted(sorted(models, key=rank)[:READY_MODELS], key=lambda card: card.name)


def by_models(models: Sequence[ModelCard], each: int = 0) -> list[Excerpt]:
    """So many excerpts by each model as it is now, or as many as a study needs, from seed 1 on.

    Raises ``InputError`` where a model's weights are missing.
    """
    each = each or max(EXCERPTS_A_MODEL, -(-HEARD // len(models)))
    return [
        Excerpt(card.name, f"{card.title}, seed {seed}", Generated(card.name, seed, weights=weights))
        for card, weights in [(card, fingerprint(card)) for card in models]
        for seed in range(1, each + 1)
    ]


def human_sources() -> dict[str, str]:
    """Name and title of all that excerpts by people can be drawn from."""
    from core.data.piano import MAESTRO_PIANO, POP909_PIANO

    installed = [name for name in (MAESTRO_PIANO, POP909_PIANO) if name in CORPORA and is_installed(name)]
    return {WORKS: "Piano works in music21's corpus"} | {name: CORPORA[name].title for name in installed}


def by_people(source: str, number: int, seconds: float, seed: int) -> list[Excerpt]:
    """So many excerpts, each another passage: of the works, or of held-out pieces of a corpus from anywhere in them.

    Raises ``InputError`` where fewer last so many seconds.
    """
    random = Random(seed)
    if source == WORKS:
        return drawn([work.excerpt() for work in READY_WORKS if work.seconds >= seconds], number, random)
    excerpts = []
    for piece in held_out(source):
        if piece.played is None or (rest := float(piece.played[:, 0].max()) - seconds) < 0:
            continue  # too short
        start = round(random.uniform(0, rest), 2)
        who = " ".join(filter(None, (piece.metadata.get("composer"), piece.metadata.get("title", piece.id))))
        excerpts.append(Excerpt(HUMAN, f"{who}, from {start:.0f} s", FromCorpus(source, piece.id, start)))
    return drawn(excerpts, number, random)


def held_out(corpus: str) -> list[Piece]:
    """The test pieces of a corpus, of one without any the validation pieces: no model learns from either."""
    pieces = load_corpus(corpus)
    for split in HELD_OUT:
        if found := [piece for piece in pieces if piece.split == split]:
            return found
    raise StudyError(f"No piece of {CORPORA[corpus].title} is held out from models; choose other music by people.")


def drawn(excerpts: list[Excerpt], number: int, random: Random) -> list[Excerpt]:
    if number > len(excerpts):
        raise StudyError(
            f"Of the {number} excerpts by people only {len(excerpts)} can be so long; take shorter ones, or fewer."
        )
    return random.sample(excerpts, number)
