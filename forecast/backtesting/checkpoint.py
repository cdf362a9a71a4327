"""A folder that keeps finished units of work, so that a broken run can go on.

Records are only ever appended, each with its checksum in one write that is pushed to the
disk. Whatever breaks off, the folder holds whole records and at most one torn last one,
which is dropped when the folder is opened again.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forecast.backtesting.work import Result
from forecast.errors import FileError
from forecast.writing import write_json

__all__ = ["Checkpoint", "open_checkpoint"]

MANIFEST, RECORDS = "checkpoint.json", "records.jsonl"
DIGEST = 64


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """An open checkpoint.

    Attributes
    ----------
    path : Path or None
        The file of records; None keeps nothing.
    done : dict of str to Result
        Finished units of work by their key.
    """

    path: Path | None
    done: dict[str, Result]
    _file: Any = None

    def keep(self, key: str, result: Result) -> None:
        """Append one finished unit of work; it is on the disk when this returns."""
        self.done[key] = result
        if self._file is None:
            return
        body = _body(key, result)
        line = hashlib.sha256(body).hexdigest().encode() + b" " + body + b"\n"
        try:
            self._file.write(line)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error


@contextlib.contextmanager
def open_checkpoint(
    folder: str | os.PathLike[str] | None, settings: Mapping[str, Any]
) -> Iterator[Checkpoint]:
    """Open or begin a checkpoint for the given settings.

    Parameters
    ----------
    folder : path or None
        Made if it is not there; its parent must exist. None keeps nothing.
    settings : mapping of str to plain values
        Everything but model and origin on which results depend.

    Raises
    ------
    FileError
        F-637 the checkpoint is one of other data or settings, or in use; F-638 it is
        damaged; F-640 it cannot be written.
    """
    if folder is None:
        yield Checkpoint(None, {})
        return
    path = Path(folder)
    plain = json.loads(json.dumps(settings))
    try:
        path.mkdir(exist_ok=True)
        _claim(path, plain)
        file = (path / RECORDS).open("ab", buffering=0)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise _unwritable(path, error) from error
    with file:
        _lock(file, path)
        done, whole = _read((path / RECORDS).read_bytes(), path)
        file.truncate(whole)  # a torn last record goes
        yield Checkpoint(path / RECORDS, done, file)


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    """Write what a checkpoint belongs to, or compare."""
    manifest = folder / MANIFEST
    if not manifest.exists():
        strange = [p.name for p in folder.iterdir() if not p.name.endswith(".part")]
        if strange:
            raise _other(folder, "is no checkpoint", sorted(strange))
        write_json({"written_by": "turnover-forecast", "settings": settings}, manifest)
        return
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))["settings"]
        names = sorted({*found, *settings})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(manifest) from error
    other = [name for name in names if found.get(name) != settings.get(name)]
    if other:
        raise _other(folder, f"was made with other {', '.join(other)}", [])


def _read(data: bytes, folder: Path) -> tuple[dict[str, Result], int]:
    """Return whole records by key, and how many bytes they take.

    Raises F-638 when a broken record stands before a whole one: that is no crash.
    """
    done: dict[str, Result] = {}
    end = 0
    broken = False
    for line in data.splitlines(keepends=True):
        record = _record(line)
        if record is None:
            broken = True
        elif broken:
            raise _damaged(folder / RECORDS)
        else:
            done[record[0]] = record[1]
            end += len(line)
    return done, end


def _body(key: str, result: Result) -> bytes:
    columns = {
        name: [
            list(values.shape),
            base64.b64encode(values.astype("<f8").tobytes()).decode(),
        ]
        for name, values in result.columns.items()
    }
    record = {"key": key, "failure": result.failure, "columns": columns}
    return json.dumps(record, ensure_ascii=True).encode("ascii")


def _record(line: bytes) -> tuple[str, Result] | None:
    """Read one line; None if it is torn."""
    digest, body = line[:DIGEST], line[DIGEST + 1 : -1]
    whole = line.endswith(b"\n") and line[DIGEST : DIGEST + 1] == b" "
    if not whole or hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    record = json.loads(body)
    columns = {
        name: np.frombuffer(base64.b64decode(data), dtype="<f8")
        .reshape(shape)
        .astype(float)
        for name, (shape, data) in record["columns"].items()
    }
    return record["key"], Result(columns, record["failure"])


def _lock(file: Any, folder: Path) -> None:
    """Refuse a second run on the same checkpoint, where the system can tell."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _other(folder, "is in use by another run", []) from None


def _other(folder: Path, why: str, examples: list[str]) -> FileError:
    return FileError(
        f"the folder {folder.name!r} {why}",
        code="F-637",
        examples=examples,
        remedy="Name another folder for this run; the one named is as it was.",
    )


def _damaged(path: Path) -> FileError:
    return FileError(
        f"{path.name!r} in the checkpoint {path.parent.name!r} is damaged",
        code="F-638",
        remedy="A broken run leaves no such damage. Delete the folder and run again.",
    )


def _unwritable(path: Path | None, error: OSError) -> FileError:
    name = "" if path is None else path.name
    return FileError(
        f"{name!r} cannot be written: {error.strerror or error}",
        code="F-640",
        remedy="What stood there before is unchanged. Check that the directory"
        " exists, its permissions, and the space on the disk.",
    )
