"""The figures of all trained models side by side, as the README and the Library show them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.checkpoint import CHECKPOINTS, WEIGHTS, ModelCard
from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, PianoCodec, PianoRollCodec, StepCodec
from core.data.corpora import CORPORA

PUBLISHED_ACCURACY = {
    "beat-rnn": 0.3908,
    "beat-lstm-attention": 0.4218,
    "beat-lstm-local": 0.5077,
    "beat-transformer": 0.3797,
    "beat-transformer-relative": 0.4690,
}
"""of validation in 'Everybody Compose: Deep Beats To Music' (2023), on MAESTRO split by file"""
LEAKING_ACCURACY = 0.377
"""of our ``beat-lstm-local`` on such a split, of which no weights are kept: ``beat-lstm-local.maestro-by-file``"""

UNITS = {
    BeatCodec.name: "note",
    StepCodec.name: "step",
    AbcCharsCodec.name: "character",
    PianoRollCodec.name: "frame",
    PianoCodec.name: "token",
    ArrangementCodec.name: "token",
}
"""what the figures of a model count, by its codec; nats a note and nats a step have nothing in common"""
BOUND_SAMPLES = "bound_samples"
"""the metric that only a card has whose nll is a bound from above: importance samples that it was made with"""


def markdown_table(cards: Iterable[ModelCard]) -> str:
    """The models of rhythms, a row a network; in each corpus accuracy and nats a note.

    The best on the first of its corpora comes first.
    """
    found: dict[str, dict[str, ModelCard]] = {}
    for card in with_codec(cards, BeatCodec.name):
        found.setdefault(card.network, {})[card.corpus] = card
    corpora = [name for name in CORPORA if any(name in of for of in found.values())]
    head = ["network", *(CORPORA[name].title for name in corpora), "published"]
    lines = [head, ["---"] * len(head)]
    for network, of in sorted(found.items(), key=lambda row: [figure(row[1].get(name)) for name in corpora]):
        cells = [cell(of.get(name)) for name in corpora]
        lines.append([f"`{network}`", *cells, percentage(PUBLISHED_ACCURACY.get(network))])
    return as_markdown(lines)


def steps_table(cards: Iterable[ModelCard], root: Path | None = None) -> str:
    """The models of steps, a row a network, the best first; ``root`` is where their weights are, for their size.

    Empty where there is none. An nll that is a bound from above is marked so.
    """
    found = sorted(with_codec(cards, StepCodec.name), key=figure)
    head = ["network", "accuracy", "nats a step", "size"]
    lines = [head, ["---"] * len(head)]
    for card in found:
        bound = "≤ " if is_bound(card) else ""
        accuracy, nll = percentage(card.metrics.get("accuracy")), f"{bound}{figure(card):.3f}"
        lines.append([f"`{card.network}`", accuracy, nll, size_of(card, root)])
    return as_markdown(lines) if found else ""


def characters_table(cards: Iterable[ModelCard], root: Path | None = None) -> str:
    """The models of characters, by corpus and the best first; empty where there is none."""
    found = sorted(with_codec(cards, AbcCharsCodec.name), key=lambda card: (card.corpus, figure(card)))
    head = ["network", "tunes", "nats a character", "header / body", "size"]
    lines = [head, ["---"] * len(head)]
    for card in found:
        header, body = (card.metrics[f"{part}_nll"] for part in ("header", "body"))
        row = [
            f"`{card.network}`",
            card.corpus,
            f"{figure(card):.3f}",
            f"{header:.3f} / {body:.3f}",
            size_of(card, root),
        ]
        lines.append(row)
    return as_markdown(lines) if found else ""


def piano_table(cards: Iterable[ModelCard], root: Path | None = None) -> str:
    """The models that play note by note, then those that play frame by frame, the best first; empty without any."""
    cards = list(cards)
    head = ["network", "music", "nats", "accuracy", "size"]
    lines = [head, ["---"] * len(head)]
    for codec in (PianoCodec, ArrangementCodec, PianoRollCodec):
        for card in sorted(with_codec(cards, codec.name), key=figure):
            nats = (card.metrics["note_nll"], "note") if "note_nll" in card.metrics else (figure(card), "frame")
            row = [f"`{card.network}`", card.corpus, "{:.3f} a {}".format(*nats), percentage(card.metrics["accuracy"])]
            lines.append([*row, size_of(card, root)])
    return as_markdown(lines) if len(lines) > 2 else ""


def epoch_sec(card: ModelCard) -> float:
    """How long an epoch of its training took on average, validation included, in seconds."""
    return 60 * float(card.training["minutes"]) / int(card.training["epochs"])


def tables(cards: Iterable[ModelCard]) -> list[str]:
    """One for each kind of model that there is."""
    cards = list(cards)
    return [table for write in (markdown_table, steps_table, characters_table, piano_table) if (table := write(cards))]


def size_of(card: ModelCard, root: Path | None = None) -> str:
    """Of the weights under ``root``."""
    return f"{(root or CHECKPOINTS).joinpath(card.name, WEIGHTS).stat().st_size / 1e6:.1f} MB"


def with_codec(cards: Iterable[ModelCard], codec: str) -> list[ModelCard]:
    return [card for card in cards if card.codec == codec]


def is_bound(card: ModelCard) -> bool:
    """Whether the model's nll is a bound: it may foretell better than that, not worse."""
    return BOUND_SAMPLES in card.metrics


def as_markdown(lines: Iterable[list[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def figure(card: ModelCard | None) -> float:
    return card.metrics["nll"] if card else float("inf")


def cell(card: ModelCard | None) -> str:
    return f"{percentage(card.metrics['accuracy'])} / {card.metrics['nll']:.3f}" if card else ""


def percentage(share: float | None) -> str:
    return f"{100 * share:.1f} %" if share is not None else ""
