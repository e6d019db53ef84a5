"""The figures of all trained models side by side, as the README and the Library show them."""

from __future__ import annotations

from collections.abc import Iterable

from core.checkpoint import ModelCard
from core.data.corpora import CORPORA

PUBLISHED_ACCURACY = {
    "beat-rnn": 0.3908,
    "beat-lstm-attention": 0.4218,
    "beat-lstm-local": 0.5077,
    "beat-transformer": 0.3797,
    "beat-transformer-relative": 0.4690,
}
"""of validation in 'Everybody Compose: Deep Beats To Music' (2023), on MAESTRO split by file"""


def markdown_table(cards: Iterable[ModelCard]) -> str:
    """A row a network, the best on the first of its corpora first; in each corpus accuracy and nats a note."""
    found: dict[str, dict[str, ModelCard]] = {}
    for card in cards:
        found.setdefault(card.network, {})[card.corpus] = card
    corpora = [name for name in CORPORA if any(name in of for of in found.values())]
    head = ["network", *(CORPORA[name].title for name in corpora), "published"]
    lines = [head, ["---"] * len(head)]
    for network, of in sorted(found.items(), key=lambda row: [figure(row[1].get(name)) for name in corpora]):
        cells = [cell(of.get(name)) for name in corpora]
        lines.append([f"`{network}`", *cells, percentage(PUBLISHED_ACCURACY.get(network))])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def figure(card: ModelCard | None) -> float:
    return card.metrics["nll"] if card else float("inf")


def cell(card: ModelCard | None) -> str:
    return f"{percentage(card.metrics['accuracy'])} / {card.metrics['nll']:.3f}" if card else ""


def percentage(share: float | None) -> str:
    return f"{100 * share:.1f} %" if share is not None else ""
