"""A study as one listener sees it: their own excerpts by place, their own answers, and nothing else.

A listener is a random code; nothing else is known of them, but until their first answer when they began. What a visit
reads of labels is those of music that is heard labelled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Engine, Row, case, delete, func, null, select, update

from core.listening import schema
from core.listening.database import StudyError, reading, writing
from core.listening.excerpts import HUMAN
from core.listening.groups import HEARD, LABELLED, draw, next_group, read_code
from core.listening.studies import insert

MACHINE = "machine"
RATINGS = ("appeal", "melody", "realism")
LOWEST, HIGHEST = 1, 5
ABANDONED_SEC = 3600.0
"""after which who has not answered once is forgotten, when the next one joins"""


class UnknownListenerError(StudyError):
    """A code that is no listener's."""

    def __init__(self) -> None:
        super().__init__("There is no listener with this code; check it, or begin anew.")


class Answer(NamedTuple):
    """What a listener says of one excerpt: three ratings from 1 to 5, and who wrote it where that is asked."""

    appeal: int
    melody: int
    realism: int
    guess: str | None = None
    """``human`` or ``machine``; None of labelled music"""


@dataclass(frozen=True)
class Visit:
    """How far a listener has come. Places count from 0 in the order in which they hear their excerpts."""

    code: str
    study: str
    title: str
    seconds: float
    is_open: bool
    labelled: bool
    labels: tuple[str | None, ...]
    """``human`` or ``machine`` for each place where the music is labelled, else None"""
    answers: tuple[Answer | None, ...]
    favourite: int | None

    @property
    def next_place(self) -> int | None:
        """The first place without an answer."""
        return self.answers.index(None) if None in self.answers else None


def join(engine: Engine, study: str, code: str, clock: Callable[[], float] = time.time) -> Visit:
    """Takes a new listener into the smallest group and sets down what they hear; one who is there already goes on.

    Listeners of one study join one after the other, so that groups differ by at most one, but for those who gave up
    before their first answer. Raises ``StudyError``.

    Parameters
    ----------
    clock
        Seconds by a clock that all servers share.
    """
    with writing(engine) as connection:
        table = schema.studies
        found = connection.execute(select(table).where(table.c.id == study).with_for_update()).one_or_none()
        if find_listener(connection, code) is None:
            if found is None or not found.is_open:
                raise StudyError("This study takes no more listeners.")
            now = clock()
            forget_abandoned(connection, study, now - ABANDONED_SEC)
            admit(connection, study, code, now)
    return visit(engine, code)


def forget_abandoned(connection: Connection, study: str, until: float) -> None:
    """Deletes who began by that time and has not answered once: whoever likes may press Begin without end."""
    people, heard = schema.listeners, schema.hearings
    abandoned = (people.c.study == study) & (people.c.begun <= until)
    connection.execute(delete(heard).where(heard.c.code.in_(select(people.c.code).where(abandoned))))
    connection.execute(delete(people).where(abandoned))


def admit(connection: Connection, study: str, code: str, now: float) -> None:
    listeners, hearings, excerpts = schema.listeners, schema.hearings, schema.excerpts
    counted = listeners.c.study == study
    members = select(listeners.c.listener_group, func.count()).where(counted).group_by(listeners.c.listener_group)
    sizes = {group: size for group, size in connection.execute(members)}  # noqa: C416
    given = select(hearings.c.number, func.count()).join_from(hearings, listeners, hearings.c.code == listeners.c.code)
    heard = {number: times for number, times in connection.execute(given.where(counted).group_by(hearings.c.number))}  # noqa: C416
    by_number = select(excerpts.c.maker).where(excerpts.c.study == study).order_by(excerpts.c.number)
    makers = connection.execute(by_number).scalars().all()
    group = next_group(sizes, code)
    connection.execute(listeners.insert(), {"code": code, "study": study, "listener_group": group, "begun": now})
    connection.execute(
        hearings.insert(),
        [
            {"code": code, "place": place, "study": study, "number": number}
            for place, number in enumerate(draw(group, makers, heard, code))
        ],
    )


