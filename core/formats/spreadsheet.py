"""Tables that people open in a spreadsheet."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - some read these wide ones alike
"""what a cell begins with that spreadsheets work out"""


def inert(value: object) -> object:
    """A cell as it stands, but text that begins like a formula behind an apostrophe, as OWASP advises."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
