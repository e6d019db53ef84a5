"""Two-way maps between a ``Score`` and token ids; a new one is a file and an entry in ``CODECS``."""

from core.codecs.base import Codec, CodecError, Encoded
from core.codecs.beats import BeatCodec, beats_of

CODECS: dict[str, type[Codec]] = {codec.name: codec for codec in (BeatCodec,)}

__all__ = ["CODECS", "BeatCodec", "Codec", "CodecError", "Encoded", "beats_of"]
