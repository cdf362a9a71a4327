"""Every Python block of README.md and docs/ runs; README's commands are marked."""

from __future__ import annotations

import doctest
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FENCE = re.compile(
    r"(?P<skip><!-- not executed: [^>]+ -->\s*\n)?"
    r"^(?P<fence>`{3,}|~{3,})(?:python|pycon)[ \t]*\n(?P<code>.*?)^(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One fenced block and the line on which its code begins."""

    code: str
    line: int


def python_blocks(text: str) -> list[Block]:
    """The fenced Python blocks of a page, without those marked as not executed."""
    return [
        Block(match["code"], text.count("\n", 0, match.start("code")) + 1)
        for match in FENCE.finditer(text)
        if not match["skip"]
    ]


def run_block(block: Block, page: str, names: dict[str, Any]) -> None:
    """Run one block; a block with prompts also compares its output."""
    if ">>>" not in block.code:
        padded = (
            "\n" * (block.line - 1) + block.code
        )  # so that tracebacks name the line
        exec(compile(padded, page, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(
        block.code, names, page, page, block.line - 1
    )
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    report: list[str] = []
    runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert not runner.failures, "".join(report)


def pages() -> list[str]:
    """README and all pages of the documentation that hold Python blocks."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        str(path.relative_to(ROOT))
        for path in found
        if "_build" not in path.parts
        and python_blocks(path.read_text(encoding="utf-8"))
    ]


def marked_command(name: str) -> list[str]:
    """The lines of the block that follows ``<!-- command: name -->`` in README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    marked = rf"<!-- command: {name} -->\s+```sh\n(.*?)```"
    return [
        line
        for body in re.findall(marked, readme, re.DOTALL)
        for line in body.splitlines()
    ]


@pytest.mark.parametrize("page", pages())
def test_the_python_blocks_of_a_page_run_one_after_the_other(
    page, tmp_path, monkeypatch
):
    shutil.copytree(
        ROOT / "examples",
        tmp_path / "examples",
        ignore=shutil.ignore_patterns("output"),
    )
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in python_blocks((ROOT / page).read_text(encoding="utf-8")):
        run_block(block, page, names)


def test_readme_marks_one_command_that_runs_the_study_and_one_that_runs_the_tests():
    (study,) = marked_command("study")
    (test,) = marked_command("test")
    assert study.endswith("turnover-forecast run examples/russia_kazakhstan/study.toml")
    assert test.endswith("&& pytest")


def test_a_block_whose_printed_result_is_wrong_fails():
    with pytest.raises(AssertionError, match="Expected"):
        run_block(Block(">>> 1 + 1\n3\n", 1), "page.md", {})


def test_a_block_is_found_by_its_line_and_left_out_only_when_marked_with_a_reason():
    page = "text\n\n```python\nx = 1\n```\n\n<!-- not executed: slow -->\n\n```python\ny\n```\n"
    assert python_blocks(page) == [Block("x = 1\n", 4)]
    unexplained = page.replace(" slow", "")
    assert [block.line for block in python_blocks(unexplained)] == [4, 10]


def test_later_blocks_see_the_names_of_earlier_ones_with_and_without_prompts():
    names: dict[str, Any] = {}
    run_block(Block("x = 2\n", 1), "page.md", names)
    run_block(Block(">>> y = x * 3\n>>> y\n6\n", 3), "page.md", names)
    run_block(Block("assert y == 6\n", 7), "page.md", names)
    assert names["y"] == 6
