"""Who comes: composers, who press a button every few seconds, and listeners, who answer a study."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from streamlit.proto.Element_pb2 import Element
from websockets.exceptions import ConnectionClosed

from tests.load.visit import PageError, Visit

COMPOSE_EVERY_SEC = 10.0
SCORE = "-score"
"""what the id of the score on the desk ends with"""
THINKING_SEC = (3.0, 8.0)
"""of a listener between hearing an excerpt and pressing the button"""
GUESS = "Who wrote it?"
COMPOSITION, OPENING = "from the click to the new score", "until the front page stands"
ANSWER, BEGINNING = "from an answer to the next excerpt", "until all music of a listener is there"


@dataclass
class Diary:
    """What all visitors went through."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    """that listeners gave and saw accepted"""

    def note(self, what: str, seconds: float) -> None:
        self.seconds.setdefault(what, []).append(seconds)


async def until_over(diary: Diary, end: float, come: Callable[[], Awaitable[None]]) -> None:
    """Has somebody come, and come again after an error, until the time is over."""
    while time.monotonic() < end:
        try:
            await come()
        except (PageError, ConnectionClosed, OSError) as error:
            diary.errors[f"{type(error).__name__}: {error}"] += 1
            await asyncio.sleep(1)


async def composer(url: str, model: str, diary: Diary, end: float) -> None:
    """Opens the front page with a model and presses Compose every ``COMPOSE_EVERY_SEC`` seconds.

    It does so at times of its own: if each waited since its last press, all who have once waited for one another would
    press together for ever, as no people do.
    """
    await asyncio.sleep(random.uniform(0, COMPOSE_EVERY_SEC))
    start = time.monotonic()
    async with Visit.open(url, query=f"model={model}") as visit:
        diary.note(OPENING, time.monotonic() - start)
        while (now := time.monotonic()) < end:
            await asyncio.sleep(COMPOSE_EVERY_SEC - (now - start) % COMPOSE_EVERY_SEC)
            diary.note(COMPOSITION, await seconds_to_score(visit))


async def seconds_to_score(visit: Visit) -> float:
    """Presses the button; returns how long it took until another score stood there. Hears it, too."""
    before, came = score_data(visit), list[float]()

    def look(element: Element) -> None:
        if not came and is_score(element) and data_of(element) != before:
            came.append(time.perf_counter())

    visit.on_element = look
    start = time.perf_counter()
    await visit.run(visit.button("Compose"))
    if not came:
        raise PageError("there was no new score")
    if audio := json.loads(score_data(visit)).get("audio"):
        await visit.fetch(audio)
    return came[0] - start


def is_score(element: Element) -> bool:
    return element.WhichOneof("type") == "bidi_component" and element.bidi_component.id.endswith(SCORE)


def data_of(element: Element) -> str:
    component = element.bidi_component
    return str(component.json or component.mixed.json)


def score_data(visit: Visit) -> str:
    """What the score on the page was given, as JSON."""
    found = [data_of(element) for _, element in visit.elements.values() if is_score(element)]
    if not found:
        raise PageError("there is no score")
    return found[0]


async def listener(url: str, study: str, diary: Diary, end: float) -> None:
    """Answers a study from its first question to its last one, hearing every excerpt."""
    await asyncio.sleep(random.uniform(*THINKING_SEC))
    start = time.perf_counter()
    async with Visit.open(url, "listening", f"study={study}") as visit:
        await visit.run(visit.button("Begin"))
        diary.note(BEGINNING, time.perf_counter() - start)
        while time.monotonic() < end:
            for audio in visit.shown("audio"):
                await visit.fetch(audio.url)
            await asyncio.sleep(random.uniform(*THINKING_SEC))
            last = "Finish" in [button.label for button in visit.shown("button")]
            for radio in visit.shown("radio"):
                visit.choose(radio.id, random.choice(list(radio.options)))
            diary.note(ANSWER, await visit.run(visit.button("Finish" if last else "Next")))
            if last:
                return
            diary.answers += 1
