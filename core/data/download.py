"""Downloads of corpora: one archive from its publisher, checked, resumed where it was cut short."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import urllib.request
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from core.errors import InputError
from core.storage import PARTIAL, is_forgotten, remedy, sync_folder

TIMEOUT_SEC = 30.0
BLOCK = 1 << 18
MAX_UNPACKED = 1_000_000_000
"""bytes; MAESTRO's MIDI files have less than a tenth of that"""
MAX_FILES = 20_000


@dataclass(frozen=True)
class Download:
    """A zip archive that holds one folder."""

    url: str
    num_bytes: int
    sha256: str
    folder: str
    """its name"""


def install(download: Download, parent: Path) -> Path:
    """Fetches and unpacks a corpus into ``parent``, and says where it is; what is there already is left alone.

    Raises ``InputError`` on a failure; the part that has come is kept, and the next call goes on from there.
    """
    target, archive = parent / download.folder, parent / f"{download.folder}.zip.part"
    for unpacked in parent.glob(f"{download.folder}.*{PARTIAL}"):
        if is_forgotten(unpacked):
            shutil.rmtree(unpacked, ignore_errors=True)
    if target.exists():
        with suppress(OSError):  # it is there where the last call was ended when all was done but this
            archive.unlink(missing_ok=True)
        return target
    try:
        parent.mkdir(parents=True, exist_ok=True)
        fetch(download, archive)
        check(download, archive)
        unpack(download, archive, parent)
        archive.unlink()
    except (OSError, HTTPException) as error:
        first = remedy(error) if isinstance(error, OSError) else ""
        what = f"{first}, then run the command again" if first else "run the command again to go on"
        raise InputError(f"The download of {download.url} failed ({error}); {what}.") from error
    return target


def fetch(download: Download, archive: Path) -> None:
    """Appends to ``archive`` what it lacks, with a progress bar; raises OSError, HTTPException, ``InputError``."""
    from tqdm import tqdm

    have = archive.stat().st_size if archive.exists() else 0
    if have >= download.num_bytes:
        return
    request = urllib.request.Request(download.url, headers={"Range": f"bytes={have}-"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SEC) as response:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            have = 0  # the server sends all of it
        name = f"Download of {download.folder}"
        with (
            archive.open("ab" if have else "wb") as file,
            tqdm(total=download.num_bytes, initial=have, desc=name, unit="B", unit_scale=True, disable=None) as bar,
        ):
            while have <= download.num_bytes and (block := response.read(BLOCK)):
                file.write(block)
                have += len(block)
                bar.update(len(block))
    if have < download.num_bytes:
        raise InputError(f"The download of {download.url} was cut short; run the command again to go on.")


def check(download: Download, archive: Path) -> None:
    """Raises ``InputError`` where the archive is not what its publisher names, and removes it."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != download.sha256:
        archive.unlink()
        raise InputError(f"What came from {download.url} is not what was published; try again later.")


def unpack(download: Download, archive: Path, parent: Path) -> None:
    """Puts the archive's folder into ``parent``, all at once, and on the disk; raises OSError, ``InputError``."""
    whole = Path(tempfile.mkdtemp(PARTIAL, f"{download.folder}.", parent))  # another process may unpack it, too
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [member for member in packed.infolist() if not member.is_dir()]
            too_large = sum(member.file_size for member in members) > MAX_UNPACKED or len(members) > MAX_FILES
            if too_large or not all(is_within(member.filename, download.folder) for member in members):
                raise InputError(f"The archive {archive} holds what does not belong in a corpus; delete it.")
            for member in members:
                path = Path(whole, member.filename)
                path.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(member) as source, path.open("wb") as file:
                    shutil.copyfileobj(source, file)
                    file.flush()
                    os.fsync(file.fileno())
            for folder, _, _ in os.walk(whole):
                sync_folder(Path(folder))
            Path(whole, download.folder).rename(parent / download.folder)
            sync_folder(parent)
    except zipfile.BadZipFile as error:
        raise InputError(f"The archive {archive} is damaged; delete it and run the command again.") from error
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def is_within(name: str, folder: str) -> bool:
    """Whether a member's name stays within ``folder``."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return len(parts) > 1 and parts[0] == folder and ".." not in parts and ":" not in name
