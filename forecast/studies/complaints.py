"""What is wrong with a study file, collected while it is read and told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from forecast.errors import StudyError
from forecast.studies.toml_lines import KeyPath, line_of, spell
from forecast.studies.values import Key, WrongValueError

__all__ = ["Complaint", "Reading", "short", "study_error"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong: where, what, and what to do."""

    code: str
    path: KeyPath
    problem: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Collects complaints while the document is read."""

    complaints: list[Complaint] = field(default_factory=list)

    def complain(
        self, code: str, path: KeyPath, problem: str, remedy: str = ""
    ) -> None:
        self.complaints.append(Complaint(code, path, problem, remedy))

    def table(self, value: Any, path: KeyPath) -> dict[str, Any]:
        """Return `value` if it is a table, else an empty one and a complaint."""
        if isinstance(value, dict):
            return value
        self.complain("F-704", path, "must be a table", f"Write [{spell(path)}].")
        return {}

    def unknown(self, names: Iterable[str], known: Iterable[str], at: KeyPath) -> None:
        known = sorted(known)
        for name in sorted(set(names) - set(known)):
            close = difflib.get_close_matches(name, known, n=1)
            remedy = f"Did you mean {close[0]!r}?" if close else f"It takes {known}."
            self.complain("F-702", (*at, name), "unknown key", remedy)

    def values(
        self, table: Mapping[str, Any], keys: Mapping[str, Key], at: KeyPath
    ) -> dict[str, Any]:
        """Read all keys of one table; what is wrong becomes a complaint and a default."""
        self.unknown(table, keys, at)
        found = {}
        for name, key in keys.items():
            found[name] = key.default
            if name not in table:
                if key.required:
                    self.complain("F-703", (*at, name), "missing key", "Add it.")
                continue
            try:
                found[name] = key.read(table[name])
            except WrongValueError as expected:
                self.complain(
                    "F-704",
                    (*at, name),
                    f"has the value {short(table[name])}",
                    f"It takes {expected}.",
                )
        return found


def study_error(
    complaints: list[Complaint], lines: dict[KeyPath, int], name: str
) -> StudyError:
    """Tell the first complaint in full, with its line, and the others in brief."""

    def where(complaint: Complaint) -> str:
        line = line_of(complaint.path, lines)
        return f"{name}, line {line}" if line else name

    first, rest = complaints[0], complaints[1:]
    others = "; ".join(f"{spell(c.path)} {c.problem} ({where(c)})" for c in rest[:4])
    also = f" Also: {others}{' ...' if len(rest) > 4 else ''}." if rest else ""
    return StudyError(
        f"{spell(first.path)}: {first.problem} ({where(first)})",
        code=first.code,
        column=spell(first.path),
        count=len(complaints),
        remedy=f"{first.remedy}{also}",
    )


def short(value: Any) -> str:
    """Write a value as it stands in the file, or its beginning."""
    text = repr(value) if not isinstance(value, date) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
