"""Tables in JSON: one object a line, a list of objects or of rows, or an object of columns (as pandas writes them)."""

from __future__ import annotations

import json
import math
from typing import Any

from lab.data.tables.raw import RawColumn, RawTable
from lab.errors import BadInput
from lab.validation import shown


def is_json(text: str) -> bool:
    """Whether a text is a table in JSON."""
    beginning = text[:1000].lstrip()
    if beginning.startswith("{"):
        return '"' in beginning[1:].lstrip()[:1] or beginning[1:].lstrip().startswith("}")
    return beginning.startswith("[") and beginning[1:].lstrip()[:1] in ("{", "[", "]")


def records(name: str, text: str, told: list[str]) -> RawTable:
    """Reads the table. Raises BadInput if it is damaged, or no table."""
    try:
        content = json.loads(text)
        kind, lines = "JSON", None
        if isinstance(content, dict) and not any(isinstance(each, list | dict) for each in content.values()):
            content, kind, lines = [content], "JSON lines", [1]  # a single object, on a line of its own
    except (ValueError, RecursionError) as error:
        content, lines = _lines(name, text, error)
        kind = "JSON lines"
    rows = _rows(name, content)
    if not rows:
        raise BadInput(f"{shown(name)} has no rows.")
    if not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{shown(name)} must hold objects, one for each row, with the names of columns.")
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    bad = next((each for each in names if not each.isprintable()), None)
    if bad is not None:
        raise BadInput(f"the name of a column, {shown(bad)}, has characters that cannot be printed.")
    columns = tuple(_column(each, [row.get(each) for row in rows]) for each in names)
    place = "line" if lines else "row"
    return RawTable(kind, columns, lines or list(range(1, len(rows) + 1)), place=place, notices=tuple(told))


def _lines(name: str, text: str, error: Exception) -> tuple[list[Any], list[int]]:
    """One object a line, if it is that; else what was wrong with it as a whole is what is told."""
    found, numbers = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError) as bad:
            told = f"line {number} cannot be read: {bad}" if found else f"{error}"
            raise BadInput(f"{shown(name)} is damaged JSON: {told}.") from None
        numbers.append(number)
    return found, numbers


def _rows(name: str, content: Any) -> list[Any]:
    if isinstance(content, list):
        if content and all(isinstance(row, list) for row in content):
            width = len(content[0])
            if any(len(row) != width for row in content):
                raise BadInput(f"{shown(name)} has rows of different lengths.")
            return [{str(place): value for place, value in enumerate(row, 1)} for row in content]
        return content
    if not isinstance(content, dict):
        raise BadInput(f"{shown(name)} is JSON, but no table.")
    # pandas' to_json(orient="split") and "table", and what wraps a list of records in an object of one key.
    if isinstance(content.get("data"), list) and isinstance(content.get("columns"), list):
        names = [str(each) for each in content["columns"]]
        if any(not isinstance(row, list) or len(row) != len(names) for row in content["data"]):
            raise BadInput(f"{shown(name)} has rows that do not fit its columns.")
        return [dict(zip(names, row, strict=True)) for row in content["data"]]
    lists = [each for each in content.values() if isinstance(each, list) and each and isinstance(each[0], dict)]
    if len(lists) == 1:
        return lists[0]
    values = list(content.values())
    if values and all(isinstance(each, list) for each in values) and len({len(each) for each in values}) == 1:
        return [dict(zip(content, row, strict=True)) for row in zip(*values, strict=True)]
    if values and all(isinstance(each, dict) for each in values):
        keys = list(dict.fromkeys(key for each in values for key in each))
        return [{column: content[column].get(key) for column in content} for key in keys]
    raise BadInput(f"{shown(name)} is JSON, but no table: a list of objects, one for each row, would be one.")


def _column(name: str, values: list[Any]) -> RawColumn:
    nested = next((each for each in values if isinstance(each, list | dict)), None)
    if nested is not None:
        return RawColumn(name, [""] * len(values), unusable="lists" if isinstance(nested, list) else "blocks")
    return RawColumn(name, [_cell(each) for each in values])


def _cell(value: str | int | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value).strip()
