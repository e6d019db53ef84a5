"""Validation figures of a checkpoint, as its card and ``evaluate`` report them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.checkpoint import Checkpoint
from core.codecs import Encoded
from core.data.corpora import pieces_of
from core.data.datasets import CLAPPED, CLEAN, Items, validation_sets
from core.errors import FormatError, InputError
from core.evaluation.latent import latent_metrics
from core.files import READERS, ending, read_bytes, read_score
from core.formats.skyline import melody_line
from core.latent import is_latent
from core.likelihood import HeldOut, evaluate
from core.score import Score


def validation_metrics(
    checkpoint: Checkpoint, split: str = "valid", corpus_root: Path | None = None
) -> dict[str, float]:
    """Figures of ``checkpoint`` on its own corpus: see ``melody_metrics``."""
    return melody_metrics(checkpoint, [piece.score for piece in pieces_of(checkpoint.card.corpus, split, corpus_root)])


def melody_metrics(checkpoint: Checkpoint, scores: Sequence[Score]) -> dict[str, float]:
    """Loss ``nll`` (nats a token) and accuracy over whole pieces, every token counted once.

    Of a model of rhythms ``nll`` and ``accuracy`` are of the rhythm exactly as written, at 120 quarters a minute;
    ``clapped_nll`` and ``clapped_accuracy`` of the same melodies clapped by a person: a tempo from 50 to 200, attacks
    20 ms off, no rests. A model of a performed corpus is told the times as they were played, and for claps every note
    until the next. The figures of a VAE are those of ``latent_metrics``.
    """
    if is_latent(checkpoint.card):
        return latent_metrics(checkpoint, scores)
    card = checkpoint.card
    sets = validation_sets(checkpoint.codec, card.corpus, scores, card.training.get("common_key", False))
    found = {name: held_out(checkpoint, items) for name, items in sets.items()}
    metrics = {
        "num_pieces": found[CLEAN].num_pieces,
        "num_tokens": found[CLEAN].num_tokens,
        "nll": round(found[CLEAN].nll, 4),
        "accuracy": round(found[CLEAN].accuracy, 4),
    }
    if CLAPPED in found:
        metrics["clapped_nll"] = round(found[CLAPPED].nll, 4)
        metrics["clapped_accuracy"] = round(found[CLAPPED].accuracy, 4)
    return metrics


def held_out(checkpoint: Checkpoint, items: Items) -> HeldOut:
    return evaluate(checkpoint, (Encoded(*items[i]) for i in range(len(items))))  # type: ignore[arg-type]


def read_pieces(path: Path) -> list[Score]:
    """The melodies in a music file, or in every music file of a folder; raises ``InputError``."""
    is_folder = path.is_dir()
    files = sorted(f for f in path.rglob("*") if ending(f.name) in READERS and f.is_file()) if is_folder else [path]
    if not files:
        raise InputError(f"There are no music files in {path}; choose a folder with {', '.join(READERS)} files.")
    melodies = [melody_line(read_file(file)) for file in files]
    if not any(melody.notes for melody in melodies):
        raise InputError(f"There are no notes in {path}; choose music with a melody.")
    return [melody for melody in melodies if melody.notes]


def read_file(path: Path) -> Score:
    """The music in a file; raises ``InputError``, which names the file."""
    try:
        return read_score(read_bytes(path), path.name)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
