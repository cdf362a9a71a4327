"""Where compiled kernels are kept between processes, and when a file there is believed.

A compiled kernel is code: whoever can write the file runs it. So it is read only from a
folder, and only as a file, that belongs to this user (or to the administrator) and that
nobody else may write. A checksum is compared before anything is unpacked, because
damaged machine code ends the process where no `except` can help.

Nothing here raises: what cannot be read is compiled anew, what cannot be written is not
kept, and the reason is logged once.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["cache_folder", "keep_file", "read_file", "say_once"]

log = logging.getLogger("forecast.kernels")

SWITCH = "FORECAST_CACHE"
MAGIC = b"forecast kernel 1\n"
SUFFIX = ".kernel"
DIGEST_SIZE = hashlib.sha256().digest_size
DAY = 86400.0
DAYS_UNUSED = 90

_said: set[str] = set()


def say_once(message: str) -> None:
    """Log `message` as a warning, the first time that it is said in this process."""
    if message not in _said:
        _said.add(message)
        log.warning(message)


def cache_folder() -> Path | None:
    """The folder for compiled kernels, made if need be, or None.

    The variable ``FORECAST_CACHE`` names another folder; ``FORECAST_CACHE=off`` keeps
    nothing. Otherwise it is the user's cache folder of the platform: ``~/.cache`` (or
    ``XDG_CACHE_HOME``), ``~/Library/Caches``, ``%LOCALAPPDATA%``.

    Returns
    -------
    Path or None
        None where nothing is to be kept or the folder cannot be trusted or made; the
        log says why.
    """
    wish = os.environ.get(SWITCH, "").strip()
    if wish.lower() == "off":
        return None
    try:
        folder = Path(wish).expanduser() if wish else _users_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError, ValueError) as error:
        say_once(f"Compiled kernels are not kept: {error}. {SWITCH} can name a folder.")
        return None
    if not _is_trusted(state):
        say_once(
            f"Compiled kernels are not kept: others may write to {folder}. Let it be "
            f"owned and written by you alone (chmod 700), or name a folder in {SWITCH}."
        )
        return None
    return folder


def read_file(path: Path, key: str) -> bytes | None:
    """The content kept in `path` under `key`, or None where it is missing or not as kept."""
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            if not (stat.S_ISREG(state.st_mode) and _is_trusted(state)):
                return None
            kept = file.read()
        if time.time() - state.st_mtime > DAY:
            path.touch()  # used, so not to be removed as unused
    except OSError:
        return None
    head, content = kept[: len(MAGIC) + DIGEST_SIZE], kept[len(MAGIC) + DIGEST_SIZE :]
    return content if head == MAGIC + _checksum(key, content) else None


def keep_file(path: Path, key: str, content: bytes) -> None:
    """Keep `content` in `path` under `key`, whole or not at all.

    Processes may do so at the same time: each writes a file of its own (readable by
    this user alone) and then puts it in place of what is there.
    """
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix="draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(MAGIC + _checksum(key, content) + content)
            Path(draft).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(draft).unlink()
            raise
        _remove_unused(path.parent.parent)
    except OSError as error:
        say_once(f"Compiled kernels are not kept: {error}.")


def _users_folder() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        root = Path(local) if local else Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME", ""))
        if not root.is_absolute():  # empty or relative: to be ignored (XDG)
            root = Path.home() / ".cache"
    return root / "turnover-forecast" / "kernels"


def _is_trusted(state: os.stat_result) -> bool:
    """Written by this user or the administrator alone; Windows keeps profiles apart."""
    if sys.platform == "win32":
        return True
    return state.st_uid in {0, os.geteuid()} and not state.st_mode & 0o022


def _checksum(key: str, content: bytes) -> bytes:
    """Of both, so that a file under another's name is not believed."""
    digest = hashlib.sha256(key.encode())
    digest.update(content)
    return digest.digest()


def _remove_unused(folder: Path) -> None:
    """Remove kernels of old versions and drafts of broken processes."""
    oldest = time.time() - DAYS_UNUSED * DAY
    for path in [*folder.glob(f"*/*{SUFFIX}"), *folder.glob("*/draft-*")]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
