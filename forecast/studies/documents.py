"""The text of a study file, and the tables in it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from forecast.errors import StudyError

__all__ = ["parse_toml", "read_source"]


def read_source(path: Path) -> str:
    """Read the text of a study file.

    Raises
    ------
    StudyError
        F-701 the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = getattr(wrong, "strerror", None) or "it is no UTF-8 text"
        raise StudyError(
            f"the study file {path.name!r} cannot be read: {reason}",
            code="F-701",
            remedy="Give the path of a TOML file saved as UTF-8.",
        ) from wrong


def parse_toml(source: str, name: str) -> dict[str, Any]:
    """Read the tables of a study file; `name` is how messages call it.

    Raises
    ------
    StudyError
        F-701 the text is no TOML.
    """
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as wrong:
        raise StudyError(
            f"{name} is no valid TOML: {wrong}",
            code="F-701",
            remedy="Correct that line; texts stand between quotation marks, dates do not.",
        ) from wrong
