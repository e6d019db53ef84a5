"""How long a layer of 512 units over 1,000 characters takes to be drawn: ``python -m tests.browser.drawing``.

From the click on a button to the first frame behind plotly's drawing: the run of the page, its way to the browser and
the drawing together, all on the browser's clock.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import APPS, CHROMIUM, FLAGS, TRAFFIC, Server, settle

TIMES = 12
TARGET_SEC = 1.5

DRAWN = """
([button, before]) => new Promise((drawn) => {
    const start = performance.now();
    const look = () => {
        const image = document.querySelector(".js-plotly-plot .heatmaplayer image")?.getAttribute("href");
        if (image && image !== before) requestAnimationFrame(() => drawn([performance.now() - start, image]));
        else requestAnimationFrame(look);
    };
    button.click();
    look();
})
"""


def measure() -> dict[str, object]:
    server = Server(APPS / "layer.py")
    try:
        with sync_playwright() as playwright:
            page = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page()
            page.add_init_script(path=TRAFFIC)
            page.goto(server.url)
            settle(page)
            return summary(seconds(page))
    finally:
        server.stop()


def seconds(page: Page) -> list[float]:
    button, image, found = page.get_by_role("button", name="Draw").element_handle(), "", []
    for _ in range(TIMES):
        took_ms, image = page.evaluate(DRAWN, [button, image])
        found.append(took_ms / 1000)
        settle(page)
    return found


def summary(found: list[float]) -> dict[str, object]:
    later = np.array(found[1:])
    return {
        "first_sec": round(found[0], 2),
        "median_sec": round(float(np.median(later)), 2),
        "max_sec": round(float(later.max()), 2),
        "target_sec": TARGET_SEC,
        "load_average": round(os.getloadavg()[0], 1),
        "num_cores": os.cpu_count(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")
