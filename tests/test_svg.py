"""Captures as SVG: well formed, with dots and blocks as shapes, and nothing to be fetched."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from rich.segment import Segment
from rich.style import Style

from tests.svg import CELL, svg

NAME = "{http://www.w3.org/2000/svg}"


def test_words_stand_in_their_columns_and_dots_are_shapes():
    lines = [[Segment("ab <c>", Style(color="#102030", bold=True)), Segment("█⠁▸", Style(color="#ff0000"))]]
    drawn = ElementTree.fromstring(svg(lines, "#ffffff", "#000000"))
    words = list(drawn.iter(f"{NAME}text"))
    assert [each.text for each in words] == ["ab", "<c>", "▸"]
    assert [float(each.get("x")) for each in words] == [0, 3 * CELL, 8 * CELL]
    assert words[0].get("font-weight") == "bold"
    (shapes,) = drawn.iter(f"{NAME}path")
    assert shapes.get("fill") == "#ff0000"
    assert shapes.get("d").count("M") == 2


def test_backgrounds_and_reversed_text_are_filled():
    lines = [[Segment("x", Style(color="#112233", bgcolor="#445566", reverse=True))]]
    drawn = ElementTree.fromstring(svg(lines, "#ffffff", "#000000"))
    assert next(drawn.iter(f"{NAME}path")).get("fill") == "#112233"
    assert next(drawn.iter(f"{NAME}text")).get("fill") == "#445566"


def test_the_readme_shows_a_capture_that_needs_nothing_else():
    root = Path(__file__).parent.parent
    assert "](docs/run.svg)" in (root / "README.md").read_text(encoding="utf-8")
    text = (root / "docs" / "run.svg").read_text(encoding="utf-8")
    assert "Dead" in "".join(ElementTree.fromstring(text).itertext())
    assert text.count("http") == 1  # the name of the format
