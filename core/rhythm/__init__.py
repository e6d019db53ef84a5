"""Rhythm as it is performed, in seconds, and as it is written, in quarter notes."""

from __future__ import annotations

from core.rhythm.csv_text import csv_to_rhythm, rhythm_to_csv
from core.rhythm.note_values import NOTE_VALUES_HELP, parse_note_values
from core.rhythm.performed import MAX_NOTES, Rhythm, RhythmError
from core.rhythm.transcription import check_reading, notate, parse_time_signature

__all__ = [
    "MAX_NOTES",
    "NOTE_VALUES_HELP",
    "Rhythm",
    "RhythmError",
    "check_reading",
    "csv_to_rhythm",
    "notate",
    "parse_note_values",
    "parse_time_signature",
    "rhythm_to_csv",
]
