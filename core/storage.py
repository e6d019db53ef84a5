"""Files that are whole or not there, whatever becomes of the process that writes them."""

from __future__ import annotations

import errno
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

PARTIAL = ".partial"
"""what the name of a file ends in that is being written"""
FORGOTTEN_SEC = 3600.0
"""after which nobody writes it any more"""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS}


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file in one stroke: a crash leaves the old one or the new one, never half of it, nor do two writers.

    When this returns the data and their name are on the disk. A process that is killed meanwhile leaves a file that
    ends in ``PARTIAL`` beside it; ``sweep`` removes those.
    """
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Brings to the disk what the files in a folder are called, where the system can do that: Windows cannot."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: Path) -> None:
    """Removes what processes that were killed have left in a folder; what may still be written stays."""
    with suppress(OSError):
        for partial in folder.glob(f"*{PARTIAL}"):
            if is_forgotten(partial):
                with suppress(OSError):
                    partial.unlink()


def is_forgotten(partial: Path) -> bool:
    """Whether nobody writes to an unfinished file or folder any more."""
    with suppress(OSError):
        return time.time() - partial.stat().st_mtime > FORGOTTEN_SEC
    return False


def is_writable(folder: Path) -> bool:
    """Whether files can be written to a folder or, where it is missing, whether it can be made; makes nothing."""
    there = next((place for place in (folder, *folder.absolute().parents) if os.access(place, os.F_OK)), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def remedy(error: OSError) -> str:
    """What to do where a file cannot be written, as the end of a sentence; empty where that is not the reason."""
    if error.errno in NO_ROOM:
        return "make room on its disk"
    return "choose another folder, or ask for the right to it" if error.errno in NO_RIGHT else ""
