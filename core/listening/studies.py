"""Studies as their leader sees them: made, watched, closed."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import InputError
from core.listening import schema
from core.listening.database import StudyError, reading, writing
from core.listening.excerpts import Excerpt, source_to_json
from core.listening.groups import HEARD, HUMAN_HEARD
from core.listening.instrument import instrument_here

SECONDS = 40.0
"""of an excerpt, where the leader does not say otherwise"""
SHORTEST, LONGEST = 5.0, 120.0
MAX_TITLE = 100
MAX_EXCERPTS = 1_000


@dataclass(frozen=True)
class Draft:
    """A study before it is stored."""

    title: str
    excerpts: tuple[Excerpt, ...]
    seconds: float = SECONDS

    @property
    def fingerprint(self) -> str:
        """The same for the same study."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Study:
    """A stored study and how far it has come."""

    id: str
    title: str
    seconds: float
    created: str
    """the day, by UTC"""
    is_open: bool
    instrument: str | None
    """what plays it; None until it is first played, where nothing was installed or an older version made it"""
    num_excerpts: int
    num_listeners: int
    num_answers: int
    num_finished: int


def add_study(engine: Engine, draft: Draft, id_: str | None = None) -> str:
    """Stores a study and opens it; returns its id. One that is there already under this id is left as it is.

    Raises ``StudyError`` where it could not be answered: too few excerpts, for one.
    """
    check(draft)
    id_ = id_ or secrets.token_hex(5)
    facts = {
        "id": id_,
        "title": draft.title.strip(),
        "seconds": draft.seconds,
        "created": datetime.now(UTC).date().isoformat(),
        "is_open": True,
        "instrument": None,
    }
    with suppress(InputError):
        facts["instrument"] = instrument_here()
    with writing(engine) as connection:
        put = insert(engine)(schema.studies).values(facts).on_conflict_do_nothing().returning(schema.studies.c.id)
        if connection.execute(put).scalar_one_or_none():  # it is new
            connection.execute(
                schema.excerpts.insert(),
                [
                    {"study": id_, "number": i, "maker": e.maker, "title": e.title, "source": source_to_json(e.source)}
                    for i, e in enumerate(draft.excerpts)
                ],
            )
    return id_


def insert(engine: Engine) -> Callable[..., Any]:
    """The INSERT that knows ON CONFLICT, which is no part of the standard."""
    return postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert


def check(draft: Draft) -> None:
    """Raises ``StudyError`` where a draft has not what every group needs."""
    makers = Counter(excerpt.maker for excerpt in draft.excerpts if not excerpt.is_human)
    num_human = len(draft.excerpts) - makers.total()
    needed = -(-HEARD // max(len(makers), 1))
    if not 0 < len(draft.title.strip()) <= MAX_TITLE:
        raise StudyError(f"Give the study a title of at most {MAX_TITLE} characters.")
    if not SHORTEST <= draft.seconds <= LONGEST:
        raise StudyError(f"An excerpt lasts {SHORTEST:g} to {LONGEST:g} seconds; choose another length.")
    if not makers:
        raise StudyError("Choose at least one model.")
    if min(makers.values()) < needed:
        raise StudyError(f"A listener hears {HEARD} excerpts: take at least {needed} by each model.")
    if num_human < max(HUMAN_HEARD.values()):
        raise StudyError(f"Take at least {max(HUMAN_HEARD.values())} excerpts by people.")
    if len(draft.excerpts) > MAX_EXCERPTS:
        raise StudyError(f"Take at most {MAX_EXCERPTS} excerpts.")


def list_studies(engine: Engine) -> list[Study]:
    """All studies, the latest first."""
    with reading(engine) as connection:
        listeners, heard = schema.listeners, schema.hearings
        excerpts = counts(connection, select(schema.excerpts.c.study, func.count()))
        begun = counts(connection, select(listeners.c.study, func.count(listeners.c.code)))
        finished = counts(connection, select(listeners.c.study, func.count(listeners.c.favourite)))
        given = counts(
            connection,
            select(heard.c.study, func.count()).join_from(
                heard, schema.answers,
                (heard.c.code == schema.answers.c.code) & (heard.c.place == schema.answers.c.place),
            ),
        )  # fmt: skip
        rows = connection.execute(select(schema.studies).order_by(schema.studies.c.created.desc(), schema.studies.c.id))
        return [
            Study(
                **row._mapping,
                num_excerpts=excerpts.get(row.id, 0),
                num_listeners=begun.get(row.id, 0),
                num_answers=given.get(row.id, 0),
                num_finished=finished.get(row.id, 0),
            )
            for row in rows
        ]


def counts(connection: Connection, query: Any) -> dict[str, int]:
    """From (study, count of something in it)."""
    column = query.selected_columns[0]
    return {study: number for study, number in connection.execute(query.group_by(column))}  # noqa: C416  rows are no pairs


def find_study(engine: Engine, id_: str) -> Study | None:
    return next((study for study in list_studies(engine) if study.id == id_), None)


def set_open(engine: Engine, study: str, is_open: bool) -> None:
    """Closes a study to new listeners and further answers, or opens it again."""
    with writing(engine) as connection:
        connection.execute(update(schema.studies).where(schema.studies.c.id == study).values(is_open=is_open))
