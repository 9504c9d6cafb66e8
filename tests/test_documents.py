"""The documents: what they name exists, and the README stays short."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from lab.cli import run
from lab.scenario import load_text
from lab.tasks import check

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
NAMED = re.compile(r"`([\w.]+(?:/[\w.-]+)+/?)(?:::([\w.]+))?`")
"""A path inside the repository in backticks, and behind `::` what to read in it."""
LONGEST_README = 900  # words
OF_EARLIER_VERSIONS = ("CHANGELOG.md", "renamed.md")
"""These name files that are no longer there."""


def named(text: str) -> list[tuple[str, str]]:
    return [(path, name) for path, name in NAMED.findall(text) if (ROOT / path.split("/")[0]).is_dir()]


def defined(path: Path) -> set[str]:
    """The functions and classes of a file, and `Class.method`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            found |= {f"{node.name}.{each.name}" for each in ast.walk(node) if isinstance(each, ast.FunctionDef)}
    return found


@pytest.mark.parametrize(
    "document", [each for each in DOCUMENTS if each.name not in OF_EARLIER_VERSIONS], ids=lambda path: path.name
)
def test_what_a_document_names_exists(document):
    for path, name in named(document.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path
        assert not name or name in defined(ROOT / path), f"{path}::{name}"


@pytest.mark.parametrize(("walk", "words"), [(0, "Twenty-seven files"), (1, "Thirty-eight files")])
def test_the_walks_say_how_many_files_they_have(walk, words):
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("\n## ")[walk + 1]
    count = {"Twenty-seven files": 27, "Thirty-eight files": 38}[words]
    assert len({path for path, _ in named(text)}) == count
    assert words in text


def test_links_lead_somewhere():
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= LONGEST_README


def test_the_readme_shows_what_a_run_prints(capsys):
    """Line by line, but for its numbers: they depend on the machine in their last digits."""
    shown = re.search(r"```\n(Dead ReLUs\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert run(["run", "dead-relu", "--plain", "--no-save"]) == 0
    printed = iter(without_numbers(capsys.readouterr().out))
    for line in without_numbers(shown[1]):
        assert line == "…" or line in printed, line


def without_numbers(text: str) -> list[str]:
    return [re.sub(r"\d[\d,.]*", "1", line) for line in text.splitlines()]


def test_the_network_of_the_page_on_python_learns():
    *_, example = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/python.md", "exec"), names)
    assert names["net"].read(names["net"].loss) < 0.01
    assert names["net"].settings()["optimizer.rate"] == pytest.approx(0.001)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_scenarios_in_documents_are_right(document):
    for text in re.findall(r"```yaml\n(title:.*?|format:.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
        check(load_text(text, document.with_suffix(".yaml")))
