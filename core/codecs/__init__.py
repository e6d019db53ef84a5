"""Two-way maps between a ``Score`` and token ids; a new one is a file and an entry in ``CODECS``."""

from core.codecs.abc_chars import AbcCharsCodec
from core.codecs.arrangement import ArrangementCodec
from core.codecs.base import Codec, CodecError, Encoded
from core.codecs.beats import BeatCodec, beats_of
from core.codecs.piano import PianoCodec
from core.codecs.pianoroll import PianoRollCodec, roll_version
from core.codecs.steps import StepCodec

CODECS: dict[str, type[Codec]] = {
    codec.name: codec for codec in (BeatCodec, StepCodec, AbcCharsCodec, PianoCodec, ArrangementCodec, PianoRollCodec)
}

__all__ = [
    "CODECS",
    "AbcCharsCodec",
    "ArrangementCodec",
    "BeatCodec",
    "Codec",
    "CodecError",
    "Encoded",
    "PianoCodec",
    "PianoRollCodec",
    "StepCodec",
    "beats_of",
    "roll_version",
]
