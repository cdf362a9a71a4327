"""A folder of results that appears at once and whole, or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from forecast.errors import FileError
from forecast.writing.durable import (
    beside,
    sync_directory,
    told_as_file_error,
    write_text_atomic,
)

__all__ = ["MANIFEST", "WRITER", "staged_folder"]

MANIFEST = "manifest.json"
WRITER = "turnover-forecast"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextlib.contextmanager
def staged_folder(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Fill a folder beside `target` and let it take that name at the end.

    Only a folder that this library has written may be replaced: one that is empty or
    holds a ``manifest.json`` that names ``turnover-forecast``. If the manifest lists
    its ``files``, a file that somebody else has put there is protected too.

    Parameters
    ----------
    target : path
        The folder; its parent must exist.

    Yields
    ------
    Path
        An empty folder to write to. Unless a ``manifest.json`` is written, a small
        one is added.

    Raises
    ------
    FileError
        F-644 `target` is something that this library has not written, F-640 it
        cannot be written.

    Notes
    -----
    If the block raises anything, KeyboardInterrupt included, the new folder is
    removed and the old one stands as it did. After ``kill -9`` a hidden folder
    ``.<name>.<random>.part`` may remain, which can be deleted.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "output"
    >>> with staged_folder(target) as folder:
    ...     _ = (folder / "report.html").write_text("<p>24.5</p>")
    >>> sorted(path.name for path in target.iterdir())
    ['manifest.json', 'report.html']
    """
    with told_as_file_error(target):
        final = Path(os.path.realpath(target))
        refuse_foreign(final)
        stage = beside(final)
        stage.mkdir()
    try:
        yield stage
        with told_as_file_error(target):
            _sign(stage)
            _sync_tree(stage)
            refuse_foreign(final)  # somebody may have used the time
            _swap(stage, final)
            sync_directory(final.parent)
    finally:
        # Before the swap this is the new folder, after it the old one.
        shutil.rmtree(stage, ignore_errors=True)


def refuse_foreign(folder: Path) -> None:
    """Raise F-644 unless `folder` is missing, empty or written by this library."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise _foreign(folder, "is no folder")
    found = {
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()
    }
    if not found:
        return
    manifest = _own_manifest(folder)
    if manifest is None:
        raise _foreign(folder, "was not written by this library")
    listed = manifest.get("files")
    if not isinstance(listed, dict | list) or not all(
        isinstance(n, str) for n in listed
    ):
        return
    if strange := found - {*listed, MANIFEST}:
        raise _foreign(folder, "holds files of somebody else", sorted(strange))


def _own_manifest(folder: Path) -> dict[str, object] | None:
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        manifest = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None
    return manifest if isinstance(manifest, dict) and WRITER in text else None


def _foreign(folder: Path, why: str, examples: list[str] | None = None) -> FileError:
    return FileError(
        f"{str(folder)!r} {why}, so it is not replaced",
        code="F-644",
        examples=examples or [],
        remedy="Name a new or an empty folder, or move what is in this one.",
    )


def _sign(stage: Path) -> None:
    """See that the folder can be told as this library's own the next time."""
    if not (stage / MANIFEST).exists():
        write_text_atomic(stage / MANIFEST, json.dumps({"written_by": WRITER}) + "\n")
    elif _own_manifest(stage) is None:
        raise FileError(
            f"the new {MANIFEST} does not name {WRITER!r}",
            code="F-644",
            remedy=f'Add "written_by": "{WRITER}" to it.',
        )


def _sync_tree(folder: Path) -> None:
    for directory, _, files in os.walk(folder):
        for name in files:
            mode = "rb+" if os.name == "nt" else "rb"  # Windows syncs only writers
            with (Path(directory) / name).open(mode) as stream:
                os.fsync(stream.fileno())
        sync_directory(Path(directory))


def _swap(stage: Path, final: Path) -> None:
    """Give the new folder its name; the old one, if there is one, becomes `stage`."""
    if not final.exists():
        stage.rename(final)
    elif not _exchange(stage, final):
        old = beside(final)
        final.rename(old)
        try:
            stage.rename(final)
        except BaseException:
            old.rename(final)
            raise
        old.rename(stage)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step, where Linux can do that; else return False."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    failed = rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
    return not failed
