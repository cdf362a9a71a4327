"""Zip archives, looked through before anything opens them for good.

openpyxl says of itself that it does not guard against hostile files. So every member
is unpacked once here, in small pieces that are thrown away: sizes are counted, check
sums compared, and XML that declares entities is refused.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass

from forecast.errors import FileError
from forecast.reading.snapshots import refuse_outside

__all__ = ["Archive", "check_archive"]

MAX_MEMBERS = 10_000
CHUNK = 1024**2
OVERLAP = 64
_ENCRYPTED = 0x1
_XML_SUFFIXES = (".xml", ".rels", ".vml")
_ENTITIES = re.compile(
    b"|".join(
        re.escape(word.encode(codec))
        for word in ("<!DOCTYPE", "<!ENTITY")
        for codec in ("ascii", "utf-16-le", "utf-16-be")
    )
)
_FORMULA = re.compile(rb"<(?:\w{1,40}:)?f[\s/>]")


@dataclass(frozen=True, slots=True)
class Archive:
    """What was found in a zip file that is safe to unpack.

    Attributes
    ----------
    members : tuple of str
        Names of the members.
    with_formulas : frozenset of str
        XML members that hold an element ``<f>``, a spreadsheet's formula.
    """

    members: tuple[str, ...]
    with_formulas: frozenset[str]


def check_archive(data: bytes, *, name: str, max_bytes: int) -> Archive:
    """Look through a zip file without keeping anything of it.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name, for messages.
    max_bytes : int
        What all members together may unpack to.

    Raises
    ------
    FileError
        F-622 password, F-623 damaged, F-624 unpacks to too much, F-627 hostile
        member names, F-628 XML entities.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_directory(infos, name, len(data), max_bytes)
            found = {
                info.filename for info in infos if _look_through(archive, info, name)
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise damaged(name, error) from error
    except (NotImplementedError, RuntimeError, UnicodeError) as error:
        raise damaged(name, error) from error
    return Archive(tuple(info.filename for info in infos), frozenset(found))


def damaged(name: str, error: Exception) -> FileError:
    """Error F-623 for a workbook or archive that cannot be read to its end."""
    return FileError(
        f"{name!r} is damaged or cut off ({type(error).__name__}: {error})",
        code="F-623",
        remedy="Fetch it again, or open it in a spreadsheet program and save it.",
    )


def _check_directory(
    infos: list[zipfile.ZipInfo], name: str, packed: int, max_bytes: int
) -> None:
    """Judge an archive by what it says of its members."""
    unpacked = sum(info.file_size for info in infos)
    if unpacked > max_bytes or len(infos) > MAX_MEMBERS:
        raise FileError(
            f"{name!r} has {packed:,} bytes and unpacks to {unpacked:,}"
            f" in {len(infos):,} parts, more than max_bytes={max_bytes:,}",
            code="F-624",
            remedy="If you trust the file, raise max_bytes.",
        )
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise FileError(
            f"{name!r} is protected by a password",
            code="F-622",
            remedy="Save a copy without a password.",
        )
    for info in infos:
        refuse_outside(info.filename)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _hostile(name, info.filename, "is a link")
    twice = [n for n, c in Counter(i.filename for i in infos).items() if c > 1]
    if twice:
        raise _hostile(name, twice[0], "stands twice in it")


def _look_through(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bool:
    """Unpack a member to its end; say whether it is XML with a formula.

    `zipfile` stops at the declared size and then compares the check sum, so a member
    that unpacks to more than it declares is found out as damaged.
    """
    is_xml = info.filename.lower().endswith(_XML_SUFFIXES)
    has_formula, tail = False, b""
    with archive.open(info) as member:
        while chunk := member.read(CHUNK):
            if not is_xml:
                continue
            window = tail + chunk
            if _ENTITIES.search(window) or not (tail or _begins_as_xml(chunk)):
                raise FileError(
                    f"{name!r} holds XML with entities or in a strange encoding"
                    f" (in {info.filename!r})",
                    code="F-628",
                    remedy="No spreadsheet program writes that; do not trust the file.",
                )
            has_formula = has_formula or bool(_FORMULA.search(window))
            tail = window[-OVERLAP:]
    return has_formula


def _begins_as_xml(chunk: bytes) -> bool:
    return chunk.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1] == b"<"


def _hostile(name: str, member: str, what: str) -> FileError:
    return FileError(
        f"the archive {name!r} is hostile: the member {member!r} {what}",
        code="F-627",
        remedy="Do not trust this file.",
    )
