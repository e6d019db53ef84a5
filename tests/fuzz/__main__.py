"""Reads damaged inputs with every parser and keeps those that do harm in ``tests/fuzz/found``; for Linux.

A share of the inputs goes to each parser, fewer to slow ones; the same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # threads take address space each

from tests.fuzz.hunt import Report, damaged, hunt, save
from tests.fuzz.parsers import PARSERS


def main() -> int:
    """0 where nothing was found."""
    told = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    told.add_argument("--inputs", type=int, default=100_000, help="for all parsers together (default: 100,000)")
    told.add_argument("--seconds-each", type=int, default=5, help="of processor time for one input (default: 5)")
    told.add_argument("--megabytes-each", type=int, default=300, help="over what is used before (default: 300)")
    told.add_argument("--seed", default="1", help="of the inputs (default: 1)")
    told.add_argument("--parser", action="append", choices=list(PARSERS), help="may be repeated (default: all)")
    asked = told.parse_args()
    chosen = {name: parser for name, parser in PARSERS.items() if name in (asked.parser or PARSERS)}
    shares = sum(parser.share for parser in chosen.values())
    say(f"{'parser':12} {'inputs':>7} {'accepted':>8} {'longest s':>9} {'MB over':>7} {'found':>5} {'seconds':>7}")
    found = 0
    for name, parser in chosen.items():
        began, seed = time.monotonic(), f"{asked.seed} {name}"
        number = max(1, round(asked.inputs * parser.share / shares))
        report = hunt(parser, number, seed, asked.seconds_each, asked.megabytes_each)
        say(
            f"{name:12} {report.inputs:7} {report.accepted:8} {report.longest_sec:9.2f} {report.most_bytes / 1e6:7.1f} "
            f"{len(report.findings):5} {time.monotonic() - began:7.1f}"
        )
        keep(name, report, seed)
        found += len(report.findings)
    return int(found > 0)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def keep(name: str, report: Report, seed: str) -> None:
    """Saves the shortest input of each fault."""
    kinds: dict[str, list[bytes]] = {}
    for finding in report.findings:
        kinds.setdefault(finding.what, []).append(damaged(PARSERS[name], seed, finding.number))
    for what, inputs in kinds.items():
        shortest = min(inputs, key=len)
        say(f"  {what} ({len(inputs)} times, {len(shortest)} bytes): {save(name, shortest)}")


if __name__ == "__main__":
    sys.exit(main())
