"""Figures of the parts of held-out pieces: fields of a note, header and body of a tune, early and late notes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from core.codecs import AbcCharsCodec, BeatCodec, Codec, Encoded
from core.codecs.fields import FieldCodec
from core.data.tune_texts import body_start


class Parts(ABC):
    """Figures of the parts of pieces, apart."""

    @abstractmethod
    def count(self, piece: Encoded, nats: Tensor) -> None:
        """Takes down the ``nats`` (T,) of the tokens of a piece."""

    @abstractmethod
    def figures(self) -> dict[str, float]: ...


def parts_of(codec: Codec) -> Parts | None:
    if isinstance(codec, AbcCharsCodec):
        return TuneParts(codec)
    if isinstance(codec, BeatCodec):
        return LongPieces()
    return NoteFields(codec.fields) if isinstance(codec, FieldCodec) else None


class NoteFields(Parts):
    """Nats of a note, all its ``fields`` together and one by one: ``note_nll``, ``pitch_nll``, ..

    The first token of a piece, its style, does not count here, nor does its end.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields, self.num_notes = fields, 0
        self.sums = torch.zeros(len(fields), dtype=torch.float64)

    def count(self, piece: Encoded, nats: Tensor) -> None:
        num = len(self.fields)
        notes = nats[1 : 1 + (len(nats) - 1) // num * num].view(-1, num)
        self.sums += notes.sum(dim=0)
        self.num_notes += len(notes)

    def figures(self) -> dict[str, float]:
        each = {
            f"{field}_nll": round(float(value) / self.num_notes, 4)
            for field, value in zip(self.fields, self.sums, strict=True)
        }
        return {"note_nll": round(float(self.sums.sum()) / self.num_notes, 4), **each}


class LongPieces(Parts):
    """``early_nll`` and ``late_nll``: of the notes 64 to 128, and 129 to 400, of all pieces that have so many.

    Networks are trained on slices of 128 notes; a good one is no worse behind them.
    """

    EARLY, LATE = slice(63, 128), slice(128, 400)

    def __init__(self) -> None:
        self.num_pieces, self.sums = 0, torch.zeros(2, dtype=torch.float64)

    def count(self, piece: Encoded, nats: Tensor) -> None:
        if len(nats) >= self.LATE.stop:
            self.num_pieces += 1
            self.sums += torch.stack([nats[self.EARLY].mean(), nats[self.LATE].mean()])

    def figures(self) -> dict[str, float]:
        if not self.num_pieces:
            return {}
        early, late = (round(float(total) / self.num_pieces, 4) for total in self.sums)
        return {"num_long": self.num_pieces, "early_nll": early, "late_nll": late}


class TuneParts(Parts):
    """``header_nll`` of the characters up to the line of the key, that line among them, ``body_nll`` of the others."""

    def __init__(self, codec: AbcCharsCodec) -> None:
        self.codec = codec
        self.sums = torch.zeros(2, 2, dtype=torch.float64)  # of header and body: characters, nll

    def count(self, piece: Encoded, nats: Tensor) -> None:
        split = body_start(self.codec.text_of(piece.tokens))
        for side, part in enumerate((nats[:split], nats[split:])):
            self.sums[side] += torch.tensor([len(part), part.sum()])

    def figures(self) -> dict[str, float]:
        header, body = (round(float(nll / max(1, count)), 4) for count, nll in self.sums)
        return {"header_nll": header, "body_nll": body}
