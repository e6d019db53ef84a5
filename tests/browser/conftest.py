"""A real browser on a real server: Playwright drives Debian's Chromium through Streamlit apps.

Where there is no Chromium these tests are skipped and say so, unless BROWSER_TESTS=required, when they fail.
CHROMIUM names another browser than /usr/bin/chromium.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
APPS = Path(__file__).parent / "apps"
TRAFFIC = Path(__file__).with_name("traffic.js")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    # One process for all pages, and none in advance: a third of the work that opening a page is. The list of features
    # takes the place of Playwright's own.
    "--process-per-site",
    "--disable-features=SpareRendererForSitePerProcess,PaintHolding,MediaRouter,OptimizationHints",
]
START_SEC = 60.0  # a loaded machine may take long to start a server
WAIT_MS = 30_000  # and long to run a page, the more so when a corpus is read for the first time
QUIET_MS = 300
USUAL = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator:
    if shutil.which(CHROMIUM) is None:
        reason = f"no browser at {CHROMIUM}: install Chromium or set CHROMIUM to its path"
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def context_with(browser) -> Iterator[Callable]:
    """`context_with(viewport=..., ...)`: that of all such pages, which so read the scripts of Streamlit but once."""
    contexts: dict[str, Any] = {}

    def found(**options):
        if (key := repr(sorted(options.items()))) not in contexts:
            contexts[key] = browser.new_context(**options)
            contexts[key].add_init_script(path=TRAFFIC)
        return contexts[key]

    yield found
    for context in contexts.values():
        context.close()


@pytest.fixture
def new_page(context_with: Callable) -> Iterator[Callable]:
    """`new_page(viewport=..., ...)` opens a page in a visit of its own.

    An error in its console, an uncaught exception and a request to another machine fail the test. Nothing moves for its
    own sake: without a graphics card, a skeleton that pulsates takes half of the processor from what is waited for.
    """
    pages, errors = [], []

    def open_page(**options):
        page = context_with(**USUAL | options).new_page()
        pages.append(page)
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: errors.append(f"{error.name}: {error.message}\n{error.stack}"))
        page.on("console", lambda message: is_fault(message) and errors.append(message.text))
        page.on("request", lambda request: is_foreign(request.url) and errors.append(f"asked for {request.url}"))
        return page

    yield open_page
    for page in pages:
        forget(page)
    assert not errors, "in the browser:\n" + "\n".join(errors)


def forget(page) -> None:
    """Closes a page, and what its site keeps in the browser goes with it."""
    if page.url.startswith("http"):
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.context.clear_cookies()
    page.close()


def is_fault(message) -> bool:
    """Whether something went wrong in the page; Streamlit catches what a component's module throws and only logs it.

    Two of its messages mean nothing. On an address such as /library it looks for its server below that address first
    and then at the root. And it asks for the file of every download button as soon as the button appears: a file that
    the next run of the page replaced before the answer is gone. (That downloads work is tested by downloading.)
    """
    replaced = "/media/" in message.location["url"] or "Download Button source error - 404" in message.text
    return message.type == "error" and not replaced and "/_stcore/" not in message.location["url"]


def is_foreign(address: str) -> bool:
    return urlsplit(address).hostname not in (None, "localhost")  # None: data in the address itself


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture(scope="session")
def serve(browser) -> Iterator[Callable[[Path | str], str]]:
    """`serve(script)` runs a Streamlit script on a server of its own for the whole session and returns its address."""
    servers: dict[Path, Server] = {}

    def address(script: Path | str) -> str:
        path = ROOT / script
        if path not in servers:
            servers[path] = Server(path)
        return servers[path].url

    yield address
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="session")
def app_url(serve) -> str:
    """Address of the project's own app."""
    return serve("app.py")


class Server:
    """A Streamlit server in a process of its own; what it prints is shown when it does not start."""

    def __init__(self, script: Path, *options: str) -> None:
        self.url = f"http://localhost:{(port := free_port())}"
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop()
        command = [sys.executable, "-m", "streamlit", "run", str(script)]
        command += ["--server.headless", "true", "--server.port", str(port), "--browser.gatherUsageStats", "false"]
        self._process = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        self._wait()

    @property
    def output(self) -> str:
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SEC
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        output = self.output
        self.stop()
        pytest.fail(f"the server did not start:\n{output}")


@pytest.fixture
def open_app(serve, new_page):
    """`open_app(name, ...)` opens one of the little apps for the components in a page of its own."""

    def open_script(name: str, **options):
        page = new_page(**options)
        page.goto(serve(APPS / f"{name}.py"))
        settle(page)
        return page

    return open_script


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settle(page, limit_ms: float = WAIT_MS) -> None:
    """Wait until Streamlit has run the script and stays quiet: connected, answered, not running, nothing to replace.

    Nor may there be a place whose widget or component has yet to be loaded. A widget may hold a question back for a
    while (a slider does for 0.2 s): the time of quiet is longer.
    """
    page.evaluate("window.quietSince = null")
    page.wait_for_function(
        """(quietMs) => {
            const app = document.querySelector('[data-testid="stApp"]');
            const quiet = app?.dataset.testConnectionState === "CONNECTED"
                && app.dataset.testScriptState === "notRunning"
                && window.answered
                && document.querySelector('[data-testid="stMainBlockContainer"] *')
                && !document.querySelector('[data-testid="stSkeleton"]')
                && !document.querySelector('[data-stale="true"]');
            if (!quiet) window.quietSince = null;
            else window.quietSince ??= performance.now();
            return quiet && performance.now() - window.quietSince > quietMs;
        }""",
        arg=QUIET_MS,
        timeout=limit_ms,
    )
