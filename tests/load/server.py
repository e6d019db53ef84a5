"""The app in a process of its own on a free port of this machine alone, and how much memory it has."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import IO, Self

ROOT = Path(__file__).parents[2]
START_SEC = 120.0


class Server:
    """To be used in a ``with`` block; ``printed`` is all that it has said."""

    def __init__(self, script: Path = ROOT / "app.py", env: dict[str, str] | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        options = {"server.headless": "true", "server.address": "127.0.0.1", "server.port": str(port)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), *(f"--{k}={v}" for k, v in options.items())],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            stdout=self._output, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> Self:
        last = time.monotonic() + START_SEC
        while not self.answers():
            if time.monotonic() > last or self._process.poll() is not None:
                self._process.kill()
                raise RuntimeError(f"the app did not start:\n{self.printed}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._output.close()

    def kill(self) -> None:
        """Ends the app as a power cut does."""
        self._process.kill()
        self._process.wait(30)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def printed(self) -> str:
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def children(self) -> list[int]:
        """The numbers of the processes that the app has started and that still run."""
        told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, check=False)
        return [int(number) for number in told.stdout.split()]

    @property
    def megabytes(self) -> float:
        """The resident memory of the app and of all that descends from it, in MiB; what they share counts twice."""
        told = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,rss="], capture_output=True, check=True)
        table = [tuple(map(int, line.split())) for line in told.stdout.splitlines()]
        return sum_of_family(table, self._process.pid) / 1024


def sum_of_family(table: list[tuple[int, ...]], head: int) -> int:
    """The sum of the last values of a process and of all that descend from it, in rows of (number, parent, value)."""
    own = sum(value for number, _, value in table if number == head)
    return own + sum(sum_of_family(table, number) for number, parent, _ in table if parent == head)
