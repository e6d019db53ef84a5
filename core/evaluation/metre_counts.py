"""Counts what the transcription expects where in the bar; folk is Essen's training split, pop is POP909's.

``python -m core.evaluation.metre_counts FOLDER_OF_POP909`` prints ``core/rhythm/metre_counts.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from core.data.corpora import pieces_of
from core.evaluation.pop_songs import pop909_passages
from core.rhythm.metre_prior import count_values


def main(pop909: Path) -> None:
    folk = [piece.score for piece in pieces_of("essen", "train")]
    table = {"folk": count_values(folk), "pop": count_values(pop909_passages(pop909, "train"))}
    sys.stdout.write(json.dumps(table, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
