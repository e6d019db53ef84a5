"""What the views of the listening study share: the database, the study that ships with the project, sound."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import Engine

from core.checkpoint import load_checkpoint
from core.listening.database import database_address
from core.listening.making import ready_study
from core.listening.schema import open_studies
from core.listening.sound import sound_of
from core.listening.studies import Study, add_study, find_study, list_studies
from core.ui.turns import shared, turn
from core.ui.work import cards

READY = "ready-"
"""what the ids of studies that ship with the project begin with"""


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


@shared(32)  # a sound is the same for ever, and who listens need not wait for those who compose
def prepared(engine: Engine, study: str, number: int) -> bytes:
    """The sound of an excerpt, which is made when it is first wanted; raises ``InputError``.

    A model is read from the disk, which is what a study's fingerprint is of: the one that the pages keep may be older.
    """
    return sound_of(engine, study, number, load_checkpoint, turn)
