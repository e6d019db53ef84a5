"""A tune for the component tests, engraved and sung by a sine wave without the rest of the project."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
import verovio

QUARTER_SEC = 0.3
SAMPLE_RATE = 16_000
# (step, octave, quarters); the fourth bar's half note is tied over the bar line into the fifth
BARS = [
    [("G", 4, 1), ("A", 4, 1), ("B", 4, 1), ("G", 4, 1)],
    [("B", 4, 1), ("C", 5, 1), ("D", 5, 2)],
    [("D", 5, 1), ("C", 5, 1), ("B", 4, 1), ("A", 4, 1)],
    [("B", 4, 2), ("G", 4, 2)],
    [("G", 4, 2), ("E", 4, 1), ("F", 4, 1)],
    [("A", 4, 1), ("B", 4, 1), ("C", 5, 1), ("D", 5, 1)],
    [("E", 5, 2), ("D", 5, 1), ("B", 4, 1)],
    [("G", 4, 4)],
]
TIED = 12  # index of the tied note
TYPES = {1: "quarter", 2: "half", 4: "whole"}
ACCIDENTAL = "<alter>1</alter>"


def melody() -> list[tuple[str, int, int]]:
    """(step, octave, quarters) of each note, the tied one counted once."""
    notes = [note for bar in BARS for note in bar]
    step, octave, quarters = notes[TIED]
    return [*notes[:TIED], (step, octave, quarters + notes[TIED + 1][2]), *notes[TIED + 2 :]]


def times() -> list[tuple[float, float]]:
    ends = np.cumsum([0, *(quarters for _, _, quarters in melody())]) * QUARTER_SEC
    return [(float(onset), float(offset)) for onset, offset in pairwise(ends)]


def svg(page_width: int = 2000) -> str:
    toolkit = verovio.toolkit(False)
    toolkit.setResourcePath(str(Path(verovio.__file__).parent / "data"))  # the default holds for one thread alone
    page = {"pageWidth": page_width, "adjustPageHeight": True, "header": "none", "footer": "none"}
    toolkit.setOptions({"svgViewBox": True, "xmlIdSeed": 1, **page})
    assert toolkit.loadData(_musicxml())
    return toolkit.renderToSVG(1)


def wav(transpose: int = 0) -> bytes:
    """The tune in sine tones, 20 ms of silence between the notes."""
    tones = []
    for (step, octave, _), (onset, offset) in zip(melody(), times(), strict=True):
        pitch = 12 * (octave + 1) + {"C": 0, "D": 2, "E": 4, "F": 6, "G": 7, "A": 9, "B": 11}[step] + transpose
        time = np.arange(round((offset - onset) * SAMPLE_RATE)) / SAMPLE_RATE
        tone = 0.2 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time)
        tone[-SAMPLE_RATE // 50 :] = 0
        tones.append(tone)
    file = io.BytesIO()
    soundfile.write(file, np.concatenate(tones), SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def roll(shift: int = 0) -> str:
    """A piano roll as small as a card."""
    bars = []
    for i, ((step, octave, _), (onset, offset)) in enumerate(zip(melody(), times(), strict=True)):
        y = 60 - 4 * ("CDEFGAB".index(step) + 7 * (octave - 4) + (shift * i) % 5)
        bars.append(f'<rect x="{onset * 20:.1f}" y="{y}" width="{(offset - onset) * 20 - 1:.1f}" height="4" rx="1.5"/>')
    width = times()[-1][1] * 20
    view = f'viewBox="0 -8 {width} 76" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view} fill="currentColor">{"".join(bars)}</svg>'


def _musicxml() -> str:
    bars, number = [], 0
    flat = [(bar, note) for bar, notes in enumerate(BARS) for note in notes]
    texts: dict[int, list[str]] = {bar: [] for bar in range(len(BARS))}
    for position, (bar, (step, octave, quarters)) in enumerate(flat):
        continues = position == TIED + 1
        name = f"n{number - 1}t1" if continues else f"n{number}"
        tie = "".join(f'<tie type="{kind}"/>' for kind, at in (("start", TIED), ("stop", TIED + 1)) if position == at)
        pitch = f"<pitch><step>{step}</step>{ACCIDENTAL if step == 'F' else ''}<octave>{octave}</octave></pitch>"
        texts[bar].append(
            f'<note id="{name}">{pitch}<duration>{quarters}</duration>{tie}<type>{TYPES[quarters]}</type></note>'
        )
        number += not continues
    for bar, notes in texts.items():
        attributes = (
            "<attributes><divisions>1</divisions><key><fifths>1</fifths></key><time><beats>4</beats>"
            "<beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes>"
        )
        bars.append(f'<measure number="{bar + 1}">{attributes if bar == 0 else ""}{"".join(notes)}</measure>')
    return (
        '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name/></score-part></part-list>'
        f'<part id="P1">{"".join(bars)}</part></score-partwise>'
    )
