"""Two-way maps between a ``Score`` and token ids; a new one is a file and an entry in ``CODECS``."""

from core.codecs.abc_chars import AbcCharsCodec
from core.codecs.base import Codec, CodecError, Encoded
from core.codecs.beats import BeatCodec, beats_of
from core.codecs.steps import StepCodec

CODECS: dict[str, type[Codec]] = {codec.name: codec for codec in (BeatCodec, StepCodec, AbcCharsCodec)}

__all__ = ["CODECS", "AbcCharsCodec", "BeatCodec", "Codec", "CodecError", "Encoded", "StepCodec", "beats_of"]
