"""On which line does a key of a TOML file stand? `tomllib` reads values, not places."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["KeyPath", "key_lines", "line_of", "spell"]

KeyPath = tuple[str | int, ...]
"""Where a value stands: ``("claims", 0, "value")`` is `value` of the first claim."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
OPENING, CLOSING = re.compile(r"[\[{]"), re.compile(r"[\]}]")
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=")
_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""'
    r"|'''.*?'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*",
    re.DOTALL,
)


@dataclass(slots=True)
class _Walk:
    """Where the walk down the file stands; private to `key_lines`."""

    table: KeyPath = ()
    seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    depth: int = 0
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def enter(self, names: tuple[str, ...], is_array: bool, line: int) -> None:
        """Open the table `names`; each ``[[names]]`` opens the next of its kind."""
        if is_array:
            self.seen[names] = self.seen.get(names, -1) + 1
        path: KeyPath = ()
        for length, name in enumerate(names, start=1):
            path = (*path, name)
            if names[:length] in self.seen:
                path = (*path, self.seen[names[:length]])
        self.table = path
        self.lines.setdefault(path, line)
        self.lines.setdefault(names, line)

    def note(self, names: tuple[str, ...], line: int) -> None:
        """Note a key of the open table, and the tables that its dots name."""
        for length in range(1, len(names) + 1):
            self.lines.setdefault((*self.table, *names[:length]), line)


def key_lines(source: str) -> dict[KeyPath, int]:
    r"""Lines (from 1) of all tables and keys of a valid TOML text.

    Keys inside inline tables stand on the line of the key that holds the table.

    Examples
    --------
    >>> lines = key_lines("[study]\ntitle = 'a'\n[[claims]]\nyear = 2021\n")
    >>> lines[("study", "title")], lines[("claims", 0, "year")]
    (2, 4)
    """
    walk = _Walk()
    for number, line in enumerate(_blanked(source).split("\n"), start=1):
        value = line
        if walk.depth == 0:
            if header := _HEADER.match(line):
                walk.enter(_names(header[2], source, number), header[1] == "[[", number)
                continue
            if assignment := _ASSIGNMENT.match(line):
                walk.note(_names(assignment[1], source, number), number)
                value = line[assignment.end() :]
        walk.depth += len(OPENING.findall(value)) - len(CLOSING.findall(value))
    return walk.lines


def line_of(path: KeyPath, lines: dict[KeyPath, int]) -> int | None:
    """Line of `path`, or of the nearest thing around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def spell(path: KeyPath) -> str:
    """Write a path as people say it, counting from 1.

    Examples
    --------
    >>> spell(("claims", 0, "value")), spell(("study", "as_of"))
    ('claims[1].value', 'study.as_of')
    """
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _blanked(source: str) -> str:
    """Blank values between quotes and comments, so that brackets in them do not count.

    Quoted keys keep their place; `_names` reads them from the source.
    """

    def blank(match: re.Match[str]) -> str:
        text = match[0]
        if text.startswith("#"):
            return " " * len(text)
        hidden = re.sub(r"[^\n\"']", "_", text)
        return re.sub(r"(?<=.)[\"'](?=.)", "_", hidden)

    return _TEXT.sub(blank, source.replace("\r\n", "\n"))


def _names(dotted: str, source: str, number: int) -> tuple[str, ...]:
    """Split a dotted key; quoted parts are read from the source line."""
    if '"' not in dotted and "'" not in dotted:
        return tuple(part.strip() for part in dotted.split("."))
    line = source.replace("\r\n", "\n").split("\n")[number - 1]
    whole = re.match(rf"\s*\[*\s*({_DOTTED})", line)
    parts = re.findall(_KEY, whole[1]) if whole else [dotted]
    return tuple(part.strip("\"'") for part in parts)
