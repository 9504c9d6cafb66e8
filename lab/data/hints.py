"""What a table suggests before anybody has trained on it: in which order it was written, and which classes are rare."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.data.data import Data
from lab.data.tables.columns import understood
from lab.data.tables.raw import RawColumn, RawTable
from lab.data.target_scale import Transform

if TYPE_CHECKING:
    from lab.data.looking import ColumnFound

FEWEST_GROUPS = 5
"""Fewer values of a column, one after another, may be classes in their order."""

SEVERAL, MOST_PARTS = 0.1, 100
"""A target has several answers in a cell where at least this share of the cells is parted, into so many at most."""

RARE = 0.9
"""Of two classes the other one is rare where the most frequent one has at least this share of the rows."""


def hints(
    table: RawTable, columns: tuple[ColumnFound, ...], targets: list[str], block: dict[str, Any]
) -> Iterator[str]:
    """Whether the rows held back should be the last ones, or whole groups, rather than some drawn at random."""
    if "split_by_time" in block or "split_by_group" in block or not block.get("validation"):
        return
    if found := _several_series(table, columns, targets):
        yield found
        return
    for raw, each in zip(table.columns, columns, strict=True):
        if each.name in targets or each.missing or each.problem:
            continue
        if each.kind == "date":
            values = understood(raw, lambda row: str(row)).values
            if each.distinct * 2 > table.rows and (np.diff(values) >= 0).all():
                yield (
                    f"The rows are in the order of {each.name}: if later ones are to be predicted from earlier ones, "
                    f"`split_by_time: {each.name}` holds back the last ones, not some drawn at random. "
                    f"With `sequence_length: 10`, too, each is predicted from the 10 before it."
                )
        elif each.kind == "category" and FEWEST_GROUPS <= each.distinct <= table.rows // 4:
            changes = sum(one != other for one, other in itertools.pairwise(raw.cells))
            if changes == each.distinct - 1:
                yield (
                    f"Rows of one {each.name} stand together: if new ones are to be predicted, "
                    f"`split_by_group: {each.name}` holds back all rows of some, not some rows of all."
                )


def told_rare(data: Data) -> list[str]:
    """A sentence on the rarest class, where always answering the most frequent one is nearly always right."""
    if data.kind != "classes" or data.targets.ndim != 1:
        return []
    counts = np.bincount(data.targets, minlength=len(data.classes))
    usual, rarest = int(counts.argmax()), int(counts.argmin())
    if counts[usual] < RARE * data.count:
        return []
    share = 100 * counts[usual] / data.count
    return [
        f"{share:.1f} % of the rows are {data.classes[usual]}, and always to answer that would be as accurate; of "
        f"{data.classes[rarest]} there are {counts[rarest]:,}. `val_balanced_accuracy` and `val_average_precision` say "
        "how well each class is found, `options: {class_weights: balanced}` makes all count the same."
    ]


def told_far(transform: Transform | None, target: str) -> list[str]:
    """A sentence on targets of which a few are far above all others; see `likely_transform`."""
    if transform is None:
        return []
    return [
        f"A few values of {target} are far above all others, and would rule the loss: `transform_targets: {transform}` "
        "lets the network learn logarithms; scores and predictions stay in the unit of the data."
    ]


def told_parts(target: RawColumn) -> list[str]:
    """A sentence on a target whose cells hold several answers, such as `python;web`: each combination is a class of its
    own, and rows without an answer are left out."""
    cells = [cell for cell in target.cells if cell.strip()]
    for mark in ";|,":
        several = [cell for cell in cells if mark in cell]
        parts = {part.strip() for cell in cells for part in cell.split(mark)} - {""}
        if len(several) >= SEVERAL * len(cells) and len(parts) < len(set(cells)) and len(parts) <= MOST_PARTS:
            named = ", ".join(sorted(parts)[:2])
            return [
                f"Cells of {target.name} hold several answers, parted by {mark!r}, and each combination counts as a "
                f"class. For each answer by itself give it a column of 0 and 1 (pandas: `get_dummies({mark!r})`): "
                f"`target: [{named}, …]` with `task: label`; a row without any is one of zeros then, not left out."
            ]
    return []


def told_long(name: str, how: dict[str, int]) -> str:
    """A sentence on a column of long texts that is left out."""
    given = ", ".join(f"{key}: {value}" for key, value in how.items())
    return (
        f"{name} holds long texts: `features: [{name}], columns: {{{name}: {{{given}}}}}` reads their words in order, "
        "for `embedding` and recurrent layers."
    )


def _several_series(table: RawTable, columns: tuple[ColumnFound, ...], targets: list[str]) -> str:
    """A sentence on a table in which the same times come again for each text of another column; "" if there is none."""
    usable = [
        (raw, each)
        for raw, each in zip(table.columns, columns, strict=True)
        if not (each.name in targets or each.missing or each.problem)
    ]
    for raw, date in usable:
        if date.kind != "date" or not 2 <= date.distinct <= table.rows // 2:
            continue
        when = raw.cells or (raw.numbers.tolist() if raw.numbers is not None else [])
        for other, each in usable:
            if each.kind not in ("category", "text") or not 2 <= each.distinct <= table.rows // 2:
                continue
            if len(set(zip(when, other.cells, strict=True))) == table.rows:
                return (
                    f"Each {date.name} comes once for each {each.name}: these are {each.distinct:,} series. "
                    f"`split_by_time: {date.name}, series: {each.name}, sequence_length: 10` predicts each row from "
                    "the 10 before it of the same series, and holds back the last ones of each."
                )
    return ""
