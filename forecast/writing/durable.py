"""Files that are either the old ones or the new ones, whatever happens.

The new content goes to a temporary file in the same directory, is pushed to the disk,
and then takes the old file's name in one step. A crash, a full disk or ``kill -9``
leaves the old file as it was.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from forecast.errors import FileError

__all__ = ["sync_directory", "write_bytes_atomic", "write_text_atomic"]

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_text_atomic(path: str | os.PathLike[str], text: str) -> None:
    """Write text as UTF-8 with the line ends it has; see `write_bytes_atomic`."""
    with told_as_file_error(path):
        write_bytes_atomic(path, text.encode("utf-8"))


def write_bytes_atomic(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it.

    Parameters
    ----------
    path : path
        The file; its directory must exist. Permissions of an older file are kept. If
        it is a link, the file it points to is replaced.
    data : bytes
        The whole content.

    Raises
    ------
    FileError
        F-640 it cannot be written; the older file is as it was.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "totals.txt"
    >>> write_bytes_atomic(file, b"24.5")
    >>> file.read_text()
    '24.5'
    """
    with told_as_file_error(path):
        target = Path(os.path.realpath(path))
        temporary = beside(target)
        try:
            descriptor = os.open(temporary, _NEW_FILE, 0o666)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            if target.is_file():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_directory(target.parent)


def beside(target: Path) -> Path:
    """Return a new hidden name in the directory of `target`, hence on the same disk."""
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")


def sync_directory(directory: Path) -> None:
    """Push the names in a directory to the disk, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def told_as_file_error(path: str | os.PathLike[str]) -> Iterator[None]:
    """Tell what the system says as error F-640."""
    try:
        yield
    except FileError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(
            f"{os.fspath(path)!r} cannot be written: {reason}",
            code="F-640",
            remedy="What stood there before is unchanged. Check that the directory"
            " exists, its permissions, and the space on the disk.",
        ) from error
