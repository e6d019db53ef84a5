"""Validation figures of a checkpoint, as its card and ``evaluate`` report them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec, ArrangementCodec, Encoded, PianoCodec, PianoRollCodec, arrangement, piano
from core.data.corpora import pieces_of
from core.data.datasets import CLAPPED, CLEAN, Items, validation_sets
from core.data.piano import played_notes
from core.data.piece import Piece
from core.data.rolls import frames_of
from core.data.tune_texts import body_start
from core.errors import FormatError, InputError
from core.evaluation.latent import latent_metrics
from core.files import READERS, ending, read_bytes, read_score
from core.formats.abc_notation import split_tunes
from core.formats.skyline import melody_line
from core.latent import is_latent
from core.likelihood import HeldOut, evaluate, token_log_probs
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
    by note those of ``fields_of_notes`` are added.
    """
    if is_latent(checkpoint.card):
        return latent_metrics(checkpoint, [piece.score for piece in pieces])
    card = checkpoint.card
    sets = validation_sets(checkpoint.codec, card.corpus, pieces, card.training.get("common_key", False))
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
    if isinstance(checkpoint.codec, PianoRollCodec):
        keys_nll = other_keys_nll(checkpoint.codec, pieces) / found[CLEAN].num_tokens
        metrics |= {"nll": round(found[CLEAN].nll + keys_nll, 4), "token_nll": round(found[CLEAN].nll, 4)}
    for codec, fields in ((PianoCodec, piano.FIELDS), (ArrangementCodec, arrangement.FIELDS)):
        if isinstance(checkpoint.codec, codec):
            metrics |= fields_of_notes(checkpoint, sets[CLEAN], fields)
    if isinstance(checkpoint.codec, AbcCharsCodec):
        metrics |= parts_of_tunes(checkpoint, sets[CLEAN])
    return metrics


def held_out(checkpoint: Checkpoint, items: Items) -> HeldOut:
    return evaluate(checkpoint, encoded(items))


def encoded(items: Items) -> Iterator[Encoded]:
    return (Encoded(*items[i][:2]) for i in range(len(items)))  # type: ignore[arg-type]


def other_keys_nll(codec: PianoRollCodec, pieces: Sequence[Piece]) -> float:
    """What tokens of piano rolls leave open, in nats: the keys of all frames outside the vocabulary."""
    return sum(codec.other_nll(frames_of(piece, codec.frames_per_sec)) for piece in pieces)


def fields_of_notes(checkpoint: Checkpoint, items: Items, fields: Sequence[str]) -> dict[str, float]:
    """Nats of a note, all its ``fields`` together and one by one: ``note_nll``, ``pitch_nll``, ..

    The first token of a piece, its style, does not count here, nor does its end.
    """
    sums, num_notes = torch.zeros(len(fields), dtype=torch.float64), 0
    for piece in encoded(items):
        nll = -token_log_probs(checkpoint, piece).double()[1:]
        notes = nll[: len(nll) // len(fields) * len(fields)].view(-1, len(fields))
        sums, num_notes = sums + notes.sum(dim=0), num_notes + len(notes)
    each = {f"{field}_nll": round(float(value) / num_notes, 4) for field, value in zip(fields, sums, strict=True)}
    return {"note_nll": round(float(sums.sum()) / num_notes, 4), **each}


def parts_of_tunes(checkpoint: Checkpoint, items: Items) -> dict[str, float]:
    """``header_nll`` of the characters up to the line of the key, that line among them, ``body_nll`` of the others."""
    sums = torch.zeros(2, 2, dtype=torch.float64)  # of header and body: characters, nll
    for piece in encoded(items):
        nll = -token_log_probs(checkpoint, piece).double()
        split = body_start(checkpoint.codec.text_of(piece.tokens))  # type: ignore[attr-defined]
        for side, part in enumerate((nll[:split], nll[split:])):
            sums[side] += torch.tensor([len(part), part.sum()])
    header, body = (round(float(nll / max(1, count)), 4) for count, nll in sums)
    return {"header_nll": header, "body_nll": body}


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
