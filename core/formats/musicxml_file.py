"""What stands between an uploaded MusicXML file and its reader: sizes, zip archives, entities, damaged XML."""

from __future__ import annotations

import io
import zipfile
import zlib
from itertools import islice
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from core.errors import FormatError

MAX_BYTES = 10_000_000  # of XML, unpacked
MAX_ELEMENTS = 600_000  # a tree takes far more memory than its text; a note has about 15
MAX_NAMES = 2_000  # of elements and attributes, each kept for ever more than once; MusicXML has some 600
MAX_MEMBERS, MAX_SCORES = 1_000, 10  # of an archive: with pictures and sound beside the score; and those it names
_TOO_LARGE = f"This MusicXML file is too large: choose one of at most {MAX_BYTES // 1_000_000} MB once unpacked."
_DAMAGED = "This is no readable MusicXML file: export it again from the notation program as .musicxml or .mxl."
_DAMAGE = (
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # a zip archive with a password
    NotImplementedError,  # one compressed in a way that Python does not know
    LookupError,  # an unknown text encoding
    ValueError,
)


def parse_musicxml(data: bytes) -> Element:
    """Return the root of a plain or zipped (.mxl) MusicXML document; nothing is written to disk.

    Raises FormatError on a damaged file, one that defines entities, and one of more than ``MAX_BYTES``.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(_TOO_LARGE)
    try:
        return _parse(_unzip(data) if data.startswith(b"PK") else data)
    except FormatError:
        raise
    except _DAMAGE as error:
        raise FormatError(_DAMAGED) from error


def _parse(xml: bytes) -> Element:
    """Build the tree; entities, which can grow without bounds or name files, end it where they are declared."""
    builder = TreeBuilder()
    num_elements = 0
    names = set[str]()

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal num_elements
        num_elements += 1
        if num_elements > MAX_ELEMENTS:
            raise FormatError(_TOO_LARGE)
        names.update((tag, *attributes))
        if len(names) > MAX_NAMES:
            raise FormatError(f"This XML file has over {MAX_NAMES:,} kinds of elements, more than any MusicXML score.")
        builder.start(tag, attributes)

    def refuse(*_: object) -> NoReturn:
        raise FormatError("This MusicXML file declares entities, which are not read: export it again without them.")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    parser.Parse(xml, True)
    return builder.close()


def _unzip(data: bytes) -> bytes:
    """Read the score that META-INF/container.xml names, else the first that looks like one."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.namelist()
        if len(members) > MAX_MEMBERS:
            raise FormatError(f"This .mxl file holds over {MAX_MEMBERS:,} files: export the score alone.")
        scores = [
            n for n in members if n.endswith((".musicxml", ".xml")) and not n.startswith(("META-INF", "__MACOSX"))
        ]
        if "META-INF/container.xml" in members:
            container = _parse(_read(archive, "META-INF/container.xml"))
            named = [e.get("full-path", "") for e in islice(container.iter("rootfile"), MAX_SCORES)]
            scores = [name for name in named if name in members] + scores
        if not scores:
            raise FormatError("There is no score in this .mxl file: export it again from the notation program.")
        return _read(archive, scores[0])


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    member = archive.getinfo(name)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may take memory without bounds
        raise FormatError("This .mxl file is compressed in an unusual way: export it again from the notation program.")
    with archive.open(member) as file:
        content = file.read(MAX_BYTES + 1)  # whatever size the archive claims
    if len(content) > MAX_BYTES:
        raise FormatError(_TOO_LARGE)
    return content
