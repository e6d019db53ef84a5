"""Databases for the tests of the listening study: SQLite's files, and a PostgreSQL server of this run's own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.listening.excerpts import HUMAN, Excerpt, FromMusic21, Generated
from core.listening.studies import Draft

USER = "postgres"
"""whom the Debian package makes; PostgreSQL refuses to run as root"""


def draft(num_models: int = 4, each: int = 3, num_human: int = 5, title: str = "Machine or not?") -> Draft:
    models = [
        Excerpt(f"model-{model}", f"Model {model}, seed {seed}", Generated(f"model-{model}", seed))
        for model in range(num_models)
        for seed in range(each)
    ]
    people = [Excerpt(HUMAN, f"Piece {i}", FromMusic21(f"nobody/piece{i}.mxl")) for i in range(num_human)]
    return Draft(title, (*models, *people))


def program(name: str) -> str | None:
    """Where a program of PostgreSQL's is: Debian keeps servers of several versions apart, and out of the path."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return shutil.which(name, path=os.pathsep.join([*map(str, reversed(places)), os.environ.get("PATH", "")]))


def as_nobody_special() -> dict[str, Any]:
    """Arguments of ``subprocess`` by which a program does not run as root."""
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder of the socket of an empty server that listens to nothing else."""
    initdb, server = program("initdb"), program("postgres")
    if not (initdb and server):
        reason = "no PostgreSQL server: install the Debian package postgresql"
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="studies-"))  # short: a socket's path has 107 characters at most
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    options: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, **as_nobody_special()}
    data = folder / "data"
    subprocess.run([initdb, "-D", data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8"], check=True, **options)
    settings = ["-c", "listen_addresses=", "-c", "fsync=off"]
    process = subprocess.Popen([server, "-D", data, "-k", folder, *settings], stderr=subprocess.DEVNULL, **options)
    try:
        wait_for(folder, process)
        yield str(folder)
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(folder: Path, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            psycopg.connect(host=str(folder), user=USER, dbname=USER).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    pytest.fail("the PostgreSQL server did not start", pytrace=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of one kind after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'folder' / 'studies.db'}"
    socket, name = request.getfixturevalue("postgres"), f"studies_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(host=socket, user=USER, dbname=USER, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://{USER}@/{name}?host={socket}"
