"""`python -m tests.load --visitors 20 --listeners 40 --minutes 10`: the app under load, on this machine alone.

Prints tables in Markdown: how long visitors waited, what went wrong, how much memory the app had. Exits with 1 if there
was an error, an answer was lost or doubled, or a promise of docs/load.md about waiting or memory was not kept.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from core.checkpoint import list_cards
from core.codecs import BeatCodec
from core.listening.schema import open_studies
from tests.load.people import COMPOSITION, Diary, composer, listener, until_over
from tests.load.server import Server
from tests.load.study import make_study, stored_answers

MEMORY_EVERY_SEC = 10.0
SLOWEST_SEC = 3.0
"""from a click to the score, for 95 of 100 clicks"""
MINUTE_SEC, MOST_GROWTH = 60.0, 1.1
"""from the second minute to the last one memory grows to no more than so many times what it was"""

Memory = list[tuple[float, float]]
"""(seconds since the beginning, MiB)"""


def main() -> int:
    options = arguments()
    models = [card.name for card in list_cards() if card.codec == BeatCodec.name]
    if not models:
        sys.exit("There are no trained models in checkpoints/; restore the folder.")
    with tempfile.TemporaryDirectory() as folder:
        env = {"TUNESMITH_STUDIES": f"sqlite:///{Path(folder) / 'studies.db'}", "TUNESMITH_CACHE": folder}
        engine = open_studies(env["TUNESMITH_STUDIES"])
        study, diary = make_study(engine), Diary()
        with Server(env=env) as server:
            memory = asyncio.run(load(server, models, study, options, diary))
            printed = server.printed
        stored = stored_answers(engine, study)
        engine.dispose()
    report(options, diary, memory, stored)
    trouble = "Traceback" in printed
    if trouble:
        print(printed, file=sys.stderr)  # noqa: T201
    broken = broken_promises(diary, memory, stored)
    print("\n".join(["", *broken]) if broken else "\nAll promises were kept.")  # noqa: T201
    return int(bool(broken) or trouble)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description="Puts the app under load.")
    parser.add_argument("--visitors", type=int, default=20, help="who compose, every 10 seconds each")
    parser.add_argument("--listeners", type=int, default=40, help="who answer a study")
    parser.add_argument("--minutes", type=float, default=10.0)
    return parser.parse_args()


async def load(server: Server, models: list[str], study: str, options: argparse.Namespace, diary: Diary) -> Memory:
    """Has everybody come at once; returns when the time is over and all have left."""
    start = time.monotonic()
    end = start + 60 * options.minutes
    people = [partial(composer, server.url, models[i % len(models)], diary, end) for i in range(options.visitors)] + [
        partial(listener, server.url, study, diary, end) for _ in range(options.listeners)
    ]
    crowd = asyncio.gather(*(until_over(diary, end, person) for person in people))
    memory: Memory = []
    while not crowd.done():
        memory.append((time.monotonic() - start, server.megabytes))
        await asyncio.wait([crowd], timeout=MEMORY_EVERY_SEC)
    await crowd
    return memory


def broken_promises(diary: Diary, memory: Memory, stored: int) -> list[str]:
    """What was not as docs/load.md promises, a sentence each."""
    broken = []
    if diary.errors:
        broken.append(f"There were {diary.errors.total()} errors.")
    if stored != diary.answers:
        broken.append(f"{diary.answers} answers were accepted and {stored} stored.")
    clicks = diary.seconds.get(COMPOSITION, [])
    if clicks and (slow := float(np.percentile(clicks, 95))) > SLOWEST_SEC:
        broken.append(f"Of 100 clicks 95 took up to {slow:.2f} seconds, and not {SLOWEST_SEC:g}.")
    second = [mib for sec, mib in memory if MINUTE_SEC <= sec < 2 * MINUTE_SEC]
    last = [mib for sec, mib in memory if sec >= max(2.0 * MINUTE_SEC, memory[-1][0] - MINUTE_SEC)]
    if last and (now := median(last)) > MOST_GROWTH * (then := median(second)):  # what children have comes and goes
        broken.append(f"Memory grew from {then:.0f} MiB in the second minute to {now:.0f} in the last.")
    return broken


def report(options: argparse.Namespace, diary: Diary, memory: Memory, stored: int) -> None:
    """Prints what came of it."""
    lines = [
        f"Composing visitors: {options.visitors}, listeners: {options.listeners}, minutes: {options.minutes:g}, "
        f"CPU cores: {os.cpu_count()}",
        "",
        "| seconds | number | median | p95 | longest |",
        "|---|---:|---:|---:|---:|",
    ]
    for what in sorted(diary.seconds, key=lambda what: what != COMPOSITION):
        seconds = np.array(diary.seconds[what])
        middle, high = np.percentile(seconds, [50, 95])
        lines.append(f"| {what} | {len(seconds)} | {middle:.2f} | {high:.2f} | {seconds.max():.2f} |")
    lines += ["", f"Errors: {diary.errors.total()}"]
    lines += [f"- {number} times {error}" for error, number in diary.errors.most_common()]
    lines += [f"Answers accepted: {diary.answers}, stored: {stored}", "", "| second | MiB |", "|---:|---:|"]
    lines += [f"| {second:.0f} | {mib:.0f} |" for second, mib in memory]
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
