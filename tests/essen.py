"""Folk songs of the Essen collection, read by music21 and not by our own readers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import music21

from core.score import Note, Score

_FOLDER = Path(music21.__file__).parent / "corpus" / "essenFolksong"
_NUM_TUNES = 36


@cache
def essen_scores() -> tuple[Score, ...]:
    """Tunes from all over the collection: upbeats, dotted rhythms, 6/8 and odd metres among them."""
    tunes = [
        "X:" + tune
        for path in sorted(_FOLDER.glob("*.abc"))
        for tune in path.read_text(errors="replace").split("X:")[1:]
    ]
    scores = [_score(tune) for tune in tunes[7 :: len(tunes) // _NUM_TUNES]]
    return tuple(score for score in scores if score is not None)


def _score(abc: str) -> Score | None:
    parsed = music21.converter.parse(abc, format="abc")
    part = parsed.parts[0]
    metre = part.recurse().getElementsByClass(music21.meter.TimeSignature).first()
    signature = part.recurse().getElementsByClass(music21.key.Key).first()
    if metre is None or signature is None:
        return None
    upbeat = part.getElementsByClass(music21.stream.Measure).first().duration.quarterLength
    sounding = part.stripTies().recurse().notes
    return Score(
        notes=tuple(Note(float(n.getOffsetInHierarchy(part)), float(n.quarterLength), n.pitch.midi) for n in sounding),
        time_signature=(metre.numerator, metre.denominator),
        upbeat=float(upbeat) if upbeat < metre.barDuration.quarterLength else 0.0,
        key=signature.tonic.name.replace("-", "b") + "m" * (signature.mode == "minor"),
        title=" ".join(parsed.metadata.title.split()),
    )
