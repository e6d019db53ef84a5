"""How long it takes from a clap at the microphone to its dot on the screen: ``python -m tests.browser.latency [seed]``.

Chromium hears a recording of claps. When each one came out of the (fake) microphone is read from the time stamps of the
captured sound, when its dot was drawn by looking at every frame; both on the browser's clock.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tests.browser.conftest import APPS, TRAFFIC, Server, settle
from tests.browser.microphone import launch_with_microphone
from tests.clap_wav import clap_wav

NUM_CLAPS, CLAPS_A_MINUTE = 40, (60, 200)
NUM_IN_BURST, BURST_GAP_SEC = 12, (0.1, 0.17)
FIRST_SEC = 5.0  # the connection and the count-in come first
SAME_CLAP_MS = 60.0
TOLERANCE_MS = 40.0
TARGET_MS = 250.0

# Of each block of sound: its time stamp, when it arrived, and where a clap begins in it. A block cannot arrive before
# its last sample was taken, so the least delay of all blocks joins the clock of the sound to that of the page.
CAPTURE = """
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    const track = stream.getAudioTracks()[0].clone();
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 500 }).readable.getReader(); // loses nothing
    (async () => {
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            const arrived = performance.timeOrigin + performance.now();
            const samples = new Float32Array(value.numberOfFrames);
            value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
            const start = value.timestamp / 1000;
            const end = start + (1000 * value.numberOfFrames) / value.sampleRate;
            const first = samples.findIndex((x) => Math.abs(x) > 0.1);
            window.top.blocks.push([arrived - end, start, first, value.sampleRate]);
            value.close();
        }
    })();
    return stream;
};
"""
WATCH = """
window.blocks = [];
window.dots = [];
const seen = new WeakSet();
let host;
const watch = () => {
    const all = host?.isConnected ? [host] : [...document.querySelectorAll("*")];
    host = all.find((e) => e.shadowRoot?.querySelector(".live-line"));
    for (const dot of host?.shadowRoot.querySelectorAll(".dot") ?? []) {
        if (!seen.has(dot)) window.dots.push([performance.timeOrigin + performance.now(), 1000 * dot.dataset.sec]);
        seen.add(dot);
    }
    requestAnimationFrame(watch);
};
watch();
"""


def clap_times(rng: np.random.Generator) -> np.ndarray:
    """Seconds: first at all the speeds of a tune, then a burst."""
    gaps = 60 / rng.uniform(*CLAPS_A_MINUTE, NUM_CLAPS)
    return FIRST_SEC + np.cumsum([*gaps, 1.0, *rng.uniform(*BURST_GAP_SEC, NUM_IN_BURST - 1)])


def measure(seed: int) -> dict[str, object]:
    times = clap_times(np.random.default_rng(seed))
    seconds = float(times[-1]) + 2.0
    server = Server(APPS / "claps.py")
    try:
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
            wav = Path(folder) / "claps.wav"
            wav.write_bytes(clap_wav(times.tolist(), seconds))
            page = launch_with_microphone(playwright.chromium, wav).new_page()
            page.add_init_script(path=TRAFFIC)
            page.add_init_script(CAPTURE)
            page.goto(server.url)
            settle(page)
            page.get_by_role("radio", name="Clap live").click()
            listen = page.frame_locator("iframe").first.get_by_role("button", name="Listen")
            listen.wait_for()
            page.evaluate(WATCH)
            listen.click()
            page.wait_for_timeout((seconds + 3.0) * 1000)
            return summary(page.evaluate("window.blocks"), page.evaluate("window.dots"))
    finally:
        server.stop()


def summary(blocks: list[list[float]], dots: list[list[float]]) -> dict[str, object]:
    offset = min(delay for delay, *_ in blocks)
    loud = [offset + start + 1000 * first / rate for _, start, first, rate in blocks if first >= 0]
    claps = np.array([time for i, time in enumerate(loud) if i == 0 or time - loud[i - 1] > SAME_CLAP_MS])
    drawn, heard = np.array(dots).T
    pairs = zip(drawn, matches(heard, claps), strict=True)
    delays = np.array([time - clap for time, clap in pairs if clap is not None])
    return {
        "num_claps": len(claps),
        "num_dots": len(dots),
        "num_matched": len(delays),
        "median_ms": round(float(np.median(delays)), 1),
        "p95_ms": round(float(np.quantile(delays, 0.95)), 1),
        "max_ms": round(float(delays.max()), 1),
        "share_under_target": round(float(np.mean(delays < TARGET_MS)), 3),
        "load_average": round(os.getloadavg()[0], 1),
        "num_cores": os.cpu_count(),
    }


def matches(heard: np.ndarray, claps: np.ndarray) -> list[float | None]:
    """For each clap as the server heard it, on a clock of its own, the one at the microphone; all in milliseconds."""

    def joined(shift: float) -> list[float | None]:
        nearest = [claps[np.abs(claps - shift - time).argmin()] for time in heard]
        return [c if abs(c - shift - time) < TOLERANCE_MS else None for c, time in zip(nearest, heard, strict=True)]

    return max((joined(clap - heard[0]) for clap in claps), key=lambda found: len(found) - found.count(None))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(*sys.argv[1:] or "1")), indent=2) + "\n")
