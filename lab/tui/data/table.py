"""What is chosen of a file with data: which column is predicted, from which others, how they are prepared."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.data.columns import Column, FileColumns
from lab.terminal.numbers import count, short

KINDS = (None, "classes", "values")
SHARES = (0.2, 0.0, 0.1, 0.3, 0.5)
_TARGETS = ("target", "class", "label", "species", "y", "outcome", "quality", "result")


@dataclass
class TableChoice:
    """The choices for one file.

    target:   the column that is predicted; None: nothing in the file can be
    used:     the columns that it is predicted from
    kind:     what the target is; None: what it looks like
    held_back: share of the examples that is not trained on
    """

    path: Path
    file: FileColumns
    target: str | None = None
    used: set[str] = field(default_factory=set)
    kind: str | None = None
    standardise: bool = True
    held_back: float = SHARES[0]

    @classmethod
    def of(cls, path: Path, file: FileColumns) -> TableChoice:
        """What is likely to be meant: the target is the last column of that sort of name, or else the last that can be;
        it is predicted from every column that is numbers without gaps."""
        if path.suffix.lower() == ".npz":
            return cls(path, file, "targets", {"inputs"}, standardise=False)
        able = [each.name for each in file.columns if each.could_be_predicted]
        named = [each for each in able if each.lower() in _TARGETS]
        target = next(reversed(named or able), None)
        used = {each.name for each in file.columns if each.usable and each.name != target}
        numbers = {each.name for each in file.columns if _numbers_the_lines(each, file.examples)}
        return cls(path, file, target, used - numbers or used)

    @property
    def arrays(self) -> bool:
        """Whether the file holds arrays: their names say what each is."""
        return self.path.suffix.lower() == ".npz"

    @property
    def images(self) -> bool:
        inputs = next((each for each in self.file.columns if each.name == "inputs"), None)
        return inputs is not None and inputs.shape is not None and len(inputs.shape) > 2

    def column(self, name: str) -> Column:
        return next(each for each in self.file.columns if each.name == name)

    def take_target(self, name: str) -> None:
        """Predict another column; the one before is an input again if it can be."""
        if self.target is not None and self.column(self.target).usable:
            self.used.add(self.target)
        self.target = name
        self.used.discard(name)

    def block(self, folder: Path) -> dict[str, Any]:
        """The data block of a scenario in a folder."""
        near = os.path.relpath(self.path, folder)
        name = str(self.path) if near.startswith(os.path.join("..", "..", "..")) else near
        block: dict[str, Any] = {"npz" if self.arrays else "csv": name}
        if not self.arrays:
            block["target"] = self.target or ""
            others = [each.name for each in self.file.columns if each.name != self.target]
            chosen = [name for name in others if name in self.used]
            if chosen != others:
                block["features"] = chosen
        if self.kind is not None:
            block["kind"] = self.kind
        if self.standardise and not self.images:
            block["standardise"] = True
        if self.held_back:
            block["validation"] = self.held_back
        return block


def _numbers_the_lines(column: Column, examples: int) -> bool:
    """Whether a column only counts the lines: 1, 2, 3, … says nothing about anything."""
    if column.kind != "numbers" or column.low is None or column.high is None or column.low not in (0, 1):
        return False
    counted = column.high - column.low + 1 == examples and column.examples[:2] in (("0", "1"), ("1", "2"))
    return counted and (column.distinct is None or column.distinct == examples) and examples > 10


def described(column: Column) -> str:
    """What is in a column, in a few words: "numbers, 0.1 to 7.9", "words: setosa, virginica"."""
    if column.shape is not None:
        shape = " × ".join(map(str, column.shape))
        span = (
            f", {short(column.low)} to {short(column.high)}"
            if column.low is not None and column.high is not None
            else ""
        )
        return f"{shape} {column.kind}{span}"
    gaps = f", {count(column.missing, 'gap')}" if column.missing else ""
    if column.kind == "numbers":
        if column.low is None or column.high is None:
            return "empty"
        return f"numbers, {short(column.low)} to {short(column.high)}{gaps}"
    different = "over 1,000" if column.distinct is None else f"{column.distinct:,}"
    return f"{'numbers and words' if column.kind == 'mixed' else f'words, {different} different'}{gaps}"


def advice(column: Column, target: bool) -> str:
    """What stands in the way of using a column, and what to do about it; "" if nothing does."""
    if column.missing:
        return (
            f"{count(column.missing, 'cell')} of {column.name} say nothing, the first in line {column.first_missing}: "
            "fill them in or leave the lines out, or leave the column out."
        )
    if column.first_word is not None and not target:
        line, word = column.first_word
        if re.fullmatch(r"[+-]?\d+,\d+", word):
            return f"Line {line} of {column.name} is {word}: write numbers with a point, {word.replace(',', '.')}."
        if column.kind == "mixed":
            return f"Line {line} of {column.name} is {word!r}, not a number: mend it, or leave the column out."
        return f"{column.name} is words: it can be predicted, but a network can be given numbers only."
    if not column.could_be_predicted and target:
        return f"All of {column.name} is the same: there is nothing to predict."
    return ""


def examples_of(column: Column) -> str:
    """Some of its cells, as they stand in the file."""
    clean = (
        "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in cell)
        for cell in column.examples
    )
    return ", ".join(clean)


def summary(parts: Any, choice: TableChoice) -> str:
    """What a network would learn from, in a sentence, once the lab's reader has read it. parts: `lab.data.Split`"""
    train, held = parts.train, parts.validation
    inputs = " × ".join(map(str, train.inputs.shape[1:]))
    number = f"{train.count:,} examples of {inputs} numbers to train on"
    back = f", {held.count:,} held back" if held is not None else ""
    return f"{number}{back}. {_answers(train, choice)}"


def _answers(train: Any, choice: TableChoice) -> str:
    name = choice.target or "the target"
    if train.kind == "classes":
        counts: Sequence[int] = [int((train.targets == each).sum()) for each in range(len(train.classes))]
        shown = [f"{label} ({number:,})" for label, number in zip(train.classes, counts, strict=True)][:6]
        more = f" and {len(counts) - 6} more" if len(counts) > 6 else ""
        return f"{name}: {len(counts)} classes, {', '.join(shown)}{more}."
    if train.kind == "labels":
        return f"{name}: {len(train.classes)} labels, each 0 or 1."
    low, high = float(train.targets.min()), float(train.targets.max())
    return f"{name}: values from {short(low)} to {short(high)}."
