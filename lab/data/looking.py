"""What is understood of a file before anybody has said what is to be predicted from what: `look`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from lab.data.data import Split, TargetKind
from lab.data.files import blamed_on, found
from lab.data.hints import hints, told_far, told_long, told_parts, told_rare
from lab.data.sets.csv_table import Table
from lab.data.sets.npz_arrays import NpzArrays, npz_arrays
from lab.data.tables.columns import Column, Kind, understood
from lab.data.tables.interpreting import Interpreter, why_left_out
from lab.data.tables.raw import RawColumn, RawTable
from lab.data.tables.reading import MEMORY_PER_BYTE, read
from lab.data.tables.tokens import suggested
from lab.data.target_scale import likely_transform
from lab.data.targets import MOST_CLASSES
from lab.errors import InvalidValue
from lab.home import with_home
from lab.validation import validated

EXAMPLES = 4
"""Different values of a column that are kept to be shown."""

_TARGETS = ("target", "class", "label", "y", "species", "outcome", "result", "quality", "survived", "type", "price")


@dataclass(frozen=True)
class ColumnFound:
    """One column of a table, or one array of a file of arrays.

    kind:          what its values are; text: so many different ones that they are no categories
    distinct:      how many different values it has
    low, high:     the smallest and the largest number (of dates, in seconds since 1970); None: there are none
    missing:       in how many rows it has no value; first_missing: where the first of them is, "line 3"
    examples:      some values, as they stand in the file
    problem:       why it cannot be used as it is, in a sentence; "" if it can
    left_out:      why it is left out unless it is asked for; "" if it is used
    counts_rows:   whether it only numbers or names the rows
    shape:         of an array, [examples, …]; None for a column
    clock:         whether its numbers are hours since midnight, of cells such as 09:31
    """

    name: str
    kind: Kind
    distinct: int
    low: float | None = None
    high: float | None = None
    missing: int = 0
    first_missing: str = ""
    examples: tuple[str, ...] = ()
    problem: str = ""
    left_out: str = ""
    counts_rows: bool = False
    shape: tuple[int, ...] | None = None
    clock: bool = False

    @property
    def usable(self) -> bool:
        """Whether it becomes inputs as it is."""
        return not (self.problem or self.left_out or self.missing)

    @property
    def could_be_predicted(self) -> bool:
        """Whether it can be a target: numbers, or texts of which there are not too many."""
        fits = self.kind == "number" or (self.kind in ("boolean", "category") and self.distinct <= MOST_CLASSES)
        return fits and not self.problem and not self.clock and self.distinct > 1

    @property
    def range(self) -> str:
        """Its values in a few words: "0.1 to 7.9", "3 categories", "2024-01-01 to 2024-12-31"."""
        if self.kind == "date" and self.low is not None and self.high is not None:
            low, high = (_date(each) for each in (self.low, self.high))
            return f"{low} to {high}" if low != high else low
        if self.kind == "boolean":
            return "yes or no" if self.distinct > 1 else "all the same"
        if self.kind in ("category", "text"):
            if not self.distinct:
                return ""
            return f"{self.distinct:,} {'categor' if self.kind == 'category' else 'different text'}" + (
                ("y" if self.distinct == 1 else "ies") if self.kind == "category" else "s"
            )
        if self.low is None or self.high is None:
            return ""
        low, high = f"{self.low:.6g}", f"{self.high:.6g}"
        return f"{low} to {high}" if low != high else f"always {low}"


@dataclass(frozen=True)
class FileFound:
    """What is in a file, and the block of a scenario that would read it.

    format:  what kind of file it is, "text, separated by semicolons"
    rows:    how many rows, or examples
    notices: sentences about what was found out without being asked for
    target:  the column that is likely to be predicted; None: no column can be
    block:   the data block, with the path as it was given; empty if nothing can be predicted
    kind:    of its target: classes, labels or values
    problem: why the block cannot be read, "" if it can
    story:   what reading the block says: rows, features, classes, what is left out
    hints:   sentences on what the order of the rows suggests, and on classes that are rare
    rare:    whether one of its classes is so rare that the accuracy says nothing of it
    """

    path: Path
    format: str
    rows: int
    columns: tuple[ColumnFound, ...]
    notices: tuple[str, ...] = ()
    target: str | None = None
    block: dict[str, Any] = field(default_factory=dict)
    kind: TargetKind = "classes"
    problem: str = ""
    story: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    rare: bool = False

    @property
    def arrays(self) -> bool:
        """Whether it holds arrays rather than a table."""
        return self.format == "NumPy arrays"

    @property
    def key(self) -> str:
        """The key of the data block that names it: csv, table or npz."""
        return "npz" if self.arrays else "csv" if _is_csv(self.path.name) else "table"


def look(path: str | Path, options: Mapping[str, Any] | None = None, folder: Path | None = None) -> FileFound:
    """What is understood of a file with data: its columns, what was found out, and the block that would read it.

    options: of the data block, where something is to be taken in another way: `{"header": False, "target": "kind"}`
    folder:  where a relative path begins (None: the current one)
    Raises InvalidValue if the file cannot be read at all.
    """
    given = os.fspath(path)
    place = folder or Path()
    if Path(given).suffix.lower() == ".npz":
        return _arrays(given, dict(options or {}), place)
    key = "csv" if _is_csv(given) else "table"
    file = found(key, given, place, MEMORY_PER_BYTE)
    chosen = validated(Table, {"table": given, "target": "?", **_held_back(options or {}), **(options or {})})
    with blamed_on(key, given):
        table = read(file, chosen.wishes, looking=True)
    columns = tuple(_column(table, raw, chosen) for raw in table.columns)
    return _with_block(file, given, key, table, columns, dict(options or {}))


def as_yaml(content: Mapping[str, Any]) -> str:
    """A block as it would stand in a scenario."""
    text: str = yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


class _Dumper(yaml.SafeDumper):
    """Blocks at the top on lines of their own, what is inside them on one line."""


def _block(dumper: _Dumper, each: dict[str, Any]) -> yaml.Node:
    nested = any(isinstance(value, dict | list) for value in each.values())
    return dumper.represent_mapping("tag:yaml.org,2002:map", each.items(), flow_style=not nested)


_Dumper.add_representer(dict, _block)
_Dumper.add_representer(
    list, lambda dumper, each: dumper.represent_sequence("tag:yaml.org,2002:seq", each, flow_style=True)
)


def _is_csv(given: str) -> bool:
    name = given.lower()
    for packed in (".gz", ".bz2", ".xz", ".zip"):
        name = name.removesuffix(packed)
    return name.endswith((".csv", ".tsv", ".txt", ".data", ".dat"))


def _column(table: RawTable, raw: RawColumn, options: Table) -> ColumnFound:
    def where(row: int) -> str:
        return f"{table.place} {table.lines[row]:,}"

    asked = options.asked(raw.name)
    column = understood(raw, where, None if asked == "skip" else asked)
    gaps = np.flatnonzero(column.missing)
    known = column.values[~column.missing] if len(column.values) else column.values
    first = raw.name == table.columns[0].name
    left_out = "as asked" if asked == "skip" else "" if asked else why_left_out(column, first)
    return ColumnFound(
        raw.name,
        column.kind,
        column.distinct,
        float(known.min()) if len(known) else None,
        float(known.max()) if len(known) else None,
        len(gaps),
        where(int(gaps[0])) if len(gaps) else "",
        _examples(raw, column),
        column.fault,
        left_out,
        column.numbers_rows,
        clock=column.clock,
    )


def _examples(raw: RawColumn, column: Column) -> tuple[str, ...]:
    texts = (f"{each:.6g}" for each in raw.numbers[~column.missing]) if raw.numbers is not None else iter(raw.cells)
    found: dict[str, None] = {}
    for text, _ in zip(texts, range(10_000), strict=False):
        clean = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
        if clean:
            found[clean if len(clean) <= 30 else clean[:29] + "…"] = None
        if len(found) == EXAMPLES:
            break
    return tuple(found)


def _with_block(
    file: Path, given: str, key: str, table: RawTable, columns: tuple[ColumnFound, ...], options: dict[str, Any]
) -> FileFound:
    target = options.get("target") or _likely_target(columns)
    if target is None:
        problem = "no column can be predicted: a target has numbers, or at least two different texts."
        return FileFound(file, table.format, table.rows, columns, table.notices, problem=problem)
    names = [str(each) for each in (target if isinstance(target, list) else [target])]
    inputs = [each for each in columns if each.name not in names and not each.left_out]
    block: dict[str, Any] = {key: given, "target": target if isinstance(target, list) else _as_written(names[0])}
    if not table.header and not any(each.startswith("The first line holds sizes") for each in table.notices):
        block["header"] = False
    skipped: dict[str | int, Any] = {
        _as_written(each.name): "skip" for each in inputs if each.problem or each.counts_rows
    }
    texts = [each.name for each in columns if each.name not in names and "{words:" in each.left_out]
    long = {name: how for name in texts if (how := suggested(_column_of(table, name).cells)) is not None}
    of_tokens = (
        len(texts) == 1 and bool(long) and not any(each.kind != "date" and not each.counts_rows for each in inputs)
    )
    if not inputs:  # a table of texts alone
        skipped = {_as_written(name): {"words": 1000} for name in texts}
    if of_tokens:
        skipped = {_as_written(name): how for name, how in long.items()}
    if skipped and "features" not in options:
        block["columns"] = skipped
    if of_tokens and "features" not in options and len(columns) > 2:
        block["features"] = [*skipped]
    if any(each.missing for each in columns if each.name in names):
        block["missing"] = "drop"
    elif any(each.missing for each in inputs if not each.problem):
        block["missing"] = "mean"
    block |= {**_held_back(options), **({} if of_tokens else {"standardise": True})}
    block |= {each: options[each] for each in options if each != "target"}
    try:
        read_as = validated(Table, {"table" if name == key else name: value for name, value in block.items()})
        data = Interpreter(table, read_as, key).data(file.name)
    except InvalidValue as error:
        return FileFound(
            file, table.format, table.rows, columns, table.notices, ", ".join(names), block, problem=str(error)
        )
    transform = likely_transform(data.targets) if data.kind == "values" else None
    if transform is not None:
        block.setdefault("transform_targets", transform)
    if data.kind == "values":
        block.setdefault("standardise_targets", True)
    return FileFound(
        file,
        table.format,
        table.rows,
        columns,
        table.notices,
        ", ".join(names),
        block,
        data.kind,
        story=data.story,
        hints=(
            *hints(table, columns, names, block),
            *(told_long(name, how) for name, how in long.items() if name not in block.get("columns", {})),
            *told_far(transform, ", ".join(names)),
            *(told_parts(_column_of(table, names[0])) if data.kind == "classes" and len(names) == 1 else ()),
            *(rare := told_rare(data)),
        ),
        rare=bool(rare),
    )


def _column_of(table: RawTable, name: str) -> RawColumn:
    return next(each for each in table.columns if each.name == name)


def _held_back(options: Mapping[str, Any]) -> dict[str, float]:
    """A share for validation, unless it is said what is held back."""
    return {} if "validation_file" in options or "folds" in options else {"validation": 0.2}


def _likely_target(columns: tuple[ColumnFound, ...]) -> str | None:
    """The last column of a name that targets have, or else the last that can be predicted."""
    able = [each.name for each in columns if each.could_be_predicted and not each.counts_rows]
    named = [name for name in able if name.lower() in _TARGETS]
    return next(reversed(named or able), None)


def _as_written(name: str) -> str | int:
    """A column's number as a number."""
    return int(name) if name.isdigit() and str(int(name)) == name else name


def _arrays(given: str, options: dict[str, Any], folder: Path) -> FileFound:
    block = {"npz": given, **options}
    read_as = npz_arrays(validated(NpzArrays, block), folder)
    data = read_as.train if isinstance(read_as, Split) else read_as
    held = {"inputs": data.numbers, "targets": data.targets}
    columns = []
    for name, array in held.items():
        examples = tuple(f"{each:.4g}" for each in array.ravel()[:EXAMPLES].tolist())
        if name == "targets" and data.classes and array.ndim == 1:
            examples = tuple(data.classes[:EXAMPLES])
        distinct = len(np.unique(array[:1000]))
        low, high = float(array.min()), float(array.max())
        columns.append(ColumnFound(name, "number", distinct, low, high, examples=examples, shape=array.shape))
    block |= {"validation": 0.2} | options
    path = folder / with_home(given)
    return FileFound(
        path, "NumPy arrays", data.count, tuple(columns), (), "targets", block, data.kind, story=data.story
    )


def _date(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%d}" if seconds % 86_400 == 0 else f"{moment:%Y-%m-%d %H:%M}"