def visit(engine: Engine, code: str) -> Visit:
    """What the listener of a code may see; raises ``StudyError`` where there is none."""
    heard, given, made = schema.hearings, schema.answers, schema.excerpts
    with reading(engine) as connection:
        listener = known(connection, code)
        labelled = listener.listener_group == LABELLED
        label = case((made.c.maker == HUMAN, HUMAN), else_=MACHINE) if labelled else null()
        query = (
            select(heard.c.place, label.label("label"), given.c.appeal, given.c.melody, given.c.realism, given.c.guess)
            .join_from(heard, made, (made.c.study == heard.c.study) & (made.c.number == heard.c.number))
            .outerjoin(given, (given.c.code == heard.c.code) & (given.c.place == heard.c.place))
        )
        rows = connection.execute(query.where(heard.c.code == code).order_by(heard.c.place)).all()
    return Visit(
        code=code,
        study=listener.study,
        title=listener.title,
        seconds=listener.seconds,
        is_open=listener.is_open,
        labelled=labelled,
        labels=tuple(row.label for row in rows),
        answers=tuple(None if row.appeal is None else Answer(*row[2:]) for row in rows),
        favourite=listener.favourite,
    )


def visit_by(engine: Engine, text: str) -> Visit:
    """The visit of a code as somebody typed it; raises ``StudyError`` where it is no listener's."""
    code = read_code(text)
    if code is None:  # a database may refuse to look for what was typed
        raise UnknownListenerError
    return visit(engine, code)


def answer(engine: Engine, code: str, place: int, given: Answer) -> None:
    """Stores an answer; when this returns it is stored for good. The same place again replaces it.

    Raises ``StudyError``, and then nothing has changed.
    """
    with writing(engine) as connection:
        listener = open_to(connection, code)
        check(given, guessed=listener.listener_group != LABELLED)
        if hearing(connection, code, place) is None:
            raise StudyError("There is no such excerpt in this study; open it again with your code.")
        put = insert(engine)(schema.answers).values(code=code, place=place, **given._asdict())
        connection.execute(put.on_conflict_do_update(index_elements=["code", "place"], set_=given._asdict()))
        person = schema.listeners.c
        began = (person.code == code) & person.begun.is_not(None)
        connection.execute(update(schema.listeners).where(began).values(begun=None))  # it has served its turn


def favour(engine: Engine, code: str, place: int) -> None:
    """Stores which excerpt a listener liked best, once all are answered; raises ``StudyError``."""
    given = schema.answers
    with writing(engine) as connection:
        open_to(connection, code)
        missing = (
            select(func.count())
            .select_from(schema.hearings)
            .outerjoin(
                given, (given.c.code == schema.hearings.c.code) & (given.c.place == schema.hearings.c.place)
            )
            .where(schema.hearings.c.code == code, given.c.code.is_(None))
        )  # fmt: skip
        if connection.execute(missing).scalar():
            raise StudyError("Rate every excerpt first, then choose the one you liked best.")
        if hearing(connection, code, place) is None:
            raise StudyError("There is no such excerpt in this study; choose one of yours.")
        connection.execute(update(schema.listeners).where(schema.listeners.c.code == code).values(favourite=place))


def excerpt_at(engine: Engine, code: str, place: int) -> tuple[str, int]:
    """(study, number) of what a listener hears at a place, for the server to play; raises ``StudyError``."""
    with reading(engine) as connection:
        found = hearing(connection, code, place)
    if found is None:
        raise StudyError("There is no such excerpt in this study; open it again with your code.")
    return found.study, found.number


def find_listener(connection: Connection, code: str) -> Row[tuple[str, ...]] | None:
    """A listener beside the facts of their study."""
    people, table = schema.listeners, schema.studies
    query = select(people, table.c.title, table.c.seconds, table.c.is_open).join_from(
        people, table, people.c.study == table.c.id
    )
    return connection.execute(query.where(people.c.code == code)).one_or_none()


def known(connection: Connection, code: str) -> Row[tuple[str, ...]]:
    listener = find_listener(connection, code)
    if listener is None:
        raise UnknownListenerError
    return listener


def open_to(connection: Connection, code: str) -> Row[tuple[str, ...]]:
    """A listener whose study still takes answers; raises ``StudyError``."""
    listener = known(connection, code)
    if not listener.is_open:
        raise StudyError("This study is closed and takes no more answers.")
    return listener


def hearing(connection: Connection, code: str, place: int) -> Row[tuple[str, ...]] | None:
    table = schema.hearings
    if not 0 <= place < HEARD:  # nor is every number one of the database's
        return None
    return connection.execute(select(table).where(table.c.code == code, table.c.place == place)).one_or_none()


def check(given: Answer, guessed: bool) -> None:
    if not all(type(rating) is int and LOWEST <= rating <= HIGHEST for rating in given[:3]):
        raise StudyError(f"Give each rating from {LOWEST} to {HIGHEST}.")
    if given.guess not in ((HUMAN, MACHINE) if guessed else (None,)):
        raise StudyError("Say whether a person or a machine wrote it." if guessed else "Who wrote it is not asked.")
