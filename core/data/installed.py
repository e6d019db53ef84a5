"""Where corpora that do not come with the installation are kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from core.data.cache import cache_folder
from core.errors import InputError

VARIABLE = "TUNESMITH_CORPORA"


class NotInstalledError(InputError):
    """A corpus is nowhere to be found."""


def corpora_folder() -> Path:
    """``TUNESMITH_CORPORA``, or ``corpora`` in the cache folder; each corpus has a folder of its own in it."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else cache_folder() / "corpora"


def find_folder(
    corpus: str, names: Sequence[str], marker: str, source: str, root: Path | None = None, command: str = ""
) -> Path:
    """The folder of a corpus: ``root`` itself, or the first of ``names`` in it, that holds a file like ``marker``.

    Without ``root`` it is looked for in ``corpora_folder()``. Raises ``NotInstalledError``, which tells its ``source``,
    and the ``command`` that fetches it if there is one.
    """
    parent = root or corpora_folder()
    for folder in (parent, *(parent / name for name in names)):
        if any(folder.glob(marker)):
            return folder
    where = f"unpack it to {corpora_folder() / names[0]}, or set {VARIABLE} to the folder that holds {names[0]}"
    if command:
        where += f", or run {command}"
    if root:
        where = f"choose the folder that holds its {marker}"
    raise NotInstalledError(f"The corpus {corpus} is not in {parent}; get it from {source} and {where}.")
