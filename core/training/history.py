"""The curve of a training run, an epoch a line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

LOGS = "logs"
FIELDS = ("epoch", "train_nll", "valid_nll", "clean_nll", "clean_accuracy")
OTHER_FIELDS = (
    "clapped_nll",
    "clapped_accuracy",
    "discriminator_accuracy",
    "discriminator_loss",
    "generator_loss",
    "active_units",
)
"""which only some runs have"""


def history_csv(logs: Path) -> str:
    """``history.csv`` from what Lightning's CSVLogger wrote under ``logs``, an epoch's lines joined.

    Each part of an interrupted run has a file of its own; where two tell of one epoch, the later part counts. A line
    that was not written to its end does not count.
    """
    epochs: dict[int, dict[str, str]] = {}
    for metrics in sorted(logs.glob("version_*/metrics.csv"), key=lambda path: int(path.parent.name[8:])):
        whole = metrics.read_text().rpartition("\n")[0]
        for line in csv.DictReader(whole.splitlines()):
            known = {name: value for name, value in line.items() if name in FIELDS + OTHER_FIELDS and value}
            epochs.setdefault(int(line["epoch"]), {}).update(known)
    seen = set().union(*epochs.values())
    columns = FIELDS + tuple(name for name in OTHER_FIELDS if name in seen)
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for epoch in sorted(epochs):
        row = epochs[epoch]
        writer.writerow({name: row.get(name, "") if name == "epoch" else rounded(row.get(name)) for name in columns})
    return out.getvalue()


def rounded(value: str | None) -> str:
    return f"{float(value):.4f}" if value else ""
