"""Where the studies and their answers are kept: one SQLite file, or a PostgreSQL database by its address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import InputError

VARIABLE = "TUNESMITH_STUDIES"
WAIT_SEC = 30.0
"""for a turn to write, or for a connection"""
LASTING = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_ERROR")
"""errors of SQLite's, and beginnings of such, that are the same at the next try"""
POSTGRES = {"postgres", "postgresql"}
WRITES = "tunesmith_writes"


class StudyError(InputError):
    """What a listener or a study's leader cannot do, or a database that does not answer."""


def database_address() -> str:
    """``TUNESMITH_STUDIES``, a URL, or that of a file in the user's data folder."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return os.environ.get(VARIABLE) or f"sqlite:///{data / 'tunesmith' / 'studies.db'}"


def open_database(address: str | None = None) -> Engine:
    """Connections to the database at a URL, by default ``database_address()``; its tables may be those of an old one.

    Raises ``StudyError`` where the address is none, or of another kind of database.
    """
    url = parsed(address or database_address())
    return sqlite(url) if url.get_backend_name() == "sqlite" else create_engine(
        url, pool_pre_ping=True, pool_timeout=WAIT_SEC, connect_args={"connect_timeout": 10}
    )  # fmt: skip


def parsed(address: str) -> URL:
    try:
        url = make_url(address)
        if url.drivername in POSTGRES:
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "postgresql" or (url.get_backend_name() == "sqlite" and url.database):
            return url
    except (ArgumentError, NoSuchModuleError, ValueError):
        pass
    raise StudyError(f"{VARIABLE} must be like sqlite:////folder/studies.db or postgresql://user:password@host/name.")


def sqlite(url: URL) -> Engine:
    """A file in WAL mode: readers and the one writer do not wait for each other, and what is committed is on disk.

    The driver's own way of beginning transactions would take the turn to write late, in the middle of one, where two
    that have read already can only fail; so BEGIN is said here, and one that writes waits for its turn at once.
    """
    try:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"The folder of {url.database} cannot be made; set {VARIABLE} to another place.") from error
    engine = create_engine(url, pool_timeout=WAIT_SEC, connect_args={"timeout": WAIT_SEC})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def reading(engine: Engine, *, writes: bool = False) -> Iterator[Connection]:
    """One transaction. Raises ``StudyError`` where the database cannot be used; then nothing of it is stored."""
    try:
        with engine.execution_options(**{WRITES: writes}).begin() as connection:
            yield connection
    except (DBAPIError, PoolTimeoutError) as error:
        cause = getattr(error, "orig", None)
        if getattr(cause, "sqlite_errorname", "").startswith(LASTING):
            raise StudyError(
                f"{engine.url.database} cannot be used as the database of the studies ({cause}); set {VARIABLE} to "
                "another file, or restore this one."
            ) from error
        raise StudyError("The database of the studies does not answer; try again in a moment.") from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: when the block is left, all of it is stored for good; on an error nothing is."""
    with reading(engine, writes=True) as connection:
        yield connection
