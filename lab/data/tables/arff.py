"""ARFF, the format of Weka and OpenML: the columns are declared one a line, then come rows as in a CSV."""

from __future__ import annotations

import csv
import re

from lab.data.tables.dialects import rows
from lab.data.tables.raw import RawColumn, RawTable
from lab.errors import BadInput
from lab.validation import shown

_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)\s+(.+)""", re.IGNORECASE)


def is_arff(text: str) -> bool:
    """Whether a text is in this format: its first line that is no comment begins with @relation."""
    for line in text[:100_000].splitlines():
        if line.strip() and not line.lstrip().startswith("%"):
            return line.lstrip().lower().startswith("@relation")
    return False


def arff(name: str, text: str, told: list[str]) -> RawTable:
    """Reads the table, sparse rows too. Raises BadInput if it is damaged."""
    names: list[str] = []
    lines = text.splitlines()
    data = None
    for number, line in enumerate(lines):
        word = line.strip().split(maxsplit=1)[0].lower() if line.strip() else ""
        if word == "@attribute":
            found = _ATTRIBUTE.match(line.strip())
            if found is None:
                raise BadInput(f"line {number + 1} of {shown(name)} is no attribute of an ARFF file: {shown(line)}.")
            names.append(_unquoted(found[1]))
        elif word == "@data":
            data = number + 1
            break
    if data is None or not names:
        raise BadInput(f"{shown(name)} is an ARFF file without {'@data' if names else 'attributes'}.")
    bad = next((each for each in names if not each.isprintable()), None)
    if bad is not None or len(set(names)) < len(names):
        what = "names that cannot be printed" if bad is not None else "two attributes of one name"
        raise BadInput(f"{shown(name)} has {what}.")
    columns: list[list[str]] = [[] for _ in names]
    places = []
    for number, line in enumerate(lines[data:], data + 1):
        if not line.strip() or line.lstrip().startswith("%"):
            continue
        places.append(number)
        for column, cell in zip(columns, _cells(name, line.strip(), number, len(names)), strict=True):
            column.append(cell)
    raw = tuple(RawColumn(each, cells) for each, cells in zip(names, columns, strict=True))
    return RawTable("ARFF", raw, places, notices=tuple(told))


def _cells(name: str, line: str, number: int, width: int) -> list[str]:
    sparse = line.startswith("{") and line.endswith("}")
    try:
        found = _row(line[1:-1] if sparse else line)
    except csv.Error as error:
        raise BadInput(f"line {number} of {shown(name)} cannot be read: {error}.") from None
    if not sparse:
        if len(found) != width:
            raise BadInput(f"line {number} has {len(found)} cells, but there are {width} attributes.")
        return found
    cells = ["0"] * width
    for each in found:
        place, _, value = each.partition(" ")
        if not place.isdigit() or int(place) >= width:
            raise BadInput(f"line {number} of {shown(name)} is no sparse row: {shown(each)}.")
        cells[int(place)] = _unquoted(value.strip())
    return cells


def _row(line: str) -> list[str]:
    """The cells of a row, between single or double quotes where they hold commas."""
    if "'" in line or '"' in line:
        quote = "'" if "'" in line else '"'
        reader = csv.reader([line], quotechar=quote, escapechar="\\", skipinitialspace=True, strict=True)
        return [cell.strip().strip('"') if quote == "'" else cell.strip() for cell in next(reader, [])]
    return next(rows([line], ",")).cells if "," in line else [line.strip()] if line else []


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
