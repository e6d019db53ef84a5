"""Piano music as files; a new format is a line in ``PIANO_WRITERS``. Nothing heavy is loaded before it is needed."""

from __future__ import annotations

from collections.abc import Callable

from core.formats.midi import score_to_midi
from core.formats.two_staves import PianoScore
from core.score import Score

PianoWriter = Callable[[Score, bool, str | None], bytes]
"""from music, whether it was performed rather than written, and its key (None: estimated)"""


def on_two_staves(write: Callable[[PianoScore], str | bytes]) -> PianoWriter:
    """A format of sheet music."""

    def write_notated(score: Score, performed: bool, key: str | None) -> bytes:
        from core.piano_notation import notate_piano

        written = write(notate_piano(score, performed=performed, key=key))
        return written.encode() if isinstance(written, str) else written

    return write_notated


def musicxml(score: PianoScore) -> str:
    from core.formats.piano_musicxml import piano_musicxml

    return piano_musicxml(score)


def svg(score: PianoScore) -> str:
    from core.render.notation import piano_svg

    return piano_svg(score)


def pdf(score: PianoScore) -> bytes:
    from core.render.pdf import piano_pdf

    return piano_pdf(score)


def wav(score: Score, performed: bool, key: str | None) -> bytes:
    from core.render.audio import audio_to_wav, render

    return audio_to_wav(render(score))


PIANO_WRITERS: dict[str, PianoWriter] = {
    ".mid": lambda score, performed, key: score_to_midi(score),
    ".musicxml": on_two_staves(musicxml),
    ".svg": on_two_staves(svg),
    ".pdf": on_two_staves(pdf),
    ".wav": wav,
}
