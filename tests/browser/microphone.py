"""Chromium with a microphone that hears a recording, from its beginning whenever a page begins to listen."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import CHROMIUM, FLAGS

ALLOW = "--use-fake-ui-for-media-stream"
REFUSE = "--deny-permission-prompts"


def launch_with_microphone(browser_type, wav: Path, permission: str = ALLOW):
    """A browser of its own: what its microphone hears is set when it starts."""
    device = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={wav}%noloop"]
    return browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *device, permission])
