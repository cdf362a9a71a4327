"""The bytes of a file, once, whole and unchanged.

A file is read into memory in one go, with a limit, and everything later works on
these bytes: what was checked is what is read, and its hash is the data's hash.
"""

from __future__ import annotations

import difflib
import gzip
import io
import os
import stat
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from forecast.errors import FileError

__all__ = ["MAX_BYTES", "bundle_member", "read_bytes", "unpack_gzip"]

MAX_BYTES = 256 * 1024**2
CHUNK = 1024**2


def read_bytes(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a regular file of at most `max_bytes` bytes.

    Parameters
    ----------
    path : path
        The file; a link to a regular file is followed.
    max_bytes : int
        Larger files are refused before they are read.

    Returns
    -------
    bytes
        The content, guaranteed not to have changed while it was read.

    Raises
    ------
    FileError
        F-601 no such file, F-602 a directory, F-603 no regular file, F-604 may
        not be read, F-605 too large, F-606 changed while it was read.
    """
    file = Path(path)
    _refuse_what_is_no_file(file)
    try:
        with file.open("rb") as stream:
            before = os.fstat(stream.fileno())
            if before.st_size > max_bytes:
                raise _too_large(file.name, before.st_size, max_bytes)
            data = _read_at_most(stream, max_bytes + 1)
            after = os.fstat(stream.fileno())
    except FileError:
        raise
    except OSError as error:
        raise FileError(
            f"{file.name!r} cannot be read: {error.strerror or error}",
            code="F-604",
            remedy="Check the permissions of the file and the state of the disk.",
        ) from error
    if len(data) != before.st_size or _stamp(before) != _stamp(after):
        raise FileError(
            f"{file.name!r} changed while it was read",
            code="F-606",
            remedy="Wait until the other program has finished writing, then read again.",
        )
    return data


def unpack_gzip(data: bytes, *, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Unpack a gzip file, but never more than `max_bytes` bytes of it.

    Raises
    ------
    FileError
        F-609 it unpacks to more (a gzip bomb), F-610 damaged or cut off.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            unpacked = _read_at_most(stream, max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(
            f"{name!r} is a damaged or cut-off gzip file: {error}",
            code="F-610",
            remedy="Fetch or pack the file again.",
        ) from error
    if len(unpacked) > max_bytes:
        raise FileError(
            f"{name!r} has {len(data):,} bytes and unpacks to more than {max_bytes:,}",
            code="F-609",
            remedy="If you trust the file, raise max_bytes.",
        )
    return unpacked


def bundle_member(folder: str | os.PathLike[str], name: str) -> Path:
    """Path of a file inside `folder`, refusing every way out of it.

    Parameters
    ----------
    folder : path
        A folder that holds several parts, such as a study's output.
    name : str
        Name of a part as a manifest lists it, with ``/`` between folders.

    Returns
    -------
    Path
        ``folder / name``; the file need not exist.

    Raises
    ------
    FileError
        F-627 the name is absolute, holds ``..`` or leads through a link.

    Examples
    --------
    >>> bundle_member("run", "tables/totals.csv").as_posix()
    'run/tables/totals.csv'
    """
    refuse_outside(name)
    member = Path(folder)
    for part in PurePosixPath(name).parts:
        member = member / part
        if member.is_symlink():
            raise _outside(name, "leads through a link")
    return member


def refuse_outside(name: str) -> None:
    """Raise F-627 unless `name` stays inside the folder or archive it belongs to."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts:
        raise _outside(name, "leads out of its folder")
    if name.startswith(("/", "\\")) or PureWindowsPath(name).drive or "\0" in name:
        raise _outside(name, "is no relative path")


def _outside(name: str, why: str) -> FileError:
    return FileError(
        f"the member {name!r} {why}",
        code="F-627",
        remedy="Bundles hold plain files below their own folder; do not trust this one.",
    )


def _refuse_what_is_no_file(file: Path) -> None:
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _not_found(file) from error
    except (OSError, ValueError) as error:
        raise FileError(
            f"{file.name!r} cannot be read: {error}", code="F-604"
        ) from error
    if stat.S_ISDIR(mode):
        raise FileError(
            f"{file.name!r} is a directory",
            code="F-602",
            remedy="Name a file in it.",
        )
    if not stat.S_ISREG(mode):
        # Opening a pipe or a device could wait for ever.
        raise FileError(
            f"{file.name!r} is a pipe, socket or device",
            code="F-603",
            remedy="Save the data as a regular file first.",
        )


def _not_found(file: Path) -> FileError:
    if "://" in str(file) or str(file).startswith(("http:/", "https:/", "ftp:/")):
        remedy = "Addresses are not fetched; download the file first."
    else:
        names = [f.name for f in file.parent.iterdir()] if file.parent.is_dir() else []
        near = difflib.get_close_matches(file.name, names, n=3)
        remedy = f"Did you mean {near}?" if near else "Check the path."
    return FileError(f"there is no file {str(file)!r}", code="F-601", remedy=remedy)


def _too_large(name: str, size: int, max_bytes: int) -> FileError:
    return FileError(
        f"{name!r} has {size:,} bytes, more than max_bytes={max_bytes:,}",
        code="F-605",
        remedy="Raise max_bytes if there is memory for about ten times the file.",
    )


def _read_at_most(stream: BinaryIO | gzip.GzipFile, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := stream.read(min(CHUNK, limit))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
