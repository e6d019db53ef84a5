"""Titles and notes as the pages call them."""

from __future__ import annotations

import pytest

from core.score import Note, Score, quoted
from core.ui.spoken import spoken


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Der Mann", "“Der Mann”"),
        ('"Der Mann"', "“Der Mann”"),
        ("„Der Mann“", "“Der Mann”"),
        ('"Kommt her zu mir" spricht Gottes Sohn', '“"Kommt her zu mir" spricht Gottes Sohn”'),
        ('Etude "Pour les huit doigts"', '“Etude "Pour les huit doigts"”'),
        ("'S Geigenbuebele", "“'S Geigenbuebele”"),
        ('"', '“"”'),
    ],
)
def test_a_title_is_quoted_once(title: str, said: str) -> None:
    assert quoted(title) == said


def test_notes_are_said_by_their_pitch_and_value() -> None:
    score = Score((Note(0, 3, 66), Note(3, 1 / 3, 70), Note(4, 1.1, 60), Note(6, 0.875, 59)), key="D")
    assert spoken(score) == ["F sharp 4, dotted half", "A sharp 4, triplet eighth", "C 4", "B 3, double dotted eighth"]
    assert spoken(score, written=False)[0] == "F sharp 4"
    assert spoken(Score((Note(0, 1, 0),), key="Bb")) == ["C -1, quarter"]
