"""Hashes by which tables, files and answers are known again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from forecast.writing import json_text
from forecast.writing.plain_values import plain_columns

__all__ = ["digest_of", "file_hashes", "text_hash"]


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
