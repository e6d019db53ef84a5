"""Validation figures of a checkpoint, as its card and ``evaluate`` report them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.checkpoint import Checkpoint
from core.codecs import Encoded, PianoRollCodec
from core.data.corpora import pieces_of
from core.data.datasets import CLAPPED, CLEAN, Items, validation_sets
from core.data.piano import played_notes
from core.data.piece import Piece
from core.data.rolls import frames_of
from core.errors import FormatError, InputError
from core.evaluation.latent import latent_metrics
from core.evaluation.parts import Parts, parts_of
from core.files import READERS, ending, read_bytes, read_score
from core.formats.abc_notation import split_tunes
from core.formats.skyline import melody_line
from core.latent import is_latent
from core.likelihood import HeldOut, evaluate
from core.score import Score


def validation_metrics(
    checkpoint: Checkpoint, split: str = "valid", corpus_root: Path | None = None
) -> dict[str, float]:
    """Figures of ``checkpoint`` on its own corpus: see ``piece_metrics``."""
    return piece_metrics(checkpoint, pieces_of(checkpoint.card.corpus, split, corpus_root))


def piece_metrics(checkpoint: Checkpoint, pieces: Sequence[Piece]) -> dict[str, float]:
    """Loss ``nll`` (nats a token) and accuracy over whole pieces, every token counted once.

    Of a model of rhythms ``nll`` and ``accuracy`` are of the rhythm exactly as written, at 120 quarters a minute;
    ``clapped_nll`` and ``clapped_accuracy`` of the same melodies clapped by a person: a tempo from 50 to 200, attacks
    20 ms off, no rests. A model of a performed corpus is told the times as they were played, and for claps every note
    until the next. The figures of a VAE are those of ``latent_metrics``. Of tunes in characters the figures of header
    and body, which ends with the end of the tune, stand beside those of the whole. Of piano rolls ``nll`` is of
    the keys of a frame, and ``token_nll`` of its token alone, which many sets of keys may share. Of piano music note
    by note those of ``NoteFields`` are added, to those of rhythms those of ``LongPieces`` where there are any.
    """
    if is_latent(checkpoint.card):
        return latent_metrics(checkpoint, [piece.score for piece in pieces])
    card = checkpoint.card
    codec = checkpoint.codec
    sets = validation_sets(codec, card.corpus, pieces, card.training.get("common_key", False))
    parts = parts_of(codec)
    found = {name: held_out(checkpoint, items, parts if name == CLEAN else None) for name, items in sets.items()}
    metrics = {
        "num_pieces": found[CLEAN].num_pieces,
        "num_tokens": found[CLEAN].num_tokens,
        "nll": round(found[CLEAN].nll, 4),
        "accuracy": round(found[CLEAN].accuracy, 4),
    }
    if CLAPPED in found:
        metrics["clapped_nll"] = round(found[CLAPPED].nll, 4)
        metrics["clapped_accuracy"] = round(found[CLAPPED].accuracy, 4)
    if isinstance(codec, PianoRollCodec):
        keys_nll = other_keys_nll(codec, pieces) / found[CLEAN].num_tokens
        metrics |= {"nll": round(found[CLEAN].nll + keys_nll, 4), "token_nll": round(found[CLEAN].nll, 4)}
    return metrics | (parts.figures() if parts else {})


def held_out(checkpoint: Checkpoint, items: Items, parts: Parts | None = None) -> HeldOut:
    return evaluate(checkpoint, encoded(items), parts.count if parts else None)


def encoded(items: Items) -> Iterator[Encoded]:
    return (Encoded(*items[i][:2]) for i in range(len(items)))  # type: ignore[arg-type]


def other_keys_nll(codec: PianoRollCodec, pieces: Sequence[Piece]) -> float:
    """What tokens of piano rolls leave open, in nats: the keys of all frames outside the vocabulary."""
    return sum(codec.other_nll(frames_of(piece, codec.frames_per_sec)) for piece in pieces)


def read_pieces(path: Path) -> list[Piece]:
    """The melodies in a music file, or in every music file of a folder; raises ``InputError``."""
    is_folder = path.is_dir()
    files = sorted(f for f in path.rglob("*") if ending(f.name) in READERS and f.is_file()) if is_folder else [path]
    if not files:
        raise InputError(f"There are no music files in {path}; choose a folder with {', '.join(READERS)} files.")
    pieces = [piece_of(file) for file in files]
    if not any(piece.score.notes for piece in pieces):
        raise InputError(f"There are no notes in {path}; choose music with a melody.")
    return [piece for piece in pieces if piece.score.notes]


def piece_of(path: Path) -> Piece:
    """The melody, the text and all notes of a file, for models of each."""
    score = read_file(path)
    return Piece(str(path), melody_line(score), text=abc_text(path), played=played_notes(score))


def abc_text(path: Path) -> str:
    """The first tune of a file in ABC, as it stands there; empty for other files."""
    return next(iter(split_tunes(read_bytes(path).decode(errors="replace"))), "") if ending(path.name) == ".abc" else ""


def read_file(path: Path) -> Score:
    """The music in a file; raises ``InputError``, which names the file."""
    try:
        return read_score(read_bytes(path), path.name)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
