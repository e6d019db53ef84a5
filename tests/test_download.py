from __future__ import annotations

import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import core.data.download
from core.data.corpora import download_corpus
from core.data.download import Download, install
from core.data.maestro import MAESTRO_V3
from core.errors import InputError

FILES = {"music/list.csv": b"a,b\n", "music/2008/one.midi": b"MThd" * 5000}


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


class Publisher(HTTPServer):
    """Serves one archive, and keeps what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = zipped(FILES)
        self.ranges: list[str] = []
        self.knows_ranges = True
        self.stops_after: int | None = None

    def download(self) -> Download:
        url = f"http://127.0.0.1:{self.server_port}/music.zip"
        return Download(url, len(self.data), hashlib.sha256(self.data).hexdigest(), "music")


class Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        if self.path != "/music.zip":
            self.send_error(404)
            return
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if self.server.knows_ranges else 0
        self.send_response(206 if self.server.knows_ranges else 200)
        self.send_header("Content-Length", str(len(self.server.data) - start))
        self.end_headers()
        self.wfile.write(self.server.data[start : self.server.stops_after])

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def installed(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_corpus_is_fetched_checked_and_unpacked_once(publisher: Publisher, tmp_path: Path) -> None:
    parent = tmp_path / "new" / "corpora"
    assert install(publisher.download(), parent) == parent / "music"
    assert installed(parent) == FILES
    install(publisher.download(), parent)
    assert publisher.ranges == ["bytes=0-"]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_what_was_cut_short_goes_on(knows_ranges: bool, publisher: Publisher, tmp_path: Path) -> None:
    publisher.stops_after, publisher.knows_ranges = 6000, knows_ranges
    with pytest.raises(InputError, match="run the command again"):
        install(publisher.download(), tmp_path)
    publisher.stops_after = None
    install(publisher.download(), tmp_path)
    assert publisher.ranges == ["bytes=0-", "bytes=6000-"]
    assert installed(tmp_path) == FILES


def test_what_is_unpacked_is_on_the_disk_before_the_archive_goes(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, int]] = []
    fsync, unlink = os.fsync, Path.unlink

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        events.append(("synced", os.fstat(descriptor).st_ino))

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        events.append(("deleted", path.stat().st_ino))
        unlink(path, missing_ok)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "unlink", unlinked)
    target = install(publisher.download(), tmp_path)
    there = [tmp_path, target, *target.rglob("*")]
    assert events[-1][0] == "deleted"
    assert {("synced", path.stat().st_ino) for path in there} <= set(events[:-1])
    assert events[-2] == ("synced", tmp_path.stat().st_ino), "its name last"


def test_what_is_not_what_was_published_is_thrown_away(publisher: Publisher, tmp_path: Path) -> None:
    wrong = replace(publisher.download(), sha256="0" * 64)
    with pytest.raises(InputError, match="not what was published"):
        install(wrong, tmp_path)
    assert list(tmp_path.iterdir()) == []
    longer = replace(publisher.download(), num_bytes=100)
    with pytest.raises(InputError, match="not what was published"):
        install(replace(longer, sha256="0" * 64), tmp_path)


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "music/../../evil", "other/file", "music", "C:/evil", "music\\..\\..\\evil"]
)
def test_nothing_is_unpacked_outside_its_folder(name: str, publisher: Publisher, tmp_path: Path) -> None:
    publisher.data = zipped({**FILES, name: b"x"})
    parent = tmp_path / "corpora"
    with pytest.raises(InputError, match="does not belong"):
        install(publisher.download(), parent)
    assert [path.name for path in tmp_path.rglob("*")] == ["corpora", "music.zip.part"]


def test_what_would_fill_the_disk_is_not_unpacked(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.data.download, "MAX_UNPACKED", 1000)
    with pytest.raises(InputError, match="does not belong"):
        install(publisher.download(), tmp_path)
    assert not (tmp_path / "music").exists()


def test_what_is_no_archive_is_one_sentence(publisher: Publisher, tmp_path: Path) -> None:
    publisher.data = b"<html>Sign in to this network</html>"
    with pytest.raises(InputError, match="damaged"):
        install(publisher.download(), tmp_path)


def test_a_publisher_who_does_not_answer_is_one_sentence(publisher: Publisher, tmp_path: Path) -> None:
    missing = replace(publisher.download(), url=publisher.download().url + "x")
    with pytest.raises(InputError, match="404"):
        install(missing, tmp_path)
    with pytest.raises(InputError, match="failed"):
        install(replace(missing, url="http://127.0.0.1:9/x.zip"), tmp_path)


def test_a_corpus_goes_where_it_is_looked_for(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNESMITH_CORPORA", str(tmp_path))
    monkeypatch.setattr(core.data.corpora, "CORPORA", dict(core.data.corpora.CORPORA))
    entry = replace(core.data.corpora.CORPORA["maestro"], download=publisher.download())
    core.data.corpora.CORPORA["maestro"] = entry
    assert download_corpus("maestro") == tmp_path / "music"
    with pytest.raises(InputError, match="choose one of: maestro"):
        download_corpus("essen")
    assert MAESTRO_V3.url.startswith("https://")
