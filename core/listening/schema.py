"""The tables of the studies, and the steps that bring the database of an older version up to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Boolean, Column, Connection, Engine, Float, Integer, MetaData, Table, Text, text

from core.listening.database import StudyError, open_database, writing

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE studies (
            id TEXT PRIMARY KEY,
            title TEXT NOT NULL,
            seconds DOUBLE PRECISION NOT NULL,
            created TEXT NOT NULL,
            is_open BOOLEAN NOT NULL
        )
        """,
        """
        CREATE TABLE excerpts (
            study TEXT NOT NULL REFERENCES studies (id),
            number INTEGER NOT NULL,
            maker TEXT NOT NULL,
            title TEXT NOT NULL,
            source TEXT NOT NULL,
            notes TEXT,
            PRIMARY KEY (study, number)
        )
        """,
        """
        CREATE TABLE listeners (
            code TEXT PRIMARY KEY,
            study TEXT NOT NULL REFERENCES studies (id),
            listener_group TEXT NOT NULL CHECK (listener_group IN ('A', 'B', 'C')),
            favourite INTEGER
        )
        """,
        "CREATE INDEX listeners_by_study ON listeners (study)",
        """
        CREATE TABLE hearings (
            code TEXT NOT NULL REFERENCES listeners (code),
            place INTEGER NOT NULL,
            study TEXT NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (code, place),
            UNIQUE (code, number),
            FOREIGN KEY (study, number) REFERENCES excerpts (study, number)
        )
        """,
        "CREATE INDEX hearings_by_study ON hearings (study, number)",
        """
        CREATE TABLE answers (
            code TEXT NOT NULL,
            place INTEGER NOT NULL,
            appeal INTEGER NOT NULL CHECK (appeal BETWEEN 1 AND 5),
            melody INTEGER NOT NULL CHECK (melody BETWEEN 1 AND 5),
            realism INTEGER NOT NULL CHECK (realism BETWEEN 1 AND 5),
            guess TEXT CHECK (guess IN ('human', 'machine')),
            PRIMARY KEY (code, place),
            FOREIGN KEY (code, place) REFERENCES hearings (code, place)
        )
        """,
    ),
    (
        """
        CREATE TABLE doors (
            name TEXT PRIMARY KEY,
            failures INTEGER NOT NULL,
            closed_until DOUBLE PRECISION NOT NULL
        )
        """,
        "INSERT INTO doors VALUES ('leader', 0, 0)",
    ),
    (
        "ALTER TABLE studies ADD COLUMN instrument TEXT",
        "ALTER TABLE listeners ADD COLUMN begun DOUBLE PRECISION",
        "UPDATE listeners SET begun = 0 WHERE code NOT IN (SELECT code FROM answers)",
    ),
)
"""Step n makes version n of the tables from version n - 1. A step that has been released is never changed."""

LOCK = 0x70_75_6E_65
"""any number that other users of the same PostgreSQL server are unlikely to lock"""

tables = MetaData()
studies = Table(
    "studies", tables,
    Column("id", Text, primary_key=True), Column("title", Text), Column("seconds", Float), Column("created", Text),
    Column("is_open", Boolean), Column("instrument", Text),
)  # fmt: skip
excerpts = Table(
    "excerpts", tables,
    Column("study", Text, primary_key=True), Column("number", Integer, primary_key=True), Column("maker", Text),
    Column("title", Text), Column("source", Text), Column("notes", Text),
)  # fmt: skip
listeners = Table(
    "listeners", tables,
    Column("code", Text, primary_key=True), Column("study", Text), Column("listener_group", Text),
    Column("favourite", Integer), Column("begun", Float),
)  # fmt: skip
hearings = Table(
    "hearings", tables,
    Column("code", Text, primary_key=True), Column("place", Integer, primary_key=True), Column("study", Text),
    Column("number", Integer),
)  # fmt: skip
answers = Table(
    "answers", tables,
    Column("code", Text, primary_key=True), Column("place", Integer, primary_key=True), Column("appeal", Integer),
    Column("melody", Integer), Column("realism", Integer), Column("guess", Text),
)  # fmt: skip
doors = Table(
    "doors", tables,
    Column("name", Text, primary_key=True), Column("failures", Integer), Column("closed_until", Float),
)  # fmt: skip


def open_studies(address: str | None = None) -> Engine:
    """The database of the studies with the present tables, by default that of this installation; ``StudyError``."""
    engine = open_database(address)
    migrate(engine)
    return engine


def migrate(engine: Engine, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Does the steps that the database lacks, all or none; who comes at the same time waits.

    Raises ``StudyError`` where a newer version of the program made it.
    """
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":  # SQLite's writers take turns by themselves
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        version = schema_version(connection)
        if version > len(migrations):
            raise StudyError("The database of the studies was made by a newer Tunesmith; update this one.")
        for number, step in enumerate(migrations[version:], start=version + 1):
            for statement in step:
                connection.execute(text(statement))
            connection.execute(text("INSERT INTO schema_version VALUES (:number)"), {"number": number})


def schema_version(connection: Connection) -> int:
    """The last step that was done, 0 in an empty database."""
    connection.execute(text("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)"))
    return connection.execute(text("SELECT max(version) FROM schema_version")).scalar() or 0
