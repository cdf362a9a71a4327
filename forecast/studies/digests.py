"""Hashes by which tables, files and answers are known again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.writing import json_text
from forecast.writing.plain_values import plain_columns

__all__ = ["column_digest", "digest_of", "file_hashes", "text_hash"]


def digest_of(tables: dict[str, pd.DataFrame]) -> str:
    """SHA-256 of tables: of their names, columns and values, not of any file format.

    Examples
    --------
    >>> one = digest_of({"t": pd.DataFrame({"x": [1.0]})})
    >>> one == digest_of({"t": pd.DataFrame({"x": [1.0]})}), len(one)
    (True, 64)
    """
    content = {
        name: {
            str(i): [column, values]
            for i, (column, values) in enumerate(plain_columns(t, index=False))
        }
        for name, t in tables.items()
    }
    return hashlib.sha256(json_text(content).encode("utf-8")).hexdigest()


def column_digest(table: pd.DataFrame) -> str:
    """SHA-256 of a large table, column by column, many times faster than `digest_of`.

    Numbers count by their 64 bits, a missing one is always the same and zero has no sign;
    periods by number and frequency; everything else by its ``repr``.

    Examples
    --------
    >>> table = pd.DataFrame({"pair": ["a", "b"], "flow": [0.0, np.nan]})
    >>> column_digest(table) == column_digest(table.assign(flow=[-0.0, np.nan]))
    True
    >>> column_digest(table) == column_digest(table.iloc[::-1])
    False
    """
    digest = hashlib.sha256()
    for k, name in enumerate(table.columns):
        kind, data = _column_bytes(table.iloc[:, k])
        digest.update(f"{name!r} {kind} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def _column_bytes(column: pd.Series) -> tuple[str, bytes]:
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        return str(dtype), pd.PeriodIndex(column).asi8.astype("<i8").tobytes()
    if isinstance(dtype, np.dtype) and dtype.kind in "bi":
        return "whole", column.to_numpy().astype("<i8").tobytes()
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        values = column.to_numpy().astype("<f8") + 0.0  # no sign of zero
        return "number", np.where(np.isnan(values), np.nan, values).tobytes()
    return "text", "\x1f".join(map(repr, column.tolist())).encode()


def text_hash(text: str) -> str:
    """SHA-256 of a text; line ends do not count."""
    plain = text.replace("\r\n", "\n")
    return hashlib.sha256(plain.encode("utf-8")).hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
