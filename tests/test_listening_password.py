"""The door of the study leader's view: whoever guesses waits, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from core.listening import schema
from core.listening.database import StudyError, open_database, reading
from core.listening.password import FREE_TRIES, LONGEST_WAIT_SEC, MAX_DOUBLINGS, Door
from core.listening.schema import MIGRATIONS, migrate, open_studies
from tests.studies import address, postgres

__all__ = ["address", "postgres"]  # fixtures


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    found = open_studies(address)
    yield found
    found.dispose()


def test_wrong_passwords_are_slowed_for_everyone(engine: Engine) -> None:
    now = [0.0]
    door = Door(engine, lambda: now[0])
    assert not door.opens("wrong", "right")
    assert door.opens("right", "right")
    assert [door.opens(wrong, "right") for wrong in ("", "Right", "right ")] == [False] * 3
    with pytest.raises(StudyError, match="2 seconds"):
        door.opens("right", "right")
    for _ in range(20):
        now[0] += LONGEST_WAIT_SEC
        assert not door.opens("\ud800", "right")
    now[0] += LONGEST_WAIT_SEC - 1
    with pytest.raises(StudyError, match="1 second"):
        door.opens("right", "right")
    now[0] += 1
    assert door.opens("right", "right")
    assert door.opens("right", "right")


def test_another_server_and_a_restart_count_on(engine: Engine, address: str) -> None:
    now = [1e9]
    for _ in range(FREE_TRIES):
        another = open_studies(address)
        assert not Door(another, lambda: now[0]).opens("wrong", "right")
        another.dispose()
    door = Door(engine, lambda: now[0])
    with pytest.raises(StudyError, match="Too many wrong passwords were given; try again in 2 seconds"):
        door.opens("right", "right")
    now[0] -= 86400  # the clock is set back: nobody has to wait a day for that
    assert door.opens("right", "right")
    now[0] += 86400
    assert not door.opens("wrong", "right")
    assert door.opens("right", "right"), "one who has been let in begins anew"


def test_of_many_who_guess_at_once_as_few_are_heard_as_of_one(engine: Engine) -> None:

    def knock(_: int) -> bool:
        try:
            return not Door(engine, lambda: 0.0).opens("wrong", "right")
        except StudyError:
            return False

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(knock, range(36))) == FREE_TRIES
    with reading(engine) as connection:
        [row] = connection.execute(select(schema.doors)).all()
    assert row.failures == FREE_TRIES


def files(folder: Path) -> dict[str, bytes]:
    """Of SQLite, but for what is only in memory."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


def test_no_attack_makes_the_database_larger(tmp_path: Path) -> None:
    now = [0.0]
    engine = open_studies(f"sqlite:///{tmp_path / 'a.db'}")
    door = Door(engine, lambda: now[0])
    assert [door.opens("wrong", "right") for _ in range(FREE_TRIES - 1)] == [False] * (FREE_TRIES - 1)
    for _ in range(MAX_DOUBLINGS + 10):
        now[0] += LONGEST_WAIT_SEC
        assert not door.opens("wrong", "right")
        stored = files(tmp_path)
        with pytest.raises(StudyError, match="Too many"):
            door.opens("wrong", "right")
        assert files(tmp_path) == stored, "who knocks at a closed door only reads"
    with reading(engine) as connection:
        assert [tuple(row) for row in connection.execute(select(schema.doors))] == [
            ("leader", FREE_TRIES + MAX_DOUBLINGS, now[0] + LONGEST_WAIT_SEC)
        ]


def test_a_study_of_an_older_version_gets_a_door(address: str) -> None:
    engine = open_database(address)
    migrate(engine, MIGRATIONS[:1])
    migrate(engine)
    assert Door(engine).opens("right", "right")
    engine.dispose()
