"""What is chosen of a file with data: which column is predicted, from which others, how they are prepared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.data import ColumnFound, FileFound
from lab.errors import capitalised
from lab.terminal.numbers import count, short

KINDS = (None, "classes", "values")
SHARES = (0.2, 0.0, 0.1, 0.3, 0.5)


@dataclass
class TableChoice:
    """The choices for one file.

    target:   the column that is predicted; None: nothing in the file can be
    used:     the columns that it is predicted from
    kind:     what the target is; None: what it looks like
    missing:  what is done about gaps, where there are any
    held_back: share of the examples that is not trained on
    """

    path: Path
    file: FileFound
    target: str | None = None
    used: set[str] = field(default_factory=set)
    kind: str | None = None
    missing: str = "mean"
    standardise: bool = True
    held_back: float = SHARES[0]

    @classmethod
    def of(cls, path: Path, file: FileFound) -> TableChoice:
        """What is likely to be meant: the target by its name, or else the last column that can be one; it is predicted
        from every other column that says something."""
        if file.arrays:
            return cls(path, file, "targets", {"inputs"}, standardise=False)
        used = {each.name for each in file.columns if not (each.left_out or each.problem or each.counts_rows)}
        return cls(path, file, file.target, used - {file.target})

    @property
    def arrays(self) -> bool:
        """Whether the file holds arrays: their names say what each is."""
        return self.file.arrays

    @property
    def images(self) -> bool:
        inputs = next((each for each in self.file.columns if each.name == "inputs"), None)
        return inputs is not None and inputs.shape is not None and len(inputs.shape) > 2

    def column(self, name: str) -> ColumnFound:
        return next(each for each in self.file.columns if each.name == name)

    def take_target(self, name: str) -> None:
        """Predict another column; the one before is an input again if it can be."""
        if self.target is not None and not self.column(self.target).problem:
            self.used.add(self.target)
        self.target = name
        self.used.discard(name)

    def block(self, folder: Path) -> dict[str, Any]:
        """The data block of a scenario in a folder."""
        near = os.path.relpath(self.path, folder)
        name = str(self.path) if near.startswith(os.path.join("..", "..", "..")) else near
        if self.arrays:
            block: dict[str, Any] = {"npz": name}
        else:
            block = {self.file.key: name, "target": self.target or ""}
            others = [each for each in self.file.columns if each.name != self.target]
            chosen = [each.name for each in others if each.name in self.used]
            if chosen != [each.name for each in others if not each.left_out]:
                block["features"] = chosen
            if "header" in self.file.block:
                block["header"] = self.file.block["header"]
            if self.target is not None and self.column(self.target).missing:
                block["missing"] = "drop"
            elif any(self.column(each).missing for each in chosen):
                block["missing"] = self.missing
        if self.kind is not None:
            block["kind"] = self.kind
        if self.standardise and not self.images:
            block["standardise"] = True
        if self.held_back:
            block["validation"] = self.held_back
        return block


def described(column: ColumnFound) -> str:
    """What is in a column, in a few words: "numbers, 0.1 to 7.9", "3 categories"."""
    if column.shape is not None:
        shape = " × ".join(map(str, column.shape))
        return f"{shape} numbers, {column.range}"
    gaps = f", {count(column.missing, 'gap')}" if column.missing else ""
    named = {"number": "numbers, ", "date": "dates, "}.get(column.kind, "")
    return f"{named}{column.range or column.kind}{gaps}"


def advice(column: ColumnFound, target: bool) -> str:
    """What stands in the way of using a column, and what to do about it; "" if nothing does."""
    if column.problem:
        return capitalised(column.problem)
    if column.missing:
        cells = f"{count(column.missing, 'cell')} of {column.name} say nothing, the first in {column.first_missing}"
        return f"{cells}: {'such rows are' if target else 'they are filled in, or the column can be'} left out."
    if column.left_out:
        return f"{column.name} is left out ({column.left_out}) unless it is asked for."
    if target and not column.could_be_predicted:
        return f"{column.name} cannot be predicted: a target has numbers, or at least two different texts."
    return ""


def examples_of(column: ColumnFound) -> str:
    """Some of its cells, as they stand in the file."""
    return ", ".join(column.examples)


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
