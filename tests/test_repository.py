"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
import inspect
import re
import socket
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import forecast

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "forecast"
CALLABLES = sorted(
    set(forecast.__all__) - {"__version__", "datasets", "errors", "scores"}
)
CODE = re.compile(r"F-\d{3}(:|$)")
CODE_ROW = re.compile(r"^\|\s*(F-\d{3})\s*\|", re.MULTILINE)
# Written in pieces, so that this file passes its own test.
MACHINE_PATH = re.compile(r"(?<![\w.~*)}-])/(?:work" + r"|tmp|root|home/\w+)/\w")
REQUIRED = [
    ".ci/run",
    ".github/workflows/ci.yml",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "forecast/py.typed",
]


def tracked_files() -> list[Path]:
    """Files under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def readable(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Those of `paths` that are text, with their text."""
    for path in paths:
        try:
            yield path, path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue


def codes_in_source() -> set[str]:
    """Error codes in the package: a string by itself, or the head of a message."""
    return {
        node.value[:5]
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.match(node.value)
    }


def codes_in_documentation() -> Counter[str]:
    """Error codes with a row in docs/errors.d, counted."""
    pages = sorted((ROOT / "docs" / "errors.d").glob("*.md"))
    return Counter(
        code
        for page in pages
        for code in CODE_ROW.findall(page.read_text(encoding="utf-8"))
    )


def test_imports_only_go_down_the_floors(monkeypatch):
    linter = pytest.importorskip("importlinter.cli", reason="needs the group lint")
    monkeypatch.chdir(ROOT)
    assert linter.lint_imports(no_cache=True) == 0


def test_every_error_code_in_the_source_has_its_row_in_the_documentation():
    assert sorted(codes_in_source() - set(codes_in_documentation())) == []


def test_every_documented_error_code_is_raised_somewhere():
    assert sorted(set(codes_in_documentation()) - codes_in_source()) == []


def test_no_error_code_has_two_meanings():
    assert [code for code, rows in codes_in_documentation().items() if rows > 1] == []


def test_no_tracked_file_names_a_path_of_somebodys_machine():
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path, text in readable(tracked_files())
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert named == []


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("open('/" + "home/ann/data.csv')", True),
        ("see /" + "tmp/x for the log", True),
        ("https://example.org/" + "home/ann/", False),
        ("../" + "work/data", False),
    ],
)
def test_a_machine_path_is_told_from_an_address_and_a_relative_path(line, is_one):
    assert bool(MACHINE_PATH.search(line)) == is_one


@pytest.mark.parametrize("name", CALLABLES)
def test_every_public_name_has_a_docstring_with_an_example(name):
    text = inspect.getdoc(getattr(forecast, name)) or ""
    assert ">>>" in text, f"{name} has no example in its docstring"


@pytest.mark.parametrize("name", CALLABLES)
def test_every_public_method_of_a_public_name_has_a_docstring(name):
    thing = getattr(forecast, name)
    bare = [
        member
        for part in getattr(thing, "__mro__", (thing,))
        if part.__module__.startswith("forecast")
        for member, value in vars(part).items()
        if not member.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, property))
        and not inspect.getdoc(getattr(thing, member))
    ]
    assert bare == []


def test_every_public_name_stands_in_the_reference():
    index = (ROOT / "docs/reference/index.md").read_text(encoding="utf-8")
    names = set(forecast.__all__) - {"__version__"}
    assert sorted(name for name in names if f"`fc.{name}`" not in index) == []


@pytest.mark.parametrize("name", REQUIRED)
def test_the_repository_has(name):
    assert (ROOT / name).is_file()


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = {
        "pyproject.toml": project["project"]["version"],
        "CITATION.cff": re.findall(r"^version: *\"?([\w.]+)", citation, re.MULTILINE)[
            0
        ],
        "CHANGELOG.md": re.findall(r"^## \[(\d[\w.]*)\]", changelog, re.MULTILINE)[0],
    }
    assert set(versions.values()) == {forecast.__version__}, versions


@pytest.mark.parametrize("host", ["192.0.2.1", "data.example.org"])
def test_a_test_that_dials_out_is_refused_and_remembered(host, network_attempts):
    with pytest.raises(OSError, match="tests reach no network"):
        socket.create_connection((host, 80), timeout=1)
    assert len(network_attempts) == 1
    assert host in network_attempts.pop()


def test_a_test_may_serve_itself_on_the_loopback_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
