"""What the views of the listening study share: the database, the study that ships with the project, sound."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st
from sqlalchemy import Engine

from core.checkpoint import load_checkpoint
from core.errors import InputError
from core.listening.database import database_address
from core.listening.making import ready_study
from core.listening.schema import open_studies
from core.listening.sound import sound_of
from core.listening.studies import Study, add_study, find_study, list_studies
from core.piano import OnSeconds
from core.ui.progress import Progress
from core.ui.turns import shelf, turn
from core.ui.work import cards

READY = "ready-"
"""what the ids of studies that ship with the project begin with"""
PREPARING = "listening.prepare"
STOP = f"{PREPARING}.stop"
"""the button of ``prepare``"""
MAX_SOUNDS = 32
"""that are kept for all visits"""


def studies_database() -> Engine:
    """The database of the studies, shared by all visits; raises ``StudyError``."""
    return opened(database_address())


@st.cache_resource(max_entries=4, show_spinner=False)
def opened(address: str) -> Engine:
    return open_studies(address)


def ready(engine: Engine) -> Study | None:
    """The study that ships with the project: the one that is open, else of the models that there are now.

    So it stays the same, whatever is trained meanwhile, until it is closed. None where there is no piano model.
    """
    if found := next((study for study in list_studies(engine) if study.is_open and study.id.startswith(READY)), None):
        return found
    draft = ready_study(cards())
    if draft is None:
        return None
    id_ = f"{READY}{draft.fingerprint}"
    return find_study(engine, id_) or find_study(engine, add_study(engine, draft, id_))


def prepared(engine: Engine, study: str, number: int, on_seconds: OnSeconds | None = None) -> bytes:
    """The sound of an excerpt, which is made when it is first wanted; raises ``InputError``, and what the call raises.

    A model is read from the disk, which is what a study's fingerprint is of: the one that the pages keep may be older.
    """

    def make() -> bytes:
        return sound_of(engine, study, number, load_checkpoint, turn, on_seconds)

    # a sound is the same for ever, and who listens need not wait for those who compose
    sound: bytes = shelf("listening.sounds", MAX_SOUNDS).find((engine, study, number), make)
    return sound


def show_ready(progress: Progress, done: int, total: int, _sec: float = 0.0) -> None:
    """Where the button was pressed the run ends here. Nobody goes first: they may wait for this very excerpt."""
    progress.bar.progress(done / total, f"Preparing the music: {done} of {total} are ready …")


def prepare(engine: Engine, excerpts: Sequence[tuple[str, int]]) -> None:
    """Has excerpts, (study, number) each, made in this order, with a bar and a button that ends it: ``STOP``.

    What is made by then is kept. Raises ``InputError``.
    """
    progress = Progress("", PREPARING)
    try:
        for done, (study, number) in enumerate(excerpts):
            look = partial(show_ready, progress, done, len(excerpts))
            look()
            prepared(engine, study, number, look)
    except InputError:
        progress.end()
        raise
    progress.end()
